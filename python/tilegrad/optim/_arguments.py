"""Arguments of a constructor, written once: as annotated attributes of the class."""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, ClassVar, Literal, dataclass_transform, overload

from tilegrad.words.names import hint

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilegrad.schedules.base import Schedule


class _Keyword:
    """The default of an argument that is given by name only."""

    def __init__(self, default: Any) -> None:
        self.default = default


def keyword(*, default: Any, kw_only: Literal[True]) -> Any:
    """Marks an argument as one that is given by name only. Type checkers read ``kw_only``, so it is written out."""
    return _Keyword(default)


if TYPE_CHECKING:

    class Number:
        """A hyperparameter to type checkers: an attribute that is a number, and takes what a number may follow."""

        @overload
        def __get__(self, instance: None, owner: type) -> Number: ...
        @overload
        def __get__(self, instance: object, owner: type) -> float: ...
        def __get__(self, instance: object, owner: type) -> Any: ...
        def __set__(self, instance: object, value: float | Schedule | Callable[[int], float]) -> None: ...

else:
    Number = float


def number(*, default: float) -> Any:
    """The default of a hyperparameter that is a number."""
    return default


@dataclass_transform(field_specifiers=(keyword, number))
class Declared:
    """A class whose constructor takes what is declared as ``name: type = default``, bases first.

    Type checkers and ``help`` show the signature; :meth:`_given` says what of it a call gave.
    """

    __signature__: ClassVar[Signature] = Signature()

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        parameters = dict(cls.__signature__.parameters)
        for name, kind in cls.__annotations__.items():
            if name.startswith("_") or str(kind).startswith("ClassVar"):
                continue
            default = cls.__dict__[name]
            # The value is the object's own, so nothing of this name stays in the class.
            delattr(cls, name)
            if isinstance(default, _Keyword):
                parameters[name] = Parameter(name, Parameter.KEYWORD_ONLY, default=default.default)
            else:
                parameters[name] = Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=default)
        cls.__signature__ = Signature(sorted(parameters.values(), key=lambda parameter: parameter.kind))

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        """All arguments with their defaults."""
        return {name: parameter.default for name, parameter in cls.__signature__.parameters.items()}

    @classmethod
    def _given(cls, values: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        """What a call gave, by name."""
        known = cls.__signature__.parameters
        for name in named:
            if name not in known:
                raise TypeError(
                    f"{cls.__name__}: unknown argument {name!r}{hint(name, known)}; expected one of {', '.join(known)}"
                )
        try:
            return dict(cls.__signature__.bind_partial(*values, **named).arguments)
        except TypeError as error:
            raise TypeError(f"{cls.__name__}: expected {cls.__signature__}, got {error}") from None
