"""Stopping: Ctrl-C ends a fit after a whole step with the history kept; callbacks that raise; fork; exit."""

import multiprocessing
import os
import subprocess
import sys

import numpy as np
import pytest
from tilegrad import functional as F
from training import fitted, problem, small_network, trainer_for, weight_bytes

X, Y = problem()

# Trains until it is interrupted, and then reports what it was left with as one line of JSON.
SCRIPT = """
import json, os, signal, sys, threading, time
# A process that was started in the background ignores interrupts until it says otherwise.
signal.signal(signal.SIGINT, signal.default_int_handler)
import numpy as np
import tilegrad as tg
from tilegrad import losses, nn, optim

generator = np.random.default_rng(0)
x = generator.standard_normal((200_000, 50)).astype(np.float32)
y = generator.integers(0, 4, 200_000)
model = nn.Sequential(nn.Dense(50, 64), nn.ReLU(), nn.Dense(64, 4))
trainer = tg.Trainer(model, loss=losses.CrossEntropy(), optimizer=optim.Adam(learning_rate=1e-3), seed=0)
trainer.fit(x[:64], y[:64], batch_size=32, epochs=1, progress=False)
sent = []

def interrupt():
    time.sleep(0.5)
    sent.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
raised = False
try:
    history = trainer.fit(x, y, batch_size=32, epochs=1000, progress=False)
except KeyboardInterrupt:
    raised = True
ended = time.perf_counter()
steps = trainer.step
# Whatever it says, the trainer must be usable and consistent now.
before = trainer.evaluate(x[:500], y[:500])["loss"]
trainer.fit(x[:500], y[:500], batch_size=100, epochs=2, progress=False)
print(json.dumps({
    "raised": raised, "late": ended - sent[0], "steps": steps, "after": trainer.step,
    "history": len(trainer.history["loss"]), "finite": bool(np.isfinite(before)),
}))
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are sent differently there")
def test_an_interrupt_ends_a_fit_after_a_whole_step():
    import json

    result = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout.splitlines()[-1])
    assert report["finite"]
    assert report["steps"] > 10, "nothing was trained before the interrupt"
    assert report["after"] == report["steps"] + 10, (
        "the steps after the interrupt are not counted from where it stopped"
    )
    # The first fit's epoch, those of the interrupted one, and the two after it: nowhere near the thousand asked for.
    assert 3 <= report["history"] < 900, f"ended {report['late']:.3f} s after the interrupt"


def test_an_exception_in_a_callback_ends_the_fit_after_a_whole_step():
    class StopError(Exception):
        pass

    def stop(*_):
        raise StopError

    model = small_network()
    trainer = trainer_for(model)
    with pytest.raises(StopError):
        trainer.fit(X, Y, batch_size=32, epochs=5, callbacks=[stop], progress=False)
    taken = trainer.step
    assert np.isfinite(trainer.evaluate(X, Y)["loss"])
    trainer.fit(X, Y, batch_size=len(X), epochs=1, progress=False)
    assert trainer.step == taken + 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_trains_on(with_threads):
    """The pool's threads do not exist in the child; it must work there all the same."""
    with_threads(2)
    x = np.linspace(-4, 4, 400_000).astype(np.float32)
    expected = F.gelu(x).tobytes()
    trained = weight_bytes(fitted(X, Y, epochs=1)[0].model)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()

    def child():
        queue.put((F.gelu(x).tobytes() == expected, weight_bytes(fitted(X, Y, epochs=1)[0].model) == trained))

    process = context.Process(target=child)
    process.start()
    outcome = queue.get(timeout=30)
    process.join(timeout=30)
    assert process.exitcode == 0
    assert outcome == (True, True)
    assert F.gelu(x).tobytes() == expected


def test_a_model_is_not_trained_twice_at_once():
    """A second fit from another thread is either refused or waits; the process survives and the weights stay finite."""
    import threading

    model = small_network()
    trainer = trainer_for(model)
    errors = []

    def fit():
        try:
            trainer.fit(np.tile(X, (20, 1)), np.tile(Y, 20), epochs=3, progress=False)
        except (RuntimeError, ValueError) as error:
            errors.append(str(error))

    threads = [threading.Thread(target=fit) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all("panicked" not in error for error in errors)
    assert np.isfinite(trainer.evaluate(X, Y)["loss"])
