"""How the arguments of an optimizer are declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, dataclass_transform, overload

from tilegrad.words.declared import Declared, keyword

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilegrad.schedules.base import Schedule

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
class Arguments(Declared):
    """The arguments of an optimizer: numbers that may follow a schedule, choices, and controls by name only."""
