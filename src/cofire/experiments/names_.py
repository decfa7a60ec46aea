"""Associative memory of pairs: the face calls up the name, and the name the face.

Protocol. Two layers of cells, and every cell of one connected with every cell of the other, both ways by the same
synapses (`cofire.memory.BidirectionalMemory`, Kosko 1988). One layer has the 625 pixels of a real face, each ±1 against
its median over the faces; the other has 8 places for letters of 25 cells each, in which every letter of the alphabet,
and the blank, is a random pattern of ±1. To store a person, pre is the face, post the name, and the rule makes one step
(with η = 1/√(625 · 200), whatever its rate was). To recall, one layer is given and the layers take turns until nothing
changes. A name is read letter by letter, as the letter whose pattern is nearest, and counts if all letters are right; a
face counts at an overlap above .98 with the right one. Cues, at each number of people stored:
    face            the whole face                          name            the whole name
    half a face     the lower half is not known (0)         half a name     the last four letters are not known (0)

Control: the same faces stored with names in another order must call up those names instead, so that what comes back is
what was paired and not some likeness.

Held against
    both directions      each of a pair calls up the other (Kosko 1988): recalled, without a number (M)
    capacity             .2 n pairs, n the smaller layer, here 200: 40 random pairs (Tanaka et al. 2000; M). These are
                         no random patterns: faces overlap, and names share letters and blanks, so fewer must be held
What mends it: face and name as one pattern of 825 cells, in a net with the pseudo-inverse or a dense exponential memory
(all cells at once; the cells of what is asked for are not known, 0); only the order is tested.

Ours: names, their code, thresholds. Images: `cofire.data.faces()`. After ± the standard deviation over seeds, which
draw the code of the letters and who bears which name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np
from msgspec import Meta

from cofire import data as datasets
from cofire.errors import CofireError
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._patterns import Array, not_for_patterns, put_in, random_patterns, signs, with_rate
from cofire.experiments._rates import is_taught, label
from cofire.experiments._statistics import percent_spread, verdict
from cofire.memory import BidirectionalMemory, DenseMemory, Hopfield, Memory, overlap
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLAIM = "A face calls up the name, and the name calls up the face."
CLAIMS = (10,)
SOURCE = (
    "B. Kosko, Bidirectional associative memories, IEEE Trans. Syst. Man Cybern. 18:49-60, 1988, doi:10.1109/21.87054; "
    "T. Tanaka, S. Kakiya, Y. Kabashima, Capacity analysis of bidirectional associative memory, ICONIP 2000, 2:779-784"
)
RULES = ("hebb",)

SIXTY = (
    "ALBERT AMELIE ANTON BEATRICE BERTHA BRUNO CARLA CECILIA CONRAD DANIEL DOROTHY EDWARD ELENA EMIL "
    "FATIMA FELIX FRIDA GEORGE GRETA HAROLD HELEN HENRY IGOR INGRID IRENE ISAAC JAKOB JOHANNA JULIA KARIM "
    "KLARA LEOPOLD LOUISE LUCIA MARCEL MARTHA MIRIAM NADIA NICOLAS NORA OLIVIA OSCAR PAULINE PETER "
    "QUENTIN RACHEL ROBERT ROSA SAMUEL SOFIA THEODOR TOBIAS URSULA VERA VICTOR WALTER XENIA YUSUF ZELDA "
    "ZENO "
)
NAMES = SIXTY.split()
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ "
SIDE, LETTERS, CELLS_OF_LETTER = 25, 8, 25
CELLS, PARTNERS = SIDE * SIDE, LETTERS * CELLS_OF_LETTER
STORED = (2, 3, 4, 6, 8, 10, 15, 20, 30, 40, 60)
FEW = 2
CUES = ("face", "half a face", "name", "half a name")
RECALLED, ENOUGH = 0.98, 0.9
SHOWN = 3  # people in the figure, and known then
JOINT: dict[str, Callable[[], Memory]] = {
    "pseudo-inverse": lambda: Hopfield(CELLS + PARTNERS, "pseudo-inverse"),
    "dense, exponential": lambda: DenseMemory(CELLS + PARTNERS, "exponential"),
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    people: Annotated[int, Meta(ge=10, le=60, description="people known at most")] = 60
    seeds: Annotated[int, Meta(ge=2, le=100, description="codes of letters, and who bears which name")] = 4
    passes: Annotated[int, Meta(ge=1, le=100, description="practice at most, of a rule that is told the name")] = 10


FULL = Settings(seeds=30, passes=30)


def unsuitable(rule: Rule) -> str | None:
    reason = not_for_patterns(rule)
    if reason:
        return reason
    patterns = random_patterns(np.random.default_rng(0), 4, 24)
    try:
        put_in(BidirectionalMemory(16, 8, with_rate(rule, 0.1), passes=1), patterns[:, :16], patterns[:, 16:])
    except CofireError as error:
        return f"it cannot join two layers: {error}"
    return None


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    images = datasets.faces()[:100].reshape(100, CELLS)
    everyone = signs(images > np.median(images, axis=0))
    counts = [count for count in STORED if count <= settings.people]
    shape = (len(rules), len(counts), settings.seeds)
    found: Data = {
        "rules": [label(rule) for rule in rules],
        "counts": np.array(counts),
        "named": np.zeros((*shape, len(CUES))),  # share whose name is right
        "seen": np.zeros((*shape, len(CUES))),  # share whose face is right
        "swapped": np.zeros((len(rules), settings.seeds)),
        "joint": list(JOINT),
        "joint_recalled": np.zeros((len(JOINT), 2, len(counts), settings.seeds)),  # names by face, faces by name
        "people": [],
        "read": [],
    }
    for s in range(settings.seeds):
        rng = np.random.default_rng((seed, s))
        code = random_patterns(rng, len(ALPHABET), CELLS_OF_LETTER)
        faces = everyone[rng.permutation(len(everyone))[: settings.people]]
        given = [NAMES[i] for i in rng.permutation(len(NAMES))[: settings.people]]
        names = spelled(given, code)
        for r, rule in enumerate(rules):
            progress((s + r / len(rules)) / settings.seeds, f"{found['rules'][r]}: code {s + 1} of {settings.seeds}")
            pairs = _empty(rule, settings)
            for c, count in enumerate(counts):
                new = slice(0 if is_taught(rule) or c == 0 else counts[c - 1], count)
                put_in(pairs, faces[new], names[new])
                answers = _tested(pairs, faces[:count], names[:count])
                for q, (back, called) in enumerate(answers):
                    read = [one == other for one, other in zip(spoken(called, code), given, strict=False)]
                    found["named"][r, c, s, q] = np.mean(read)
                    found["seen"][r, c, s, q] = np.mean(overlap(back, faces[:count]) > RECALLED)
                if s == 0 and r == 0 and count == SHOWN:
                    found["people"] = _pictures(images, everyone, faces, answers)
                    found["read"] = [given[:SHOWN], spoken(answers[1][1], code)[:SHOWN]]
            exchanged = _empty(rule, settings)
            put_in(exchanged, faces[:FEW], np.roll(names[:FEW], 1, axis=0))
            said = spoken(exchanged.recall(faces[:FEW]).partners, code)
            found["swapped"][r, s] = np.mean([a == b for a, b in zip(said, np.roll(given[:FEW], 1), strict=True)])
        for f, make in enumerate(JOINT.values()):
            progress((s + 0.9) / settings.seeds, f"{found['joint'][f]}: code {s + 1} of {settings.seeds}")
            memory, both = make(), np.concatenate([faces, names], axis=1)
            for c, count in enumerate(counts):
                put_in(memory, both[counts[c - 1] if c else 0 : count])
                cues = np.repeat(both[None, :count], 2, axis=0)
                cues[0, :, CELLS:], cues[1, :, :CELLS] = 0, 0
                called, back = memory.recall(cues.reshape(-1, CELLS + PARTNERS)).patterns.reshape(cues.shape)
                read = [one == other for one, other in zip(spoken(called[:, CELLS:], code), given, strict=False)]
                right = overlap(back[:, :CELLS], faces[:count]) > RECALLED
                found["joint_recalled"][f, :, c, s] = np.mean(read), np.mean(right)
    return found


def spelled(names: Sequence[str], code: Array) -> Array:
    """Each name as `[200]` cells of ±1, by the `code[letter, cells]`."""
    letters = [[ALPHABET.index(letter) for letter in name.ljust(LETTERS)] for name in names]
    return code[np.array(letters)].reshape(len(names), PARTNERS)


def spoken(cells: Array, code: Array) -> list[str]:
    """The names that cells say, by the nearest letter at each place."""
    letters = np.argmax(cells.reshape(len(cells), LETTERS, -1) @ code.T, axis=2)
    return ["".join(ALPHABET[letter] for letter in name).rstrip() for name in letters]


def findings(data: Data) -> list[Finding]:
    result = []
    few = list(data["counts"]).index(FEW)
    asked = f"asked: at least {100 * ENOUGH:.0f} %"
    for r, name in enumerate(data["rules"]):
        named, seen = data["named"][r, few], data["seen"][r, few]
        for claim, shares in (
            ("a face calls up its name", named[:, 0]),
            ("half a face calls up the name", named[:, 1]),
            ("a name calls up the face", seen[:, 2]),
            ("half a name calls up the face", seen[:, 3]),
        ):
            text = f"{claim}, {FEW} people ({name})"
            result.append(
                Finding(
                    text,
                    percent_spread(shares),
                    f"recalled (Kosko 1988); {asked}",
                    "M",
                    verdict(shares.mean() >= ENOUGH),
                )
            )
        swapped = data["swapped"][r]
        text = f"with names exchanged, a face calls up the name it was paired with ({name})"
        told = verdict(swapped.mean() >= ENOUGH)
        result.append(Finding(text, percent_spread(swapped), f"recalled; {asked}", "theory", told))
        held = [_held(data, data["named"][r, :, :, 0]), _held(data, data["seen"][r, :, :, 2])]
        measured = f"{held[0]} names by face, {held[1]} faces by name"
        limit = 0.1998 * PARTNERS
        text = f"people known: nine in ten recalled, of every number tried up to this ({name})"
        found = verdict(0 < min(held) < limit)
        result.append(Finding(text, measured, f"fewer than the {limit:.0f} random pairs of theory", "M", found))
    if data["rules"][0] == "hebb":
        joint, plain = data["joint_recalled"], [data["named"][0, :, :, 0].mean(), data["seen"][0, :, :, 2].mean()]
        counted = []
        for f, name in enumerate(data["joint"]):
            numbers = [_held(data, joint[f, way]) for way in (0, 1)]
            counted.append(f"{name} {numbers[0]} names by face, {numbers[1]} faces by name")
        mends = np.all(joint.mean(axis=(2, 3)) > plain)
        claim = "what mends it: people known, face and name as one pattern"
        result.append(Finding(claim, "; ".join(counted), "more than pairs by hebb", "M", verdict(mends)))
    return result


def figure(data: Data) -> Figure:
    from cofire.experiments._figure import COLOURS, new_figure

    fig, axes = new_figure(1, 3, width=13, height=4.4, width_ratios=(1.25, 1, 1))
    people, counts = data["people"], data["counts"]
    step = SIDE + 4
    sheet = np.full((len(people) * step - 4, SHOWN * step - 4), np.nan)
    for row, pictures in enumerate(people):
        for column, image in enumerate(pictures):
            sheet[row * step : row * step + SIDE, column * step : column * step + SIDE] = image
    axes[0].imshow(sheet, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes[0].set_xticks([column * step + SIDE / 2 for column in range(SHOWN)], data["read"][1], fontsize=8)
    rows = ("face", "half shown", "by half the name")
    axes[0].set_yticks([row * step + SIDE / 2 for row in range(len(people))], rows, fontsize=8)
    axes[0].tick_params(length=0)
    axes[0].spines[:].set_visible(False)
    axes[0].set_xlabel(f"the name that the half calls up; {SHOWN} people known", fontsize=9)
    axes[0].set_title(f"Faces and names ({data['rules'][0]})", fontsize=10)
    for ax, key, cues, title in (
        (axes[1], "named", (0, 1), "From the face to the name"),
        (axes[2], "seen", (2, 3), "From the name to the face"),
    ):
        for r, name in enumerate(data["rules"]):
            for cue, style in zip(cues, ("-", "--"), strict=True):
                y = data[key][r, :, :, cue]
                look = {"color": COLOURS[r % len(COLOURS)], "linestyle": style, "marker": "o", "markersize": 3}
                ax.errorbar(counts, y.mean(axis=1), y.std(axis=1), label=f"{name}, {CUES[cue]}", **look)
        for f, name in enumerate(data["joint"]):
            y = data["joint_recalled"][f, 0 if key == "named" else 1].mean(axis=1)
            ax.plot(counts, y, ":", marker="s", markersize=3, color=COLOURS[-1 - f], label=f"{name}, as one pattern")
        ax.set(xlabel="people known", ylim=(-0.03, 1.05))
        ax.set_title(title, fontsize=10)
        ax.legend(fontsize=7.5, frameon=False, loc="center right")
    axes[1].set_ylabel("share recalled")
    return fig


def _empty(rule: Rule, settings: Settings) -> BidirectionalMemory:
    eta = (CELLS * PARTNERS) ** -0.5
    rate = 1 / CELLS if is_taught(rule) else eta  # a taught rule corrects in one step with 1 over the cells it reads
    return BidirectionalMemory(CELLS, PARTNERS, with_rate(rule, rate), passes=settings.passes)


def _tested(memory: BidirectionalMemory, faces: Array, names: Array) -> list[tuple[Array, Array]]:
    """`(faces, names)` that come back from each kind of cue."""
    half_face, half_name = faces.copy(), names.copy()
    half_face[:, CELLS // 2 :] = 0
    half_name[:, PARTNERS // 2 :] = 0
    answers = [memory.recall(faces), memory.recall(half_face)]
    answers += [memory.recall(names, given="partners"), memory.recall(half_name, given="partners")]
    return [(answer.patterns, answer.partners) for answer in answers]


def _pictures(images: Array, everyone: Array, faces: Array, answers: Sequence[tuple[Array, Array]]) -> Array:
    """Of the first people: the photograph, the half shown, and what half the name brings back, from 0 to 1."""
    shown = []
    for face in faces[:SHOWN]:
        picture = images[int(np.argmax(everyone @ face))]
        shown.append((picture - picture.min()) / (np.ptp(picture) or 1))
    half = (faces[:SHOWN] + 1) / 2
    half[:, CELLS // 2 :] = 0.5
    return np.array([shown, half, (answers[3][0][:SHOWN] + 1) / 2]).reshape(3, SHOWN, SIDE, SIDE)


def _held(data: Data, recalled: Array) -> int:
    """The largest number up to which nine in ten are recalled, of `recalled[counts, seeds]`."""
    enough = recalled.mean(axis=1) >= ENOUGH
    first = int(np.argmin(enough)) if not enough.all() else len(enough)
    return int(data["counts"][first - 1]) if first else 0
