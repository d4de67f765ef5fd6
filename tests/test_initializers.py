"""Initialisers: deviations, shapes of distributions, what they keep in deep networks, the peers' dense layers."""

import numpy as np
import pytest
from tilegrad import nn

SHAPE = (400, 300)


def drawn(initializer, shape=SHAPE, dtype="float64", seed=0, stream=0):
    return initializer(shape, dtype, seed, stream)


# Standard deviations on 400 x 300: catalogue N2, and by the formulas of their papers.
DEVIATIONS = [
    (nn.XavierNormal(), 0.0534522),
    (nn.XavierUniform(), 0.0534522),
    (nn.XavierNormal(gain=5 / 3), 0.0890871),
    (nn.HeNormal(), 0.0707107),
    (nn.HeUniform(), 0.0707107),
    (nn.HeNormal(negative_slope=1.0), 0.05),
    (nn.LecunNormal(), 0.05),
    (nn.LecunUniform(), 0.05),
    (nn.TruncatedNormal(0, 0.05), 0.05),
    (nn.TruncatedNormal(0, 0.05, corrected=False), 0.0439813),
    (nn.VarianceScaling(3.0, "fan_out", "uniform"), 0.1),
    (nn.VarianceScaling(3.0, "fan_out", "truncated_normal"), 0.1),
    (nn.VarianceScaling(1.0, "fan_geo_avg"), 0.0537285),
    (nn.Dense(*SHAPE, style="torch").weight.initializer, 0.0288675),
    (nn.Dense(*SHAPE, style="keras").weight.initializer, 0.0534522),
    (nn.Dense(*SHAPE, style="flax").weight.initializer, 0.05),
    (nn.Dense(*SHAPE, style="sklearn").weight.initializer, 0.0534522),
    (nn.Dense(*SHAPE, "sigmoid", style="sklearn").weight.initializer, 0.0308607),
]


@pytest.mark.covers("N2: initialisers", "conventions:initialisers")
@pytest.mark.parametrize(("initializer", "deviation"), DEVIATIONS, ids=lambda value: str(value))
def test_deviations(initializer, deviation, dtype):
    values = drawn(initializer, dtype=np.dtype(dtype).name)
    assert values.dtype == dtype
    assert values.shape == SHAPE
    # 120,000 numbers: the deviation is known to about 0.2 %.
    assert abs(values.std(dtype=np.float64) / deviation - 1) < 0.008
    assert abs(values.mean(dtype=np.float64)) < 0.01 * deviation


@pytest.mark.covers("N2: initialisers")
def test_limits_of_distributions():
    assert abs(drawn(nn.HeUniform())).max() <= np.sqrt(3) * 0.0707107
    cut = drawn(nn.TruncatedNormal(0, 1))
    assert abs(cut).max() <= 2 / 0.8796
    assert abs(drawn(nn.TruncatedNormal(0, 1, corrected=False))).max() <= 2
    torch = nn.Dense(*SHAPE, style="torch")
    torch.initialize()
    assert 0.04 < abs(torch.bias.value).max() <= 0.05
    assert not nn.Dense(*SHAPE, style="keras").initialize().bias.value.any()
    assert nn.Dense(*SHAPE, style="sklearn").initialize().bias.value.any()
    given = nn.Dense(*SHAPE, style="torch", bias_initializer="ones", initializer="zeros").initialize()
    assert given.bias.value.all()
    assert not given.weight.value.any()


@pytest.mark.covers("N2: initialisers")
@pytest.mark.parametrize("shape", [(40, 40), (70, 30), (30, 70), (3, 5, 20), (1, 4)])
def test_orthogonal_matrices(shape):
    matrix = drawn(nn.Orthogonal(gain=2.0), shape).reshape(-1, shape[-1])
    product = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-13)
    assert drawn(nn.Orthogonal(), shape, "float32").dtype == np.float32


@pytest.mark.covers("N2: initialisers")
def test_orthogonal_matrices_are_spread_evenly():
    """Each entry of a random rotation of n dimensions has mean 0 and variance 1/n."""
    entries = np.array([drawn(nn.Orthogonal(), (3, 3), seed=seed) for seed in range(2000)])
    assert abs(entries.mean(axis=0)).max() < 0.06
    np.testing.assert_allclose(entries.var(axis=0), 1 / 3, atol=0.05)


ORTHOGONAL = drawn(nn.Orthogonal(), (37, 19)).tobytes()


def test_orthogonal_matrices_have_the_same_bits_everywhere(isa):
    assert drawn(nn.Orthogonal(), (37, 19)).tobytes() == ORTHOGONAL


@pytest.mark.covers("N2: initialisers")
def test_constants_identity_and_sparse():
    assert (drawn(nn.Ones()) == 1).all()
    assert not drawn(nn.Zeros()).any()
    np.testing.assert_array_equal(drawn(nn.IdentityMatrix(2.0), (2, 3), "float32"), [[2, 0, 0], [0, 2, 0]])
    sparse = drawn(nn.Sparse(0.3), (101, 7))
    assert ((sparse == 0).sum(axis=0) == 31).all()
    assert abs(sparse[sparse != 0].std() / 0.01 - 1) < 0.1
    assert len({tuple(np.flatnonzero(column == 0)) for column in sparse.T}) == 7


