"""Golden numbers of losses with their sources: worked examples of texts, and what PyTorch, Keras and optax measured."""

import math

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import functional as F
from tilegrad import losses

# Logits (0.9, 0.1) of the first class and (0.2, 0.8) of the second.
LOGITS, CLASSES = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])
exactly = pytest.approx


@pytest.mark.covers(
    "L6: one sample with p = 0.9 loses -ln 0.9",
    "L8: softmax and cross-entropy in one, with the worked example",
    "S1: cross-entropy of the worked example, in nats and bits",
    "S2: -ln 0.9 and -log2 0.9",
    "S3: the same logits taken for probabilities",
)
def test_cross_entropy_of_the_worked_example():
    assert F.cross_entropy(LOGITS, CLASSES) == exactly(0.404294308217, abs=1e-12)
    each = F.cross_entropy(LOGITS, CLASSES, reduction="none")
    np.testing.assert_allclose(each, [0.371100665948, 0.437487950486], atol=1e-12)
    assert F.cross_entropy(LOGITS, CLASSES) / math.log(2) == exactly(0.583273393524, abs=1e-12)
    _, gradient = tg.value_and_grad(F.cross_entropy)(LOGITS, CLASSES)
    expected = [[-0.155012759436, 0.155012759436], [0.177171846887, -0.177171846887]]
    np.testing.assert_allclose(gradient[0], expected, atol=1e-12)
    probabilities, first = np.array([[0.9, 0.1]]), np.array([0])
    assert F.categorical_cross_entropy(probabilities, first) == exactly(0.105360515658, abs=1e-12)
    assert F.categorical_cross_entropy(probabilities, first, base=2) == exactly(0.152003093445, abs=1e-12)
    # What Keras gives for logits taken as probabilities.
    assert F.categorical_cross_entropy(LOGITS, CLASSES, style="keras") == exactly(0.164252033486, abs=1e-6)


@pytest.mark.covers("L9: the same from a last layer's weights")
def test_the_softmax_loss_with_the_last_layers_weights():
    x, w, b = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([[0.3, -0.2], [0.1, 0.4]]), np.array([0.05, -0.1])

    def loss(w, b):
        return F.cross_entropy(x @ w + b, CLASSES)

    z = x @ w + b
    formula = -np.mean(np.log(np.exp(z[[0, 1], CLASSES]) / np.exp(z).sum(axis=1)))
    assert tg.value_and_grad(loss)(w, b)[0] == exactly(formula, abs=1e-14)
    assert tg.check_gradients(loss, w, b) < 1e-8


@pytest.mark.covers("L10: entropy, cross-entropy and divergence of distributions", "conventions:entropy")
def test_entropy_and_divergence():
    assert F.entropy(np.array([0.5, 0.5])) == exactly(0.693147180560, abs=1e-12)
    assert F.entropy(np.array([0.5, 0.5]), base=2) == 1.0
    assert F.entropy(np.array([1.0, 0.0])) == 0.0
    p, q = np.array([[0.2, 0.5, 0.3], [0.7, 0.1, 0.2]]), np.array([[0.25, 0.25, 0.5], [0.3, 0.4, 0.3]])
    both = F.categorical_cross_entropy(q, p, reduction="none")
    divergence = F.kl_divergence(q, p, prediction_form="probabilities", reduction="none")
    np.testing.assert_allclose(both, F.entropy(p) + divergence, rtol=1e-14)
    np.testing.assert_allclose(F.kl_divergence(np.log(q), p, reduction="none"), divergence, rtol=1e-13)
    # Of independent events the information adds up.
    joint = (p[0][:, None] * p[1][None, :]).reshape(-1)
    assert F.entropy(joint) == exactly(F.entropy(p[0]) + F.entropy(p[1]), rel=1e-14)
    assert F.entropy(np.array([0.9, 0.1])) < F.entropy(np.array([0.6, 0.4]))
    slope = tg.grad(lambda p: F.entropy(p).sum())(p)
    np.testing.assert_allclose(slope, -np.log(p) - 1, rtol=1e-13)


@pytest.mark.covers("L4: binary cross-entropy, exact far out")
def test_binary_cross_entropy():
    p, y = np.array([0.9, 0.2]), np.array([1.0, 0.0])
    expected = -np.log([0.9, 0.8])
    np.testing.assert_allclose(F.binary_cross_entropy(p, y, reduction="none"), expected, rtol=1e-14)
    np.testing.assert_allclose(
        F.binary_cross_entropy_with_logits(np.log(p / (1 - p)), y, reduction="none"), expected, rtol=1e-14
    )
    for logit in (200.0, -200.0):
        assert F.binary_cross_entropy_with_logits(np.array([logit]), np.array([float(logit < 0)])) == 200
    # p = 0 for y = 1: PyTorch 2.13 gives 100, Keras 3.15 16.118.
    zero, one = np.array([0.0]), np.array([1.0])
    assert F.binary_cross_entropy(zero, one, style="torch") == 100
    assert F.binary_cross_entropy(zero, one, style="keras") == exactly(16.118095651, abs=1e-8)


