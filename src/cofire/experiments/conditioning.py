"""A bell that goes with food comes to act alone: classical conditioning, phenomenon by phenomenon, rule by rule.

Protocol. A simulated animal is one cell with an input for each stimulus: A, B, C, D, X and the contexts Y and Z. A
trial shows some stimuli, with food or without, and is one `rule.step` on w[1, stimuli]. The response to stimuli is
V = w·x. What is shown when, and what animals then do, stands in `_phenomena.py`, a row each.

The cell. A rule with a target (delta) gets post = V, the summed prediction, and post.target = λ = 1 with food, else 0.
With x² for the salience α and η for the rate β, that is ΔV_i = α_i β (λ - ΣV): Rescorla and Wagner to the letter. Any
other rule gets post = max(0, V + λ): food fires the cell by itself, which is what makes it an unconditioned stimulus,
the bell adds what it has learnt, and rates are not negative. `cell="clamped"` lets food alone set the rate. That is
kinder, since it spares Hebb's rule its own runaway, but then a bell that has come to fire the cell has no part in what
is learnt next, and second-order conditioning is lost.

Rules. Left out by default, though they run: oja_subspace and sanger, which with one cell are oja; anti_hebb, which
learns the opposite; and outstar, which moves each weight to the whole response, the cell's own V included: it ignores
what other cues predict, and a bell shown alone never unlearns.

Flags. Designs, criteria and what Rescorla and Wagner's model makes of them follow an associative-learning course (S1).
Of renewal, spontaneous recovery, savings and second-order conditioning only the kind of design is known there: the
numbers of trials are ours (M). Ours too: the numbers in `adapted`, pairs of counterbalanced animals, repeating the
contingency design until V has settled, and that an effect must reach two standard errors over the pairs.

Numbers from animals are suppression ratios, where .5 is no fear, and cannot be set beside V: Kamin's blocked group had
.45, his control .05 (S1, labelled schematic, and M+). Maes et al. (J. Exp. Psychol. Gen. 145:e49, 2016) report 15
failures to replicate blocking (S1, by its title). Sources: R. A. Rescorla, A. R. Wagner, in: Classical Conditioning II,
64-99, 1972; L. J. Kamin, in: Punishment and Aversive Behavior, 279-296, 1969; M. J. C. Crump et al., Q. J. Exp.
Psychol. 60:753-761, 2007 (contingency).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill, shorten
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from cofire import rules as catalogue
from cofire.errors import DivergenceError
from cofire.experiments._experiment import Data, Finding, Progress
from cofire.experiments._phenomena import PHENOMENA, STIMULI, Course, Phenomenon, schedule
from cofire.experiments._rates import OUT_OF_RANGE, is_taught, label, not_for_rates
from cofire.experiments._statistics import standard_error, verdict
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLAIM = "A bell that goes with food comes to act alone."
CLAIMS = (12,)
SOURCE = (
    "R. A. Rescorla, A. R. Wagner, A theory of Pavlovian conditioning, in: Classical Conditioning II, 64-99, 1972; "
    "L. J. Kamin, in: Punishment and Aversive Behavior, 279-296, 1969; M. J. C. Crump et al., Q. J. Exp. Psychol. "
    "60:753-761, 2007; R. Maes et al., J. Exp. Psychol. Gen. 145:e49, 2016"
)
RULES = ("delta", "hebb", "hebb_with_decay", "covariance", "oja", "bcm", "instar")

RUNAWAY = 1e100  # weights beyond this are as good as infinite


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    rate: Annotated[
        float,
        Meta(gt=0, le=0.5, description="eta of the catalogue's rules, per trial; .1 to .3 in the literature (S1)"),
    ] = 0.1
    pairs: Annotated[
        int, Meta(ge=1, le=1000, description="pairs of animals, each with a random order of trials; ours")
    ] = 2
    sessions: Annotated[
        int, Meta(ge=2, le=100, description="repeats of the contingency design until V has settled; ours")
    ] = 3
    cell: Annotated[
        Literal["sum", "clamped"], Meta(description="what food does to the cell: adds to V, or replaces it; ours")
    ] = "sum"


FULL = Settings(pairs=20, sessions=10)


def unsuitable(rule: Rule) -> str | None:
    """Why `rule` cannot learn trial by trial in one cell, or None."""
    return not_for_rates(rule, given=("post.target", "post.drive"))


def adapted(name: str, settings: Settings) -> Rule:
    """The catalogue rule of that name, on the scale of trials.

    The catalogue's numbers are for long streams of inputs. Here forgetting must outrun the growth of two cues together,
    1/τ > 2η; BCM settles at V + λ = y₀, hence y₀ = 2, and steps with post², hence its smaller η and fast threshold.
    """
    recipe, rate = catalogue.get(name), settings.rate
    special: dict[str, dict[str, float]] = {
        "hebb_with_decay": {"eta": rate, "tau_w": 0.4 / rate},
        "covariance": {"eta": rate, "tau": 10.0},
        "bcm": {"eta": rate / 5.0, "tau_theta": 10.0, "y_0": 2.0},
    }
    return recipe(**special.get(name, {"eta": rate} if "eta" in recipe.parameters else {}))


def course(
    rule: Rule,
    design: str,
    rng: np.random.Generator,
    *,
    mirrored: bool = False,
    cell: str = "sum",
    salience: Mapping[str, float] = MappingProxyType({}),
) -> Course:
    """Takes one animal through a design. Raises: `DivergenceError`."""
    x = np.sqrt([salience.get(stimulus, 1.0) for stimulus in STIMULI])
    trials, ends = schedule(design, rng, mirrored)
    inputs = {trial: x[None] * [[stimulus in trial for stimulus in STIMULI]] for trial in set(trials)}
    teaches = is_taught(rule)
    w, state = np.zeros((1, len(STIMULI))), None
    weights = [w[0]]
    for trial in trials:
        pre, food = inputs[trial], np.full((1, 1), float(trial.endswith("+")))
        v = pre @ w.T
        if teaches:
            w, state = rule.step(w, pre=pre, post=v, post_target=food, state=state)
        else:
            w, state = rule.step(w, pre=pre, post=np.maximum(food + v, 0.0) if cell == "sum" else food, state=state)
        if np.abs(w).max() > RUNAWAY:
            raise DivergenceError(f"the weights passed {RUNAWAY:g} at trial {len(weights)}")
        weights.append(w[0])
    return Course(trials, ends, np.array(weights), x)


def _courses(phenomenon: Phenomenon, rule: Rule, settings: Settings, seed: int) -> list[list[Course]] | None:
    """For each animal its course through each design, or None if the weights left the range of numbers."""
    repeats = settings.sessions if phenomenon.settles else 1
    designs = [" / ".join([design] * repeats) for design in phenomenon.designs]
    animals = 2 * settings.pairs if any("," in design for design in designs) else 1  # without a random order, all alike
    options: dict[str, Any] = {"cell": settings.cell, "salience": phenomenon.salience}
    try:
        return [
            [
                course(rule, design, np.random.default_rng([seed, i // 2, group]), mirrored=i % 2 == 1, **options)
                for group, design in enumerate(designs)
            ]
            for i in range(animals)
        ]
    except OUT_OF_RANGE:
        return None


def run(settings: Settings, rules: Sequence[Rule], seed: int, progress: Progress) -> Data:
    """Every phenomenon with every rule; arrays are `[phenomenon, rule]`, curves `[rule, trial]`."""
    names = [label(rule) for rule in rules]
    shape = (len(PHENOMENA), len(rules))
    number, spread, shown, known = (np.full(shape, fill) for fill in (np.nan, np.nan, False, -1))
    details = [["the weights ran away, or the rule had no finite value"] * len(rules) for _ in PHENOMENA]
    curves = {name: np.full((len(rules), trials), np.nan) for name, trials in _CURVES.items()}
    for r, rule in enumerate(rules):
        for p, phenomenon in enumerate(PHENOMENA):
            progress((r * len(PHENOMENA) + p) / number.size, f"{names[r]}: {phenomenon.name}")
            known[p, r] = phenomenon.known.get(rule.name or "", -1)
            animals = _courses(phenomenon, rule, settings, seed)
            if animals is None:
                continue
            measured = [phenomenon.measure(*groups) for groups in animals]
            means = {name: float(np.mean([one[name] for one in measured])) for name in measured[0]}
            telling, *others = means
            each = np.array([one[telling] for one in measured])
            number[p, r], spread[p, r] = each.mean(), each.std()
            shown[p, r] = phenomenon.holds(means) and abs(each.mean()) >= 2 * _error_over_pairs(each)
            random = f" ± {short(spread[p, r])}" if len(each) > 1 else ""
            more = f" ({', '.join(f'{name} {short(means[name])}' for name in others)})" if others else ""
            details[p][r] = f"{telling} {short(number[p, r])}{random}{more}"
            for name, curve in _curves(phenomenon, [groups[0] for groups in animals]):
                curves[name][r] = curve
    return {
        "rules": names,
        "number": number,
        "spread": spread,
        "shown": shown,
        "known": known,
        "details": details,
    } | curves


def _error_over_pairs(each: np.ndarray) -> float:
    """The standard error of the mean over pairs of animals, 0 with fewer than two pairs."""
    pairs = each.reshape(-1, 2).mean(axis=1) if len(each) > 2 else each[:1]
    return standard_error(pairs) if len(pairs) > 1 else 0.0


_CURVES = {"learning A": 71, "blocking A": 41, "blocking B": 21, "blocking D": 21}


def _curves(phenomenon: Phenomenon, animals: list[Course]) -> Iterator[tuple[str, np.ndarray]]:
    """The curves of V that the figure shows; those of blocking are means, by trials of a kind."""
    if phenomenon.name == "savings":
        yield "learning A", animals[0].curve("A")
    if phenomenon.name == "blocking":
        for stimulus, kinds in (("A", ("A+", "AB+")), ("B", ("AB+",)), ("D", ("CD+",))):
            each = [np.concatenate([*(c.on(kind, stimulus) for kind in kinds), [c.v(stimulus)]]) for c in animals]
            yield f"blocking {stimulus}", np.mean(each, axis=0)


def short(value: float) -> str:
    """A number for a table: two decimals, or its order of magnitude where it ran away."""
    if not np.isfinite(value):
        return "ran away"
    if abs(value) >= 10_000:
        return f"{'-' if value < 0 else ''}10^{int(np.log10(abs(value)))}"
    text = f"{value:.{2 if abs(value) < 10 else 1 if abs(value) < 100 else 0}f}"
    return text.lstrip("-") if float(text) == 0 else text


def findings(data: Data) -> list[Finding]:
    """Where a rule's whole fate is published: whether it has it, then each phenomenon. For other rules: how many."""
    found = []
    total = len(PHENOMENA)
    recalled = f"the designs of {sum(p.flag == 'M' for p in PHENOMENA)} recalled, M"
    for r, rule in enumerate(data["rules"]):
        shown, known = data["shown"][:, r], data["known"][:, r]
        if (known >= 0).all():
            same, fails = int((shown == known).sum()), int((known == 0).sum())
            claim = f"{rule}: shows and fails what it does in the literature"
            measured = f"{same} of {total} phenomena alike"
            published = f"shows {total - fails}, fails {fails}; {recalled}"
            found.append(Finding(claim, measured, published, "S1", verdict(same == total)))
        if (known >= 0).all() or len(data["rules"]) == 1:
            found += [
                _finding(phenomenon, rule, data["details"][p][r], bool(shown[p]))
                for p, phenomenon in enumerate(PHENOMENA)
            ]
        else:
            which = "; ".join(p.name for p, yes in zip(PHENOMENA, shown, strict=True) if yes) or "none"
            claim, measured = f"{rule}: does all that animals do", f"{int(shown.sum())} of {total}: {which}"
            published = f"animals: all {total}; {recalled}"
            found.append(Finding(claim, measured, published, "S1", verdict(bool(shown.all()))))
    return found


