"""Golden numbers: worked examples computed in float64 elsewhere, each under its catalogue id."""

import math

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import functional as F
from tilegrad import losses, nn, optim

# L8: two samples, two classes.
LOGITS = np.array([[0.9, 0.1], [0.2, 0.8]])
LABELS = np.array([0, 1])


def close(actual, expected, digits=12):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=0.6 * 10.0**-digits)


# ---- losses --------------------------------------------------------------------------------------------------------


@pytest.mark.covers("L4: binary cross-entropy, exact far out")
def test_l4_binary_cross_entropy_is_exact_far_out():
    assert float(F.binary_cross_entropy_with_logits(np.array([200.0]), np.array([0.0]))) == 200.0
    assert float(F.binary_cross_entropy_with_logits(np.array([-200.0]), np.array([1.0]))) == 200.0


@pytest.mark.covers("L4: binary cross-entropy, exact far out")
def test_l4_binary_cross_entropy_by_hand():
    p = 0.8
    logit = math.log(p / (1 - p))
    close(F.binary_cross_entropy_with_logits(np.array([logit]), np.array([1.0])), -math.log(p))
    close(F.binary_cross_entropy_with_logits(np.array([logit]), np.array([0.0])), -math.log(1 - p))


@pytest.mark.covers("L6: one sample with p = 0.9 loses -ln 0.9", "S2: -ln 0.9 and -log2 0.9")
def test_l6_cross_entropy_of_one_sample():
    logits = np.log([[0.9, 0.1]])
    close(F.cross_entropy(logits, np.array([[1.0, 0.0]])), 0.105360515658)
    close(float(F.cross_entropy(logits, np.array([0]))) / math.log(2), 0.152003093445)


@pytest.mark.covers("L7: the index form equals the one-hot form")
def test_l7_index_form_equals_the_sum():
    close(F.cross_entropy(LOGITS, np.eye(2)[LABELS]), F.cross_entropy(LOGITS, LABELS), 15)


@pytest.mark.covers(
    "L8: softmax and cross-entropy in one, with the worked example",
    "S1: cross-entropy of the worked example, in nats and bits",
)
def test_l8_softmax_loss():
    close(F.cross_entropy(LOGITS, LABELS, reduction="none"), [0.371100665948, 0.437487950486])
    close(F.cross_entropy(LOGITS, LABELS), 0.404294308217)
    close(float(F.cross_entropy(LOGITS, LABELS)) / math.log(2), 0.583273393524)


@pytest.mark.covers("L8: softmax and cross-entropy in one, with the worked example")
def test_l8_gradient():
    _, (gradient, *_) = tg.value_and_grad(F.cross_entropy)(LOGITS, LABELS)
    close(gradient, [[-0.155012759436, 0.155012759436], [0.177171846887, -0.177171846887]])


@pytest.mark.covers("L9: the same from a last layer's weights")
def test_l9_with_the_last_layer():
    generator = np.random.default_rng(0)
    x, w, b = generator.standard_normal((4, 3)), generator.standard_normal((3, 2)), generator.standard_normal(2)
    labels = np.array([0, 1, 1, 0])
    scores = x @ w + b
    plain = np.mean(
        [-math.log(math.exp(row[y]) / sum(map(math.exp, row))) for row, y in zip(scores, labels, strict=True)]
    )
    value, (dw, db) = tg.value_and_grad(lambda w, b: F.cross_entropy(x @ w + b, labels))(w, b)
    close(value, plain, 14)
    signal = (F.softmax(scores) - np.eye(2)[labels]) / 4
    close(dw, x.T @ signal, 14)
    close(db, signal.sum(axis=0), 14)


@pytest.mark.covers("L11: squared error as a mean and as a sum")
def test_l11_sum_and_mean_of_squares():
    prediction, target = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.5, 2.0], [1.0, 2.0]])
    assert float(F.mean_squared_error(prediction, target)) == 13.25 / 4
    assert float(F.sum_squared_error(prediction, target)) == 13.25
    assert float(losses.SumSquaredError()(prediction, target)) == 13.25


@pytest.mark.covers("L12: the curve of squared error with target 100")
def test_l12_squared_error_curve():
    values = [float(F.mean_squared_error(np.array([x]), np.array([100.0]))) for x in (-10000.0, 10000.0, 100.0)]
    assert values == [102_010_000, 98_010_000, 0]


