"""A model as a function of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tilegrad.nn.module import Module
from tilegrad.tensor import Traceable, active_tracer, find_tensor


def functional_call(model: Module, parameters: Mapping[str, Any], *inputs: Any) -> Any:
    """The model's output for the inputs, with these parameters in place of its own; for use in traced functions.

    It makes a model an ordinary function: of its parameters for ``tg.grad`` and ``tg.hvp``, of its input for
    ``tg.jacobian``. The model's own parameters are neither read nor changed, and it behaves as in evaluation.

    Args:
        model: The model.
        parameters: A traced tensor or array for each of the model's parameters, by name, as ``model.state_dict()``
            gives them.
        *inputs: What the model is called with.

    Raises:
        ValueError: If names or shapes are not the model's.
        TypeError: If nothing is traced; ``model.predict`` is for arrays.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> model = nn.Dense(2, 1)
        >>> half_square = lambda parameters, x: (tg.functional_call(model, parameters, x) ** 2).sum() / 2
        >>> parameters = {"weight": np.array([[1.0], [2.0]]), "bias": np.array([0.5])}
        >>> _, (gradients, _) = tg.value_and_grad(half_square)(parameters, np.array([[3.0, 4.0]]))
        >>> gradients["weight"].ravel(), gradients["bias"]
        (array([34.5, 46. ]), array([11.5]))
    """
    tracer, like = active_tracer(), find_tensor(*parameters.values(), *inputs)
    if tracer is None or like is None:
        raise TypeError(
            "functional_call: expected to be called with traced values, got arrays; wrap the function that calls it in "
            "tg.jit, tg.grad or another transform, or use model.predict"
        )
    own = dict(model._parameters())
    for name in own:
        if name not in parameters:
            raise ValueError(
                f"functional_call: expected `parameters` with {name!r}, got only {', '.join(parameters) or 'none'}"
            )

    def tensor(value: Any) -> Any:
        return value._tensor() if isinstance(value, Traceable) else tracer.constant(value, like.dtype)

    pairs = []
    for name, value in parameters.items():
        if name not in own:
            raise ValueError(
                f"functional_call: expected no {name!r}; the model has {', '.join(own) or 'no parameters'}"
            )
        pairs.append((own[name], tensor(value)))
        if pairs[-1][1].shape != own[name].shape:
            got = pairs[-1][1].shape
            raise ValueError(f"functional_call: expected {name!r} of shape {own[name].shape}, got {got}")
    for name, module in model.named_modules():
        tracer.module_names.setdefault(id(module), name)
    with tracer.standing_in(pairs):
        return model(*(tensor(array) for array in inputs))
