"""A memory of a song: it is recalled in order, from the beginning or from its middle, quickly or slowly.

Protocol. The melody is the theme of the last movement of Beethoven's ninth symphony (1824, in the public domain), 62
notes in D major, transcribed as pitch and length (without the one tie). Each of its moments is a pattern of ±1: cells
for the pitch and for the length, with one random pattern for each of the few pitches and lengths there are, and cells
for the moment itself, a random pattern of its own. The moments are stored in order, pre being the one moment and post
the next (`cofire.memory.SequenceMemory`); the last follows itself. To recall, the net starts from a moment with 10 % of
its cells flipped, and runs freely. At each step the note is read from the nearest patterns of pitch and length. From
the beginning, and from the first notes of eight later bars, we count the notes that come in their right place, up to
the end of the song.

Why moments: the song has 62 notes, but only six pitches, so a note alone does not tell what follows it. With the cells
of moments left away, the same rule must fail; that is shown beside it.

    plain       order 1, the weights of the rule: Hebb's outer product with η = 1/N, or another rule's
    steeper     order 2 and the exponential memory, to keep moments apart that share notes (Chaudhry et al. 2023); order
                2 does not, with so few cells
    slowly      dwell = 3: the same memory is asked to spend three steps at each moment (Sompolinsky and Kanter 1986;
                Kleinfeld 1986), and must sing the same notes, each three times as long

Held against
    order       all notes in their places, from anywhere: recalled, without a number (M)
    load        62 transitions in N = 400 cells is .155 N, less than the .269 N of theory for random patterns (Düring,
                Coolen and Sherrington 1998; M). Moments that share notes are no random patterns, so that plain Hebb
                may fail below it; `delta`, which practises what it does not know, and the exponential memory need not.
How the share of right notes grows with the number of cells is measured too, and is ours: nothing is published.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from cofire.errors import CofireError
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._patterns import Array, not_for_patterns, put_in, random_patterns, with_rate
from cofire.experiments._rates import label
from cofire.experiments._statistics import percent_spread, spread, verdict
from cofire.memory import SequenceMemory
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLAIM = "A song is recalled in order, and goes on from any of its notes."
CLAIMS = (10,)
SOURCE = (
    "H. Sompolinsky, I. Kanter, Temporal association in asymmetric neural networks, Phys. Rev. Lett. 57:2861-2864, "
    "1986, doi:10.1103/PhysRevLett.57.2861; H. T. Chaudhry, J. A. Zavatone-Veth, D. Krotov, C. Pehlevan, Long sequence "
    "Hopfield memory, NeurIPS 36, 2023, arXiv:2306.04532"
)
RULES = ("hebb", "delta")

LINE = "F#4 F#4 G4 A4 | A4 G4 F#4 E4 | D4 D4 E4 F#4 | "
MELODY = (
    f"{LINE}F#4:1.5 E4:.5 E4:2 | {LINE}E4:1.5 D4:.5 D4:2 | E4 E4 F#4 D4 | E4 F#4:.5 G4:.5 F#4 D4 | "
    f"E4 F#4:.5 G4:.5 F#4 E4 | D4 E4 A3:2 | {LINE}E4:1.5 D4:.5 D4:2"
)
SEMITONES = {"D": 2, "E": 4, "F#": 6, "G": 7, "A": 9}  # above C
PITCH_CELLS, LENGTH_CELLS = 100, 60
FLIPPED = 0.1
MIDDLE = 5  # which of the starts the figure shows
SLOW = 3  # steps at each moment
ENOUGH = 0.95  # share of the notes in their places
ALONE = "plain, notes alone"
STEEPER = ("order 2", "exponential")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    cells: Annotated[int, Meta(ge=200, le=4000, description="cells of the net; 160 of them are for the note")] = 400
    largest: Annotated[int, Meta(ge=200, le=1600, description="cells of the largest net tried")] = 400
    seeds: Annotated[int, Meta(ge=2, le=100, description="codes of notes and moments, with their own wrong cells")] = 2


FULL = Settings(largest=1600, seeds=20)
SIZES = (200, 300, 400, 600, 800, 1200, 1600)  # numbers of cells


class Note(msgspec.Struct, frozen=True):
    """One note: MIDI number (60 is middle C), length in beats, and the bar it is in, from 0."""

    pitch: int
    beats: float
    bar: int


def transcribed(text: str) -> list[Note]:
    """The notes of a text: name and octave, `:` and beats if not one, bars between `|`."""
    notes = []
    for bar, written in enumerate(text.split("|")):
        for word in written.split():
            name, _, beats = word.partition(":")
            notes.append(Note(12 * (int(name[-1]) + 1) + SEMITONES[name[:-1]], float(beats or 1), bar))
    return notes


SONG = transcribed(MELODY)
PITCHES, LENGTHS = (sorted({getattr(note, name) for note in SONG}) for name in ("pitch", "beats"))
STARTS = [next(k for k, note in enumerate(SONG) if note.bar == bar) for bar in (0, 1, 2, 4, 6, 8, 10, 12, 14)]


def unsuitable(rule: Rule) -> str | None:
    reason = not_for_patterns(rule)
    if reason:
        return reason
    try:
        put_in(
            SequenceMemory(16, rule=with_rate(rule, 1 / 16), passes=1), random_patterns(np.random.default_rng(0), 4, 16)
        )
    except CofireError as error:
        return f"it cannot store four small patterns: {error}"
    return None


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    plain = [label(rule) for rule in rules]
    names = [*plain, *STEEPER, ALONE]
    sizes = [size for size in SIZES if size <= settings.largest]
    found: Data = {
        "rules": plain,
        "memories": names,
        "starts": np.array(STARTS),
        "right": np.zeros((len(names), settings.seeds, len(STARTS))),
        "slow": np.zeros((len(names), settings.seeds)),
        "pace": np.full((len(names), settings.seeds), np.nan),
        "sizes": np.array(sizes),
        "by_size": np.zeros((len(names) - 1, len(sizes), settings.seeds)),
        "sung": [],
    }
    for s in range(settings.seeds):
        for m, name in enumerate(names):
            progress((s + m / len(names)) / settings.seeds, f"{name}: code {s + 1} of {settings.seeds}")
            rule = rules[m] if m < len(rules) else rules[0] if name == ALONE else None
            rng = np.random.default_rng((seed, s))
            code = Code(rng, settings.cells, moments=name != ALONE)
            memory = _taught(rule, name, code.song)
            cues = _flipped(code.song[STARTS], rng)
            path = memory.recall(cues, steps=len(SONG) - 1).path
            sung = [code.read(steps) for steps in path]
            found["right"][m, s] = [_right(notes, at) for notes, at in zip(sung, STARTS, strict=True)]
            slow = memory.recall(cues[:1], steps=SLOW * len(SONG) - 1, dwell=SLOW).path[0]
            found["slow"][m, s] = _right(code.read(slow)[SLOW - 1 :: SLOW], 0)
            found["pace"][m, s] = _pace(slow, code.song)
            if s == 0 and m == _shown(plain):
                found["sung"] = [sung[0], sung[MIDDLE]]
            if name == ALONE:
                found["sung"] += [sung[0]] if s == 0 else []
                continue
            for z, cells in enumerate(sizes):
                rng = np.random.default_rng((seed, s, cells))
                code = Code(rng, cells, moments=True)
                path = _taught(rule, name, code.song).recall(_flipped(code.song[:1], rng), steps=len(SONG) - 1).path
                found["by_size"][m, z, s] = _right(code.read(path[0]), 0)
    return found


def _shown(plain: Sequence[str]) -> int:
    """Which memory sings in the figure: the last of the rules, the mend where there is one."""
    return len(plain) - 1


def _flipped(patterns: Array, rng: np.random.Generator) -> Array:
    return np.where(rng.random(patterns.shape) < FLIPPED, -patterns, patterns)


class Code:
    """The patterns `song[moment, cells]`, and how notes are read from cells."""

    def __init__(self, rng: np.random.Generator, cells: int, *, moments: bool) -> None:
        self.pitches = random_patterns(rng, len(PITCHES), PITCH_CELLS)
        self.lengths = random_patterns(rng, len(LENGTHS), LENGTH_CELLS)
        of_moments = random_patterns(rng, len(SONG), cells - PITCH_CELLS - LENGTH_CELLS)
        parts = [self.pitches[[PITCHES.index(note.pitch) for note in SONG]]]
        parts.append(self.lengths[[LENGTHS.index(note.beats) for note in SONG]])
        self.song: Array = np.concatenate([*parts, of_moments] if moments else parts, axis=1)
        self.cells = self.song.shape[1]

    def read(self, states: Array) -> NDArray[np.int64]:
        """The nearest `(pitch, length)` of each state, as places in the lists of them, `[states, 2]`."""
        pitch = states[:, :PITCH_CELLS] @ self.pitches.T
        length = states[:, PITCH_CELLS : PITCH_CELLS + LENGTH_CELLS] @ self.lengths.T
        return np.stack([pitch.argmax(axis=1), length.argmax(axis=1)], axis=1)


WRITTEN = np.array([[PITCHES.index(note.pitch), LENGTHS.index(note.beats)] for note in SONG])


def findings(data: Data) -> list[Finding]:
    result = []
    names = data["memories"]
    asked = f"asked: at least {100 * ENOUGH:.0f} %"
    for m, name in enumerate(names):
        right = data["right"][m]
        later = percent_spread(right[:, 1:].mean(axis=1))
        shown = f"{percent_spread(right[:, 0])} from the beginning, {later} from the middle"
        if name == ALONE:
            claim = "notes in their places, without the cells of moments"
            lost = "lost: a note does not tell what follows it"
            found = verdict(right.mean() < 0.5)
            result.append(Finding(claim, shown, f"{lost}; asked: less than 50 %", "theory", found))
            continue
        both = right[:, 0].mean() >= ENOUGH and right[:, 1:].mean() >= ENOUGH
        claim = f"notes in their places, in order ({name})"
        result.append(Finding(claim, shown, f"recalled in order; {asked}", "M", verdict(both)))
        slow, pace = data["slow"][m], data["pace"][m]
        claim = f"slowly, {SLOW} steps a moment: notes in their places, and steps at each ({name})"
        measured = f"{percent_spread(slow)}, {spread(pace, 2)} steps"
        found = verdict(slow.mean() >= ENOUGH and abs(pace.mean() - SLOW) < 0.1)
        result.append(
            Finding(claim, measured, f"in order; {SLOW} steps; {asked}, within a tenth of a step", "M", found)
        )
    plain, steep = data["by_size"][0].mean(axis=1), data["by_size"][-1].mean(axis=1)
    least = [_least(data["sizes"], known) for known in (plain, steep)]
    measured = f"{names[0]} {least[0]}, exponential {least[1]} of {data['sizes'][0]} to {data['sizes'][-1]} tried"
    claim = "cells that know the song from its beginning, of which the exponential memory needs fewer"
    fewer = verdict(steep.mean() > plain.mean())
    result.append(Finding(claim, measured, "steep memories hold longer sequences (Chaudhry et al. 2023)", "M", fewer))
    return result


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import BLUE, COLOURS, ORANGE, RED, new_figure

    fig, axes = new_figure(2, 2, width=12, height=6.4)
    onset = np.concatenate([[0], np.cumsum([note.beats for note in SONG])])
    sings = data["rules"][_shown(data["rules"])]
    titles = (f"From the beginning ({sings})", f"From its middle ({sings})", f"{data['rules'][0]}, notes alone: lost")
    starts = (0, STARTS[MIDDLE], 0)
    for ax, title, sung, start, colour in zip(
        axes.ravel()[:3], titles, data["sung"], starts, (BLUE, ORANGE, RED), strict=True
    ):
        for k, note in enumerate(SONG):
            ax.plot(onset[k : k + 2] - [0, 0.15], [note.pitch] * 2, color="#CCCCCC", linewidth=7, solid_capstyle="butt")
        for k, (pitch, length) in enumerate(sung[: len(SONG) - start]):
            at = onset[start + k]
            end = at + LENGTHS[length] - 0.15
            ax.plot([at, end], [PITCHES[pitch]] * 2, color=colour, linewidth=2.5, solid_capstyle="butt")
        ax.set_yticks(PITCHES, ["A3", "D4", "E4", "F♯4", "G4", "A4"])
        ax.set(xlabel="beats", ylabel="pitch", xlim=(-0.5, onset[-1] + 0.5))
        ax.set_title(f"{title}; grey: the song", fontsize=10)
    ax = axes[1, 1]
    for m, name in enumerate(data["memories"][:-1]):
        y = data["by_size"][m]
        look = {"color": COLOURS[m % len(COLOURS)], "marker": "o", "markersize": 3}
        ax.errorbar(data["sizes"], y.mean(axis=1), y.std(axis=1), label=name, **look)
    ax.set(xlabel="cells", ylabel="share of notes in their places", ylim=(-0.03, 1.05))
    ax.set_title("How large a net knows the song", fontsize=10)
    ax.legend(fontsize=8, frameon=False)
    return fig


def _taught(rule: Rule | None, name: str, song: Array) -> SequenceMemory:
    cells = song.shape[1]
    if rule is None:
        memory = SequenceMemory(cells, 2 if name == "order 2" else "exponential")
    else:
        memory = SequenceMemory(cells, rule=with_rate(rule, 1 / cells))
    put_in(memory, song)
    return memory


def _right(sung: NDArray[np.int64], start: int) -> float:
    """The share of the notes from `start` on that come in their place; one that does not come is wrong."""
    wanted = WRITTEN[start:]
    same = np.all(sung[: len(wanted)] == wanted[: len(sung)], axis=1)
    return float(same.sum() / len(wanted))


def _pace(path: Array, song: Array) -> Any:
    """Steps spent at each moment that is passed, but the last."""
    moments = np.argmax(path @ song.T, axis=1)
    passed = moments[moments < len(song) - 1]
    return len(passed) / max(1, len(np.unique(passed)))


def _least(sizes: NDArray[np.int64], known: NDArray[np.float64]) -> str:
    enough = known >= ENOUGH
    return str(sizes[int(np.argmax(enough))]) if enough.any() else f"more than {sizes[-1]}"