def _finding(phenomenon: Phenomenon, rule: str, measured: str, shown: bool) -> Finding:
    """The verdict says whether this rule does what animals do, not whether anybody expected it to."""
    published = f"animals: {phenomenon.criterion}"
    if rule in phenomenon.known:
        published += f"; {rule} {'too' if phenomenon.known[rule] else 'does not'}"
    if phenomenon.note:
        published += f" ({phenomenon.note})"
    return Finding(f"{phenomenon.name}: {rule}", measured, published, phenomenon.flag, verdict(shown))


def figure(data: Data) -> Figure:
    """Left: blocking with the first two rules, and learning, unlearning and relearning; right: phenomena × rules."""
    from cofire.experiments._figure import COLOURS, GREY, new_figure

    rules = data["rules"]
    picture, axes = new_figure(3, 2, width=14, height=10.5, gridspec_kw={"width_ratios": (1, 2.3)})
    for ax in axes[:, 1]:
        ax.remove()
    _table(picture.add_subplot(axes[0, 0].get_gridspec()[:, 1]), data)
    for r, ax in enumerate(axes[:2, 0]):
        if r < len(rules):
            _blocking(ax, data, r)
        else:
            ax.remove()
    ax = axes[2, 0]
    for r, rule in enumerate(rules):
        colour = COLOURS[r % len(COLOURS)]
        ax.plot(data["learning A"][r], color=colour, lw=1.6, label=shorten(rule, 24), zorder=9 - r)
    for begin, end, kind in ((0, 20, "A+"), (20, 50, "A−"), (50, 70, "A+")):
        ax.axvline(begin, color=GREY, lw=0.6, ls=":")
        ax.text((begin + end) / 2, 2.05, kind, ha="center", va="bottom", fontsize=9, color=GREY)
    ax.set(xlim=(0, 70), ylim=(-0.1, 2.0), xlabel="trial", ylabel="$V_A$")
    ax.set_title("Learnt, unlearnt, learnt again", fontsize=10.5, loc="left", pad=18)
    ax.legend(fontsize=8, ncols=3, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.22), handlelength=1.4)
    return picture