@pytest.mark.covers("L13: the slope of squared error vanishes at the minimum")
def test_l13_squared_error_is_flat_at_its_minimum():
    for error in (0.0, 1e-6, 1e-3):
        _, slope = tg.value_and_grad(F.mean_squared_error, argnums=0)(np.array([100.0 + error]), np.array([100.0]))
        close(slope, 2 * error, 12)


@pytest.mark.covers("L14: absolute error, and its slope at 0")
def test_l14_absolute_error():
    prediction, target = np.array([1.0, 2.0, -3.0]), np.array([2.0, 2.0, -5.0])
    value, gradient = tg.value_and_grad(F.mean_absolute_error, argnums=0)(prediction, target)
    assert float(value) == 1.0
    close(gradient, np.array([-1, 0, 1]) / 3, 15)


@pytest.mark.covers("L15: an outlier pulls the mean, not the median")
def test_l15_mean_and_median():
    """The best constant is the mean for squared and the median for absolute error."""
    target = np.array([1.0, 2.0, 3.0, 4.0, 90.0])
    grid = np.linspace(0, 40, 4001)
    squared = [float(F.mean_squared_error(np.full(5, c), target)) for c in grid]
    absolute = [float(F.mean_absolute_error(np.full(5, c), target)) for c in grid]
    close(grid[np.argmin(squared)], 20.0, 9)
    close(grid[np.argmin(absolute)], 3.0, 9)


@pytest.mark.covers("L16: absolute error does not settle with a fixed learning rate")
def test_l16_absolute_error_does_not_settle_with_a_fixed_rate():
    weight = [np.array([1.05])]
    optimizer = optim.SGD(learning_rate=0.1)
    for _ in range(51):
        optimizer.step(weight, [np.sign(weight[0])])
    close(np.abs(weight[0]), 0.05, 9)


@pytest.mark.covers("L19: class weights with both normalisations")
def test_l19_class_weights():
    weight = np.array([1.0, 3.0])
    close(F.cross_entropy(LOGITS, LABELS, weight=weight, normalization="samples"), 0.841782258703)
    close(F.cross_entropy(LOGITS, LABELS, weight=weight, normalization="weights"), 0.420891129351)


@pytest.mark.covers("L23: label smoothing and other forms of the softmax loss", "S6: label smoothing per sample")
def test_l23_label_smoothing():
    close(F.cross_entropy(LOGITS, LABELS, label_smoothing=0.1), 0.439294308217)
    close(F.cross_entropy(LOGITS, LABELS, label_smoothing=0.1, reduction="none"), [0.411100665948, 0.467487950486])


# ---- activations ---------------------------------------------------------------------------------------------------


def slope(name, x, *parameters):
    return getattr(F, f"{name}_backward")(np.ones(1), np.array([float(x)]), *parameters)[0]


@pytest.mark.covers("A1: pre-activations and activations of every layer")
def test_a1_column_layout_equals_row_layout():
    generator = np.random.default_rng(1)
    w, x, b = generator.standard_normal((2, 3)), generator.standard_normal((3, 5)), generator.standard_normal((2, 1))
    model = nn.Sequential(nn.Dense(3, 2, dtype="float64"))
    named = dict(model.named_parameters())
    weight = next(value for name, value in named.items() if name.endswith("weight"))
    bias = next(value for name, value in named.items() if name.endswith("bias"))
    np.asarray(weight)[...] = w.T
    np.asarray(bias)[...] = b[:, 0]
    close(model.predict(x.T), (w @ x + b).T, 14)


@pytest.mark.covers("A3: sigmoid")
def test_a3_sigmoid_does_not_overflow():
    np.testing.assert_array_equal(F.sigmoid(np.array([1000.0, -1000.0, 0.0])), [1.0, 0.0, 0.5])
    assert slope("sigmoid", 2) == pytest.approx(F.sigmoid(2.0) * (1 - F.sigmoid(2.0)), rel=1e-14)


@pytest.mark.covers("A4: the sigmoid's slope is 0.25 at most: gradients vanish with depth")
def test_a4_slope_of_sigmoid_is_at_most_a_quarter():
    assert slope("sigmoid", 0) == 0.25
    assert slope("sigmoid", 0) ** 5 == 0.0009765625
    x = np.linspace(-5, 5, 1001)
    assert F.sigmoid_backward(np.ones_like(x), x).max() == 0.25


@pytest.mark.covers("A5: saturation")
def test_a5_sigmoid_saturates():
    close(slope("sigmoid", 5), 0.00664805667079)


