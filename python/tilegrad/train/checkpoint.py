"""Saving and resuming a training: one safetensors file with parameters, slots, step and history."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from tilegrad import _core
from tilegrad.nn.saving import check_tensors
from tilegrad.tensor import Array
from tilegrad.train.history import History
from tilegrad.train.session import Session
from tilegrad.words.names import hint

FORMAT = "tilegrad trainer 1"


def save(session: Session, path: str | os.PathLike[str]) -> None:
    """Writes weights, optimizer and history into a file, whole or not at all."""
    import json

    if session.runner.averaging:
        raise ValueError(
            "save: expected the weights in their place, got their averages; within `use_average` save the model alone"
        )
    state = session.state()
    tensors = _views(state) | {f"kept.{name}": values for name, values in session.snapshot.weights.items()}
    solver = {} if session.solver is None else session.solver.state_dict()
    tensors |= {f"solver.{name}": np.asarray(value, float) for name, value in (solver.get("memory") or {}).items()}
    facts = {
        "step": state.step,
        "tally": state.tally,
        "epoch": session.epoch,
        "seed": session.seed,
        "optimizer": session.optimizer.name,
        "hyperparameters": session.optimizer._settings(),
        "iterations": solver.get("steps", 0),
        "history": dict(session.history),
        "steps": session.history.steps,
        "stop_reason": session.history.stop_reason,
        "kept": session.snapshot.facts,
    }
    _core.save_tensors(os.fspath(path), tensors, {"format": FORMAT, "trainer": json.dumps(facts)})


def load(session: Session, path: str | os.PathLike[str]) -> None:
    """Reads the file into the session, after everything was found to fit."""
    tensors, metadata = _core.load_tensors(os.fspath(path))
    if metadata.get("format") != FORMAT:
        got = metadata.get("format", "a plain weights file")
        raise ValueError(
            f"load: expected `path` to be a file of trainer.save, got {got}; use model.load for weights alone"
        )
    facts = _facts(metadata)
    if facts["optimizer"] != session.optimizer.name:
        raise ValueError(
            f"load: expected `path` to hold a training with {session.optimizer.name}, got {facts['optimizer']}"
        )
    history = History(facts["history"], facts.get("steps", []))
    history.stop_reason = facts.get("stop_reason")
    # Values may be missing so far: they are about to be replaced.
    state = session.state()
    places = _views(state)
    kept, memory = _taken(tensors, "kept."), _taken(tensors, "solver.")
    check_tensors("load", {name: (view.shape, view.dtype.name) for name, view in places.items()}, tensors)
    session.optimizer._restore(facts["hyperparameters"])
    if session.solver is not None:
        session.solver.load_state_dict(
            {**session.solver.state_dict(), "steps": facts["iterations"], "memory": memory or None}
        )
    for name, view in places.items():
        view[...] = tensors[name]
    state.step, state.tally = facts["step"], tuple(facts["tally"])
    session.epoch, session.seed, session.history = facts["epoch"], facts["seed"], history
    session.snapshot.facts, session.snapshot.weights = facts.get("kept", {}), kept


def _views(state: _core.State) -> dict[str, Array]:
    """Weights and slots where they live, by their names in the file."""
    views = {f"model.{name}": state.view(name) for name in state.names}
    for slot in state.slots:
        views |= {f"optimizer.{slot}.{name}": state.slot_view(slot, name) for name in state.names}
    return views


def _taken(tensors: dict[str, Array], prefix: str) -> dict[str, Array]:
    """Takes the tensors whose names begin so out of all, under the rest of their names."""
    return {name.removeprefix(prefix): tensors.pop(name) for name in [*tensors] if name.startswith(prefix)}


def _facts(metadata: dict[str, str]) -> dict[str, Any]:
    """What the metadata say, if it is all there and of its kind."""
    import json

    try:
        facts: dict[str, Any] = json.loads(metadata["trainer"])
        kinds = {
            "step": int,
            "epoch": int,
            "seed": int,
            "iterations": int,
            "optimizer": str,
            "hyperparameters": dict,
            "history": dict,
        }
        facts.setdefault("tally", [0, 0, 0, 0.0])
        facts.setdefault("iterations", 0)
        wrong = [name for name, kind in kinds.items() if type(facts[name]) is not kind]
        wrong += [name for name in ("step", "epoch", "seed") if facts[name] < 0]
        idle, skipped, gathered, weight = facts["tally"]
        if not (0 <= skipped <= idle <= facts["step"] and 0 <= gathered <= idle and weight - weight == 0.0):
            wrong.append("tally")
        wrong += [name for name, values in facts["history"].items() if not isinstance(values, list)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"load: expected `path` to hold the state of a training, got damaged metadata ({error})"
        ) from None
    if wrong:
        raise ValueError(
            f"load: expected `path` to hold the state of a training, got damaged {wrong[0]}{hint(wrong[0], kinds)}"
        )
    return facts