def _blocking(ax: Any, data: Data, r: int) -> None:
    from cofire.experiments._figure import BLUE, GREY, RED

    blocked = data["shown"][[p.name for p in PHENOMENA].index("blocking"), r]
    title = f"Blocking, {shorten(data['rules'][r], 24)}: B is {'' if blocked else 'not '}blocked by A"
    ax.set_title(title, fontsize=10.5, loc="left", pad=18)
    top = 1.1 * max(1.0, np.nan_to_num(data["blocking D"][r]).max())
    for stimulus, begin, colour, style in (("A", 0, GREY, "-"), ("B", 20, RED, "-"), ("D", 20, BLUE, "--")):
        curve = data[f"blocking {stimulus}"][r]
        ax.plot(np.arange(begin, 41), curve, style, color=colour, lw=2)
        name = f"$V_{stimulus}$"
        if curve[-1] > top:  # the line leaves the frame: say where to
            side, ha = (-2, "right") if stimulus == "A" else (1, "left")
            note = f"{name} to {_typeset(short(curve[-1]))}"
            ax.text(
                begin + np.argmax(curve > top) + side, 0.95 * top, note, color=colour, va="center", ha=ha, fontsize=8.5
            )
        elif np.isfinite(curve[-1]):
            ax.text(40.5, curve[-1], name, color=colour, va="center")
    for begin, end, kind in ((0, 20, "A+"), (20, 40, "AB+ and CD+")):
        ax.axvline(begin, color=GREY, lw=0.6, ls=":")
        ax.text((begin + end) / 2, 1.02 * top, kind, ha="center", va="bottom", fontsize=9, color=GREY)
    ax.set(xlim=(0, 40), ylim=(-0.05 * top, top), xlabel="trial of its kind", ylabel="V")


