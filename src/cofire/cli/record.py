"""What a run leaves behind: `findings.json`, `data.npz` and `figure.png`, to be read without cofire."""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from cofire import __version__, experiments
from cofire.experiments import Result
from cofire.rule import Rule
from cofire.units import Quantity

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

FILES = ("findings.json", "data.npz", "figure.png")
DOTS_PER_INCH = 150


def versions() -> dict[str, str]:
    """The releases of all that took part in the numbers."""
    found = {"cofire": __version__, "python": platform.python_version()}
    for package in ("numpy", "scipy", "scikit-learn", "scikit-image", "matplotlib"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def described(result: Result) -> dict[str, Any]:
    """Everything about a run but its data, as JSON has it."""
    experiment = experiments.get(result.name)
    return {
        "experiment": result.name,
        "claims": list(experiment.claims),
        "claim": experiment.claim,
        "source": experiment.source,
        "rules": [_rule(rule) for rule in result.rules],
        "settings": result.settings,
        "seed": result.seed,
        "seconds": round(result.seconds, 3),
        "findings": [dataclasses.asdict(finding) for finding in result.findings],
        "versions": versions(),
    }


def to_json(result: Result, *, plain: bool = False) -> str:
    """`described(result)` as text; `plain`: in ASCII alone."""
    return json.dumps(described(result), indent=2, ensure_ascii=plain)


def save(result: Result, png: bytes, folder: Path) -> None:
    """Writes the three files into `folder`, which must exist; not at once, so to be used inside `atomic.folder`."""
    (folder / "findings.json").write_text(to_json(result) + "\n", encoding="utf-8")
    _write_npz(folder / "data.npz", arrays(result.data))
    (folder / "figure.png").write_bytes(png)


def png(figure: Figure) -> bytes:
    """The figure as the bytes of a PNG, the same for the same data."""
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return stream.getvalue()


def arrays(data: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """`data` as arrays of numbers and texts, which need no pickle; what is inside something is called `outer/inner`."""
    return dict(_arrays(data, ""))


def _write_npz(path: Path, named: Mapping[str, np.ndarray]) -> None:
    """As `numpy.savez_compressed`, for names of any kind and with the same bytes each time."""
    from numpy.lib.format import write_array

    with ZipFile(path, "w") as archive:
        for name, array in named.items():
            entry = ZipInfo(f"{name}.npy")
            entry.compress_type = ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as stream:
                write_array(stream, array, allow_pickle=False)


def _arrays(value: Any, name: str) -> Iterator[tuple[str, np.ndarray]]:
    import numpy as np

    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _arrays(part, f"{name}/{key}" if name else str(key))
        return
    if isinstance(value, list | tuple):
        try:
            together = np.asarray(value)
        except ValueError:  # rows of different length
            together = np.asarray(None)
        if together.dtype.kind in "biufcU" and not _is_mixed(value, together):
            yield name, together
            return
        for at, part in enumerate(value):
            yield from _arrays(part, f"{name}/{at}")
        return
    array = np.asarray(value)
    yield name, array if array.dtype.kind in "biufcU" else np.asarray(str(value))


def _is_mixed(values: list[Any] | tuple[Any, ...], together: np.ndarray) -> bool:
    """Whether numbers have become texts by standing beside some."""
    if together.dtype.kind != "U":
        return False
    inner = list(values)
    while inner and isinstance(inner[0], list | tuple):
        inner = [part for row in inner for part in row]
    return not all(isinstance(part, str) for part in inner)


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
