"""Shared fixtures and the two thoroughness profiles.

``pytest`` runs the fast profile. ``pytest --hypothesis-profile=thorough`` draws many more examples, and
``pytest -m exhaustive`` runs what takes minutes. No test asserts a time; a test that hangs is ended by the time limit
in ``pyproject.toml``.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from tilegrad import _core

ROOT = Path(__file__).resolve().parent.parent
ISAS = tuple(_core.machine()["isas"])
FUSED = tuple(name for name in ISAS if name != "baseline")

settings.register_profile(
    "fast", max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("TILEGRAD_HYPOTHESIS_PROFILE", "fast"))


def pytest_collection_modifyitems(config, items):
    """Leaves the exhaustive tests out unless the marker expression names them."""
    if "exhaustive" in (config.option.markexpr or ""):
        return
    skipped = [item for item in items if item.get_closest_marker("exhaustive")]
    config.hook.pytest_deselected(items=skipped)
    items[:] = [item for item in items if not item.get_closest_marker("exhaustive")]


@pytest.fixture(params=ISAS)
def isa(request):
    """Each instruction set of this machine in turn."""
    before = _core.isa()
    _core.set_isa(request.param)
    yield request.param
    _core.set_isa(before)


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.fixture
def with_isa():
    """A function that sets the instruction set; the former one comes back after the test."""
    before = _core.isa()
    yield _core.set_isa
    _core.set_isa(before)


@pytest.fixture
def with_threads():
    """A function that sets the number of threads, also beyond the processors; the former number comes back after the test."""
    before = _core.threads()
    yield _core.set_threads
    _core.set_threads(before)


@pytest.fixture(scope="session")
def data_folder():
    """The folder of real data sets: ``TILEGRAD_DATA``, or a ``shared/data`` beside the repository."""
    candidates = [
        os.environ.get("TILEGRAD_DATA"),
        ROOT / ".." / "shared" / "data",
        ROOT / ".." / ".." / "shared" / "data",
    ]
    for candidate in candidates:
        if candidate and (Path(candidate) / "README.md").exists():
            return Path(candidate)
    pytest.skip("no data sets: set TILEGRAD_DATA to the folder that holds mnist/ and fashion-mnist/")
