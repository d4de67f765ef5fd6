"""Threads: counts and their cap, forks, exits, and calls from several Python threads at once."""

import os
import shutil
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import _core, optim
from tilegrad import functional as F

PROCESSORS = _core.machine()["cpu_count"]
# Large enough to be spread over threads.
LARGE = 300_000


def run_script(code, *, before=(), **environment):
    """Runs the code in a fresh interpreter; one that hangs is ended, and the test fails."""
    inherited = {name: value for name, value in os.environ.items() if name != "TILEGRAD_THREADS"}
    return subprocess.run(
        [*before, sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**inherited, **environment},
    )


def assert_done(code):
    """The code ends by itself and prints nothing but "done"."""
    result = run_script(code)
    assert (result.returncode, result.stdout.strip(), result.stderr) == (0, "done", "")


# ---- how many ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [PROCESSORS + 1, 1024])
def test_a_count_beyond_the_processors_is_capped_and_said(asked, with_threads):
    if asked <= PROCESSORS:
        pytest.skip("this machine has as many processors as can be asked for")
    with_threads(1)
    message = f"set_threads: {asked} threads asked for, {PROCESSORS} used: this process may use no more processors"
    with pytest.warns(UserWarning, match="threads asked for") as caught:
        tg.set_threads(asked)
    assert [str(warning.message) for warning in caught] == [message]
    assert caught[0].filename == __file__
    assert tg.threads() == _core.machine()["threads"] == PROCESSORS


def test_counts_within_the_processors_are_taken(with_threads):
    for count in {1, np.int64(PROCESSORS), PROCESSORS}:
        tg.set_threads(count)
        assert tg.threads() == count


def test_the_core_does_not_cap(with_threads):
    with_threads(PROCESSORS + 1)
    assert tg.threads() == PROCESSORS + 1


@pytest.mark.parametrize("set_count", [tg.set_threads, _core.set_threads], ids=["public", "core"])
@pytest.mark.parametrize("count", [0, -1, -(10**30), 1025, 10**30])
def test_impossible_counts_are_refused(count, set_count, with_threads):
    with_threads(1)
    with pytest.raises(ValueError, match=r"^set_threads: expected `count` of 1 to 1024, got -?\d+$"):
        set_count(count)
    assert tg.threads() == 1


@pytest.mark.parametrize("set_count", [tg.set_threads, _core.set_threads], ids=["public", "core"])
@pytest.mark.parametrize("count", [True, False, 2.0, "2", None, np.float32(1), np.bool_(True), [1]])
def test_counts_that_are_no_whole_numbers_are_refused(count, set_count, with_threads):
    with_threads(1)
    name = type(count).__name__
    with pytest.raises(TypeError, match=f"^set_threads: expected `count` to be a whole number, got {name}$"):
        set_count(count)
    assert tg.threads() == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have texts in their environment only")
@pytest.mark.parametrize("name", ["TILEGRAD_THREADS", "TILEGRAD_ISA"])
def test_an_environment_that_is_no_text_is_wrong_too(name):
    result = run_script("import tilegrad", **{name: "\udcff"})
    assert result.returncode != 0
    assert "ValueError" in result.stderr
    assert "panicked" not in result.stderr


REPORT = "import tilegrad as tg; print(tg.threads())"


@pytest.mark.parametrize("value", ["0", "-1", "abc", "1.5", "1025"])
def test_a_wrong_environment_gets_an_error_message(value):
    result = run_script("import tilegrad", TILEGRAD_THREADS=value)
    assert result.returncode != 0
    message = f'threads: expected `TILEGRAD_THREADS` to be a whole number from 1 to 1024, got "{value}"'
    assert result.stderr.strip().endswith(f"ValueError: {message}")
    assert "panicked" not in result.stderr


def test_an_environment_beyond_the_processors_is_capped_and_said():
    if PROCESSORS >= 1000:
        pytest.skip("this machine has as many processors as are asked for here")
    result = run_script(REPORT, TILEGRAD_THREADS="1000")
    assert (result.returncode, result.stdout.strip()) == (0, str(PROCESSORS))
    message = f"TILEGRAD_THREADS: 1000 threads asked for, {PROCESSORS} used: this process may use no more processors"
    assert result.stderr.count("UserWarning") == 1
    assert result.stderr.startswith(f"<string>:1: UserWarning: {message}\n")


@pytest.mark.parametrize(("value", "count"), [("1", 1), (" 1 ", 1), ("", PROCESSORS), (str(PROCESSORS), PROCESSORS)])
def test_the_environment_chooses_a_count(value, count):
    result = run_script(REPORT, TILEGRAD_THREADS=value)
    assert (result.returncode, result.stdout.strip(), result.stderr) == (0, str(count), "")


