"""The registry, the reference and the Python names fit together: a missing place is named."""

import inspect
import math
import re

import pytest
import tilegrad as tg
from helpers import REGISTRY, reference_functions
from tilegrad import functional as F
from tilegrad import losses, nn, optim

SINGULAR = {"activations": "activation", "losses": "loss", "optimizers": "optimizer"}
ENTRIES = [(kind, entry) for kind in SINGULAR for entry in REGISTRY[kind]]
NAMES = [f"{kind}-{entry['name']}" for kind, entry in ENTRIES]
REFERENCE = reference_functions()

# What this version must have at least; the registry may grow.
REQUIRED = {
    "activations": "identity relu leaky_relu elu sigmoid tanh swish silu gelu gelu_tanh softplus",
    "losses": "mean_squared_error sum_squared_error mean_absolute_error binary_cross_entropy_with_logits cross_entropy",
    "optimizers": "sgd rmsprop adagrad adam adamw",
}


def class_name(name):
    """The class that belongs to a registry name, whatever its capitals: ``gelu_tanh`` is ``GELUTanh``."""
    return name.replace("_", "").lower()


def classes_of(module):
    return {
        name.lower(): value
        for name, value in vars(module).items()
        if inspect.isclass(value) and not name.startswith("_")
    }


@pytest.mark.parametrize("kind", SINGULAR)
def test_the_registry_holds_what_this_version_promises(kind):
    names = {name for entry in REGISTRY[kind] for name in (entry["name"], *entry["aliases"])}
    assert names >= set(REQUIRED[kind].split())
    assert len({entry["name"] for entry in REGISTRY[kind]}) == len(REGISTRY[kind]), "a name stands twice"


@pytest.mark.parametrize(("kind", "entry"), ENTRIES, ids=NAMES)
def test_every_entry_has_its_function_in_the_reference(kind, entry):
    name = entry["name"]
    assert name in REFERENCE[kind], f"{SINGULAR[kind]} `{name}` has no function in tests/reference/{kind}.py"
    known = inspect.signature(inspect.unwrap(REFERENCE[kind][name])).parameters
    for parameter in entry["parameters"]:
        assert parameter["name"] in known or parameter["name"] == "normalization", (
            f"{SINGULAR[kind]} `{name}` has a parameter `{parameter['name']}` that tests/reference/{kind}.py does not know"
        )


@pytest.mark.parametrize("kind", SINGULAR)
def test_every_function_of_the_reference_is_in_the_registry(kind):
    names = {entry["name"] for entry in REGISTRY[kind]}
    for name in REFERENCE[kind]:
        assert name in names, (
            f"tests/reference/{kind}.py has `{name}`, but no {SINGULAR[kind]} of that name is registered"
        )


@pytest.mark.parametrize(("kind", "entry"), ENTRIES, ids=NAMES)
def test_every_entry_has_its_python_names(kind, entry):
    name = entry["name"]
    if kind == "optimizers":
        assert class_name(name) in classes_of(optim), f"optimizer `{name}` has no class in tilegrad.optim"
        return
    for spelling in (name, *entry["aliases"]):
        assert callable(getattr(F, spelling, None)), (
            f"{SINGULAR[kind]} `{spelling}` is missing from tilegrad.functional"
        )
        assert spelling in dir(F)
    if kind == "activations":
        assert callable(getattr(F, f"{name}_backward", None)), f"`{name}_backward` is missing from tilegrad.functional"
        classes = classes_of(nn)
        assert any(class_name(spelling) in classes for spelling in (name, *entry["aliases"])), (
            f"`{name}` has no layer in tilegrad.nn"
        )
    else:
        assert class_name(name) in classes_of(losses), f"loss `{name}` has no class in tilegrad.losses"


@pytest.mark.parametrize("entry", REGISTRY["optimizers"], ids=lambda entry: entry["name"])
def test_the_class_of_an_optimizer_says_what_its_entry_says(entry):
    rule = getattr(optim, entry["class"])
    assert rule.name == entry["name"]
    assert {style: dict(settings) for style, settings in rule.styles.items()} == entry["facts"]["styles"]
    defaults = {}
    for name, argument in inspect.signature(rule).parameters.items():
        if name == "betas":
            defaults |= {f"beta{place}": beta for place, beta in enumerate(argument.default, 1)}
        elif name not in inspect.signature(optim.Optimizer).parameters:
            defaults[name] = argument.default
    assert defaults == {parameter["name"]: parameter["default"] for parameter in entry["parameters"]}


@pytest.mark.parametrize("entry", REGISTRY["optimizers"], ids=lambda entry: entry["name"])
def test_an_optimizer_says_its_source_and_what_each_word_means(entry):
    assert re.search(r"\([A-Z].*\b(19|20)\d\d\b.*\)", entry["doc"].split("\n\n")[0], re.DOTALL), "no source with a year"
    for parameter in entry["parameters"]:
        if parameter.get("choices", [False, True]) != [False, True]:
            assert len(parameter["meanings"]) == len(parameter["choices"]), parameter["name"]
            assert all(len(meaning) >= 10 for meaning in parameter["meanings"])


@pytest.mark.parametrize(("kind", "entry"), ENTRIES, ids=NAMES)
def test_every_entry_is_documented(kind, entry):
    assert len(entry["doc"].split()) >= 5, "a summary, the formula, the behaviour at the ends, the source"
    assert "`" in entry["doc"], "no formula"
    for parameter in entry["parameters"]:
        assert len(parameter["doc"]) >= 10, parameter["name"]


@pytest.mark.parametrize(("kind", "entry"), ENTRIES, ids=NAMES)
def test_defaults_are_inside_their_ranges(kind, entry):
    for parameter in entry["parameters"]:
        if "choices" in parameter:
            assert parameter["default"] in parameter["choices"]
            continue
        low, high, default = parameter["low"], parameter["high"], parameter["default"]
        assert low <= high
        if default is not None and not math.isnan(default):
            assert low < default or (default == low and parameter["low_closed"]), parameter
            assert default < high or (default == high and parameter["high_closed"]), parameter


@pytest.mark.parametrize("entry", REGISTRY["activations"], ids=lambda entry: entry["name"])
def test_activation_facts_are_usable(entry):
    facts = entry["facts"]
    assert 0 <= facts["ulp_f32"] <= 4
    assert 0 <= facts["ulp_f64"] <= 8
    assert facts["parity"] in ("odd", "even", None, "none")
    low, high = facts["bounds"]
    assert low < high


def test_names_are_listed_when_one_is_mistyped():
    model = nn.Sequential(nn.Dense(3, 2))
    with pytest.raises(ValueError, match=r"mean_squared_error|MeanSquaredError"):
        tg.Trainer(model, loss="mean_sqared_error", optimizer="adam")
    with pytest.raises(ValueError, match="adam"):
        tg.Trainer(model, loss="mean_squared_error", optimizer="addam")
    with pytest.raises(AttributeError, match="gelu"):
        F.geluu(0.0)
