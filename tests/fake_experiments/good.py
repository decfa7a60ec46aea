"""One synapse takes a step: a fake experiment, with everything in it that is awkward to print.

Held against
    w · 2   nothing in particular
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
from matplotlib.figure import Figure
from msgspec import Meta

from cofire.experiments import Finding

CLAIM = "A <b>claim</b> & a [red]claim[/red]."
CLAIMS = (3, 4)
SOURCE = "A. Author, <i>Title</i>, 1999. doi:10.1234/ab(c)-5; B. Author, 2001, doi:10.5678/xyz."
RULES = ("oja",)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    steps: Annotated[int, Meta(ge=1, le=100, description="steps of <learning>")] = 2
    sizes: Annotated[list[int], Meta(description="sizes, whatever they are")] = msgspec.field(
        default_factory=lambda: [1]
    )


FULL = Settings(steps=50)


def unsuitable(rule):
    return "it is called hebb" if rule.name == "hebb" else None


def run(settings, rules, seed, progress):
    w = []
    for at in range(settings.steps):
        progress(at / settings.steps, "[bold]stepping[/bold]")
        w.append(rules[0].delta(0.5, pre=1.0, post=2.0) + seed)
    return {
        "w": np.array(w),
        "rules": [rule.name or rule.text for rule in rules],
        "ragged": [[1, 2], [3.0]],
        "inner": {"file": np.arange(3), "seed": seed},
        "mixed": [1, "one", None],
    }


def findings(data):
    return [
        Finding("one <script> & [red]finding[/red]", f"{data['w'][0]:.2f} mV", "0.5 mV <S1>", "S1", "reproduced"),
        Finding("another one", f"{len(data['w'])} steps", "many", "M", "not reproduced"),
        Finding("a third", "nothing", "something", "theory", "does not apply"),
    ]


def figure(data):
    fig = Figure(figsize=(2, 1))
    axes = fig.subplots(1, 2)
    axes[0].plot(data["w"])
    axes[0].set(title='The <weight> & its "way"', xlabel="step", ylabel="w")
    axes[1].set_title("nothing")
    return fig
