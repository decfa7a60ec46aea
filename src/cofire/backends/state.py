"""What a rule remembers between two steps: filters, synapse variables, and how many steps there were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class RuleState(Mapping[str, Any]):
    """Arrays by the text of what they hold, such as `state["mean(post**2, tau_theta)"]`; immutable.

    A presynaptic quantity is an array `[n_pre]`, a postsynaptic one `[n_post]`, a synapse variable `[n_post, n_pre]`,
    anything else a number. `step`: steps of learning so far.
    """

    __slots__ = ("_arrays", "step")

    def __init__(self, arrays: Mapping[str, Any] | None = None, step: int = 0) -> None:
        self._arrays = dict(arrays or {})
        self.step = step

    def __getitem__(self, key: str) -> Any:
        if key not in self._arrays:
            raise KeyError(f"{key} is not in the state; it holds {', '.join(self._arrays) or 'nothing'}")
        return self._arrays[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        return f"RuleState(step={self.step}, {', '.join(self._arrays) or 'nothing remembered'})"
