"""Rules that need the whole gradient: the peers' own numbers, in the compiled step, for any number of threads."""

import numpy as np
import pytest
import tilegrad as tg
from helpers import OPTIMIZERS, same_bits
from tilegrad import losses, optim
from training import problem, small_network, weight_bytes

RULES = [name for name, entry in OPTIMIZERS.items() if not entry["facts"]["elementwise"]]
CLASSES = {"lamb": optim.LAMB, "lars": optim.LARS, "adafactor": optim.Adafactor, "muon": optim.Muon}

# Ten steps from these arrays with the gradients below, as the named library takes them in float64: the matrix row by row,
# then the vector.
PEERS = {
    "PyTorch 2.15.0, Adafactor(lr=0.05)": (
        lambda: optim.Adafactor(0.05, epsilon=float(np.finfo(np.float64).eps)),
        [
            [-0.6543345189451905, -0.5386638278191377, -0.49034360316287023, -0.4493983235811264],
            [-0.3882364000004846, -0.3487402548650928, -0.2740969879195447, -0.17872080288904763],
            [0.02927809584955972, 0.6585281830571458, 1.1592424870501021, 1.2895037203297783],
        ],
        [0.14688881293438694, 0.428200977213498, 0.7239767467189644, 0.9944155220105098],
    ),
    "optax 0.2.8, lamb(0.05, weight_decay=0.02)": (
        lambda: optim.LAMB(0.05, weight_decay=0.02, style="optax"),
        [
            [-0.650596759717554, -0.48454310802820344, -0.3718797761026359, -0.44268903065041054],
            [-0.521208410805864, -0.42116432930337655, -0.2559732539884749, -0.0820730469543822],
            [0.09536777290982382, 0.964688180353189, 1.1652916104774722, 1.3265610325893746],
        ],
        [0.08630243341828939, 0.3988295777487733, 0.7222699035563288, 1.0516662487045505],
    ),
    "optax 0.2.8, lars(5.0, weight_decay=0.02)": (
        lambda: optim.LARS(5.0, weight_decay=0.02, style="optax"),
        [
            [-0.7590790322831841, -0.6356359518241669, -0.5380387848565495, -0.4500013458546587],
            [-0.35484399172875536, -0.23601599028520176, -0.0784997001347814, 0.12665855020928793],
            [0.3737184944104467, 0.6365405260444353, 0.8793360982866973, 1.0782232576576616],
        ],
        [0.2879820397770602, 0.5590384530214791, 0.9355983095775735, 1.410675499427176],
    ),
    "optax 0.2.8, lars(5.0, nesterov=True)": (
        lambda: optim.LARS(5.0, nesterov=True, style="optax"),
        [
            [-0.7308217515783703, -0.6177549018887359, -0.5299503687887828, -0.4510175666060243],
            [-0.3650050896051152, -0.2553884683076856, -0.10494046640570569, 0.10034648245369923],
            [0.3588437762483432, 0.6393825530682309, 0.8941675216444112, 1.094347630299832],
        ],
        [0.2659833406881881, 0.5243730598951595, 0.9016480670060291, 1.4026439271554048],
    ),
    "optax 0.2.8, contrib.muon(0.05, nesterov=False, weight_decay=0.1, adam_weight_decay=0.1)": (
        lambda: optim.Muon(0.05, nesterov=False, weight_decay=0.1, style="optax"),
        [
            [-0.6807092015967131, -0.46136281892807934, -0.5333338809961324, -0.5874173953244244],
            [-0.3595962282874274, -0.12122595500344056, -0.13665111583200124, -0.15318553305246466],
            [0.04820856623505123, 0.8070239221283749, 1.008958055668453, 0.9700655425912513],
        ],
        [0.02137468186107032, 0.31030314980255713, 0.6165173976291556, 0.9323957126340849],
    ),
}


def pulls(matrix, vector):
    return [np.cos(3 * matrix) + 0.5 * matrix, np.sin(2 * vector) + 0.1 * vector]