@pytest.mark.covers("A8: tanh")
def test_a8_tanh():
    assert slope("tanh", 0) == 1.0
    close(slope("tanh", 2), 0.0706508248532)
    np.testing.assert_array_equal(F.tanh(np.array([-800.0, 800.0])), [-1.0, 1.0])


@pytest.mark.covers("A9: relu")
def test_a9_relu():
    np.testing.assert_array_equal(F.relu(np.array([-2.0, 0.0, 3.0])), [0.0, 0.0, 3.0])
    assert slope("relu", 0) == 0.0


@pytest.mark.covers("A11: leaky relu")
def test_a11_leaky_relu():
    close(F.leaky_relu(np.array([-3.0])), -0.03, 15)
    close(F.leaky_relu(np.array([-3.0]), 0.2), -0.6, 15)


@pytest.mark.covers("A13: elu, selu, celu")
def test_a13_elu():
    close(F.elu(np.array([-1.0])), -0.632120558829)
    close(F.elu(np.array([-2.0]), 2.0), -1.7293, 4)
    assert slope("elu", -1e-12) == pytest.approx(1.0)
    assert slope("elu", -1e-12, 0.5) == pytest.approx(0.5)


@pytest.mark.covers("A15: swish, gelu, mish and the hard variants", "S9: swish and its slope at 1")
def test_a15_swish():
    close(F.swish(np.array([-1.27846453544])), -0.278464542761)
    close(F.swish(np.array([1.0])), 0.73105857863)
    close(slope("swish", 1), 0.927670511871)
    assert slope("swish", 0) == 0.5
    close(slope("swish", 2.39936), 1.09983932013, 10)
    close(slope("swish", -1.27846453544), 0.0, 8)
    x = np.linspace(-4, 4, 9)
    np.testing.assert_array_equal(F.silu(x), F.swish(x))


@pytest.mark.covers("A15: swish, gelu, mish and the hard variants")
def test_a15_gelu_exact_and_tanh_differ_in_the_fifth_digit():
    close(F.gelu(np.array([0.5])), 0.34573124, 5)
    assert float(F.gelu(np.array([0.5]))[0]) == pytest.approx(0.5 * 0.5 * math.erfc(-0.5 / math.sqrt(2)), rel=1e-15)
    close(F.gelu_tanh(np.array([0.5])), 0.34571401, 8)


@pytest.mark.covers("A16: softmax with axis, temperature and mask", "S4: softmax of (0.2, 0.8)")
def test_a16_softmax():
    close(F.softmax(np.array([[0.9, 0.1]])), [[0.689974481128, 0.310025518872]])
    close(F.softmax(np.array([[0.2, 0.8]])), [[0.354343693774, 0.645656306226]])
    np.testing.assert_array_equal(F.softmax(np.array([[1e4, 0.0]])), [[1.0, 0.0]])


# ---- gradients and descent -----------------------------------------------------------------------------------------


@pytest.mark.covers("G2: derivatives as limits")
def test_g2_gradient_of_a_paraboloid():
    value, (gradient,) = tg.value_and_grad(lambda x: (x * x).sum())(np.array([3.0, 4.0]))
    assert float(value) == 25.0
    np.testing.assert_array_equal(gradient, [6.0, 8.0])
    np.testing.assert_array_equal(tg.grad(lambda x: (x * x).sum())(np.array([3.0, 4.0])), [6.0, 8.0])


@pytest.mark.covers("G4: the update rule")
def test_g4_plain_descent_is_the_hand_step():
    weight = [np.array([1.5, -2.0])]
    optim.SGD(learning_rate=0.25).step(weight, [np.array([2.0, 4.0])])
    np.testing.assert_array_equal(weight[0], [1.0, -3.0])


@pytest.mark.covers("G6: learning rates too small and too large; a finder; divergence")
@pytest.mark.parametrize(("rate", "after"), [(0.01, 0.99**10), (1.0, 0.0), (1.9, 0.9**10), (2.1, 1.1**10)])
def test_g6_rates_on_a_parabola(rate, after):
    weight = [np.array([1.0])]
    optimizer = optim.SGD(learning_rate=rate)
    for _ in range(10):
        optimizer.step(weight, [weight[0].copy()])
    close(weight[0], after, 12)


