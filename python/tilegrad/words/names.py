"""Finding things by name, and saying what was meant when there is no such name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NoReturn, TypeVar

T = TypeVar("T")


def hint(name: object, known: Iterable[str]) -> str:
    """`` (did you mean 'relu'?)`` if a known name is close, else nothing."""
    # Needed for messages only, and slow to load.
    import difflib

    by_lower = {name.lower(): name for name in known}
    word = str(name).lower()
    close = difflib.get_close_matches(word, list(by_lower), n=3, cutoff=0.6)
    # Letters that only changed places are the likeliest slip: `adma` is `adam`, not `adamax`.
    close.sort(key=lambda known: sorted(known) != sorted(word))
    return f" (did you mean {by_lower[close[0]]!r}?)" if close else ""


def unknown(function: str, what: str, name: object, known: Iterable[str]) -> str:
    """The error message for an unknown name: the closest match and the valid ones."""
    names = list(known)
    return f"{function}: unknown {what} {name!r}{hint(name, names)}; expected one of {', '.join(names)}"


# So many names are listed in an error message; more would bury the hint.
_LISTED = 100


def missing(
    package: str, what: str, names: Sequence[str], elsewhere: Mapping[str, str] | None = None
) -> Callable[[str], NoReturn]:
    """The ``__getattr__`` of a package: an error that names the closest and the valid names.

    ``elsewhere`` has names of other libraries, and what they are called here.
    """
    short = package.rpartition(".")[2]

    def refuse(name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if elsewhere and name in elsewhere:
            raise AttributeError(f"{short}: unknown {what} {name!r}; it is {elsewhere[name]}")
        if len(names) <= _LISTED:
            raise AttributeError(unknown(short, what, name, names))
        raise AttributeError(f"{short}: unknown {what} {name!r}{hint(name, names)}; dir({package}) lists them")

    return refuse


def lookup(function: str, what: str, name: object, table: Mapping[str, T]) -> T:
    """The entry of a table, or a ``ValueError`` that lists what there is; a ``TypeError`` if it is not a name at all."""
    if not isinstance(name, str):
        raise TypeError(
            f"{function}: expected `{what}` to be a name or an object of its kind, got {type(name).__name__}"
        )
    found = table.get(name)
    if found is None:
        raise ValueError(unknown(function, what, name, table))
    return found
