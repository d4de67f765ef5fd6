"""Parameter groups and frozen parameters: who updates what, and what nobody touches."""

import copy

import numpy as np
import pytest
import tilegrad as tg
from helpers import same_bits
from tilegrad import losses, optim, schedules
from training import problem, small_network, weight_bytes, weights

X, Y = problem()


def fit(optimizer, model=None, **settings):
    trainer = tg.Trainer(model or small_network(dropout=0.0), losses.CrossEntropy(), optimizer)
    trainer.model.initialize(0)
    before = weights(trainer.model)
    trainer.fit(X, Y, epochs=2, progress=False, **settings)
    return trainer, before


def changed(trainer, before):
    return {name for name, value in weights(trainer.model).items() if not same_bits(value, before[name])}


@pytest.mark.covers("G5: one backward pass updates everything that trains", "O13: the further optimizers people know")
def test_frozen_parameters_do_not_change_and_get_no_gradient():
    model = small_network(dropout=0.0)
    model.freeze("0.*")
    trainer, before = fit(optim.AdamW(0.01), model)
    assert changed(trainer, before) == {"3.weight", "3.bias", "5.weight", "5.bias"}
    whole, _ = fit(optim.AdamW(0.01))
    # Neither an update of the first layer nor the gradient of its output is left in the plan.
    assert "0.weight: " not in trainer.plan.describe()
    assert trainer.plan.steps < whole.plan.steps - 2
    model.unfreeze()
    trainer.fit(X, Y, epochs=1, progress=False)
    assert len(changed(trainer, before)) == 6


def test_freezing_names_what_is_not_there():
    model = small_network()
    for function in (model.freeze, model.unfreeze):
        with pytest.raises(ValueError, match=r"expected `pattern` to match a parameter.*0\.weight"):
            function("encoder.*")
    model.freeze()
    with pytest.raises(ValueError, match="unfreeze"):
        tg.Trainer(model, "cross_entropy", "sgd").fit(X, Y, epochs=1, progress=False)


def test_unfreezing_leaves_alone_what_was_never_trained():
    model = small_network()
    dict(model._parameters())["0.bias"].trainable = False
    model.freeze()
    model.unfreeze()
    assert [name for name, each in model._parameters() if not each.trainable] == ["0.bias"]


@pytest.mark.covers("O13: the further optimizers people know", "M6: an optimizer that leaves parameters out")
def test_each_group_takes_the_steps_of_its_optimizer():
    """A part trained alone, the rest frozen, does what it does beside a part at rate zero."""
    apart = small_network(dropout=0.0)
    apart.freeze("[35].*")
    alone, _ = fit(optim.Adam(0.01), apart)
    both, before = fit(optim.Groups({"0.*": optim.Adam(0.01), "*.bias": None, "*": optim.SGD(0.0, momentum=0.9)}))
    assert changed(both, before) == {"0.weight", "0.bias"}
    assert weight_bytes(alone.model) == weight_bytes(both.model)


def test_groups_of_one_are_that_optimizer():
    assert weight_bytes(fit(optim.Adam(0.01))[0].model) == weight_bytes(
        fit(optim.Groups({"*": optim.Adam(0.01)}))[0].model
    )


def test_equal_optimizers_keep_apart():
    """Two objects with the same settings: one changes while training, the other does not."""
    first, second = optim.SGD(0.1), optim.SGD(0.1)
    trainer, _ = fit(optim.Groups({"0.*": first, "*": second}))
    first.learning_rate = 0.0
    before = weights(trainer.model)
    trainer.fit(X, Y, epochs=1, progress=False)
    assert changed(trainer, before) == {"3.weight", "3.bias", "5.weight", "5.bias"}


def test_rules_with_other_starts_and_other_slots_share_a_model():
    trainer, before = fit(optim.Groups({"0.*": optim.Adagrad(0.1, 0.5), "3.*": optim.SGD(0.1), "*": optim.Adam(0.01)}))
    assert len(changed(trainer, before)) == 6
    names = list(trainer._session.runner._state.slots)
    assert names == ["sum_of_squares/first_moment", "second_moment"]


@pytest.mark.covers("M6: an optimizer that leaves parameters out")
def test_the_summary_says_who_owns_what():
    model = small_network()
    model.freeze("5.bias")
    groups = optim.Groups({"0.*": None, "*.bias": optim.SGD(0.5), "*": optim.Adam(0.25)})
    text = str(tg.Trainer(model, "cross_entropy", groups).summary())
    assert "on 3 of 6 parameter arrays" in text
    assert "Adam(learning_rate=0.25" in text
    assert "updates 3.weight, 5.weight" in text
    assert "updates 3.bias" in text
    assert "Nothing updates 0.weight, 0.bias, 5.bias" in text


