"""Optimizers: ``name(weight, gradient, slots, step, **parameters) -> new weight``."""

import numpy as np


def _slot(slots, name, weight, start=0.0):
    return slots.setdefault(name, np.full_like(weight, start))


def _root(square, epsilon, epsilon_mode):
    return np.sqrt(square + epsilon) if epsilon_mode == "inside" else np.sqrt(square) + epsilon


def _decayed(weight, gradient, style, weight_decay, learning_rate):
    """Weight and gradient after decay of the one or the other."""
    if style == "coupled":
        return weight, gradient + weight_decay * weight
    return (1.0 - learning_rate * weight_decay) * weight, gradient


def _driven(slots, weight, direction, learning_rate, momentum, momentum_style, ahead=False):
    """The weight after a step along a velocity that the direction drives."""
    velocity = _slot(slots, "velocity", weight)
    if momentum_style == "keras":
        velocity[...] = momentum * velocity - learning_rate * direction
        return weight + (momentum * velocity - learning_rate * direction if ahead else velocity)
    share = 1.0 - momentum if momentum_style == "ema" else 1.0
    velocity[...] = momentum * velocity + share * direction
    return weight - learning_rate * (momentum * velocity + share * direction if ahead else velocity)


def sgd(
    weight, gradient, slots, step, learning_rate, momentum, weight_decay, momentum_style, nesterov, weight_decay_style
):
    weight, gradient = _decayed(weight, gradient, weight_decay_style, weight_decay, learning_rate)
    if momentum == 0.0:
        return weight - learning_rate * gradient
    return _driven(slots, weight, gradient, learning_rate, momentum, momentum_style, nesterov in (True, "true"))


def asgd(weight, gradient, slots, step, learning_rate, shrink, power, average_from, weight_decay):
    gradient = gradient + weight_decay * weight
    rate = learning_rate / (1.0 + shrink * learning_rate * (step - 1)) ** power
    weight = weight - shrink * rate * weight - rate * gradient
    average = _slot(slots, "mean_weight", weight)
    average += (weight - average) / max(1.0, step - 1 - average_from)
    return weight


def rmsprop(
    weight, gradient, slots, step, learning_rate, decay, epsilon, momentum, weight_decay,
    epsilon_mode, centered, momentum_style, weight_decay_style,
):  # fmt: skip
    weight, gradient = _decayed(weight, gradient, weight_decay_style, weight_decay, learning_rate)
    square = _slot(slots, "mean_square", weight)
    square[...] = decay * square + (1.0 - decay) * gradient * gradient
    spread = square
    if centered in (True, "true"):
        mean = _slot(slots, "mean_gradient", weight)
        mean[...] = decay * mean + (1.0 - decay) * gradient
        spread = np.maximum(square - mean * mean, 0.0)
    direction = gradient / _root(spread, epsilon, epsilon_mode)
    if momentum == 0.0:
        return weight - learning_rate * direction
    return _driven(slots, weight, direction, learning_rate, momentum, momentum_style)


def adagrad(
    weight, gradient, slots, step, learning_rate, initial_accumulator, epsilon, weight_decay, epsilon_mode,
    weight_decay_style,
):  # fmt: skip
    weight, gradient = _decayed(weight, gradient, weight_decay_style, weight_decay, learning_rate)
    total = _slot(slots, "sum_of_squares", weight, initial_accumulator)
    total += gradient * gradient
    return weight - learning_rate * gradient / _root(total, epsilon, epsilon_mode)


def adadelta(weight, gradient, slots, step, learning_rate, decay, epsilon, weight_decay, weight_decay_style):
    weight, gradient = _decayed(weight, gradient, weight_decay_style, weight_decay, learning_rate)
    square, steps = _slot(slots, "mean_square", weight), _slot(slots, "mean_square_step", weight)
    square[...] = decay * square + (1.0 - decay) * gradient * gradient
    move = np.sqrt(steps + epsilon) / np.sqrt(square + epsilon) * gradient
    steps[...] = decay * steps + (1.0 - decay) * move * move
    return weight - learning_rate * move


