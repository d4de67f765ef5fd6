"""Makes golden_double.txt: values of the double precision functions to 50 digits, as the sum of two doubles.

    python3 golden_double.py [points a function, default 60] > golden_double.txt

Each line: function, argument, value, what the value's double lacks. Needs mpmath.
"""

import random
import sys

from mpmath import erf, erfc, exp, expm1, log, log1p, mp, mpf, pi, sqrt, tanh

mp.dps = 60


def sigmoid(x):
    return 1 / (1 + exp(-x))


def selu(x):
    scale, alpha = mpf("1.0507009873554804934193349852946"), mpf("1.6732632423543772848170429916717")
    return scale * x if x > 0 else scale * alpha * expm1(x)


FUNCTIONS = {
    "exp": (exp, -708, 709),
    "expm1": (expm1, -40, 709),
    "ln": (log, None, 1e308),
    "ln_1p": (log1p, -0.999, 1e300),
    "tanh": (tanh, -20, 20),
    "sigmoid": (sigmoid, -708, 40),
    "erf": (erf, -6, 6),
    "erfc": (erfc, -6, 26.5),
    "elu": (lambda x: x if x > 0 else expm1(x), -40, 1),
    "swish": (lambda x: x * sigmoid(x), -708, 40),
    "gelu": (lambda x: x * erfc(-x / sqrt(2)) / 2, -37.5, 10),
    "gelu_tanh": (lambda x: x * sigmoid(2 * sqrt(2 / pi) * (x + mpf("0.044715") * x**3)), -21.0, 10),
    "softplus": (lambda x: log1p(exp(x)), -708, 40),
    "selu": (selu, -40, 3),
    "celu": (lambda x: x if x > 0 else expm1(x), -40, 1),
    "exponential": (exp, -708, 709),
    "softsign": (lambda x: x / (1 + abs(x)), -30, 30),
    "hard_sigmoid": (lambda x: min(max(x + 3, mpf(0)), mpf(6)) / 6, -2.9, 4),
    "hard_swish": (lambda x: x * min(max(x + 3, mpf(0)), mpf(6)) / 6, -2.9, 4),
    "mish": (lambda x: x * tanh(log1p(exp(x))), -708, 40),
    "log_sigmoid": (lambda x: -log1p(exp(-x)), -700, 708),
    "squareplus": (lambda x: 2 / (sqrt(x * x + 4) - x), -300, 300),
    "tanh_shrink": (lambda x: x - tanh(x), -20, 20),
}


def arguments(low, high, count):
    """Over the whole range, near zero, and of all small magnitudes."""
    for index in range(count):
        kind = index % 3
        if low is None:
            yield 10 ** random.uniform(-307, 308) if kind == 0 else random.uniform(0.4, 3.0)
        elif kind == 0:
            yield 10 ** random.uniform(0, 300) if high > 1e100 else random.uniform(low, high)
        elif kind == 1:
            yield random.uniform(max(low, -3), min(high, 3))
        else:
            yield random.choice([-1, 1]) * 10 ** random.uniform(-12, -0.01)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    random.seed(20)
    for name, (function, low, high) in FUNCTIONS.items():
        for x in arguments(low, high, count):
            value = function(mpf(x))
            near = float(value)
            print(name, repr(x), repr(near), repr(float(value - mpf(near))))


main()