@pytest.mark.covers("M6: an optimizer that leaves parameters out")
def test_a_parameter_without_a_group_is_an_error_that_names_it():
    with pytest.raises(ValueError, match=r"none for '3\.weight', '3\.bias', '5\.bias'.*'0\.\*', '5\.weight'"):
        tg.Trainer(small_network(), "cross_entropy", optim.Groups({"0.*": optim.SGD(), "5.weight": optim.SGD()}))
    with pytest.raises(ValueError, match=r"expected '5\.\*' to be the first match of a parameter"):
        tg.Trainer(small_network(), "cross_entropy", optim.Groups({"*": optim.SGD(), "5.*": optim.Adam()}))


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({}, TypeError),
        ([optim.SGD()], TypeError),
        ({"*": "adam"}, TypeError),
        ({3: optim.SGD()}, TypeError),
        ({"*": None}, ValueError),
        ({"*": optim.SGD(clip_norm=1.0)}, ValueError),
        ({"*": optim.Groups({"*": optim.SGD()})}, TypeError),
    ],
)
def test_wrong_members_are_refused(members, error):
    with pytest.raises(error, match="Groups: expected"):
        optim.Groups(members)


def test_the_rate_of_groups_keeps_their_ratio():
    groups = optim.Groups({"a": optim.SGD(0.1), "b": optim.Adam(0.01), "c": None})
    groups.learning_rate = 0.05
    assert groups.learning_rate == groups.members["a"].learning_rate == 0.05
    assert groups.members["b"].learning_rate == pytest.approx(0.005)
    with pytest.raises(AttributeError, match="member"):
        groups.beta1 = 0.5
    with pytest.raises(AttributeError, match="member"):
        _ = groups.beta1


def test_a_norm_of_all_is_that_of_all_groups(tmp_path):
    """Two groups of one rule clip together as one does."""
    controls = {"clip_global_norm": 0.05, "accumulation_steps": 2, "average_decay": 0.9}
    one, _ = fit(optim.Adam(0.01, **controls))
    two, _ = fit(optim.Groups({"0.*": optim.Adam(0.01), "*": optim.Adam(0.01)}, **controls))
    assert weight_bytes(one.model) == weight_bytes(two.model)
    arrays = {"a": np.ones(3), "b": np.ones(2)}
    pulls = {"a": np.arange(3.0), "b": np.arange(2.0)}
    optim.Groups({"a": optim.SGD(1.0), "b": optim.SGD(1.0)}, clip_global_norm=1.0).step(arrays, pulls)
    np.testing.assert_allclose(arrays["a"], 1 - np.arange(3) / 6**0.5)


def make_groups():
    return optim.Groups({"0.*": optim.Adam(0.01), "*.bias": None, "*": optim.SGD(0.1, 0.9)}, average_decay=0.5)


def test_groups_resume_bit_for_bit(tmp_path):
    whole, _ = fit(make_groups())
    whole.fit(X, Y, epochs=2, progress=False)
    half, _ = fit(make_groups())
    half.save(tmp_path / "half")
    other = tg.Trainer(small_network(dropout=0.0), losses.CrossEntropy(), make_groups()).load(tmp_path / "half")
    other.fit(X, Y, epochs=2, progress=False)
    assert weight_bytes(whole.model) == weight_bytes(other.model)
    third = tg.Trainer(small_network(dropout=0.0), losses.CrossEntropy(), optim.Groups({"*": optim.SGD(0.1, 0.9)}))
    with pytest.raises(ValueError, match="load: expected"):
        third.load(tmp_path / "half")


def test_groups_on_arrays_resume_bit_for_bit():
    def pulls(step):
        return {name: np.cos(step + np.arange(3.0)) for name in ("a", "b", "c")}

    def make():
        return optim.Groups({"a": optim.Adam(0.1), "b": None, "*": optim.SGD(0.1, 0.9)}, clip_value=0.5)

    own, other = ({name: np.ones(3) for name in ("a", "b", "c")} for _ in range(2))
    whole, first, second = make(), make(), make()
    for step in range(6):
        whole.step(own, pulls(step))
        (first if step < 3 else second).step(other, pulls(step))
        if step == 2:
            second.load_state_dict(first.state_dict())
    assert all(same_bits(own[name], other[name]) for name in own)
    assert (own["b"] == 1).all()
    assert whole.steps == 6
    with pytest.raises(ValueError, match="expected the parameters a, b, c"):
        whole.step({"a": np.ones(3)}, {"a": np.ones(3)})
    with pytest.raises(ValueError, match="gradient for"):
        whole.step(own, {"a": np.ones(3), "b": np.ones(3), "d": np.ones(3)})


PATTERNS = [
    *(kind() for kind in optim.NAMED.values()),
    optim.Adam(schedules.Cosine(1e-2, steps=10), betas=(0.8, 0.99), clip_norm=1.0, average_decay=0.9),
    optim.Groups({"*.weight": optim.SGD(schedules.Linear(0.1, 0.01, steps=9), momentum=0.5), "*": None}, clip_norm=2.0),
]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: type(pattern).__name__)
def test_a_copy_has_the_same_arguments_and_is_apart(pattern):
    made = copy.deepcopy(pattern)
    assert repr(made) == repr(pattern)
    assert made is not pattern
    if isinstance(pattern, optim.Solver):
        # A solver has neither controls nor schedules: a changed copy leaves the pattern as it was.
        made.tolerance_gradient = 0.5
        assert made.parameters == {**pattern.parameters, "tolerance_gradient": 0.5}
        return
    assert made.controls == pattern.controls
    for member, same in zip(
        getattr(made, "members", {"": made}).values(), getattr(pattern, "members", {"": pattern}).values(), strict=True
    ):
        assert (member is None) == (same is None)
        if same is not None:
            assert member is not same
            assert member.schedules == same.schedules