def _moments(slots, weight, gradient, beta1, beta2):
    first, second = _slot(slots, "first_moment", weight), _slot(slots, "second_moment", weight)
    first[...] = beta1 * first + (1.0 - beta1) * gradient
    second[...] = beta2 * second + (1.0 - beta2) * gradient * gradient
    return first, second


def _corrected_root(second, correction, epsilon, epsilon_mode):
    if epsilon_mode == "hat":
        # The constant joins before the bias correction of the second moment.
        return (np.sqrt(second) + epsilon) / np.sqrt(correction)
    return _root(second / correction, epsilon, epsilon_mode)


def adam(
    weight, gradient, slots, step, learning_rate, beta1, beta2, epsilon, weight_decay,
    epsilon_mode, weight_decay_style, amsgrad, amsgrad_mode,
):  # fmt: skip
    weight, gradient = _decayed(weight, gradient, weight_decay_style, weight_decay, learning_rate)
    first, second = _moments(slots, weight, gradient, beta1, beta2)
    correction = 1.0 - beta2**step
    if amsgrad in (True, "true"):
        largest = _slot(slots, "largest_second_moment", weight)
        if amsgrad_mode == "corrected":
            second, correction = second / correction, 1.0
        second = largest[...] = np.maximum(largest, second)
    root = _corrected_root(second, correction, epsilon, epsilon_mode)
    return weight - learning_rate * first / (1.0 - beta1**step) / root


def adamw(
    weight, gradient, slots, step, learning_rate, beta1, beta2, epsilon, weight_decay,
    epsilon_mode, amsgrad, amsgrad_mode,
):  # fmt: skip
    return adam(
        weight, gradient, slots, step, learning_rate, beta1, beta2, epsilon, weight_decay,
        epsilon_mode, "decoupled", amsgrad, amsgrad_mode,
    )  # fmt: skip


def nadam(
    weight, gradient, slots, step, learning_rate, beta1, beta2, epsilon, momentum_decay, weight_decay,
    weight_decay_style,
):  # fmt: skip
    weight, gradient = _decayed(weight, gradient, weight_decay_style, weight_decay, learning_rate)
    first, second = _moments(slots, weight, gradient, beta1, beta2)
    pace = beta1 * (1.0 - 0.5 * 0.96 ** (np.arange(1, step + 2) * momentum_decay))
    mean = pace[-1] * first / (1.0 - pace.prod()) + (1.0 - pace[-2]) * gradient / (1.0 - pace[:-1].prod())
    return weight - learning_rate * mean / (np.sqrt(second / (1.0 - beta2**step)) + epsilon)


def radam(
    weight, gradient, slots, step, learning_rate, beta1, beta2, epsilon, rectify_above, weight_decay,
    epsilon_mode, weight_decay_style,
):  # fmt: skip
    weight, gradient = _decayed(weight, gradient, weight_decay_style, weight_decay, learning_rate)
    first, second = _moments(slots, weight, gradient, beta1, beta2)
    mean, correction = first / (1.0 - beta1**step), 1.0 - beta2**step
    most = 2.0 / (1.0 - beta2) - 1.0
    held = most - 2.0 * step * beta2**step / correction
    if held <= rectify_above:
        return weight - learning_rate * mean
    factor = np.sqrt((held - 4.0) * (held - 2.0) * most / ((most - 4.0) * (most - 2.0) * held))
    return weight - learning_rate * factor * mean / _corrected_root(second, correction, epsilon, epsilon_mode)


