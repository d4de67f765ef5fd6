"""Parameters that training leaves alone: no gradient, no update; saved, shown and restored like the others."""

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import nn, optim
from training import problem, weight_bytes, weights

X, Y = problem()


def frozen_network(dtype="float32"):
    model = nn.Sequential(nn.Dense(12, 9, dtype=dtype), nn.ReLU(), nn.Dense(9, 4, dtype=dtype))
    model[0].weight.trainable = False
    return model


@pytest.mark.covers("G5: one backward pass updates everything that trains")
@pytest.mark.parametrize("make", [lambda: optim.SGD(0.1), lambda: optim.AdamW(0.01, weight_decay=0.1)])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_one_that_is_not_trainable_stays_and_all_others_change(make, precision):
    model = frozen_network(precision)
    before = weights(model)
    trainer = tg.Trainer(model, "cross_entropy", make())
    trainer.fit(X, Y, epochs=1, progress=False)
    after = weights(model)
    assert {name for name in before if (before[name] == after[name]).all()} == {"0.weight"}
    # No node of the backward pass is made for it: one product of weights' gradients fewer.
    whole = tg.Trainer(nn.Sequential(nn.Dense(12, 9), nn.ReLU(), nn.Dense(9, 4)), "cross_entropy", make())
    whole.fit(X, Y, epochs=1, progress=False)
    assert trainer.plan.describe().count("update") == whole.plan.describe().count("update") - 1


def test_it_may_be_set_between_fits():
    model = frozen_network()
    trainer = tg.Trainer(model, "cross_entropy", "sgd")
    trainer.fit(X, Y, epochs=1, progress=False)
    before = weights(model)
    model[0].weight.trainable = True
    trainer.fit(X, Y, epochs=1, progress=False)
    assert not any((before[name] == value).all() for name, value in weights(model).items())


def test_it_is_saved_shown_and_loaded(tmp_path):
    model = frozen_network()
    trainer = tg.Trainer(model, "cross_entropy", "adam")
    trainer.fit(X, Y, epochs=1, progress=False)
    trainer.save(tmp_path / "trainer.safetensors")
    other = tg.Trainer(frozen_network().initialize(9), "cross_entropy", "adam").load(tmp_path / "trainer.safetensors")
    assert weight_bytes(other.model) == weight_bytes(model)
    text = str(trainer.summary())
    assert "(1 of 2 arrays not trained)" in text
    assert "157 parameters (108 not trained)" in text
    assert "on 3 of 4 parameter arrays" in text
    assert "trainable=False" in repr(model[0].weight)


def test_nothing_to_train_is_refused():
    model = frozen_network()
    for _, parameter in model.named_parameters():
        parameter.trainable = False
    before = weight_bytes(model)
    trainer = tg.Trainer(model, "cross_entropy", "sgd")
    with pytest.raises(ValueError, match="none that is trainable"):
        trainer.fit(X, Y, epochs=1, progress=False)
    assert (weight_bytes(model), trainer.step) == (before, 0)
    with pytest.raises(TypeError, match="trainable"):
        model[0].weight.trainable = np.ones(2)
