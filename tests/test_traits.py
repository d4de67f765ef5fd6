"""What layers say of themselves, and what containers, summaries and advice make of it."""

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import _core, explain, nn
from tilegrad.explain.rules import RULES
from tilegrad.words.operations import BILINEAR, LINEAR, SATURATING, is_elementwise


class Doubling(nn.Module):
    """A layer of one's own that gives twice as many features as it takes."""

    def __init__(self, features: int) -> None:
        self.features = features

    def forward(self, x):
        return x.reshape(x.shape[0], 1, self.features) * np.ones((2, 1))

    def traits(self) -> nn.Traits:
        return nn.Traits(takes=self.features, gives=self.features, is_linear=True)


def test_a_layer_of_ones_own_takes_part_in_the_checks_of_a_sequential():
    with pytest.raises(ValueError, match=r"expected Doubling\(\) to take 3 features, as Dense\(2, 3\) before it gives"):
        nn.Sequential(nn.Dense(2, 3), nn.Dropout(0.1), Doubling(4))
    with pytest.raises(ValueError, match=r"expected Dense\(5, 1\) to take 4 features, as Doubling\(\) before it gives"):
        nn.Sequential(Doubling(4), nn.Dense(5, 1))
    assert nn.Sequential(Doubling(4), nn.BatchNorm())[1].features == 4


def test_features_are_known_through_layers_that_keep_them_only():
    with pytest.raises(ValueError, match="to take 3 features"):
        nn.Sequential(nn.Dense(2, 3), nn.Softmax(), nn.Dense(4, 1))
    with pytest.raises(ValueError, match=r"to take 6 features, as BatchNorm\(6\) before it gives"):
        nn.Sequential(nn.BatchNorm(6), nn.Dense(4, 1))
    nn.Sequential(nn.Dense(2, 6), nn.GLU(), nn.Dense(3, 1))
    nn.Sequential(nn.Dense(2, 6), nn.Flatten(), nn.Dense(12, 1))


def test_an_activation_that_halves_the_features_counts():
    model = nn.Sequential(nn.Dense(2, 6, nn.GLU()), nn.Dense(3, 1))
    assert model.predict(np.zeros((4, 2), np.float32)).shape == (4, 1)


def test_the_input_is_not_judged_by_a_layer_after_one_that_changes_the_features():
    model = nn.Sequential(nn.GLU(), nn.Dense(3, 1))
    assert model.input_shape is None
    assert model.predict(np.zeros((4, 6), np.float32)).shape == (4, 1)
    assert nn.Sequential(nn.Dropout(0.1), nn.ReLU(), nn.Dense(3, 1)).input_shape == (3,)


@pytest.mark.parametrize("between", [(), (nn.Dropout(0.1),), (nn.BatchNorm(4), nn.Dropout(0.1)), (nn.Flatten(),)])
def test_the_initializer_looks_past_transparent_layers(between):
    layer = nn.Dense(2, 4)
    nn.Sequential(layer, *between, nn.ReLU(), nn.Dense(4, 1))
    assert layer.weight.following == "relu"


@pytest.mark.parametrize("after", [nn.Dense(4, 1, "relu"), nn.Softmax(), Doubling(4)])
def test_the_initializer_does_not_look_past_other_layers(after):
    layer = nn.Dense(2, 4)
    nn.Sequential(layer, after, nn.ReLU())
    assert layer.weight.following is None


@pytest.mark.parametrize(
    ("layers", "linear"),
    [
        ((nn.Flatten(), nn.Dense(4, 2), nn.Dropout(0.1), nn.Dense(2, 1)), True),
        ((nn.Flatten(), nn.Dense(4, 2), nn.Identity(), nn.Dense(2, 1)), True),
        ((nn.Flatten(), nn.Dense(4, 2, "relu"), nn.Dense(2, 1)), False),
        ((nn.Flatten(), nn.Dense(4, 2), nn.Softmax()), False),
        ((nn.Flatten(), nn.GLU()), False),
    ],
)
def test_a_linear_model_is_known_with_and_without_a_shape(layers, linear):
    model = nn.Sequential(*layers)
    assert model.summary().is_linear == linear
    assert model.summary(input_shape=(4,)).is_linear == linear


def test_layers_that_pass_numbers_on_collapse():
    inner = nn.Sequential(nn.Identity(), nn.Dropout(0.5), nn.Dense(8, 4))
    collapse = explain.linear_collapse(nn.Sequential(nn.Dense(3, 8), inner, nn.Dense(4, 2)))
    assert collapse.weight.shape == (3, 2)


def operations_of_the_core():
    graph = _core.Graph()
    with pytest.raises(ValueError, match="unknown operation") as error:
        graph.apply("nonsense", [graph.input("x", (2, 2), "float32")])
    return set(str(error.value).split("one of ")[1].split(", "))


def test_what_is_known_of_operations_names_operations_of_the_core():
    """A misspelt name would never be found."""
    known = operations_of_the_core()
    assert known >= LINEAR | BILINEAR | SATURATING
    assert known >= set(RULES)
    assert {name for name in known if is_elementwise(name)} >= {"relu", "add", "exp"}
    assert not is_elementwise("matmul")


def test_a_new_layer_of_units_is_drawn_and_scaled():
    class Twice(nn.Module):
        def __init__(self) -> None:
            self.weight = nn.Parameter((3, 2))

        def forward(self, x):
            return np.tanh(self.product(x))

        def product(self, x):
            return x @ self.weight

        def traits(self) -> nn.Traits:
            return nn.Traits(takes=3, gives=2, units=nn.Units(self.weight, None, self.product))

    model = nn.Sequential(Twice())
    x = np.random.default_rng(0).standard_normal((200, 3)).astype(np.float32)
    nn.lsuv(model, x)
    assert abs((x @ model[0].weight.value).var() - 1) < 0.02
    assert model.draw(x[:1]).count("<circle") == 5
    assert tg.explain.Picture is type(model.draw())


def test_the_count_of_parameters_is_that_of_their_numbers():
    model = nn.Sequential(nn.Dense(4, 8), nn.BatchNorm(), nn.Dense(8, 3, bias=False))
    assert model.parameter_count == 40 + 4 * 8 + 24
    assert model.row_shape == (4,)
    assert nn.Sequential(nn.Flatten(), nn.Dense(4, 1)).row_shape is None