def adamax(
    weight, gradient, slots, step, learning_rate, beta1, beta2, epsilon, weight_decay, epsilon_mode, weight_decay_style
):
    weight, gradient = _decayed(weight, gradient, weight_decay_style, weight_decay, learning_rate)
    first, largest = _slot(slots, "first_moment", weight), _slot(slots, "largest", weight)
    first[...] = beta1 * first + (1.0 - beta1) * gradient
    inner, outer = (epsilon, 0.0) if epsilon_mode == "inside" else (0.0, epsilon)
    largest[...] = np.maximum(beta2 * largest, np.abs(gradient) + inner)
    return weight - learning_rate / (1.0 - beta1**step) * first / (largest + outer)


def adabelief(weight, gradient, slots, step, learning_rate, beta1, beta2, epsilon, weight_decay, weight_decay_style):
    weight, gradient = _decayed(weight, gradient, weight_decay_style, weight_decay, learning_rate)
    first, spread = _slot(slots, "first_moment", weight), _slot(slots, "spread", weight)
    first[...] = beta1 * first + (1.0 - beta1) * gradient
    spread[...] = beta2 * spread + (1.0 - beta2) * (gradient - first) ** 2 + epsilon
    root = np.sqrt(spread / (1.0 - beta2**step)) + epsilon
    return weight - learning_rate * first / (1.0 - beta1**step) / root


def adan(weight, gradient, slots, step, learning_rate, beta1, beta2, beta3, epsilon, weight_decay, weight_decay_style):
    weight, gradient = _decayed(weight, gradient, weight_decay_style, weight_decay, learning_rate)
    previous = _slot(slots, "previous_gradient", weight)
    difference = gradient - previous if step > 1 else np.zeros_like(gradient)
    previous[...] = gradient
    first, change = _slot(slots, "first_moment", weight), _slot(slots, "mean_difference", weight)
    second = _slot(slots, "second_moment", weight)
    first[...] = beta1 * first + (1.0 - beta1) * gradient
    change[...] = beta2 * change + (1.0 - beta2) * difference
    second[...] = beta3 * second + (1.0 - beta3) * (gradient + beta2 * difference) ** 2
    ahead = first / (1.0 - beta1**step) + beta2 * change / (1.0 - beta2**step)
    return weight - learning_rate * ahead / (np.sqrt(second / (1.0 - beta3**step)) + epsilon)


def lion(weight, gradient, slots, step, learning_rate, beta1, beta2, weight_decay, weight_decay_style):
    weight, gradient = _decayed(weight, gradient, weight_decay_style, weight_decay, learning_rate)
    first = _slot(slots, "first_moment", weight)
    direction = np.sign(beta1 * first + (1.0 - beta1) * gradient)
    first[...] = beta2 * first + (1.0 - beta2) * gradient
    return weight - learning_rate * direction


def rprop(weight, gradient, slots, step, learning_rate, decrease, increase, smallest_step, largest_step):
    previous, size = _slot(slots, "previous_gradient", weight), _slot(slots, "step_size", weight, learning_rate)
    agreement = np.sign(gradient) * np.sign(previous)
    factor = np.where(agreement > 0, increase, np.where(agreement < 0, decrease, 1.0))
    size[...] = np.clip(size * factor, smallest_step, largest_step)
    previous[...] = np.where(agreement < 0, 0.0, gradient)
    return weight - size * np.sign(previous)


def schedule_free_adamw(
    weight, gradient, slots, step, learning_rate, beta1, beta2, epsilon, weight_decay, warmup_steps, averaging
):
    base, second = _slot(slots, "base", weight), _slot(slots, "second_moment", weight)
    if step == 1:
        base[...] = weight
    warm = np.minimum(np.arange(1, step + 1) / max(np.floor(warmup_steps), 1.0), 1.0)
    second[...] = beta2 * second + (1.0 - beta2) * gradient * gradient
    direction = gradient / (np.sqrt(second / (1.0 - beta2**step)) + epsilon) + weight_decay * weight
    average = (weight - (1.0 - beta1) * base) / beta1
    base -= learning_rate * warm[-1] * direction
    weights = warm**2 if averaging == "weighted" else np.ones(step)
    share = weights[-1] / weights.sum()
    average = (1.0 - share) * average + share * base
    return (1.0 - beta1) * base + beta1 * average


