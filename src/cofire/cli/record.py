"""A run as it is kept, sent between processes and shown: what describes it, its data as a file, its figure as a PNG."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec

from cofire import __version__, experiments
from cofire.errors import StoreError
from cofire.experiments import Finding, Result
from cofire.rule import Rule
from cofire.store import Store, arrays
from cofire.store.runs import DATA, FIGURE, FILES, FINDINGS
from cofire.units import Quantity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FILES", "Record", "described", "in_words", "key", "of", "png", "read", "save", "to_json", "versions"]

DOTS_PER_INCH = 150


@dataclass(frozen=True, slots=True)
class Record:
    """One run. `described`: what `findings.json` holds; `data`: an `.npz` file; `png`: None where none was drawn."""

    described: dict[str, Any]
    data: bytes | None
    png: bytes | None

    @property
    def name(self) -> str:
        """The experiment."""
        return str(self.described["experiment"])

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings. Raises: `StoreError` where they are not of that form."""
        try:
            return msgspec.convert(self.described["findings"], tuple[Finding, ...])
        except msgspec.ValidationError as error:
            raise StoreError(f"{FINDINGS} of a run of {self.name} is damaged: {error}") from None


class _DescribedRule(TypedDict):
    name: str | None
    equations: str
    parameters: dict[str, Any]
    normalize: str | None


class _Described(TypedDict):
    """What is read of `findings.json`."""

    experiment: str
    rules: list[_DescribedRule]
    settings: dict[str, Any]
    seed: int
    seconds: float
    findings: list[Finding]
    versions: dict[str, str]


def of(result: Result, *, draw: bool = True) -> Record:
    """The record of a result, with its figure if `draw`."""
    figure = result.figure if draw else None
    said = described(result) | {"figure": in_words(figure) if figure else None}
    return Record(said, arrays.packed(arrays.flattened(result.data)), png(figure) if figure else None)


def read(store: Store, identity: str) -> Record:
    """A kept run, without its data. Raises: `StoreError`."""
    described = store.described(identity)
    try:
        msgspec.convert(described, _Described)
    except msgspec.ValidationError as error:
        raise StoreError(f"the run {identity} is damaged: {FINDINGS}: {error}") from None
    return Record(described, None, store.figure(identity))


def keep(record: Record, store: Store) -> str:
    """Keeps a run and returns its id. Raises: `StoreError`."""
    assert record.data is not None
    return store.keep(record.described, record.data, record.png)


def described(result: Result) -> dict[str, Any]:
    """Everything about a run but its data, as JSON has it."""
    experiment = experiments.get(result.name)
    rules = [_rule(rule) for rule in result.rules]
    return {
        "experiment": result.name,
        "claims": list(experiment.claims),
        "claim": experiment.claim,
        "source": experiment.source,
        "rules": rules,
        "settings": result.settings,
        "seed": result.seed,
        "seconds": round(result.seconds, 3),
        "made": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "findings": [dataclasses.asdict(finding) for finding in result.findings],
        "versions": versions(),
        "key": key(result.name, result.settings, result.rules, result.seed),
    }


def key(name: str, settings: Mapping[str, Any], rules: tuple[Rule, ...], seed: int) -> str:
    """The same for runs that must give the same numbers, with the same code of cofire."""
    of_rules = [{part: value for part, value in _rule(rule).items() if part != "source"} for rule in rules]
    text = json.dumps([name, settings, of_rules, seed, versions()["code"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@cache
def versions() -> dict[str, str]:
    """The releases of all that took part in the numbers; `code`: a digest of cofire's own source."""
    found = {"cofire": __version__, "code": _code(), "python": platform.python_version()}
    for package in ("numpy", "scipy", "scikit-learn", "scikit-image", "matplotlib"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def to_json(described: Mapping[str, Any], *, plain: bool = False) -> str:
    """What describes a run, as text; `plain`: in ASCII alone."""
    return json.dumps(described, indent=2, ensure_ascii=plain)


def save(record: Record, folder: Path) -> None:
    """Writes the three files into `folder`, which must exist; not at once, so to be used inside `atomic.folder`."""
    assert record.data is not None
    assert record.png is not None
    (folder / FINDINGS).write_text(to_json(record.described) + "\n", encoding="utf-8")
    (folder / DATA).write_bytes(record.data)
    (folder / FIGURE).write_bytes(record.png)


def png(figure: Figure) -> bytes:
    """The figure as the bytes of a PNG, the same for the same data."""
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return stream.getvalue()


def in_words(figure: Figure) -> str:
    """What a figure shows, from the titles and labels of its axes."""
    panels = []
    for axes in figure.axes:
        title = " ".join(axes.get_title(where) for where in ("left", "center", "right")).strip()
        y, x = axes.get_ylabel(), axes.get_xlabel()
        drawn = f"{y} against {x}" if x and y else y or x
        panels.append(": ".join(part for part in (title, drawn) if part))
    said = [f"{panel.rstrip('.')}." for panel in dict.fromkeys(panels) if panel]
    text = " ".join(said).replace("$", "").replace("\n", " ")
    return f"Figure with {len(said)} panels. {text}" if len(said) > 1 else f"Figure. {text}".strip()


def _code() -> str:
    digest = hashlib.sha256()
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _rule(rule: Rule) -> dict[str, Any]:
    def shown(value: Any) -> Any:
        return repr(value) if isinstance(value, Quantity) else value

    return {
        "name": rule.name,
        "equations": rule.text,
        "parameters": {name: shown(value) for name, value in rule.parameters.items()},
        "bounds": None if rule.bounds is None else [None if abs(end) == float("inf") else end for end in rule.bounds],
        "normalize": rule.normalize,
        "signals": list(rule.signals),
        "source": rule.cite(),
    }
