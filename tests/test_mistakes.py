"""Bad input gets an error message, before anything changed: which function, which argument, what was expected, what came."""

import itertools
import re

import numpy as np
import pytest
import tilegrad as tg
from helpers import ACTIVATIONS
from tilegrad import _core, losses, nn, optim
from tilegrad import functional as F
from training import fitted, problem, small_network, trainer_for, weight_bytes

X, Y = problem()
NAN, INF = float("nan"), float("inf")

# ``function: expected `argument` ..., got ...``
MESSAGE = re.compile(r"^[A-Za-z_][\w. ]*: expected `[\w\[\]. ]+`.*, got .+", re.DOTALL)


def refused(error, call, *mentions):
    """The call raises exactly this kind of error, in the agreed wording."""
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    text = str(caught.value)
    assert type(caught.value) is error, f"{type(caught.value).__name__}: {text}"
    assert MESSAGE.match(text), f"not the agreed form of an error message: {text}"
    for mention in mentions:
        assert mention in text, f"{mention!r} is not in: {text}"
    return text


def test_the_pattern_of_error_messages_can_fail():
    assert MESSAGE.match("cross_entropy: expected `target` of shape (64,), got (64, 10)")
    assert not MESSAGE.match("wrong shape")
    assert not MESSAGE.match("cross_entropy: expected target of shape (64,), got (64, 10)")


# ---- functions -----------------------------------------------------------------------------------------------------


LOGITS = np.zeros((4, 3))
LABELS = np.array([0, 1, 2, 0])


def labelled(*labels):
    return np.array(labels)


CROSS_ENTROPY = [
    (ValueError, LOGITS, labelled(0, 1, 2), ["target", "(4,)", "(3,)"]),
    (ValueError, LOGITS, labelled(0, 1, 2, 3), ["target", "3"]),
    (ValueError, LOGITS, labelled(0, 1, 2, -1), ["target", "-1"]),
    (ValueError, LOGITS, np.zeros((4, 2)), ["target", "(4, 2)"]),
    (ValueError, LOGITS, LABELS[:, None], ["target", "(4,)", "(4, 1)"]),
    (ValueError, LOGITS, np.zeros((4, 3)), ["target", "sum"]),
    (ValueError, LOGITS, np.array([[1.5, -0.5, 0.0]] * 4), ["target"]),
    (ValueError, LOGITS, np.full((4, 3), NAN), ["target"]),
    (ValueError, np.zeros(3), labelled(0, 1, 2), ["prediction", "(3,)"]),
    (ValueError, np.zeros((0, 3)), np.zeros(0, int), ["prediction", "(0, 3)"]),
    (ValueError, np.zeros((4, 0)), LABELS, ["prediction", "(4, 0)"]),
    (TypeError, LOGITS, LABELS.astype(float), ["target", "float64"]),
    (TypeError, LOGITS.astype(int), LABELS, ["prediction", "int64"]),
    (TypeError, LOGITS.astype(np.float16), LABELS, ["prediction", "float16"]),
    (TypeError, LOGITS.astype(complex), LABELS, ["prediction", "complex128"]),
    (TypeError, LOGITS, np.array(["a", "b", "c", "d"]), ["target"]),
    (TypeError, LOGITS, np.array([None] * 4), ["target", "object"]),
    (TypeError, "logits", LABELS, ["prediction", "str"]),
    (TypeError, None, LABELS, ["prediction", "None"]),
]


@pytest.mark.parametrize(("error", "prediction", "target", "mentions"), CROSS_ENTROPY)
def test_cross_entropy_refuses(error, prediction, target, mentions):
    text = refused(error, lambda: F.cross_entropy(prediction, target), *mentions)
    assert text.startswith("cross_entropy:")


@pytest.mark.parametrize(
    ("settings", "mention"),
    [
        ({"reduction": "average"}, "reduction"),
        ({"label_smoothing": -0.1}, "label_smoothing"),
        ({"label_smoothing": 1.1}, "label_smoothing"),
        ({"label_smoothing": NAN}, "label_smoothing"),
        ({"normalization": "rows"}, "normalization"),
        ({"weight": np.ones(2)}, "weight"),
        ({"weight": np.array([1.0, -1.0, 1.0])}, "weight"),
        ({"weight": np.array([1.0, NAN, 1.0])}, "weight"),
        ({"weight": np.ones((3, 1))}, "weight"),
    ],
)
def test_cross_entropy_refuses_settings(settings, mention):
    refused(ValueError, lambda: F.cross_entropy(LOGITS, LABELS, **settings), mention)


