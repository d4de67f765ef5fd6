"""The estimators pass scikit-learn's own checks."""

import copy
import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from tilegrad import Trainer, optim
from tilegrad.data import digits
from tilegrad.interop.sklearn import NetworkClassifier, NetworkRegressor

SMALL = {"hidden": (16,), "epochs": 30, "learning_rate": 0.01}
# A weight is a factor of the loss, while a repeated row takes part in further batches: as in scikit-learn's own networks.
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "rows are drawn in mini-batches",
    "check_sample_weight_equivalence_on_sparse_data": "rows are drawn in mini-batches",
}


@parametrize_with_checks(
    [NetworkClassifier(**SMALL), NetworkRegressor(**SMALL)], expected_failed_checks=lambda estimator: EXPECTED
)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_accepts_the_estimator(estimator, check):
    check(estimator)


@pytest.mark.covers("G21: searching hyperparameters with scikit-learn")
def test_searches_find_the_better_setting():
    x, y, x_test, y_test = digits()
    search = GridSearchCV(NetworkClassifier(epochs=4, random_state=0), {"learning_rate": [1e-6, 3e-3]}, cv=2)
    search.fit(x, y)
    assert search.best_params_ == {"learning_rate": 3e-3}
    assert search.score(x_test, y_test) > 0.85
    drawn = RandomizedSearchCV(NetworkRegressor(epochs=2), {"hidden": [(4,), (8,)]}, n_iter=2, cv=2, random_state=0)
    assert drawn.fit(x[:100], x[:100, 20]).best_params_["hidden"] in ((4,), (8,))


@pytest.mark.covers("G21: searching hyperparameters with scikit-learn", "V3: classification")
def test_it_works_in_a_pipeline_with_labels_of_any_kind():
    x, y, x_test, y_test = digits()
    names = np.array([f"digit {each}" for each in range(10)])
    line = make_pipeline(StandardScaler(), NetworkClassifier((32,), epochs=8, class_weight="balanced", random_state=0))
    line.fit(x, names[y])
    assert line.score(x_test, names[y_test]) > 0.9
    probability = line.predict_proba(x_test)
    assert probability.sum(axis=1) == pytest.approx(1)
    assert (line.classes_[probability.argmax(axis=1)] == line.predict(x_test)).all()


def test_partial_fit_goes_on_and_the_given_optimizer_stays_as_it_was():
    x, y, _, _ = digits()
    pattern = optim.SGD(learning_rate=0.1, momentum=0.9)
    one = NetworkClassifier((16,), optimizer=pattern, random_state=0)
    for _ in range(3):
        one.partial_fit(x, y)
    whole = clone(one).set_params(epochs=3).fit(x, y)
    assert pattern.steps == 0
    assert one.loss_curve_ == whole.loss_curve_
    with pytest.raises(ValueError, match="of the classes"):
        one.partial_fit(x[:2], np.array([3, 77]))


def test_a_copy_goes_on_to_the_same_bits():
    x, y, _, _ = digits()
    one = NetworkClassifier((16,), epochs=2, random_state=0, warm_start=True).fit(x, y)
    other = pickle.loads(pickle.dumps(one))
    assert (copy.deepcopy(one).predict_proba(x) == one.predict_proba(x)).all()
    one.fit(x, y)
    other.fit(x, y)
    assert (one.decision_function(x) == other.decision_function(x)).all()
    assert other.n_iter_ == 4


def test_classes_stay_those_of_the_first_call():
    x, y = np.random.default_rng(0).standard_normal((20, 2)), np.arange(20) % 2
    network = NetworkClassifier((4,)).partial_fit(x, y, classes=[0, 1])
    with pytest.raises(ValueError, match=r"expected `classes` as in the first call, \[0, 1\], got \[0, 1, 2\]"):
        network.partial_fit(x, y, classes=[0, 1, 2])
    network.partial_fit(x, y, classes=[1, 0])
    assert network.n_iter_ == 2


def test_margins_are_no_probabilities():
    x, y = np.random.default_rng(0).standard_normal((20, 2)), np.arange(20) % 2
    network = NetworkClassifier((4,), epochs=2, loss="multi_margin", random_state=0).fit(x, y)
    with pytest.raises(ValueError, match="probabilities"):
        network.predict_proba(x)
    assert set(network.predict(x)) <= {0, 1}


def test_a_fit_that_fails_leaves_the_estimator_as_it_was():
    x, y = np.random.default_rng(0).standard_normal((20, 2)), np.arange(20) % 2
    network = NetworkClassifier((4,), epochs=2, random_state=0).fit(x, y)
    before, trainer = network.predict_proba(x), network.trainer_
    with pytest.raises(FloatingPointError):
        network.fit(x * 1e30, y + 5)
    assert network.trainer_ is trainer
    assert (network.n_iter_, network.classes_.tolist()) == (2, [0, 1])
    assert np.array_equal(network.predict_proba(x), before)


def test_an_estimator_interrupted_in_its_first_epoch_is_fitted(monkeypatch):
    x, y = np.random.default_rng(0).standard_normal((20, 2)), np.arange(20) % 2
    network = NetworkClassifier((4,), epochs=2, random_state=0)
    real = Trainer.fit

    def interrupted(self, *data, **settings):
        history = real(self, *data, **{**settings, "epochs": 1})
        # What a Ctrl-C before the end of the first epoch leaves behind.
        self.history.clear()
        history.clear()
        history.stop_reason = "interrupted"
        return history

    monkeypatch.setattr(Trainer, "fit", interrupted)
    with pytest.warns(UserWarning, match="interrupted after 1 steps"):
        network.fit(x, y)
    assert (network.n_iter_, network.loss_curve_) == (0, [])
    assert network.predict(x).shape == (20,)
