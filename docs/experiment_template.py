"""One sentence that tells a beginner what this is about: `cofire report` shows it above the figure.

Protocol. What is shown to which cells, when and how often; each step is `rule.step`, `protocols.replay` or a network
on the engine, never a formula for the answer.

Held against: each published number, with how sure it is. Ours: whatever has no source.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np
from msgspec import Meta

from cofire.experiments import Data, Finding, Progress
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLAIM = "Repeated activity strengthens a connection."
CLAIMS = (1,)
SOURCE = "D. O. Hebb, The Organization of Behavior, Wiley 1949"
RULES = ("hebb", "oja")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    steps: Annotated[int, Meta(ge=1, le=10_000, description="steps of learning; ours")] = 100


FULL = Settings(steps=1000)


def unsuitable(rule: Rule) -> str | None:
    """Why `rule` makes no sense here, or None: `cofire matrix` shows it as 'does not apply'."""
    return f"it needs {', '.join(rule.signals)}, which nothing here gives" if rule.signals else None


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    """One synapse, weak at first, and both cells active: `w[rule, step]`."""
    w = np.empty((len(rules), settings.steps + 1))
    w[:, 0] = np.random.default_rng(seed).uniform(0.05, 0.15)
    for r, rule in enumerate(rules):
        state = None
        for step in range(settings.steps):
            progress((r * settings.steps + step) / (len(rules) * settings.steps), rule.name or rule.text)
            w[r, step + 1], state = rule.step(w[r, step], pre=1.0, post=1.0, state=state)
    return {"rules": [rule.name or rule.text for rule in rules], "w": w}


def findings(data: Data) -> list[Finding]:
    """From the data alone. `measured` leads with the number; `phenomenon` and `rule` make the row and the column."""
    found = []
    for name, w in zip(data["rules"], data["w"], strict=True):
        gain = w[-1] / w[0]
        verdict = "reproduced" if gain > 1 else "not reproduced"
        found.append(
            Finding(f"it grows ({name})", f"{gain:.2f} times", "more than 1", "theory", verdict, name, "it grows")
        )
    return found


def figure(data: Data) -> Figure:
    """From the data alone."""
    from cofire.experiments._figure import new_figure

    picture, ax = new_figure()
    for name, w in zip(data["rules"], data["w"], strict=True):
        ax.plot(w, label=name)
    ax.set(xlabel="step", ylabel="w")
    ax.legend(frameon=False)
    return picture