@pytest.mark.parametrize(
    "name", ["mean_squared_error", "sum_squared_error", "mean_absolute_error", "binary_cross_entropy_with_logits"]
)
def test_point_losses_refuse(name):
    function = getattr(F, name)
    a = np.zeros((4, 1))
    refused(ValueError, lambda: function(a, np.zeros(4)), "target", "(4, 1)", "(4,)")
    refused(ValueError, lambda: function(np.zeros(4), a), "target", "(4, 1)", "(4,)")
    refused(ValueError, lambda: function(a, np.zeros((4, 2))), "target", "(4, 2)")
    refused(ValueError, lambda: function(a, np.zeros((1, 1))), "target", "(1, 1)")
    refused(ValueError, lambda: function(np.zeros((0, 1)), np.zeros((0, 1))), "prediction")
    refused(TypeError, lambda: function(a.astype(np.int64), a), "prediction", "int64")
    refused(TypeError, lambda: function(a, np.zeros((4, 1), complex)), "target", "complex128")
    refused(ValueError, lambda: function(a, a, reduction="none of these"), "reduction", "mean")


def test_binary_cross_entropy_refuses_targets_that_are_no_probabilities():
    for value in (-0.1, 1.1, NAN, 2.0):
        refused(
            ValueError,
            lambda value=value: F.binary_cross_entropy_with_logits(np.zeros(3), np.array([0.0, value, 1.0])),
            "target",
        )


@pytest.mark.parametrize("name", [*ACTIVATIONS, "softmax", "log_softmax"])
def test_activations_refuse(name):
    function = getattr(F, name)
    x = np.linspace(-1, 1, 12).reshape(3, 4)
    refused(TypeError, lambda: function(x.astype(np.int32)), "x", "int32")
    refused(TypeError, lambda: function(x.astype(np.float16)), "x", "float16")
    refused(TypeError, lambda: function(np.array(["a"])), "x")
    refused(TypeError, lambda: function(x, out=np.empty((3, 4), np.float32)), "out", "float32")
    refused(TypeError, lambda: function(x, out=[0.0] * 12), "out", "list")
    refused(ValueError, lambda: function(x, out=np.empty((4, 3))), "out", "(3, 4)", "(4, 3)")
    for out in refusable_outs(x):
        kept = out.copy()
        refused(ValueError, lambda out=out: function(x, out=out), "out")
        np.testing.assert_array_equal(out, kept)
    np.testing.assert_array_equal(x, np.linspace(-1, 1, 12).reshape(3, 4))


def refusable_outs(x):
    """An array that cannot be written, and one whose elements overlap each other."""
    locked = np.zeros_like(x)
    locked.flags.writeable = False
    stacked = np.lib.stride_tricks.as_strided(np.zeros(4), shape=(3, 4), strides=(0, 8))
    return [locked, stacked]


@pytest.mark.parametrize("name", [*ACTIVATIONS, "softmax", "log_softmax"])
def test_overlapping_out_is_refused_and_nothing_changed(name):
    memory = np.linspace(-1, 1, 13)
    kept = memory.copy()
    refused(ValueError, lambda: getattr(F, name)(memory[:-1], out=memory[1:]), "out")
    refused(ValueError, lambda: getattr(F, name)(memory[:-1], out=memory[:-1][::-1]), "out")
    np.testing.assert_array_equal(memory, kept)


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_backward_refuses(name):
    function = getattr(F, f"{name}_backward")
    x = np.ones((3, 4))
    refused(ValueError, lambda: function(np.ones((4, 3)), x), "(3, 4)", "(4, 3)")
    refused(TypeError, lambda: function(np.ones((3, 4), np.float32), x), "float32")
    memory = np.ones(13)
    refused(ValueError, lambda: function(memory[:-1], np.ones(12), out=memory[1:]), "out")
    np.testing.assert_array_equal(memory, 1.0)