def _trust(weight, direction, share=1.0):
    """The ratio of two norms, or 1 where one is zero."""
    lengths = np.linalg.norm(weight), np.linalg.norm(direction)
    return share * lengths[0] / lengths[1] if min(lengths) > 0 else 1.0


def lamb(weight, gradient, slots, step, learning_rate, beta1, beta2, epsilon, weight_decay):
    first, second = _slot(slots, "first_moment", weight), _slot(slots, "second_moment", weight)
    first[...] = beta1 * first + (1.0 - beta1) * gradient
    second[...] = beta2 * second + (1.0 - beta2) * gradient * gradient
    direction = first / (1.0 - beta1**step) / (np.sqrt(second / (1.0 - beta2**step)) + epsilon) + weight_decay * weight
    return weight - learning_rate * _trust(weight, direction) * direction


def lars(weight, gradient, slots, step, learning_rate, momentum, trust, weight_decay, nesterov):
    velocity = _slot(slots, "velocity", weight)
    gradient = gradient + weight_decay * weight
    pull = learning_rate * _trust(weight, gradient, trust) * gradient
    velocity[...] = momentum * velocity + pull
    return weight - (momentum * velocity + pull if nesterov in (True, "true") else velocity)


def adafactor(
    weight, gradient, slots, step, learning_rate, decay_exponent, epsilon, smallest_scale, clip_threshold, weight_decay
):
    slot, share = _slot(slots, "second_moment", weight), float(step) ** decay_exponent
    scale = max(smallest_scale, np.sqrt(np.mean(weight**2))) * min(learning_rate, 1.0 / np.sqrt(step))
    if weight.ndim > 1 and weight.shape[-1] > 1 and weight.size > weight.shape[-1]:
        squares = gradient.reshape(-1, weight.shape[-1]) ** 2
        rows, columns = squares.shape
        of_row, of_column = slot.reshape(-1)[:rows], slot.reshape(-1)[rows : rows + columns]
        of_row += share * (squares.mean(axis=1) - of_row)
        of_column += share * (squares.mean(axis=0) - of_column)
        square = (np.outer(of_row, of_column) / of_row.mean()).reshape(weight.shape)
    else:
        slot += share * (gradient * gradient - slot)
        square = slot
    direction = gradient / np.sqrt(np.maximum(square, epsilon * epsilon))
    direction = direction / max(1.0, np.sqrt(np.mean(direction**2)) / clip_threshold)
    return (1.0 - learning_rate * weight_decay) * weight - scale * direction


def muon(
    weight, gradient, slots, step, learning_rate, momentum, weight_decay,
    epsilon, iterations, beta1, beta2, nesterov, adjustment,
):  # fmt: skip
    columns = weight.shape[-1] if weight.ndim else 1
    if columns < 2 or weight.size == columns:
        decay, modes = weight_decay, ("outside", "false", "raw")
        return adamw(weight, gradient, slots, step, learning_rate, beta1, beta2, 1e-8, decay, *modes)
    first, _ = _slot(slots, "first_moment", weight), _slot(slots, "second_moment", weight)
    first[...] = momentum * first + (1.0 - momentum) * gradient
    ahead = nesterov in (True, "true")
    x = (momentum * first + (1.0 - momentum) * gradient if ahead else first).reshape(-1, columns)
    x = x / max(np.linalg.norm(x), epsilon)
    for _ in range(int(iterations)):
        gram = x @ x.T
        x = 3.4445 * x - 4.775 * gram @ x + 2.0315 * gram @ gram @ x
    rows = len(x)
    length = 0.2 * np.sqrt(max(x.shape)) if adjustment == "match-adamw" else np.sqrt(max(1.0, columns / rows))
    return (1.0 - learning_rate * weight_decay) * weight - learning_rate * length * x.reshape(weight.shape)
