"""How much memory a training takes, before it is run."""

from __future__ import annotations

from typing import NamedTuple

from tilegrad import _core


class Memory(NamedTuple):
    """Bytes that a model takes at a batch size, beside the data.

    ``parameters``, ``optimizer`` (its slots) and ``intermediate`` (all values of a step, which share one block).

    Example:
        >>> from tilegrad import nn
        >>> memory = nn.Sequential(nn.Dense(100, 50), nn.ReLU(), nn.Dense(50, 2)).memory(batch_size=32)
        >>> memory.parameters >= 4 * 5152, memory.total == sum(memory)
        (True, True)
    """

    parameters: int
    optimizer: int
    intermediate: int

    @property
    def total(self) -> int:
        """Bytes of parameters, optimizer and intermediate values together."""
        return sum(self)

    def __str__(self) -> str:
        parts = (("parameters", self.parameters), ("optimizer", self.optimizer), ("intermediate", self.intermediate))
        return f"{text_of_bytes(self.total)}: {', '.join(f'{name} {text_of_bytes(size)}' for name, size in parts)}"


def text_of_bytes(size: float) -> str:
    """``1.5 MB`` and the like, in powers of 1000."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.3g} {unit}"


def memory_of(graph: _core.Graph, plan: _core.Plan) -> Memory:
    """The memory of a graph's parameters and of a plan."""
    state = _core.State(graph)
    return Memory(int(state.parameters.nbytes), 0, plan.arena_bytes)


def training_memory(state: _core.State, plan: _core.Plan) -> Memory:
    """The memory of a trainer's state and of a plan."""
    slots = sum(int(slot.nbytes) for slot in state.slots.values())
    return Memory(int(state.parameters.nbytes), slots, plan.arena_bytes)
