"""Classes whose arguments are written once, as annotated attributes: for type checkers, ``help`` and the constructor."""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import Any, ClassVar, Literal, dataclass_transform

from tilegrad.words.names import hint


class _Keyword:
    """The default of an argument that is given by name only."""

    def __init__(self, default: Any) -> None:
        self.default = default


def keyword(*, default: Any, kw_only: Literal[True]) -> Any:
    """Marks an argument as one that is given by name only. Type checkers read ``kw_only``, so it is written out."""
    return _Keyword(default)


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
            default = cls.__dict__.get(name, Parameter.empty)
            if default is not Parameter.empty:
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


@dataclass_transform(frozen_default=True, field_specifiers=(keyword,))
class Value(Declared):
    """A class whose objects are their arguments: equal if those are, and never changed.

    What :mod:`dataclasses` makes for each class, by running text, is here once, so that importing costs little.
    """

    def __init__(self, *values: Any, **named: Any) -> None:
        try:
            bound = self.__signature__.bind(*values, **named)
        except TypeError as error:
            self._given((), dict.fromkeys(named))
            raise TypeError(f"{type(self).__name__}: expected {self.__signature__}, got {error}") from None
        bound.apply_defaults()
        self.__dict__.update(bound.arguments)
        self._check()

    def _check(self) -> None:
        """Refuses arguments that do not fit; what it changes them into is set by ``_change``."""

    def _change(self, name: str, value: Any) -> None:
        """Puts another value in place of an argument, while the object is made."""
        self.__dict__[name] = value

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__}: cannot change `{name}`; make another object")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}: cannot remove `{name}`")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"