@pytest.mark.covers("G14: sums and means of gradients")
def test_g14_sum_is_the_mean_with_a_smaller_rate():
    by_mean, (mean_gradient, *_) = tg.value_and_grad(F.cross_entropy)(LOGITS, LABELS)
    by_sum, (sum_gradient, *_) = tg.value_and_grad(lambda z: F.cross_entropy(z, LABELS, reduction="sum"))(LOGITS)
    close(by_sum, 2 * float(by_mean), 14)
    close(sum_gradient, 2 * mean_gradient, 15)


# ---- optimizers: f = w^2 / 2 from w = 1, so that the gradient is w -------------------------------------------------


def iterates(optimizer, count=3, start=1.0):
    weight = [np.array([start])]
    seen = []
    for _ in range(count):
        optimizer.step(weight, [weight[0].copy()])
        seen.append(weight[0][0])
    return seen


ITERATES = [
    ("o4-ema", lambda: optim.SGD(0.1, momentum=0.9, momentum_style="ema"), [0.99, 0.9711, 0.944379]),
    ("o4-heavy-ball", lambda: optim.SGD(0.1, momentum=0.9), [0.9, 0.72, 0.486]),
    ("o4-keras", lambda: optim.SGD(0.1, momentum=0.9, momentum_style="keras"), [0.9, 0.72, 0.486]),
    ("o13-nesterov", lambda: optim.SGD(0.1, momentum=0.9, nesterov=True), [0.81, 0.5751, 0.327321]),
    (
        "o13-nesterov-keras",
        lambda: optim.SGD(0.1, momentum=0.9, momentum_style="keras", nesterov=True),
        [0.81, 0.5751, 0.327321],
    ),
    (
        "o6-rmsprop",
        lambda: optim.RMSprop(0.1, decay=0.9, epsilon=1e-8, epsilon_mode="inside"),
        [0.683772249795, 0.498870626655, 0.369180573876],
    ),
    ("o6-uncorrected", lambda: optim.RMSprop(0.1, decay=0.999, epsilon=1e-8, epsilon_mode="inside"), [-2.1622618489]),
    (
        "o6-inside-large",
        lambda: optim.RMSprop(0.1, decay=0.9, epsilon=0.1, epsilon_mode="inside"),
        [0.776393, 0.621201, 0.502492],
    ),
    (
        "o6-outside-large",
        lambda: optim.RMSprop(0.1, decay=0.9, epsilon=0.1, epsilon_mode="outside"),
        [0.759747, 0.602886, 0.485010],
    ),
    (
        "o7-inside",
        lambda: optim.Adam(0.1, epsilon=0.1, epsilon_mode="inside"),
        [0.904653741075, 0.810103724098, 0.716695406524],
    ),
    ("o7-outside", lambda: optim.Adam(0.1, epsilon=0.1), [0.909090909091, 0.818891102381, 0.729687567828]),
    (
        "o7-hat",
        lambda: optim.Adam(0.1, epsilon=0.1, epsilon_mode="hat"),
        [0.975974692665, 0.945356007361, 0.910655128985],
    ),
    # Its 1e-10 shows in the eleventh digit of the first step.
    ("o9-adagrad", lambda: optim.Adagrad(0.1), [0.90000000001, 0.833103526852, 0.780456181366]),
    ("9.1-decoupled-decay", lambda: optim.AdamW(0.1, weight_decay=0.1), [0.89, 0.781572]),
]


@pytest.mark.covers(
    "O4: momentum in three forms",
    "O6: RMSprop",
    "O7: Adam, with epsilon in three places",
    "O9: Adagrad",
    "O13: the further optimizers people know",
)
@pytest.mark.parametrize(("make", "expected"), [case[1:] for case in ITERATES], ids=[case[0] for case in ITERATES])
def test_optimizer_iterates(make, expected):
    digits = max(len(f"{value}".partition(".")[2]) for value in expected)
    close(iterates(make(), len(expected)), expected, digits)


@pytest.mark.parametrize(("style", "expected"), [("heavy-ball", [0.6966, 0.6686]), ("keras", [0.5508, 0.3930])])
def test_9_1_rate_cut_tenfold_after_two_steps(style, expected):
    """Where the speed contains the learning rate, the old speed survives a cut."""
    generous = optim.SGD(0.1, momentum=0.9, momentum_style=style)
    weight = [np.array([1.0])]
    for _ in range(2):
        generous.step(weight, [weight[0].copy()])
    generous.learning_rate = 0.01
    seen = []
    for _ in range(2):
        generous.step(weight, [weight[0].copy()])
        seen.append(weight[0][0])
    close(seen, expected, 4)