@pytest.mark.covers("L19: class weights with both normalisations", "conventions:class weights")
def test_class_weights_under_both_normalizations():
    assert F.cross_entropy(LOGITS, CLASSES, weight=[1.0, 3.0]) == exactly(0.420891129351, abs=1e-12)
    keras = F.cross_entropy(LOGITS, CLASSES, weight=[1.0, 3.0], style="keras")
    assert keras == exactly(0.841782258703, abs=1e-12)
    assert losses.CrossEntropy(weight=[1.0, 3.0], style="keras")(LOGITS, CLASSES) == keras
    # With a single row PyTorch's weight cancels out.
    assert F.cross_entropy(LOGITS[:1], CLASSES[:1], weight=[7.0, 1.0]) == F.cross_entropy(LOGITS[:1], CLASSES[:1])


@pytest.mark.covers("L20: focal loss", "S5: focal loss per sample", "conventions:focal")
def test_focal_loss():
    assert F.focal_loss(LOGITS, CLASSES) == exactly(0.0452996967895, abs=1e-13)
    assert F.focal_loss(LOGITS, CLASSES, alpha=0.25) == exactly(0.0113249241974, abs=1e-13)
    assert F.focal_loss(LOGITS, CLASSES, style="keras") == exactly(0.0113249241974, abs=1e-13)
    each = F.focal_loss(LOGITS, CLASSES, reduction="none")
    np.testing.assert_allclose(each, [0.035668645683, 0.054930747896], atol=1e-12)
    assert F.focal_loss(LOGITS, CLASSES, gamma=0.0) == F.cross_entropy(LOGITS, CLASSES)
    per_class = F.focal_loss(LOGITS, CLASSES, alpha=np.array([0.5, 2.0]), reduction="none")
    np.testing.assert_allclose(per_class, each * [0.5, 2.0], rtol=1e-14)
    # Two classes are one logit: their difference.
    difference, yes = LOGITS[:, 1] - LOGITS[:, 0], CLASSES.astype(float)
    assert F.binary_focal_loss(difference, yes) == exactly(0.0452996967895, abs=1e-13)
    # optax 0.2.8, sigmoid_focal_loss([0.5, -1, 2], [1, 0, 0], alpha=0.25, gamma=2).
    focal = F.binary_focal_loss(np.array([0.5, -1.0, 2.0]), np.array([1.0, 0.0, 0.0]), alpha=0.25, reduction="none")
    np.testing.assert_allclose(focal, OPTAX_FOCAL, rtol=1e-6)
    # Far out it is exact, with slopes that are numbers.
    value, gradient = tg.value_and_grad(F.focal_loss)(np.array([[1e4, 0.0]]), np.array([1]))
    assert value == 1e4
    np.testing.assert_array_equal(gradient[0], [[1.0, -1.0]])


OPTAX_FOCAL = [0.01689337262937591, 0.016993543131350496, 1.2375586345660567]


@pytest.mark.covers("L21: distillation with a temperature", "S7: distillation per sample")
def test_distillation():
    teacher = np.array([[2.0, 0.0], [0.0, 1.0]])
    assert F.distillation_loss(LOGITS, teacher, temperature=2.0) == exactly(0.086317677177, abs=1e-12)
    each = F.distillation_loss(LOGITS, teacher, temperature=2.0, reduction="none") / 4
    np.testing.assert_allclose(each, [0.0383887120597, 0.00477012652879], atol=1e-13)
    soft = F.cross_entropy(LOGITS / 2, F.softmax(teacher / 2))
    assert soft == exactly(0.644104633028, abs=1e-12)
    mixed = F.distillation_loss(LOGITS, teacher, labels=CLASSES, temperature=2.0, alpha=0.25)
    assert mixed == exactly(0.25 * 0.086317677177 + 0.75 * 0.404294308217, abs=1e-12)


