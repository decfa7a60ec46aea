"""Phenomena × rules at a glance: how many findings of each experiment each rule reproduces, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from cofire.cli import record
from cofire.cli.cells import Cell

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def counted(found: Sequence[Cell]) -> dict[tuple[str, str], tuple[int, int]]:
    """`(reproduced, of those that apply)` for each experiment and rule, where any apply."""
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for cell in found:
        if cell.verdict != "does not apply":
            held, of = counts.get((cell.experiment, cell.rule), (0, 0))
            counts[cell.experiment, cell.rule] = (held + (cell.verdict == "reproduced"), of + 1)
    return counts


def png(found: Sequence[Cell]) -> bytes:
    """The picture as a PNG with 256 colours, which has a third of the size."""
    from PIL import Image

    result = BytesIO()
    with Image.open(BytesIO(record.png(picture(found)))) as image:
        image.convert("RGB").quantize(256).save(result, "png", optimize=True)
    return result.getvalue()


def picture(found: Sequence[Cell]) -> Figure:
    """Rules down, experiments across; what has no number at all is left out."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    counts = counted(found)
    experiments = list(dict.fromkeys(experiment for experiment, _ in counts))
    rules = sorted({rule for _, rule in counts})
    shares = np.full((len(rules), len(experiments)), np.nan)
    figure = Figure(figsize=(2.6 + 0.29 * len(experiments), 1.6 + 0.19 * len(rules)), layout="constrained", dpi=100)
    axes = figure.subplots()
    axes.set_title("Findings reproduced, of those that apply: rules × experiments", fontsize=10)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if not counts:
        axes.set(xticks=[], yticks=[])
        return figure
    for (experiment, rule), (held, of) in counts.items():
        y, x = rules.index(rule), experiments.index(experiment)
        shares[y, x] = held / of
        colour = "white" if held / of > 0.8 else "#333333"
        axes.text(x, y, f"{held}/{of}", ha="center", va="center", fontsize=5.5, color=colour)
    colours = LinearSegmentedColormap.from_list("share", ["#f4d4c6", "#f8f1d4", "#0072B2"])
    axes.imshow(shares, cmap=colours, vmin=0.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(len(experiments)), experiments, rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_yticks(range(len(rules)), rules, fontsize=8)
    return figure