@pytest.mark.skipif(shutil.which("taskset") is None, reason="there is no taskset here")
@pytest.mark.skipif(PROCESSORS < 2, reason="one processor cannot be made fewer")
def test_the_affinity_mask_is_the_cap():
    processor = str(min(os.sched_getaffinity(0)))
    result = run_script(REPORT, before=("taskset", "-c", processor))
    assert (result.returncode, result.stdout.strip(), result.stderr) == (0, "1", "")
    result = run_script(f"{REPORT}; tg.set_threads(2); print(tg.threads())", before=("taskset", "-c", processor))
    assert (result.returncode, result.stdout.split()) == (0, ["1", "1"])
    assert "set_threads: 2 threads asked for, 1 used" in result.stderr


@pytest.mark.skipif(PROCESSORS >= 1000, reason="this machine has as many processors as are asked for here")
def test_info_shows_the_count_in_use():
    code = "import sys; from tilegrad.cli import main; sys.exit(main(['info']))"
    result = run_script(code, TILEGRAD_THREADS="1000")
    assert result.returncode == 0, result.stderr
    assert f"{PROCESSORS} of {PROCESSORS} " in result.stdout


# ---- forks and exits -----------------------------------------------------------------------------------------------

SETUP = """
import os, sys, threading, warnings
import numpy as np
from tilegrad import _core
from tilegrad import functional as F
warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)
_core.set_threads(2)
x = np.linspace(-4, 4, 1_000_000, dtype=np.float32)
expected = F.gelu(x).tobytes()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_has_threads_of_its_own():
    assert_done(
        SETUP
        + """
for _ in range(10):
    child = os.fork()
    if child == 0:
        same = all(F.gelu(x).tobytes() == expected for _ in range(10))
        os._exit(0 if same else 1)
    assert all(F.gelu(x).tobytes() == expected for _ in range(10))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print("done")
"""
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_while_another_thread_has_the_pool():
    """The child must not wait for a call that was under way in a thread it does not have."""
    assert_done(
        SETUP
        + """
stop = threading.Event()
def work():
    while not stop.is_set():
        F.gelu(x)
thread = threading.Thread(target=work)
thread.start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        os._exit(0 if F.gelu(x).tobytes() == expected else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
stop.set()
thread.join()
assert F.gelu(x).tobytes() == expected
print("done")
"""
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_multiprocessing_forks_work():
    assert_done(
        SETUP
        + """
import multiprocessing
def call(_):
    return F.gelu(x).tobytes() == expected
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert all(pool.map(call, range(8)))
assert F.gelu(x).tobytes() == expected
print("done")
"""
    )


def test_the_interpreter_exits_right_after_a_call():
    for _ in range(5):
        result = run_script(SETUP)
        assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("daemon", [False, True])
def test_the_interpreter_exits_while_another_thread_is_in_a_call(daemon):
    """A daemon's call is cut off by the exit; an ordinary thread is waited for."""
    code = f"""
begun = threading.Event()
def work():
    for _ in range(100):
        F.gelu(x)
        begun.set()
threading.Thread(target=work, daemon={daemon}).start()
begun.wait()
"""
    for _ in range(5):
        result = run_script(SETUP + code)
        assert (result.returncode, result.stderr) == (0, "")


# ---- several Python threads ----------------------------------------------------------------------------------------


def outcomes(works):
    """Runs each of the functions in a thread of its own, all at once; the results in order."""
    results, errors, start = [None] * len(works), [], threading.Barrier(len(works))

    def call(index):
        try:
            start.wait()
            results[index] = works[index]()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=call, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    return results


@pytest.mark.parametrize("count", [2, 3])
def test_calls_at_once_give_the_bits_of_calls_alone(count, with_threads):
    """One caller has the pool, the others go on alone; none may take or lose a task of another."""
    with_threads(1)
    arrays = [np.linspace(-4 - index, 4 + index, LARGE, dtype=np.float32) for index in range(4)]
    expected = [F.gelu(array) for array in arrays]
    with_threads(count)

    def wrong(index):
        return sum(not np.array_equal(F.gelu(arrays[index]), expected[index]) for _ in range(200))

    assert outcomes([lambda index=index: wrong(index) for index in range(4)]) == [0] * 4


@pytest.mark.parametrize("count", [2, 3])
def test_optimizer_steps_at_once_give_the_bits_of_steps_alone(count, with_threads):
    def trained(seed):
        generator = np.random.default_rng(seed)
        weights = [generator.standard_normal(size).astype(np.float32) for size in (LARGE, 1000, 7)]
        gradients = [generator.standard_normal(weight.shape).astype(np.float32) for weight in weights]
        optimizer = optim.Adam(learning_rate=0.01)
        for _ in range(50):
            optimizer.step(weights, gradients)
        return [weight.tobytes() for weight in weights]

    with_threads(1)
    expected = [trained(seed) for seed in range(4)]
    with_threads(count)
    assert outcomes([lambda seed=seed: trained(seed) for seed in range(4)]) == expected


def test_the_count_may_change_while_calls_run(with_threads):
    x = np.linspace(-4, 4, LARGE, dtype=np.float32)
    expected = F.gelu(x)

    def change():
        for number in range(300):
            with_threads(1 + number % 3)
        return 0

    def wrong():
        return sum(not np.array_equal(F.gelu(x), expected) for _ in range(100))

    assert outcomes([change, wrong, wrong]) == [0] * 3