@pytest.mark.covers(
    "L22: large-margin softmax", "S8: the margin function for m = 2 and 4", "S9: swish and its slope at 1"
)
def test_large_margin_softmax():
    from tilegrad.functional.losses.angular import psi

    degrees = np.array([0, 30, 60, 90, 120, 180])
    for margin, expected in {2: [1, 0.5, -0.5, -1, -1.5, -3], 4: [1, -0.5, -1.5, -3, -4.5, -7]}.items():
        np.testing.assert_allclose(psi(np.cos(np.radians(degrees)), margin), expected, atol=1e-12)
    cosine = np.linspace(1, -1, 1001)
    for margin in (1, 2, 3, 4):
        assert (np.diff(psi(cosine, margin)) < 0).all()
    x, w = np.array([[1.0, 1.0]]), np.array([[2.0, 0.0], [0.0, 1.0]])
    for margin, expected in {1: 0.313261687518, 2: 1.31326168752, 4: 3.84993788942}.items():
        assert F.large_margin_softmax(x, np.array([0]), w, margin=margin) == exactly(expected, abs=1e-11)
    assert F.large_margin_softmax(x, np.array([0]), w, margin=1) == exactly(F.cross_entropy(x @ w, np.array([0])))
    near = F.large_margin_softmax(x, np.array([0]), w, margin=4, annealing=1e6)
    assert near == exactly(0.313261687518, abs=1e-5)


@pytest.mark.covers(
    "L23: label smoothing and other forms of the softmax loss",
    "S6: label smoothing per sample",
    "conventions:label smoothing",
)
def test_variants_of_softmax_loss():
    assert F.cross_entropy(LOGITS, CLASSES, label_smoothing=0.1) == exactly(0.439294308217, abs=1e-12)
    each = F.cross_entropy(LOGITS, CLASSES, label_smoothing=0.1, reduction="none")
    np.testing.assert_allclose(each, [0.411100665948, 0.467487950486], atol=1e-12)
    plain = F.cross_entropy(LOGITS, CLASSES)
    assert F.poly_loss(LOGITS, CLASSES, epsilon=0.0) == exactly(plain)
    assert F.generalized_cross_entropy(LOGITS, CLASSES, exponent=1e-9) == exactly(plain, rel=1e-7)
    # Keras: y (1 - e) + e / 2 for binary targets.
    smooth = F.binary_cross_entropy_with_logits(np.array([0.7]), np.array([1.0]), label_smoothing=0.2)
    assert smooth == exactly(F.binary_cross_entropy_with_logits(np.array([0.7]), np.array([0.9])))
    weighted = F.binary_cross_entropy_with_logits(np.array([0.7, 0.7]), np.array([1.0, 0.0]), positive_weight=3.0)
    assert weighted == exactly((3 * math.log1p(math.exp(-0.7)) + math.log1p(math.exp(0.7))) / 2)


@pytest.mark.covers("L24: robust and other regression losses", "conventions:huber")
def test_huber_and_smooth_l1():
    error, zero = np.array([0.5, 3.0]), np.zeros(2)
    np.testing.assert_array_equal(F.huber(error, zero, delta=2.0, reduction="none"), [0.125, 4.0])
    np.testing.assert_array_equal(F.smooth_l1(error, zero, beta=2.0, reduction="none"), [0.0625, 2.0])
    assert F.huber(error, zero) == F.smooth_l1(error, zero)


@pytest.mark.covers(
    "L24: robust and other regression losses", "S10: MSLE, Poisson and gamma deviance", "S11: pinball loss"
)
def test_regression_losses_of_the_tables():
    y, p = np.array([3.0, 0.5, 2.0, 7.0]), np.array([2.5, 0.4, 2.0, 8.0])
    assert F.mean_squared_logarithmic_error(p, y) == exactly(0.00911587315517309, abs=1e-15)
    y, p = np.array([3.0, -0.5, 2.0, 7.0]), np.array([2.5, 0.0, 2.0, 8.0])
    assert F.pinball(p, y, quantile=0.9) == exactly(0.15, abs=1e-15)
    assert F.mean_squared_error(p, y) == 0.375
    assert F.mean_absolute_error(p, y) == 0.5
    assert F.mean_absolute_percentage_error(p, y) == exactly(0.3273809524, abs=1e-10)


@pytest.mark.covers(
    "L11: squared error as a mean and as a sum", "L14: absolute error, and its slope at 0", "conventions:half factors"
)
def test_squared_errors_and_their_halves():
    x, t = np.array([1.0, 5.0]), np.array([0.0, 2.0])
    assert F.mean_squared_error(x, t) == 5.0
    assert F.sum_squared_error(x, t) == 10.0
    for style in ("optax", "sklearn"):
        assert F.mean_squared_error(x, t, style=style) == 2.5
    assert F.mean_squared_error(x, t, style="torch") == 5.0
    assert tg.grad(F.mean_absolute_error)(t, t)[0] == 0.0