def _table(ax: Any, data: Data) -> None:
    """A row for each phenomenon, a column for what is published of delta, if it ran, and one for each rule."""
    from cofire.experiments._figure import GREY

    rules = data["rules"]
    for r in range(len(rules)):
        for p in range(len(PHENOMENA)):
            yes, number, spread = (data[key][p, r] for key in ("shown", "number", "spread"))
            ax.barh(p, 0.96, 0.92, left=r - 0.48, color="#BFE3D6" if yes else "#F6E0D2")
            _mark(ax, r - 0.34, p, yes, "#00664B" if yes else "#B04A00")
            rise = 0.16 if spread >= 0.005 else 0.0
            ax.text(r + 0.14, p - rise, _typeset(short(number)), ha="center", va="center", fontsize=9.5)
            if rise:
                text = f"± {_typeset(short(spread))}"
                ax.text(r + 0.14, p + 0.25, text, ha="center", va="center", fontsize=8, color=GREY)
    if "delta" in rules:
        for p, yes in enumerate(data["known"][:, rules.index("delta")]):
            _mark(ax, -1, p, yes, GREY)
    left = -1.5 if "delta" in rules else -0.5
    for p, phenomenon in enumerate(PHENOMENA):
        ax.text(left - 0.1, p - 0.27, phenomenon.name, ha="right", va="center", fontsize=10.5)
        small = f"{' vs '.join(phenomenon.designs).replace('-', '−')}\n{_typeset(phenomenon.criterion)}"
        ax.text(left - 0.1, p + 0.16, small, ha="right", va="center", fontsize=8.5, color=GREY)
    labels = [fill(shorten(rule.replace("_", " "), 30), 11) for rule in rules]
    ax.set_xticks([-1, *range(len(rules))], ["published\nfor delta", *labels], fontsize=9.5)
    ax.xaxis.tick_top()
    ax.set(xlim=(left, max(len(rules), 6) - 0.5), ylim=(len(PHENOMENA) - 0.5, -0.5), yticks=[])
    ax.set_title("Does the rule do what animals do?", fontsize=12, pad=12)
    note = "Number: the difference in V that tells (food: 1), mean ± s.d. over animals where orders are random.\n"
    ax.set_xlabel(note + "What returns must have been extinguished first.", fontsize=8, color=GREY, labelpad=6)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _mark(ax: Any, x: float, y: float, yes: bool, colour: str) -> None:
    ax.text(x, y, "✓" if yes else "✗", ha="center", va="center", fontsize=13, color=colour)


def _typeset(text: str) -> str:
    """Powers of ten, subscripts and the minus sign of a number as they are printed."""
    text = re.sub(r"10\^(\d+)", r"$10^{\1}$", re.sub(r"-(?=\d)", "−", text))
    return re.sub(r"\bV_(\w+)", r"$V_{\1}$", text)
