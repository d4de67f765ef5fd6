"""The oracle: every activation, loss and optimizer as its plain formula, in float64 NumPy.

Names and parameters are those of the registry, so that a test can look a function up by name:

* an activation is ``name(x, **parameters) -> (value, slope)``;
* a loss is ``name(prediction, target, **parameters) -> (losses, gradient)``: the loss of each element (or row), and the
  derivative of their *sum* with respect to the prediction. Reductions are the tests' own;
* an optimizer is ``name(weight, gradient, slots, step, **parameters) -> new weight``; ``slots`` is a dict that starts
  empty, ``step`` counts from 1.

Nothing here is clever: clarity is what makes it a reference. What is stable at the ends is so by a better formula,
not by clipping.
"""

from .activations import *  # noqa: F403
from .compositions import *  # noqa: F403
from .losses import *  # noqa: F403
from .normalization import *  # noqa: F403
from .optimizers import *  # noqa: F403
from .rows import *  # noqa: F403