@pytest.mark.covers("N2: initialisers")
def test_gains_are_those_of_torch():
    """torch.nn.init.calculate_gain of PyTorch 2.15."""
    found = [nn.gain(name) for name in ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "selu")]
    np.testing.assert_allclose(found, [1, 1, 5 / 3, 2**0.5, 1.4141428569978354, 0.75])
    assert nn.gain("leaky_relu", 0.2) == (2 / 1.04) ** 0.5
    with pytest.raises(ValueError, match=r"gain: unknown activation 'rele' \(did you mean 'relu'\?\)"):
        nn.gain("rele")


@pytest.mark.covers("N2: initialisers")
@pytest.mark.parametrize("activation", ["relu", "tanh", None])
def test_the_variance_is_kept_over_ten_layers(activation):
    """The chosen initialiser keeps signals alive; one too small lets them vanish."""
    x = np.random.default_rng(0).standard_normal((300, 256)).astype(np.float32)

    def last(initializer=None):
        layers = [nn.Dense(256, 256, activation, initializer=initializer) for _ in range(10)]
        return float(np.square(nn.Sequential(*layers).predict(x)).mean())

    kept = last()
    # tanh squeezes each layer a little; what it gives stays of order one.
    assert (0.05 if activation == "tanh" else 0.3) < kept < 3
    assert last(nn.Normal(0, 0.01)) < 1e-6


@pytest.mark.covers("N2: initialisers")
def test_the_activation_chooses_and_the_summary_shows_it():
    from tilegrad.nn.initializers import chosen_for

    assert str(chosen_for("relu")) == "He normal"
    assert str(chosen_for("selu")) == "LeCun normal"
    assert str(chosen_for("tanh")) == str(chosen_for(None)) == "Xavier uniform"
    text = str(nn.Sequential(nn.Dense(4, 8, initializer=nn.Orthogonal(2.0)), nn.ReLU(), nn.Dense(8, 1)).summary())
    assert "orthogonal x 2" in text
    assert "Xavier uniform" in text


@pytest.mark.covers("N2: initialisers")
def test_lsuv_gives_each_layer_variance_one():
    x = 5 * np.random.default_rng(0).standard_normal((400, 10)) + 3
    model = nn.Sequential(nn.Dense(10, 50, "relu"), nn.Sequential(nn.Dense(50, 60), nn.Tanh()), nn.Dense(60, 20))
    nn.lsuv(model, x)
    signal = x.astype(np.float32)
    for layer in (model[0], model[1][0], model[1][1], model[2]):
        if isinstance(layer, nn.Dense):
            before = signal @ layer.weight.value
            assert abs(before.var() - 1) < 0.02
        signal = layer.predict(signal)
    with pytest.raises(ValueError, match="lsuv: expected `x` of different rows"):
        nn.lsuv(nn.Sequential(nn.Dense(2, 1)), np.zeros((5, 2)))
    with pytest.raises(TypeError, match="lsuv: expected `model` to be a Sequential, got Dense"):
        nn.lsuv(nn.Dense(2, 1), np.ones((5, 2)))


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: nn.VarianceScaling(0.0), ValueError, "expected `scale` above 0, got 0.0"),
        (lambda: nn.VarianceScaling(mode="fan"), ValueError, "unknown mode 'fan'.*fan_in"),
        (lambda: nn.VarianceScaling(distribution="cauchy"), ValueError, "unknown distribution 'cauchy'"),
        (
            lambda: nn.XavierNormal(float("nan")),
            ValueError,
            "XavierNormal: expected `gain` to be a finite number above 0, got nan",
        ),
        (lambda: nn.Orthogonal(float("inf")), ValueError, "Orthogonal: expected `gain` to be a finite number, got inf"),
        (lambda: nn.Orthogonal("2"), TypeError, "Orthogonal: expected `gain` to be a number"),
        (
            lambda: drawn(nn.Orthogonal(), (4,)),
            ValueError,
            r"Orthogonal: expected a shape of at least two axes, got \(4,\)",
        ),
        (lambda: drawn(nn.IdentityMatrix(), (4,)), ValueError, "IdentityMatrix: expected a shape of two axes"),
        (lambda: nn.Sparse(1.0), ValueError, r"Sparse: expected `sparsity` in \[0, 1\), got 1.0"),
        (lambda: nn.TruncatedNormal(0, 0), ValueError, "TruncatedNormal: expected `deviation` above 0"),
        (lambda: nn.Dense(2, 2, style="jax"), ValueError, "Dense: unknown style 'jax'.*torch, keras, flax, sklearn"),
        (lambda: nn.Dense(2, 2, initializer="lecun"), ValueError, "Dense: unknown initializer 'lecun'.*lecun_normal"),
    ],
)
def test_wrong_initializers_are_refused(make, kind, message):
    with pytest.raises(kind, match=message):
        make()
