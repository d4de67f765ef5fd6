"""What all optimizers share: arguments, steps on arrays, state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np

from tilegrad import _core
from tilegrad.optim._arguments import Arguments
from tilegrad.optim._controls import OFF, Keeper, changed, checked
from tilegrad.schedules.base import Schedule, Training, scheduled
from tilegrad.tensor import Array
from tilegrad.words.declared import keyword
from tilegrad.words.names import hint, lookup

# What a preset sets where the caller does not: the library's defaults and forms, by its name.
Styles: TypeAlias = Mapping[str, Mapping[str, Any]]
DECOUPLED: Mapping[str, Any] = {"weight_decay_style": "decoupled"}


class Optimizer(Arguments):
    """What all optimizers share.

    ``style`` presets defaults and forms where an argument is not given: ``"paper"``, ``"torch"`` (PyTorch), ``"keras"``,
    ``"optax"`` or ``"sklearn"`` (scikit-learn), as far as the library has the rule (``styles`` lists what each sets). Steps
    are then those of that library; optax names no learning rate, so that ours stays.

    Hyperparameters are attributes: ``optimizer.learning_rate = 1e-4`` holds from the next step, also in a trainer. A number
    may be given as a schedule (:mod:`tilegrad.schedules`) or as a function of the step, counted from 0: each step then takes
    its value, and the attribute is the number of the step taken last.

    The last arguments, by name only, are the controls of a step, the same for every rule. On the way to the update
    gradients pass them in this order: joined, clipped tensor by tensor, clipped together, clipped number by number.

    Args:
        accumulation_steps: Batches whose gradients are joined before an update, which is then that of one step on all
            their rows: a trainer takes the mean with the weights of the batches (the sum, if the loss is a sum), and
            updates at the end of an epoch with those that are left; ``step`` on arrays takes the mean of the calls.
        clip_norm: Bound of the norm of each gradient: a larger one is scaled down to it.
        clip_global_norm: Bound of the norm of all gradients together.
        clip_value: Bound of each number of a gradient.
        skip_if_not_finite: Leaves out an update whose gradients are not all finite, changes nothing and counts it
            (``skipped``).
        average_decay: Keeps a moving average of the weights, ``a = decay * a + (1 - decay) * w``, corrected for its start
            at zero as Adam's averages are: after the first update it is the weights. See ``averaged``, and
            :meth:`tilegrad.Trainer.use_average`. (Polyak and Juditsky, 1992; the exponential form as in optax.)

    Raises:
        ValueError: If a control is out of its range.
        TypeError: If it is of the wrong kind.

    Example:
        >>> from tilegrad import optim
        >>> optimizer = optim.Adam()
        >>> optimizer.learning_rate = 1e-4
        >>> optimizer
        Adam(learning_rate=0.0001, betas=(0.9, 0.999), epsilon=1e-08)
    """

    name: ClassVar[str] = ""
    styles: ClassVar[Styles] = {}
    style: str | None = keyword(default=None, kw_only=True)
    clip_value: float | None = keyword(default=None, kw_only=True)
    clip_norm: float | None = keyword(default=None, kw_only=True)
    clip_global_norm: float | None = keyword(default=None, kw_only=True)
    accumulation_steps: int = keyword(default=1, kw_only=True)
    average_decay: float | None = keyword(default=None, kw_only=True)
    skip_if_not_finite: bool = keyword(default=False, kw_only=True)

    def __init__(self, *values: Any, **named: Any) -> None:
        given = self._given(values, named)
        self._style = given.pop("style", None)
        settings = {**self._defaults(), **self._preset(self._style), **given}
        del settings["style"]
        hyperparameters, self._controls = self._split(settings)
        numbers, self._schedules = scheduled(hyperparameters)
        self._keeper = Keeper(self._controls) if self._controls != OFF else None
        self._core = _core.Optimizer(self.name, numbers)

    @classmethod
    def _preset(cls, style: Any) -> Mapping[str, Any]:
        """What a style sets."""
        return {} if style is None else lookup(cls.__name__, "style", style, cls.styles)

    @classmethod
    def _split(cls, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Arguments as hyperparameters of the rule, which the core keeps, and as controls of the step.

        Controls are the arguments that every optimizer has, given by name only.
        """
        hyperparameters: dict[str, Any] = {}
        controls: dict[str, Any] = {}
        for name, value in settings.items():
            argument = cls.__signature__.parameters[name]
            if name in OFF:
                controls[name] = checked(cls.__name__, name, value)
            elif isinstance(argument.default, tuple):
                hyperparameters |= cls._spread(name, value)
            else:
                hyperparameters[name] = _number(value)
        return hyperparameters, controls

    @classmethod
    def _spread(cls, name: str, values: Any) -> dict[str, Any]:
        """An argument of several numbers as hyperparameters: ``betas`` as ``beta1`` and ``beta2``."""
        count = len(cls._defaults()[name])
        numbers = list(values) if isinstance(values, Sequence | np.ndarray) else [values]
        if len(numbers) != count or isinstance(values, str):
            raise ValueError(f"{cls.__name__}: expected `{name}` to be {count} numbers, got {values!r}")
        return {f"{name[:-1]}{index + 1}": _number(value) for index, value in enumerate(numbers)}

    def __getattr__(self, name: str) -> Any:
        if name == "style":
            return self.__dict__.get("_style")
        core = self.__dict__.get("_core")
        known = core.parameters if core is not None else {}
        if name in known:
            return known[name]
        controls = self.__dict__.get("_controls", {})
        if name in controls:
            return controls[name]
        arguments = self._defaults()
        if isinstance(arguments.get(name), tuple) and known:
            return tuple(known[part] for part in self._spread(name, arguments[name]))
        names = [*known, *controls]
        raise AttributeError(
            f"{type(self).__name__}: unknown hyperparameter {name!r}{hint(name, names)}; there are {', '.join(names)}"
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
            return
        if name not in self.parameters:
            getattr(self, name)  # raises for an unknown name
            if name not in self.__signature__.parameters or name == "style":
                raise AttributeError(f"{type(self).__name__}: {name!r} cannot be set")
        if name not in self.__signature__.parameters:
            numbers, schedules = scheduled({name: _number(value)})
            self._core.set(name, numbers[name])
            self._schedules = {key: kept for key, kept in self._schedules.items() if key != name} | schedules
            return
        hyperparameters, controls = self._split({name: value})
        numbers, schedules = scheduled(hyperparameters)
        before = self.parameters
        try:
            for key, number in numbers.items():
                self._core.set(key, number)
        except (ValueError, TypeError):
            for key in numbers:
                self._core.set(key, before[key])
            raise
        self._set_controls(controls)
        self._schedules = {key: kept for key, kept in self._schedules.items() if key not in numbers} | schedules

    def _set_controls(self, controls: Mapping[str, Any]) -> None:
        title = type(self).__name__
        new = {name: changed(title, self._controls, name, value) for name, value in controls.items()}
        self._controls.update(new)
        if self._keeper is None and self._controls != OFF:
            self._keeper = Keeper(self._controls)

    @property
    def controls(self) -> dict[str, Any]:
        """All controls by name, such as ``clip_norm``, and what they are set to."""
        return dict(self._controls)

    @property
    def parameters(self) -> dict[str, float | bool | str]:
        """All hyperparameters by name, with their values now."""
        return self._core.parameters

    @property
    def schedules(self) -> dict[str, Schedule]:
        """The hyperparameters that follow a schedule."""
        return dict(self._schedules)

    def tables(self, steps: Array, training: Training | None) -> list[tuple[_core.Optimizer, str, Array]]:
        """For each hyperparameter that follows a schedule: the rule in the core, the name, and the values at these steps."""
        return [(self._core, name, schedule(steps, training)) for name, schedule in self._schedules.items()]

    @property
    def steps(self) -> int:
        """How many updates it made on arrays; a trainer counts its own."""
        return self._core.steps

    @property
    def skipped(self) -> int:
        """How many updates of arrays were left out since a gradient was not finite; a trainer counts its own."""
        return 0 if self._keeper is None else self._keeper.skipped

    @property
    def averaged(self) -> list[Array]:
        """Copies of the moving averages of the arrays it updated; a trainer has its own (``trainer.averaged``)."""
        return [] if self._keeper is None else [array.copy() for array in self._keeper.average]

    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Updates arrays in place by their gradients.

        The first call decides number, shapes and dtypes; slots such as momentum are kept in the optimizer.

        Args:
            parameters: Writable float32 or float64 arrays that do not overlap.
            gradients: An array of the same shape and dtype for each.

        Raises:
            ValueError: If numbers or shapes differ, an array is read-only, or arrays overlap; nothing is changed then.
            TypeError: If a dtype differs, or something is not an array.
        """
        if self._keeper is None:
            self._take(parameters, gradients)
            return
        self._check(parameters, gradients)
        self._keeper.step(parameters, gradients, self._take)

    def apply_accumulated(self, parameters: Sequence[Array]) -> None:
        """Updates arrays by the gradients that wait for others (``accumulation_steps``); does nothing if none do.

        Raises:
            ValueError: If the arrays are not those of the steps before.
            TypeError: If a dtype differs.
        """
        if self._keeper is not None and self._keeper.gathered:
            self._check(parameters, self._keeper.accumulated)
            self._keeper.apply(parameters, self._take)

    def _check(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Raises unless a step would take these arrays."""
        self._core.check(parameters, gradients)

    def _take(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """A step of the rule alone."""
        for name, schedule in self._schedules.items():
            self._core.set(name, schedule(self.steps))
        self._core.step(parameters, gradients)

    def evaluation_weights(self, parameters: Sequence[Array]) -> list[Array]:
        """The weights to evaluate with, as new arrays: for :class:`ASGD` and :class:`ScheduleFreeAdamW` averages.

        Args:
            parameters: The arrays of the steps before, as those left them. A trainer needs no such call: it evaluates and
                predicts with these weights by itself.

        Raises:
            ValueError: If numbers or shapes are not those of the steps.
        """
        evaluation, slots = self._core.evaluation, self._core.state()
        if evaluation is None or not slots:
            return [np.array(weight) for weight in parameters]
        factor, slot, share = evaluation
        if [np.shape(weight) for weight in parameters] != [kept.shape for kept in slots[slot]]:
            raise ValueError("evaluation_weights: expected the `parameters` of the steps before, got other shapes")
        pairs = zip(parameters, slots[slot], strict=True)
        return [np.asarray(factor * weight + share * kept, kept.dtype) for weight, kept in pairs]

    def state_dict(self) -> dict[str, Any]:
        """Copies of everything that a later step depends on: hyperparameters, step count, slots, what controls keep."""
        state = {"name": self.name, "parameters": self.parameters, "steps": self.steps, "slots": self._core.state()}
        if self._keeper is not None:
            state |= {"controls": self.controls, "kept": self._keeper.state()}
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes what :meth:`state_dict` gave; the next step is then the same to the last bit.

        Raises:
            ValueError: If the state is of another optimizer, or does not fit.
        """
        if state.get("name") != self.name:
            raise ValueError(f"load_state_dict: expected `state` of {self.name}, got {state.get('name')!r}")
        # A trial first, so that a state that does not fit changes nothing.
        _core.Optimizer(self.name, dict(state["parameters"]))
        title, controls = type(self).__name__, {**OFF, **state.get("controls", {})}
        for name, value in controls.items():
            changed(title, self._controls, name, value)
        if state["slots"]:
            self._core.load_state(state["slots"])
        for name, value in state["parameters"].items():
            self._core.set(name, value)
        self._core.steps = state["steps"]
        self._set_controls(controls)
        if self._keeper is not None and "kept" in state:
            self._keeper.load(state["kept"])

    def _arguments(self) -> dict[str, Any]:
        """The arguments as they are now, schedules among them; what a style set is among the others."""
        return {name: self._argument(name, usual) for name, usual in self._defaults().items() if name != "style"}

    def _argument(self, name: str, usual: Any) -> Any:
        if isinstance(usual, tuple):
            return tuple(self._argument(part, None) for part in self._spread(name, usual))
        return self._schedules.get(name, getattr(self, name))

    def _again(self) -> Optimizer:
        """An optimizer of the same arguments that has taken no step."""
        return type(self)(**self._arguments())

    def __deepcopy__(self, memo: dict[int, Any]) -> Optimizer:
        made = self._again()
        made.load_state_dict(self.state_dict())
        return made

    def _owner(self, name: str) -> Optimizer | None:
        """Who would update a parameter of this name, if it were trained."""
        return self

    def _owners(self, names: Sequence[str]) -> list[Optimizer | None]:
        """Who updates each parameter of a model; an error if nobody does."""
        return [self] * len(names)

    def _settings(self) -> dict[str, Any]:
        """Every number and word that a step depends on, for a file."""
        return {**self.parameters, **self._controls}

    def _restore(self, settings: Mapping[str, Any]) -> None:
        """Takes what :meth:`_settings` gave; changes nothing if a part does not fit."""
        # What follows a schedule goes on with it from the step that was saved.
        before = {name: value for name, value in self._settings().items() if name not in self._schedules}
        try:
            for name, value in settings.items():
                if name not in self._schedules:
                    setattr(self, name, value)
        except (ValueError, TypeError, AttributeError):
            for name, value in before.items():
                setattr(self, name, value)
            raise

    def __repr__(self) -> str:
        # All numbers that do something, and choices other than the usual ones; what a style set is among them.
        usual = self._defaults()
        values = self._arguments()
        shown = [
            f"{name}={value!r}"
            for name, value in values.items()
            if not (
                value is None
                or value in (False, 0.0)
                or (value == usual[name] and (name in OFF or isinstance(value, str)))
            )
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


def _number(value: Any) -> Any:
    """NumPy numbers as Python numbers."""
    return value.item() if isinstance(value, np.generic) else value
