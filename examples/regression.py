"""Regression with a custom module: a network with a shortcut learns a noisy curve.

python examples/regression.py
"""

import numpy as np
import tilegrad as tg
from tilegrad import functional as F
from tilegrad import losses, nn, optim


class Shortcut(nn.Module):
    """A hidden layer in parallel with a linear path: `output = narrow(tanh(wide(x))) + straight(x)`."""

    def __init__(self, features, width):
        super().__init__()
        self.wide = nn.Dense(features, width)
        self.narrow = nn.Dense(width, 1)
        self.straight = nn.Dense(features, 1)

    def __call__(self, x):
        return self.narrow(F.tanh(self.wide(x))) + self.straight(x)


def data(rows, generator):
    """Two features, and a target that depends on them nonlinearly, with noise."""
    x = generator.uniform(-2, 2, (rows, 2)).astype(np.float32)
    y = np.sin(2 * x[:, :1]) + 0.5 * x[:, 1:] + 0.1 * generator.standard_normal((rows, 1))
    return x, y.astype(np.float32)


def main():
    generator = np.random.default_rng(0)
    x_train, y_train = data(2000, generator)
    x_test, y_test = data(500, generator)
    model = Shortcut(2, 32)
    trainer = tg.Trainer(model, loss=losses.MeanSquaredError(), optimizer=optim.Adam(learning_rate=1e-2), seed=0)
    trainer.fit(x_train, y_train, batch_size=50, epochs=60, progress=False)
    error = trainer.evaluate(x_test, y_test)["loss"] ** 0.5
    print(
        f"root mean squared error {error:.3f}; the noise alone is 0.1, always predicting the mean gives {y_test.std():.3f}"
    )
    return error


if __name__ == "__main__":
    main()