@pytest.mark.parametrize("name", [name for name, entry in ACTIVATIONS.items() if entry["parameters"]])
def test_activation_parameters_outside_their_range_are_refused(name):
    for parameter in ACTIVATIONS[name]["parameters"]:
        key = parameter["name"]
        bad = [
            NAN,
            INF if not parameter["high_closed"] else np.nextafter(parameter["high"], INF),
            -INF if not parameter["low_closed"] else np.nextafter(parameter["low"], -INF),
        ]
        if np.isfinite(parameter["low"]) and not parameter["low_closed"]:
            bad.append(parameter["low"])
        for value in bad:
            refused(ValueError, lambda value=value, key=key: getattr(F, name)(np.ones(3), **{key: value}), key)


def test_unknown_names_list_the_valid_ones():
    for call in (lambda: _core.Activation("geluu"), lambda: _core.Optimizer("adamm", {"learning_rate": 0.1})):
        with pytest.raises(ValueError, match=r"gelu|adam"):
            call()
    with pytest.raises(ValueError, match="baseline"):
        _core.set_isa("sse9")


# ---- optimizers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [optim.SGD, optim.RMSprop, optim.Adagrad, optim.Adam, optim.AdamW])
@pytest.mark.parametrize("rate", [-0.1, NAN, INF, -INF])
def test_impossible_learning_rates_are_refused(kind, rate):
    refused(ValueError, lambda: kind(learning_rate=rate), "learning_rate")
    optimizer = kind(learning_rate=0.5)
    with pytest.raises(ValueError, match="learning_rate"):
        optimizer.learning_rate = rate
    assert optimizer.learning_rate == 0.5


def test_optimizer_settings_are_refused():
    for call, mention in [
        (lambda: optim.Adam(betas=(0.9, 1.0)), "beta"),
        (lambda: optim.Adam(betas=(-0.1, 0.9)), "beta"),
        (lambda: optim.Adam(betas=(0.9,)), "betas"),
        (lambda: optim.Adam(epsilon=-1e-8), "epsilon"),
        (lambda: optim.Adam(epsilon_mode="above"), "epsilon_mode"),
        (lambda: optim.SGD(learning_rate=0.1, momentum=1.0), "momentum"),
        (lambda: optim.SGD(learning_rate=0.1, momentum_style="soft-ball"), "momentum_style"),
        (lambda: optim.SGD(learning_rate=0.1, weight_decay=-1.0), "weight_decay"),
    ]:
        refused(ValueError, call, mention)


# ---- training ------------------------------------------------------------------------------------------------------


def with_one(x, value, row=7, column=2):
    spoiled = x.copy()
    spoiled[row, column] = value
    return spoiled


