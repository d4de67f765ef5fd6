"""Functions of functions: derivatives of any order, ``jit``, and operations of one's own.

Each of them runs a Python function once on traced tensors, compiles the graph that this gives, and keeps the result by
the shapes and dtypes of the arguments: the next call with arguments of the same kind runs no Python of yours at all.

* Numbers and float arrays are values. Plain numbers are float64, or float32 beside float32 arrays.
* Integer arrays are labels: they get no gradient.
* Everything else (strings, ``True``, ``None``), and numbers given by keyword, are settings: fixed while tracing.
* Lists, tuples and dicts of arrays are walked, and their gradients come in the same form.
* The losses of ``tilegrad.functional`` are differentiated by their prediction.
* What the function takes from outside its arguments is read when it is traced, and is fixed then.
"""

from tilegrad.transform.gradients import grad, jit, value_and_grad
from tilegrad.transform.numeric import numeric_derivative, numeric_gradient
from tilegrad.transform.operations import custom_gradient, define_operation
from tilegrad.transform.products import hessian, hvp, jacobian, jvp, vjp

__all__ = [
    "custom_gradient",
    "define_operation",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jit",
    "jvp",
    "numeric_derivative",
    "numeric_gradient",
    "value_and_grad",
    "vjp",
]
