"""Optimizers: ``name(weight, gradient, slots, step, **parameters) -> new weight``."""

import numpy as np


def _slot(slots, name, weight, start=0.0):
    return slots.setdefault(name, np.full_like(weight, start))


def _root(square, epsilon, epsilon_mode):
    return np.sqrt(square + epsilon) if epsilon_mode == "inside" else np.sqrt(square) + epsilon


def sgd(weight, gradient, slots, step, learning_rate, momentum, weight_decay, momentum_style, nesterov):
    gradient = gradient + weight_decay * weight
    if momentum == 0.0:
        return weight - learning_rate * gradient
    velocity = _slot(slots, "velocity", weight)
    ahead = nesterov in (True, "true")
    if momentum_style == "keras":
        velocity[...] = momentum * velocity - learning_rate * gradient
        return weight + (momentum * velocity - learning_rate * gradient if ahead else velocity)
    share = 1.0 - momentum if momentum_style == "ema" else 1.0
    velocity[...] = momentum * velocity + share * gradient
    return weight - learning_rate * (momentum * velocity + share * gradient if ahead else velocity)


def rmsprop(weight, gradient, slots, step, learning_rate, decay, epsilon, weight_decay, epsilon_mode):
    gradient = gradient + weight_decay * weight
    square = _slot(slots, "mean_square", weight)
    square[...] = decay * square + (1.0 - decay) * gradient * gradient
    return weight - learning_rate * gradient / _root(square, epsilon, epsilon_mode)


def adagrad(weight, gradient, slots, step, learning_rate, initial_accumulator, epsilon, weight_decay, epsilon_mode):
    gradient = gradient + weight_decay * weight
    total = _slot(slots, "sum_of_squares", weight, initial_accumulator)
    total += gradient * gradient
    return weight - learning_rate * gradient / _root(total, epsilon, epsilon_mode)


def adam(weight, gradient, slots, step, learning_rate, beta1, beta2, epsilon, epsilon_mode):
    first, second = _slot(slots, "first_moment", weight), _slot(slots, "second_moment", weight)
    first[...] = beta1 * first + (1.0 - beta1) * gradient
    second[...] = beta2 * second + (1.0 - beta2) * gradient * gradient
    mean, square = first / (1.0 - beta1**step), second / (1.0 - beta2**step)
    if epsilon_mode == "hat":
        # The constant joins before the bias correction of the second moment.
        root = (np.sqrt(second) + epsilon) / np.sqrt(1.0 - beta2**step)
    else:
        root = _root(square, epsilon, epsilon_mode)
    return weight - learning_rate * mean / root


def adamw(weight, gradient, slots, step, learning_rate, beta1, beta2, epsilon, weight_decay, epsilon_mode):
    # The decay is decoupled: the weight itself shrinks, and the moments do not see it.
    shrunk = (1.0 - learning_rate * weight_decay) * weight
    return adam(shrunk, gradient, slots, step, learning_rate, beta1, beta2, epsilon, epsilon_mode)