FIT = {
    "rows differ": (ValueError, X, Y[:-1], {}, ["(203,)", "(202,)"]),
    "wrong width": (ValueError, X[:, :-1], Y, {}, ["12", "11"]),
    "rank one": (ValueError, X[:, 0], Y, {}, ["(203,)"]),
    "rank three": (ValueError, X[:, :, None], Y, {}, ["(203, 12, 1)"]),
    "no rows": (ValueError, X[:0], Y[:0], {}, ["0"]),
    "nan": (ValueError, with_one(X, NAN), Y, {}, ["nan", "7"]),
    "infinity": (ValueError, with_one(X, INF), Y, {}, ["inf", "7"]),
    "label too large": (ValueError, X, np.where(np.arange(203) == 5, 4, Y), {}, ["4"]),
    "label negative": (ValueError, X, np.where(np.arange(203) == 5, -1, Y), {}, ["-1"]),
    "labels in a column": (ValueError, X, Y[:, None], {}, ["(203, 1)"]),
    "float labels": (TypeError, X, Y.astype(float), {}, ["float64"]),
    "text": (TypeError, X.astype(str), Y, {}, ["x"]),
    "objects": (TypeError, X.astype(object), Y, {}, ["object"]),
    "complex": (TypeError, X.astype(complex), Y, {}, ["complex128"]),
    "no array": (TypeError, None, Y, {}, ["None"]),
    "batch size 0": (ValueError, X, Y, {"batch_size": 0}, ["batch_size", "0"]),
    "batch size negative": (ValueError, X, Y, {"batch_size": -5}, ["batch_size", "-5"]),
    "batch size text": (ValueError, X, Y, {"batch_size": "half"}, ["batch_size", "half"]),
    "batch size fraction": (TypeError, X, Y, {"batch_size": 2.5}, ["batch_size"]),
    "epochs negative": (ValueError, X, Y, {"epochs": -1}, ["epochs"]),
    "sample weight shape": (ValueError, X, Y, {"sample_weight": np.ones(3)}, ["sample_weight", "(3,)"]),
    "sample weight negative": (ValueError, X, Y, {"sample_weight": -np.ones(203)}, ["sample_weight"]),
    "sample weight nan": (ValueError, X, Y, {"sample_weight": np.full(203, NAN)}, ["sample_weight"]),
    "class weight unknown class": (ValueError, X, Y, {"class_weight": {9: 1.0}}, ["class_weight", "9"]),
    "class weight negative": (ValueError, X, Y, {"class_weight": {0: -1.0}}, ["class_weight"]),
    "validation rows differ": (ValueError, X, Y, {"validation_data": (X, Y[:5])}, ["(203,)", "(5,)"]),
    "validation width": (ValueError, X, Y, {"validation_data": (X[:, :3], Y)}, ["12", "3"]),
    "validation nan": (ValueError, X, Y, {"validation_data": (with_one(X, NAN), Y)}, ["nan"]),
    "validation split one": (ValueError, X, Y, {"validation_split": 1.0}, ["validation_split"]),
    "validation split negative": (ValueError, X, Y, {"validation_split": -0.2}, ["validation_split"]),
}


@pytest.mark.parametrize("kind", FIT)
def test_fit_refuses_and_nothing_changes(kind):
    error, x, y, settings, mentions = FIT[kind]
    model = small_network()
    trainer = trainer_for(model)
    trainer.fit(X, Y, epochs=1, progress=False)
    before, step, history = weight_bytes(model), trainer.step, list(trainer.history["loss"])
    refused(error, lambda: trainer.fit(x, y, **{"epochs": 1, "progress": False, **settings}), *mentions)
    assert weight_bytes(model) == before
    assert trainer.step == step
    assert list(trainer.history["loss"]) == history
    # And what follows is what would have followed without the mistake.
    trainer.fit(X, Y, epochs=1, progress=False)
    undisturbed = trainer_for(other := small_network())
    undisturbed.fit(X, Y, epochs=2, progress=False)
    assert weight_bytes(other) == weight_bytes(model)


def test_evaluate_and_predict_refuse():
    trainer, _ = fitted(X, Y, epochs=1)
    before = weight_bytes(trainer.model)
    refused(ValueError, lambda: trainer.model.predict(X[:, :3]), "12", "3")
    refused(TypeError, lambda: trainer.model.predict(X.astype(object)), "object")
    refused(ValueError, lambda: trainer.model.predict(X, batch_size=0), "batch_size")
    refused(ValueError, lambda: trainer.evaluate(X, Y[:3]), "(3,)")
    refused(ValueError, lambda: trainer.evaluate(with_one(X, NAN), Y), "nan")
    refused(ValueError, lambda: trainer.evaluate(X[:0], Y[:0]))
    assert weight_bytes(trainer.model) == before


def test_regression_is_protected_from_classification_data():
    model = nn.Sequential(nn.Dense(12, 1))
    trainer = tg.Trainer(model, loss=losses.MeanSquaredError(), optimizer=optim.SGD(learning_rate=0.1))
    refused(ValueError, lambda: trainer.fit(X, np.zeros((203, 2)), epochs=1, progress=False), "(203, 2)")
    refused(TypeError, lambda: trainer.fit(X, Y, epochs=1, progress=False), "int64")
    refused(ValueError, lambda: trainer.fit(X, np.full((203, 1), NAN), epochs=1, progress=False), "nan")


