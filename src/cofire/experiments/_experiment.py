"""The shape of an experiment. A module is one if it defines these names:

    CLAIM        the claim under test, in one plain sentence
    CLAIMS       its numbers in the list of claims, such as (1,)
    SOURCE       the publication it is held against
    RULES        names of the catalogue rules it runs by default
    Settings     a frozen `msgspec.Struct` of keyword fields, each `Annotated[type, Meta(ge=..., description="...")]`
    FULL         the `Settings` of the paper's size; `Settings()` is the quick form

    unsuitable(rule) -> str | None                    why `rule` makes no sense here, or None
    run(settings, rules, seed, progress) -> Data      simulate; `progress(fraction, note)` as it goes
    findings(data) -> list[Finding]                   computed from the data alone
    figure(data) -> matplotlib Figure                 drawn from the data alone

and, where the catalogue's own numbers do not suit it,

    adapted(name, settings) -> Rule                   the catalogue rule of that name with numbers for this experiment

and, where the first line of the docstring does not say it to a beginner,

    PLAIN        a few sentences in plain words for `cofire report`

`Data` is a dict of names to arrays, numbers and texts, so that it can be kept and drawn again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from cofire import rules as catalogue
from cofire.errors import ExperimentError, did_you_mean, shown
from cofire.experiments._ranges import accepted
from cofire.rule import Rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Data = dict[str, Any]
Progress = Callable[[float, str], None]
Flag = Literal["S2", "S1", "C", "M+", "M", "theory"]
Verdict = Literal["reproduced", "not reproduced", "does not apply"]

_NUMBER = re.compile(r"(?<![\w.])[-−+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d))(?:[eE][-+]?\d+)?")

_NAMES = ("CLAIM", "CLAIMS", "SOURCE", "RULES", "Settings", "FULL", "unsuitable", "run", "findings", "figure")


@dataclass(frozen=True, slots=True)
class Finding:
    """One measured number beside a published one.

    `claim`: what is said, in a few words, with the rule where several are compared.
    `measured`, `published`: as shown to a reader, with unit and spread; `measured` leads with the number that counts.
    `flag`: how sure the published number is (S2 two sources, S1 one, C worked out by us, M recalled, or theory).
    `rule`: the rule it is about, as `claim` calls it, where a run has several; "" if that is all or none of them.
    `phenomenon`: its short name, the same for every rule: a row of `cofire matrix`; "" takes `claim` without the rule.
    """

    claim: str
    measured: str
    published: str
    flag: Flag
    verdict: Verdict
    rule: str = ""
    phenomenon: str = ""

    @property
    def number(self) -> float | None:
        """The first number in `measured`, in the unit it is shown in, or None if there is none."""
        found = _NUMBER.search(self.measured.replace("10^", "1e"))
        return float(found[0].replace("−", "-").replace(",", "")) if found else None


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """What one run of an experiment gave."""

    name: str
    settings: dict[str, Any]
    rules: tuple[Rule, ...]
    seed: int
    seconds: float
    data: Data
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        held = sum(finding.verdict == "reproduced" for finding in self.findings)
        names = ", ".join(rule.name or rule.text for rule in self.rules)
        return f"<Result of {self.name} with {names}: {held} of {len(self.findings)} findings reproduced>"

    @property
    def figure(self) -> Figure:
        """The figure, drawn anew from the data."""
        from cofire.experiments import get

        drawn: Figure = get(self.name).module.figure(self.data)
        return drawn


def _unseen(_fraction: float, _note: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True, repr=False)
class Experiment:
    """An experiment module, checked to have its shape."""

    module: ModuleType

    def __post_init__(self) -> None:
        missing = [name for name in _NAMES if not hasattr(self.module, name)]
        if missing:
            raise ExperimentError(f"the experiment {self.name} lacks {', '.join(missing)}")

    def __repr__(self) -> str:
        return f"<Experiment {self.name}: {self.claim}>"

    @property
    def name(self) -> str:
        return self.module.__name__.rpartition(".")[2].rstrip("_")

    @property
    def claim(self) -> str:
        return str(self.module.CLAIM)

    @property
    def claims(self) -> tuple[int, ...]:
        return tuple(self.module.CLAIMS)

    @property
    def source(self) -> str:
        return str(self.module.SOURCE)

    def settings(self, changes: Mapping[str, Any] | None = None, *, full: bool = False) -> Any:
        """The settings, with `changes` (values, or texts as a command line gives them) put in.

        Raises: `ExperimentError` naming the key, the value and the range.
        """
        start = msgspec.to_builtins(self.module.FULL if full else self.module.Settings())
        for key in changes or {}:
            if key not in start:
                known = ", ".join(start)
                raise ExperimentError(
                    f"{self.name} has no setting {key!r}{did_you_mean(key, start) or '; it has ' + known}"
                )
        try:
            return msgspec.convert(start | dict(changes or {}), self.module.Settings, strict=False)
        except msgspec.ValidationError as error:
            reason, _, where = str(error).partition(" - at `$.")
            key = where.rstrip("`").partition("[")[0]
            value = f" = {shown((changes or {})[key])}" if key in (changes or {}) else ""
            must = next((may for name, *_, may in self.describe_settings() if name == key), "")
            reason = f"it must be {must}" if must else reason.lower()
            raise ExperimentError(f"{self.name}: {key}{value} is refused: {reason}") from None
        except UnicodeEncodeError as error:
            raise ExperimentError(f"{self.name}: a setting = {shown(error.object)} is no text") from None

    def describe_settings(self) -> Iterable[tuple[str, Any, Any, str, str]]:
        """`(key, quick value, full value, meaning with source, what it may be)` of each setting."""
        quick, full = (msgspec.to_builtins(s) for s in (self.module.Settings(), self.module.FULL))
        for item in msgspec.inspect.type_info(self.module.Settings).fields:  # type: ignore[attr-defined]
            kind = item.type
            text = ""
            if isinstance(kind, msgspec.inspect.Metadata):
                text = (kind.extra_json_schema or {}).get("description", "")
            yield item.name, quick[item.name], full[item.name], text, accepted(kind)

    def rules(self, settings: Any, rules: Iterable[Rule | str] | None = None) -> tuple[Rule, ...]:
        """The rules that `run` would use. Raises: `ExperimentError` if one makes no sense here."""
        if isinstance(rules, str | Rule):
            raise ExperimentError(f"rules = {shown(rules)} is refused: give a list, rules=[...]")
        chosen = tuple(
            self.adapted(rule, settings) if isinstance(rule, str) else catalogue.as_rule(rule)
            for rule in (self.module.RULES if rules is None else rules)
        )
        for rule in chosen:
            reason = self.module.unsuitable(rule)
            if reason:
                raise ExperimentError(f"{self.name} cannot run with {rule.name or rule.text!r}: {reason}")
        return chosen

    def adapted(self, name: str, settings: Any) -> Rule:
        """The catalogue rule of that name, with the numbers that this experiment gives it."""
        adapted = getattr(self.module, "adapted", lambda name, _settings: catalogue.get(name)())
        rule: Rule = adapted(name, settings)
        return rule

    @property
    def plain(self) -> str:
        """What it is about, for a beginner: its `PLAIN`, or else the first sentence of its docstring."""
        first = " ".join((self.module.__doc__ or self.claim).strip().split("\n\n")[0].split())
        return " ".join(str(getattr(self.module, "PLAIN", first)).split())

    def run(
        self,
        settings: Any = None,
        *,
        rules: Iterable[Rule | str] | None = None,
        seed: int = 0,
        progress: Progress = _unseen,
    ) -> Result:
        """Runs it. `rules`: instead of the default ones; a name is the catalogue rule as this experiment runs it.

        Raises: `ExperimentError` if a rule makes no sense here.
        """
        settings = self.settings() if settings is None else settings
        if not isinstance(settings, self.module.Settings):
            raise ExperimentError(f"settings = {shown(settings)} is refused: make them by .settings({{'key': value}})")
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise ExperimentError(f"seed = {shown(seed)} is refused: it must be a whole number, at least 0")
        chosen = self.rules(settings, rules)
        begun = time.perf_counter()
        with np.errstate(all="ignore"):  # what is not finite is found and reported, not warned of
            data = self.module.run(settings, chosen, seed, progress)
        seconds = time.perf_counter() - begun
        found = tuple(self.module.findings(data))
        return Result(self.name, msgspec.to_builtins(settings), chosen, seed, seconds, data, found)
