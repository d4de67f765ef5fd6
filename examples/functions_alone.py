"""Logistic regression without a model: activations, losses, gradients and optimizers on plain NumPy arrays.

python examples/functions_alone.py
"""

import numpy as np
import tilegrad as tg
from tilegrad import functional as F
from tilegrad import optim


def main():
    # An activation writes to the array given by `out`; its backward pass takes the upstream gradient and the same input.
    x = np.linspace(-3, 3, 7, dtype=np.float32)
    y = np.empty_like(x)
    F.gelu(x, out=y)
    print("gelu:       ", y.round(4))
    print("its slope:  ", F.gelu_backward(np.ones_like(x), x).round(4))

    # Find the line that separates two clouds of points.
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 400)
    points = (generator.standard_normal((400, 2)) + 2.5 * labels[:, None]).astype(np.float32)
    targets = labels[:, None].astype(np.float32)
    weight, bias = np.zeros((2, 1), np.float32), np.zeros(1, np.float32)

    def loss(weight, bias):
        return F.binary_cross_entropy_with_logits(points @ weight + bias, targets)

    optimizer = optim.AdamW(learning_rate=0.05)
    slopes = tg.value_and_grad(loss)
    for step in range(200):
        value, gradients = slopes(weight, bias)
        optimizer.step([weight, bias], list(gradients))
        if step % 50 == 0:
            print(f"step {step:3}: loss {value:.4f}")
    right = ((points @ weight + bias > 0)[:, 0] == labels).mean()
    print(f"{100 * right:.1f} % of the points lie on the correct side of the line")
    return right


if __name__ == "__main__":
    main()