@pytest.mark.covers(
    "conventions:KLDiv", "conventions:cosine", "conventions:poisson", "conventions:MAPE", "conventions:hinge"
)
def test_styles_reproduce_other_libraries():
    p, q = np.array([[0.6, 0.3, 0.1]]), np.array([[0.2, 0.3, 0.5]])
    rows = F.kl_divergence(q, p, style="keras")
    assert F.kl_divergence(np.log(q), p, style="optax") == exactly(rows)
    assert F.kl_divergence(np.log(q), p, style="torch") == exactly(rows / 3)
    a, b = np.array([[1.0, 2.0]]), np.array([[2.0, 1.0]])
    assert F.cosine_distance(a, b, style="keras") == exactly(-0.8)
    assert F.cosine_distance(a, b, style="optax") == exactly(0.2)
    rate, count = np.array([2.0]), np.array([3.0])
    assert F.poisson(rate, count, style="keras") == exactly(2 - 3 * math.log(2 + 1e-7))
    assert F.poisson(np.log(rate), count, style="torch") == exactly(2 - 3 * math.log(2))
    one, zero = np.array([1.0]), np.array([0.0])
    assert F.mean_absolute_percentage_error(one, zero, style="keras") == exactly(1e9)
    assert F.mean_absolute_percentage_error(one, zero, style="sklearn") == exactly(4503599627370496.0)
    scores = np.array([0.5, -0.2])
    assert F.hinge(scores, np.array([1.0, 0.0]), style="keras") == F.hinge(scores, np.array([1.0, -1.0]))
    with pytest.raises(ValueError, match="torch, keras, optax, sklearn"):
        F.hinge(scores, scores, style="mxnet")


# Losses of PyTorch 2.15 in float64.
X, Y = [[0.1, 0.2, 0.4], [0.8, -0.3, 0.2]], [2, 1]
A, B = [[1.0, 2.0, 3.0], [0.0, 1.0, -1.0]], [[1.0, 1.0, 1.0], [2.0, 0.0, 1.0]]
PYTORCH = [
    ("multi_margin", (X, Y), {}, 0.85),
    ("multi_margin", (X, Y), {"margin": 0.5, "squared": True}, 0.615),
    ("margin_ranking", ([1.0, 2.0], [1.0, -1.0], [1.5, 1.0]), {"margin": 0.2}, 0.95),
    ("cosine_embedding", (A, [1.0, -1.0], B), {"margin": 0.1}, 0.03708995011381799),
    ("triplet_margin", (A, B, X), {"margin": 1.5}, 1.5032809196083592),
    ("gaussian_nll_loss", ([[1.0, 2.0]], [[0.0, 2.5]]), {"variance": [[0.5, 2.0]]}, 0.53125),
    ("gaussian_nll_loss", ([[1.0, 2.0]], [[0.0, 2.5]]), {"variance": [[0.5, 2.0]], "full": True}, 1.4501885332046727),
    ("hinge_embedding", ([0.3, 0.4, 2.0], [1.0, -1.0, -1.0]), {}, 0.3),
    ("multi_label_soft_margin", (X, [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]), {}, 0.796524260275502),
    ("soft_margin", ([0.3, -0.4], [1.0, 1.0]), {}, 0.7336852484342399),
    ("poisson", ([0.3, 1.4], [1.0, 2.0]), {}, 1.1525293872103388),
    ("poisson", ([0.3, 1.4], [1.0, 2.0]), {"log_input": False}, 1.1155141417322318),
]


@pytest.mark.covers("L24: robust and other regression losses")
@pytest.mark.parametrize(("name", "arguments", "settings", "expected"), PYTORCH)
def test_numbers_of_pytorch(name, arguments, settings, expected):
    settings = {key: np.array(value) if isinstance(value, list) else value for key, value in settings.items()}
    assert getattr(F, name)(*map(np.array, arguments), **settings) == exactly(expected, rel=1e-12)


@pytest.mark.covers("L18: the 0-1 loss is a metric and refuses to train", "conventions:0-1 (metric)")
def test_the_zero_one_loss_counts():
    truth, found = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 1, 2, 0])
    assert F.zero_one_loss(found, truth) == exactly(1 / 3)
    assert F.zero_one_loss(np.eye(3)[found], truth) == exactly(1 / 3)
    with pytest.raises(ValueError, match=r"only counts.*cross_entropy.*hinge"):
        tg.grad(lambda x: F.zero_one_loss(x, truth))(np.eye(3)[found])
    with pytest.raises(TypeError, match="target"):
        F.zero_one_loss(found, truth.astype(float))
