"""How figures look: one palette that colour-blind readers can tell apart, quiet axes, no global state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
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


def draw_images(ax: Axes, images: Any, colours: Any = "gray", between: float = 0.0) -> None:
    """`images[image, side, side]` in rows, each on its own scale around 0, a pixel of the value `between` apart."""
    across, step = int(np.ceil(np.sqrt(len(images)))), images.shape[1] + 1
    whole = np.full((-(-len(images) // across) * step - 1, across * step - 1), between)
    for i, image in enumerate(images):
        top, left = step * (i // across), step * (i % across)
        whole[top : top + step - 1, left : left + step - 1] = image / max(float(np.abs(image).max()), 1e-30)
    ax.imshow(whole, cmap=colours, vmin=-1, vmax=1, interpolation="nearest")
    hide_frame(ax)


def hide_frame(ax: Axes) -> None:
    """For what is no plot: neither ticks nor spines."""
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def draw_accuracies(ax: Axes, rows: Sequence[tuple[str, Any, str]]) -> None:
    """`(name, shares, colour)` of each: the mean in per cent, its spread, and a point for each share."""
    for m, (_, shares, colour) in enumerate(rows):
        mean, spread = 100 * shares.mean(), 100 * shares.std(ddof=1)
        ax.errorbar(m, mean, spread, fmt="s", color=colour, capsize=4)
        ax.plot(np.full(len(shares), m), 100 * shares, ".", color="0.45", markersize=4)
        top = max(mean + spread, 100 * shares.max())
        ax.annotate(f"{mean:.1f}", (m, top), (0, 7), textcoords="offset points", ha="center", fontsize=8)
    ax.set_xticks(range(len(rows)), [name for name, *_ in rows], fontsize=8)
    ax.margins(y=0.15)
