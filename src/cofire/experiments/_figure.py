"""How figures look: one palette that colour-blind readers can tell apart, quiet axes, no global state."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED, PURPLE, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#6E6E6E"
COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, "#56B4E9", GREY)


def new_figure(
    rows: int = 1, columns: int = 1, *, width: float = 8.0, height: float = 3.6, **options: Any
) -> tuple[Figure, Any]:
    """A figure in inches and its axes (one, or an array as `Figure.subplots` gives it)."""
    figure = Figure(figsize=(width, height), layout="constrained", dpi=110)
    axes = figure.subplots(rows, columns, **options)
    for ax in figure.axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=9)
        ax.set_prop_cycle(color=COLOURS)
    return figure, axes
