"""The hand-written program, repaired step by step.

A short NumPy program of this kind is copied from tutorial to tutorial: a "network" without a hidden layer, trained with
cross-entropy on continuous targets, with half of Adam. It looks as if it worked. Here it runs from 200 seeds, and is then repaired
one mistake at a time.

python examples/hand_written_program.py
"""

import numpy as np
import tilegrad as tg
from tilegrad import functional as F
from tilegrad import nn, optim

X = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 5.0]])
Y = np.array([[2.0], [3.0], [4.0], [5.0]])


def hand_written(seed):
    """The program as it is copied around; returns its losses, and the mean squared error at the end."""
    generator = np.random.RandomState(seed)
    weight, bias = generator.randn(2, 1), generator.randn(1)
    first, second, losses = 0.0, 0.0, []
    for step in range(1, 101):
        prediction = X @ weight + bias
        with np.errstate(all="ignore"):
            losses.append(-np.mean(Y * np.log(prediction)))  # a loss for probabilities, on continuous targets
        weight_gradient = X.T @ (prediction - Y)  # the gradient of another loss, and a sum instead of a mean
        bias_gradient = np.sum(prediction - Y)  # the axis is missing
        first = 0.9 * first + 0.1 * weight_gradient
        second = 0.999 * second + 0.001 * weight_gradient**2
        weight = weight - 0.01 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        bias = bias - 0.01 * bias_gradient  # the bias is updated by a different optimizer
    return losses, float(np.mean((X @ weight + bias - Y) ** 2))


def step_one():
    """The loss is rejected, and the error message names the one that fits."""
    try:
        F.binary_cross_entropy_with_logits(X @ np.ones((2, 1)), Y)
    except ValueError as error:
        return str(error)
    raise AssertionError("continuous targets were accepted as probabilities")


def loss(weight, bias):
    """Step two: a loss for continuous targets. Its gradient comes from the graph, so it cannot be that of another loss."""
    return F.mean_squared_error(tg.functional.identity(X @ weight + bias), Y)


def step_three(seed):
    """One optimizer for all parameters, still by hand, and still a fixed number of steps."""
    generator = np.random.RandomState(seed)
    weight, bias = generator.randn(2, 1), generator.randn(1)
    optimizer, slope = optim.Adam(learning_rate=0.01), tg.grad(loss)
    for _ in range(100):
        optimizer.step([weight, bias], list(slope(weight, bias)))
    return loss(weight, bias)


def step_four(seed):
    """A trainer, with a learning rate found by a search, and a stopping criterion instead of a fixed number of steps."""
    model = nn.Sequential(nn.Dense(2, 1, dtype="float64"))
    trainer = tg.Trainer(model, "mean_squared_error", optim.Adam(learning_rate=0.1), seed=seed)
    history = trainer.fit(X, Y, batch_size="full", epochs=5000, target_loss=1e-8, progress=False)
    return history["loss"][-1], len(history["loss"]), history.stop_reason


def main(seeds=200):
    """Prints what every version of the program achieves."""
    runs = [hand_written(seed) for seed in range(seeds)]
    undefined = sum(bool(np.isnan(losses[0])) for losses, _ in runs)
    rising = sum(not np.isnan(losses[0]) and losses[90] > losses[0] for losses, _ in runs)
    errors = np.array([error for _, error in runs])
    print(
        f"as copied, {seeds} seeds: {undefined} start with a loss of NaN; in {rising} more the loss ends higher than it began"
    )
    print(
        f"  mean squared error above 1e-3 in {int((errors > 1e-3).sum())}: median {np.median(errors):.2f}, worst {errors.max():.1f}"
    )
    print(f"1. the loss: {step_one()}")
    print("2. the gradient comes from the loss itself")
    by_hand = np.array([step_three(seed) for seed in range(0, seeds, 10)])
    print(
        f"3. Adam for all parameters, 100 steps: median error {np.median(by_hand):.2g}, worst {by_hand.max():.2g}: stopped, but not finished"
    )
    mended = [step_four(seed) for seed in range(0, seeds, 20)]
    epochs = [count for _, count, _ in mended]
    print(
        f"4. stopping at a target loss: error {max(error for error, _, _ in mended):.1g} from every seed, after {min(epochs)} to {max(epochs)} epochs"
    )
    print(f"   the data: {tg.check_data(X, Y)}")
    return undefined, rising, errors, max(error for error, _, _ in mended)


if __name__ == "__main__":
    main()
