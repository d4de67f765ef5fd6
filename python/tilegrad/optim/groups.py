"""Parameter groups: an optimizer for each part of a model, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, ClassVar

import numpy as np

from tilegrad import _core
from tilegrad.optim._controls import OFF, Keeper
from tilegrad.optim.base import Optimizer
from tilegrad.schedules.base import Schedule, Training
from tilegrad.tensor import Array


class Groups(Optimizer):
    """An optimizer for each group of parameters: layers at their own rates, layers that stay as they are.

    Each parameter belongs to the first pattern that matches its name; ``*`` stands for any letters, dots too, ``?`` for one.
    ``None`` in place of an optimizer leaves a group as it is: no gradient is taken of it.

    Args:
        members: Optimizers, or None, by pattern: ``{"encoder.*": optim.Adam(1e-4), "*.bias": None, "*": optim.SGD(0.1)}``.
        **controls: Those of :class:`Optimizer`. They hold for all groups together; members have none of their own.

    Setting ``learning_rate`` sets that of the first group and multiplies all others by the same factor.

    Raises:
        ValueError: If a parameter matches no pattern, or a pattern is the first match of no parameter: when the model is
            known.
        TypeError: If a member is not an optimizer.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> arrays = {"hidden.weight": np.array([1.0]), "hidden.bias": np.array([1.0]), "output.weight": np.array([1.0])}
        >>> groups = optim.Groups({"*.bias": None, "hidden.*": optim.SGD(0.1), "*": optim.SGD(0.5)})
        >>> groups.step(arrays, {name: np.ones(1) for name in arrays})
        >>> {name: float(array[0]) for name, array in arrays.items()}
        {'hidden.weight': 0.9, 'hidden.bias': 1.0, 'output.weight': 0.5}
    """

    name: ClassVar[str] = "groups"

    def __init__(self, members: Mapping[str, Optimizer | None], **controls: Any) -> None:
        if not isinstance(members, Mapping) or not members:
            raise TypeError(f"Groups: expected `members` to be a dict of patterns and optimizers, got {members!r}")
        for pattern, member in members.items():
            if not isinstance(pattern, str):
                raise TypeError(f"Groups: expected patterns to be texts, got {pattern!r}")
            if member is not None and (not isinstance(member, Optimizer) or isinstance(member, Groups)):
                raise TypeError(f"Groups: expected an optimizer or None for {pattern!r}, got {member!r}")
            own = [] if member is None else [name for name in OFF if member._controls[name] != OFF[name]]
            if own:
                raise ValueError(f"Groups: expected `{own[0]}` as an argument of Groups, got one of {pattern!r}")
        if all(member is None for member in members.values()):
            raise ValueError("Groups: expected an optimizer in at least one group, got None in all")
        given = self._given((), controls)
        if "style" in given:
            raise TypeError("Groups: expected `style` of each member, got one of Groups")
        _, self._controls = self._split({**OFF, **given})
        self._keeper = Keeper(self._controls) if self._controls != OFF else None
        self._members: dict[str, Optimizer | None] = dict(members)
        # Names of the arrays of a step, once known.
        self._names: list[str] = []

    def _again(self) -> Optimizer:
        members = {pattern: None if member is None else member._again() for pattern, member in self._members.items()}
        return Groups(members, **self._controls)

    def __getattr__(self, name: str) -> Any:
        controls = self.__dict__.get("_controls", {})
        if name in controls:
            return controls[name]
        raise AttributeError(f"Groups: no attribute {name!r}; each member has its own: groups.members[pattern].{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in OFF:
            self._set_controls({name: value})
        elif name.startswith("_") or name == "learning_rate":
            object.__setattr__(self, name, value)
        else:
            raise AttributeError(f"Groups: {name!r} cannot be set; set it of a member: groups.members[pattern].{name}")

    @property
    def members(self) -> dict[str, Optimizer | None]:
        """The optimizer of each group by its pattern; None freezes the group."""
        return dict(self._members)

    def _optimizers(self) -> list[Optimizer]:
        """The members, each once."""
        found: list[Optimizer] = []
        for member in self._members.values():
            if member is not None and not any(member is known for known in found):
                found.append(member)
        return found

    @property
    def learning_rate(self) -> float:
        """That of the first group; setting it keeps the ratios of all."""
        return float(self._optimizers()[0].learning_rate)

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        first, *others = self._optimizers()
        old = float(first.learning_rate)
        first.learning_rate = value
        for member in others:
            member.learning_rate = float(member.learning_rate) * (float(value) / old) if old else value

    @property
    def parameters(self) -> dict[str, Any]:
        """Hyperparameters of each member by pattern."""
        return {pattern: member.parameters for pattern, member in self._members.items() if member is not None}

    @property
    def schedules(self) -> dict[str, Schedule]:
        """The hyperparameters that follow a schedule, as ``pattern: name``."""
        named = ((pattern, member) for pattern, member in self._members.items() if member is not None)
        return {f"{pattern}: {name}": each for pattern, member in named for name, each in member.schedules.items()}

    def tables(self, steps: Array, training: Training | None) -> list[tuple[_core.Optimizer, str, Array]]:
        """For each hyperparameter that follows a schedule: the rule in the core, the name, and the values at these steps."""
        return [table for member in self._optimizers() for table in member.tables(steps, training)]

    @property
    def steps(self) -> int:
        """How many updates it made on arrays; a trainer counts its own."""
        return max(member.steps for member in self._optimizers())

    def _first(self, name: str) -> str | None:
        """The pattern that a parameter belongs to."""
        return next((pattern for pattern in self._members if fnmatchcase(name, pattern)), None)

    def _owner(self, name: str) -> Optimizer | None:
        first = self._first(name)
        return None if first is None else self._members[first]

    def _owners(self, names: Sequence[str]) -> list[Optimizer | None]:
        firsts = [self._first(name) for name in names]
        missing = [repr(name) for name, first in zip(names, firsts, strict=True) if first is None]
        if missing:
            raise ValueError(
                f"Groups: expected a pattern for every parameter, got none for {', '.join(missing)}; the patterns are "
                f"{', '.join(map(repr, self._members))}; a last one '*' matches all that is left"
            )
        idle = [pattern for pattern in self._members if pattern not in firsts]
        if idle:
            raise ValueError(
                f"Groups: expected {idle[0]!r} to be the first match of a parameter, got none; the parameters are "
                f"{', '.join(map(repr, names))}"
            )
        return [self._members[first] if first is not None else None for first in firsts]

    def step(self, parameters: Any, gradients: Any) -> None:
        """Updates arrays in place by their gradients.

        Args:
            parameters: Arrays by name, or a list, whose names are ``"0"``, ``"1"`` and so on.
            gradients: A gradient for each.

        Raises:
            ValueError: If names, numbers or shapes differ, or a name matches no pattern; nothing is changed then.
            TypeError: If a dtype differs, or something is not an array.
        """
        super().step(*self._lists(parameters, gradients))

    def apply_accumulated(self, parameters: Any) -> None:
        """Updates arrays by the gradients that wait for others; does nothing if none do."""
        super().apply_accumulated(self._lists(parameters, parameters)[0])

    def evaluation_weights(self, parameters: Any) -> list[Array]:
        """The weights to evaluate with, as new arrays in the order of those given: averages where a member has them."""
        arrays = self._lists(parameters, parameters)[0]
        found = [np.array(array) for array in arrays]
        for member, own, places in self._parts(arrays, range(len(arrays))):
            for place, array in zip(places, member.evaluation_weights(own), strict=True):
                found[place] = array
        return found

    def _lists(self, parameters: Any, gradients: Any) -> tuple[list[Array], list[Array]]:
        by_name = isinstance(parameters, Mapping)
        names = list(parameters) if by_name else [str(index) for index in range(len(parameters))]
        if self._names and names != self._names:
            raise ValueError(f"step: expected the parameters {', '.join(self._names)}, got {', '.join(names)}")
        if isinstance(gradients, Mapping) != by_name or len(gradients) != len(names):
            raise ValueError(f"step: expected one gradient for each of {', '.join(names)}, got {len(gradients)}")
        if not by_name:
            return list(parameters), list(gradients)
        missing = [name for name in names if name not in gradients]
        if missing:
            raise ValueError(f"step: expected a gradient for {missing[0]!r}, got none")
        self._owners(names)
        self._names = names
        return [parameters[name] for name in names], [gradients[name] for name in names]

    def _parts(self, parameters: Sequence[Array], gradients: Sequence[Any]) -> list[tuple[Optimizer, Any, Any]]:
        """For each member what it owns."""
        owners = self._owners(self._names or [str(index) for index in range(len(parameters))])
        found = []
        for member in self._optimizers():
            own = [index for index, owner in enumerate(owners) if owner is member]
            found.append((member, [parameters[index] for index in own], [gradients[index] for index in own]))
        return found

    def _check(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        for member, own, pulls in self._parts(parameters, gradients):
            member._check(own, pulls)

    def _take(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        # All of them first: a part that does not fit changes nothing.
        self._check(parameters, gradients)
        for member, own, pulls in self._parts(parameters, gradients):
            member._take(own, pulls)

    def state_dict(self) -> dict[str, Any]:
        """Copies of everything that a later step depends on, member by member."""
        members = {pattern: member.state_dict() for pattern, member in self._members.items() if member is not None}
        state = {"name": self.name, "members": members, "names": list(self._names)}
        if self._keeper is not None:
            state |= {"controls": self.controls, "kept": self._keeper.state()}
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes what :meth:`state_dict` gave; the next step is then the same to the last bit.

        Raises:
            ValueError: If the state is of other groups, or does not fit.
        """
        own = {pattern: member for pattern, member in self._members.items() if member is not None}
        if state.get("name") != self.name or set(state["members"]) != set(own):
            raise ValueError(
                f"load_state_dict: expected `state` of the groups {', '.join(map(repr, own))}, got another"
            )
        for pattern, member in own.items():
            member.load_state_dict(state["members"][pattern])
        self._names = list(state["names"])
        self._set_controls(state.get("controls", {}))
        if self._keeper is not None and "kept" in state:
            self._keeper.load(state["kept"])

    def _settings(self) -> dict[str, Any]:
        members = {pattern: member and member._settings() for pattern, member in self._members.items()}
        kinds = {pattern: member and member.name for pattern, member in self._members.items()}
        return {"members": members, "kinds": kinds, "controls": self.controls}

    def _restore(self, settings: Mapping[str, Any]) -> None:
        before = self._settings()
        if settings["kinds"] != before["kinds"]:
            raise ValueError(f"load: expected groups {before['kinds']}, got {settings['kinds']}")
        try:
            self._set_controls(settings["controls"])
            for pattern, member in self._members.items():
                if member is not None:
                    member._restore(settings["members"][pattern])
        except (ValueError, TypeError, AttributeError):
            if settings is not before:
                self._restore(before)
            raise

    def __repr__(self) -> str:
        members = ", ".join(f"{pattern!r}: {member!r}" for pattern, member in self._members.items())
        controls = [f", {name}={value!r}" for name, value in self._controls.items() if value != OFF[name]]
        return f"Groups({{{members}}}{''.join(controls)})"