def test_a_zero_one_loss_is_no_training_loss():
    """The catalogue's L18: not differentiable; the message names what to use instead."""
    with pytest.raises(ValueError, match=r"(?i)cross.?entropy"):
        tg.Trainer(small_network(), loss="zero_one", optimizer="adam")


def test_layers_refuse():
    for call, mention in [
        (lambda: nn.Dense(0, 3), "in"),
        (lambda: nn.Dense(3, 0), "out"),
        (lambda: nn.Dense(-1, 3), "in"),
    ]:
        with pytest.raises(ValueError, match=mention):
            call()
    with pytest.raises(TypeError, match="expected"):
        nn.Dense(3.5, 2)
    with pytest.raises(TypeError, match="expected"):
        nn.Dense(3, 2, dtype="float16")
    with pytest.raises((TypeError, ValueError), match="expected"):
        nn.Sequential("relu than what")


def test_layers_that_do_not_fit_are_named():
    """Before any data is there, if the layers tell; else when they meet."""
    with pytest.raises(ValueError, match=r"Dense\(6, 4\).*5.*6"):
        nn.Sequential(nn.Dense(12, 5), nn.ReLU(), nn.Dense(6, 4))

    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Dense(12, 5), nn.Dense(6, 4)

        def forward(self, x):
            return self.second(F.relu(self.first(x)))

    for call in (lambda: Odd().predict(X), lambda: trainer_for(Odd()).fit(X, Y, epochs=1, progress=False)):
        with pytest.raises(ValueError, match=r"second.*\(rows, 6\) for Dense\(6, 4\), got \(\d+, 5\)"):
            call()


def test_a_loss_that_becomes_nan_says_so():
    """The catalogue's mistake 8: the run stops, and the message says where and what to do."""
    model = small_network()
    trainer = trainer_for(model, optimizer=optim.SGD(learning_rate=1e30))
    with pytest.raises((ValueError, FloatingPointError), match=r"(?i)(nan|finite|inf)") as caught:
        trainer.fit(X, Y, epochs=50, progress=False)
    assert "learning_rate" in str(caught.value)


def test_a_float64_array_for_a_float32_model_is_converted():
    """As PyTorch's refusal is a nuisance here: NumPy's own default must not be a mistake."""
    model = small_network()
    np.testing.assert_array_equal(model.predict(X.astype(np.float64)), model.predict(X))


# ---- what does not fit into memory -----------------------------------------------------------------------------------


def in_terabytes(widths, features):
    """A trainer of dense layers, its features and its targets; some of it would take terabytes."""
    layers = [nn.Dense(*pair) for pair in itertools.pairwise(widths)]
    trainer = trainer_for(nn.Sequential(*layers), losses.MeanSquaredError(), metrics=())
    return trainer, features, np.zeros((len(features), widths[-1]), np.float32)


@pytest.mark.parametrize(
    ("widths", "shape", "mentions"),
    [
        ((1, 4_000_000, 1), (100_000, 1), ["plan", " TB (", " bytes", "batch size", "float32"]),
        ((1_000_000, 1_000_000, 1), (2, 1_000_000), ["parameters", "12.0 TB", "12000024000192 bytes", "narrower"]),
    ],
)
def test_what_does_not_fit_into_memory_is_refused_before_the_first_step(widths, shape, mentions):
    trainer, x, y = in_terabytes(widths, np.zeros(shape, np.float32))
    refused(ValueError, lambda: trainer.fit(x, y, batch_size="full", epochs=1, progress=False), "memory", *mentions)
    assert not any(parameter.is_initialized for _, parameter in trainer.model._parameters())
    mentions = ["memory", " TB ("]
    refused(ValueError, lambda: trainer.evaluate(x, y, batch_size="full"), *mentions)
    refused(ValueError, lambda: trainer.model.predict(x, batch_size="full"), *mentions)


def test_a_function_whose_values_do_not_fit_into_memory_is_refused():
    column, row = np.zeros((1_000_000, 1)), np.zeros((1, 1_000_000))
    refused(ValueError, lambda: tg.value_and_grad(lambda a, b: (a @ b).sum())(column, row), "memory", "8.0 TB")