@pytest.mark.covers("O13: the further optimizers people know")
@pytest.mark.parametrize("peer", PEERS)
def test_ten_steps_are_those_of_the_peer(peer):
    make, matrix, vector = PEERS[peer]
    own, optimizer = [np.linspace(-1, 1, 12).reshape(3, 4), np.linspace(0.5, 1.5, 4)], make()
    for _ in range(10):
        optimizer.step(own, pulls(*own))
    np.testing.assert_allclose(own[0], matrix, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(own[1], vector, rtol=1e-6, atol=1e-9)


@pytest.mark.covers("O13: the further optimizers people know")
def test_muon_is_that_of_the_transposed_layer_of_pytorch():
    """PyTorch 2.15.0, Muon(lr=0.05) on the transposed matrix; it iterates in bfloat16, so two digits agree."""
    expected = [
        [-0.6752851513688402, -0.4777705892933457, -0.53015404104128, -0.5513325880327015],
        [-0.3654578299055835, -0.1453185046116158, -0.14521207248761853, -0.13446379699312594],
        [0.06668486096600586, 0.7987858723004434, 0.9903890819223241, 0.979518896040961],
    ]
    own, optimizer = [np.linspace(-1, 1, 12).reshape(3, 4)], optim.Muon(0.05)
    for _ in range(10):
        optimizer.step(own, [np.cos(3 * own[0]) + 0.5 * own[0]])
    np.testing.assert_allclose(own[0], expected, atol=0.02)


@pytest.mark.parametrize("shape", [(40, 7), (7, 40), (16, 16), (3, 4, 5)])
def test_muons_steps_are_nearly_orthogonal(shape, dtype):
    """For a layer of more inputs than outputs and the other way round: singular values near one, times the rate."""
    weight = [np.zeros(shape, dtype)]
    generator = np.random.default_rng(0)
    optim.Muon(1.0, weight_decay=0.0).step(weight, [generator.standard_normal(shape).astype(dtype)])
    rows, columns = np.prod(shape[:-1]), shape[-1]
    values = np.linalg.svd(weight[0].reshape(rows, columns), compute_uv=False) / max(1.0, columns / rows) ** 0.5
    assert (np.abs(values - 1.0) < 0.4).all()


@pytest.mark.parametrize("name", RULES)
def test_the_compiled_step_does_what_arrays_do(name):
    """The same gradients, on arrays and in the plan: to the rounding of the gradients."""
    x, y = problem(96, dtype=np.float64)
    whole = tg.Trainer(small_network(dropout=0.0, dtype="float64"), losses.CrossEntropy(), CLASSES[name](0.05))
    whole.model.initialize(0)
    alone = CLASSES[name](0.05)
    names = [key for key, _ in whole.model.named_parameters()]
    own = [np.array(value) for _, value in whole.model.named_parameters()]
    for _ in range(3):
        mirror = small_network(dropout=0.0, dtype="float64")
        for key, value in zip(names, own, strict=True):
            dict(mirror._parameters())[key].value = value
        probe = tg.Trainer(mirror, losses.CrossEntropy(), optim.SGD(1.0))
        probe.fit(x, y, batch_size="full", epochs=1, shuffle=False, progress=False)
        moved = [np.array(value) for _, value in mirror.named_parameters()]
        alone.step(own, [before - after for before, after in zip(own, moved, strict=True)])
        whole.fit(x, y, batch_size="full", epochs=1, shuffle=False, progress=False)
    for (_, value), other in zip(whole.model.named_parameters(), own, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", RULES)
def test_any_number_of_threads_gives_the_same_bits(name, with_threads, dtype):
    """Also where a parameter is cut into parts: three of them, and a rest."""
    found = []
    for count in (1, 2, 3):
        with_threads(count)
        generator = np.random.default_rng(1)
        own = [generator.standard_normal(shape).astype(dtype) for shape in ((450, 450), (200_001,))]
        optimizer = CLASSES[name](0.01, **({"iterations": 1} if name == "muon" else {}))
        for _ in range(2):
            optimizer.step(own, [np.cos(3 * each).astype(dtype) for each in own])
        found.append(own)
    for other in found[1:]:
        assert all(same_bits(one, two) for one, two in zip(found[0], other, strict=True))


@pytest.mark.parametrize("name", RULES)
def test_controls_and_groups_work_with_them(name, tmp_path):
    def make():
        inner = optim.Groups({"*.bias": optim.SGD(0.1), "*": CLASSES[name](0.01)}, clip_value=0.1, average_decay=0.9)
        return tg.Trainer(small_network(), losses.CrossEntropy(), inner)

    x, y = problem()
    whole, half = make(), make()
    whole.fit(x, y, epochs=2, progress=False)
    half.fit(x, y, epochs=1, progress=False)
    half.save(tmp_path / "half")
    other = make().load(tmp_path / "half")
    other.fit(x, y, epochs=1, progress=False)
    assert weight_bytes(whole.model) == weight_bytes(other.model)
    assert f"{name}_update" in whole.plan.describe()
    assert f"matmul + {name}_update" not in whole.plan.describe()


@pytest.mark.parametrize("name", RULES)
def test_arrays_in_another_order_are_refused(name):
    weight = np.asfortranarray(np.ones((3, 4)))
    with pytest.raises(ValueError, match="C order"):
        CLASSES[name]().step([weight], [weight.copy()])
    assert (weight == 1).all()