@pytest.mark.covers("O8: Adam's first step has the size of the learning rate")
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_o8_first_adam_step_has_the_size_of_the_rate(scale):
    weight = [np.array([1.0])]
    optim.Adam(learning_rate=0.01).step(weight, [np.array([scale])])
    assert 1 - weight[0][0] == pytest.approx(0.01, rel=2e-5)


@pytest.mark.covers("O2: exponentially weighted moving average")
def test_o2_moving_average():
    close(F.ewma(np.arange(1.0, 6.0), 0.9), [0.1, 0.29, 0.561, 0.9049, 1.31441])


@pytest.mark.covers("O3: its bias correction")
def test_o3_bias_correction():
    expected = [1, 1.52631578947, 2.07011070111, 2.63128816516, 3.2097140485]
    close(F.ewma(np.arange(1.0, 6.0), 0.9, bias_correction=True), expected, 10)
    close(F.ewma(np.ones(50), 0.9, bias_correction=True), np.ones(50), 14)


# ---- backpropagation -----------------------------------------------------------------------------------------------


def pay(price, count, tax):
    return price * count * tax


@pytest.mark.covers("B3: apples and tax")
def test_b3_apples():
    value, gradients = tg.value_and_grad(pay)(10.0, 2.0, 1.1)
    assert float(value) == pytest.approx(22.0, abs=1e-14)
    close([float(g) for g in gradients], [2.2, 11.0, 20.0], 13)


@pytest.mark.covers("B3: apples and tax")
def test_b3_the_explanation_names_every_node():
    text = str(tg.trace(pay)(10.0, 2.0, 1.1).explain())
    for number in ("22", "2.2", "11", "20"):
        assert number in text, number
    for name in ("price", "count", "tax"):
        assert name in text, name


@pytest.mark.covers("B4: apples and oranges, with boxes to fill in")
def test_b4_apples_and_oranges():
    def bill(apple, apples, orange, oranges, tax):
        return (apple * apples + orange * oranges) * tax

    value, gradients = tg.value_and_grad(bill)(100.0, 2.0, 150.0, 3.0, 1.1)
    close(float(value), 715.0, 10)
    close([float(g) for g in gradients], [2.2, 110, 3.3, 165, 650], 10)


@pytest.mark.covers("B6: add passes on, multiply swaps")
def test_b6_add_passes_on_and_multiply_swaps():
    _, (dx, dy) = tg.value_and_grad(lambda x, y: x + y)(3.0, 4.0)
    assert (float(dx), float(dy)) == (1.0, 1.0)
    _, (dx, dy) = tg.value_and_grad(lambda x, y: x * y)(3.0, 4.0)
    assert (float(dx), float(dy)) == (4.0, 3.0)
    _, (dx, dy) = tg.value_and_grad(lambda x, y: (x * y + x).sum())(
        np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0])
    )
    np.testing.assert_array_equal(dx, [[6, 7], [6, 7]])
    np.testing.assert_array_equal(dy, [4, 6])


@pytest.mark.covers("B7: the chain rule")
def test_b7_chain_rule():
    _, (dx, dy) = tg.value_and_grad(lambda x, y: (x + y) ** 2)(3.0, 4.0)
    assert (float(dx), float(dy)) == (14.0, 14.0)


@pytest.mark.covers("B8: the 2-2-2 network, number by number", "B1: the forward pass")
def test_b8_two_two_two_network():
    """A 2-2-2 sigmoid network with half the summed squared error, one step of plain descent at rate 0.5."""
    x, target = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
    w1, b1 = np.array([[0.15, 0.25], [0.20, 0.30]]), np.array([0.35, 0.35])
    w2, b2 = np.array([[0.40, 0.50], [0.45, 0.55]]), np.array([0.60, 0.60])

    def error(w1, w2):
        hidden = F.sigmoid(x @ w1 + b1)
        output = F.sigmoid(hidden @ w2 + b2)
        return 0.5 * F.sum_squared_error(output, target)

    value, gradients = tg.value_and_grad(error)(w1, w2)
    close(value, 0.2983711087600027, 15)
    close(gradients[1][0, 0], 0.0821670406, 10)
    optim.SGD(learning_rate=0.5).step([w1, w2], list(gradients))
    close(w2, [[0.35891648, 0.51130127], [0.40866619, 0.56137012]], 8)
    close(w1, [[0.14978072, 0.24975114], [0.19956143, 0.29950229]], 8)
    close(error(w1, w2), 0.29102777369359933, 15)