RAGGED = [[1.0, 2.0], [3.0]]
SCORES, TRUTH = np.array([0.2, 0.7]), np.array([0, 1])
NO_ARRAYS = {
    "fit x": lambda array: trainer_for(small_network()).fit(array, Y, epochs=1, progress=False),
    "fit y": lambda array: trainer_for(small_network()).fit(X, array, epochs=1, progress=False),
    "predict x": lambda array: small_network().predict(array),
    "cross_entropy prediction": lambda array: F.cross_entropy(array, LABELS),
    "cross_entropy target": lambda array: F.cross_entropy(LOGITS, array),
    "cross_entropy weight": lambda array: F.cross_entropy(LOGITS, LABELS, weight=array),
    "cross_entropy sample_weight": lambda array: F.cross_entropy(LOGITS, LABELS, sample_weight=array),
    "CrossEntropy weight": lambda array: losses.CrossEntropy(weight=array),
    "mean_squared_error target": lambda array: F.mean_squared_error(LOGITS, array),
    "layer_norm weight": lambda array: F.layer_norm(LOGITS, 3, array),
    "layer_norm bias": lambda array: F.layer_norm(LOGITS, 3, None, array),
    "rms_norm weight": lambda array: F.rms_norm(LOGITS, 3, array),
    "accuracy prediction": lambda array: tg.metrics.accuracy(array, TRUTH),
    "accuracy target": lambda array: tg.metrics.accuracy(TRUTH, array),
    "accuracy sample_weight": lambda array: tg.metrics.accuracy(TRUTH, TRUTH, sample_weight=array),
    "confusion_matrix sample_weight": lambda array: tg.metrics.confusion_matrix(TRUTH, TRUTH, sample_weight=array),
    "roc_curve prediction": lambda array: tg.metrics.roc_curve(array, TRUTH),
    "roc_curve target": lambda array: tg.metrics.roc_curve(SCORES, array),
    "roc_curve sample_weight": lambda array: tg.metrics.roc_curve(SCORES, TRUTH, sample_weight=array),
}


@pytest.mark.parametrize("case", NO_ARRAYS)
def test_what_is_no_array_of_numbers_is_named(case):
    function, argument = case.split()
    for error, given in [(ValueError, RAGGED), (TypeError, "abc"), (TypeError, np.array([1j, 2j]))]:
        text = refused(error, lambda given=given: NO_ARRAYS[case](given), f"`{argument}`")
        assert text.startswith(function)


@pytest.mark.parametrize("curve", [tg.metrics.roc_curve, tg.metrics.precision_recall_curve])
def test_curves_refuse_what_has_no_two_classes_or_other_weights(curve):
    for scores, target in [(SCORES[:0], TRUTH[:0]), (SCORES, TRUTH[:1]), (SCORES, TRUTH * 0), (SCORES, TRUTH + 1)]:
        with pytest.raises(ValueError, match=r"expected `target` of 0 and 1, both of them"):
            curve(scores, target)
    refused(ValueError, lambda: curve(SCORES, TRUTH, sample_weight=[1.0]), "sample_weight", "(2,)", "(1,)")


SETTINGS = {
    "Constant value": nn.Constant,
    "Uniform low": nn.Uniform,
    "Uniform high": lambda value: nn.Uniform(0.0, value),
    "elu alpha": nn.ELU,
    "leaky_relu negative_slope": nn.LeakyReLU,
    "Parameter shape": nn.Parameter,
    "Dense dtype": lambda value: nn.Dense(2, 2, dtype=value),
    "LayerNorm dtype": lambda value: nn.LayerNorm(2, dtype=value),
    "sequence parts": lambda value: tg.schedules.sequence(value, []),
    "cross_entropy normalization": lambda value: F.cross_entropy(LOGITS, LABELS, normalization=value),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_settings_of_another_type_are_named(case):
    """None where a value is asked for is no silent default, and an array is no number."""
    function, argument = case.split()
    for given in (None, "word", LOGITS, {}):
        with pytest.raises((TypeError, ValueError)) as caught:
            SETTINGS[case](given)
        assert MESSAGE.match(str(caught.value)), caught.value
        assert str(caught.value).startswith(f"{function}: expected `{argument}`")
