"""The store: one folder per run, renamed into place when it is whole, and a catalogue that finds it."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from zipfile import is_zipfile

import numpy as np

from cofire import files
from cofire.errors import StoreError, shown
from cofire.store.catalogue import Catalogue
from cofire.store.place import home

FINDINGS, DATA, FIGURE = "findings.json", "data.npz", "figure.png"
FILES = (FINDINGS, DATA, FIGURE)

_ID = re.compile(r"[0-9a-f]{8}")
_ABANDONED = 600.0  # seconds after which a hidden folder belongs to a process that was killed


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept run, as the catalogue knows it. `made`: in UTC; `counts`: findings by verdict."""

    id: str
    key: str
    experiment: str
    rules: tuple[str, ...]
    settings: Mapping[str, Any]
    seed: int
    made: datetime
    seconds: float
    counts: Mapping[str, int]
    folder: Path


class Store:
    """The runs kept in the folder `place`, by default `home()`; made if it is not there.

    To be used in a `with` block. `damaged`: what could not be read so far, `(id, reason)`.
    Raises: `StoreError` if it cannot be used.
    """

    def __init__(self, place: Path | None = None) -> None:
        self.place = place or home()
        self.damaged: list[tuple[str, str]] = []
        self._runs = self.place / "runs"
        try:
            self._runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"runs cannot be kept in {self.place}: {_reason(error)}; COFIRE_HOME changes it") from None
        self._catalogue = Catalogue(self.place / "catalogue.sqlite")
        if self._catalogue.rebuilt:
            self.damaged.append(("catalogue.sqlite", "it is made again from the runs"))

    @property
    def complaints(self) -> list[str]:
        """A line for each of `damaged`."""
        return [f"{'the run ' * bool(_ID.fullmatch(name))}{name} is damaged: {why}" for name, why in self.damaged]

    def __repr__(self) -> str:
        return f"<Store {self.place}>"

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._catalogue.close()

    def keep(self, described: Mapping[str, Any], data: bytes, figure: bytes | None) -> str:
        """Keeps one run and returns its id; when it returns, or is killed before, the run is kept whole or not at all.

        `described`: of what `findings.json` holds, with `experiment`, `rules`, `settings`, `seed`, `key`, `made`,
        `seconds` and `findings`. `data`: an `.npz` file. `figure`: a PNG, or None where none was drawn.
        Raises: `StoreError`.
        """
        text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
        contents = {FINDINGS: text.encode(), DATA: data} | ({FIGURE: figure} if figure is not None else {})
        work = None
        try:
            work = Path(tempfile.mkdtemp(prefix=".new-", dir=self._runs))
            for name, content in contents.items():
                (work / name).write_bytes(content)
            identity = self._placed(work)
        except OSError as error:
            if work:
                shutil.rmtree(work, ignore_errors=True)
            raise StoreError(f"the run is not kept in {self.place}: {_reason(error)}; COFIRE_HOME changes it") from None
        with suppress(StoreError):  # the folder is there, and the next to look will put it into the catalogue
            sizes = {name: len(content) for name, content in contents.items()}
            self._catalogue.add(_row(identity, described, sizes))
        return identity

    def find(
        self,
        *,
        experiment: str | None = None,
        rule: str | None = None,
        since: datetime | None = None,
        verdict: str | None = None,
        key: str | None = None,
    ) -> list[Kept]:
        """The runs, oldest first: of that experiment, with that rule among its own, made `since`, with such a finding.

        A damaged one is left out and noted in `damaged`. Raises: `StoreError`.
        """
        self._caught_up()
        moment = since.astimezone(UTC).isoformat() if since else None
        rows = self._catalogue.select(experiment=experiment, rule=rule, since=moment, verdict=verdict, key=key)
        return [self._kept(row) for row in rows if self._is_whole(row)]

    def keys(self) -> dict[str, str]:
        """The id of the newest whole run of each key: runs of one key must give the same numbers."""
        return {kept.key: kept.id for kept in self.find()}

    def get(self, identity: str) -> Kept:
        """The run whose id begins so. Raises: `StoreError` if there is none, or several."""
        every = self.find()
        found = [kept for kept in every if kept.id.startswith(identity)] if identity else []
        if len(found) == 1:
            return found[0]
        for damaged, reason in self.damaged:
            if identity and damaged.startswith(identity):
                raise StoreError(f"the run {damaged} is damaged: {reason}")
        if found:
            raise StoreError(f"{identity!r} begins several ids: {', '.join(kept.id for kept in found[:5])}")
        raise StoreError(f"no run {identity!r} is kept in {self.place}; `cofire runs` lists them")

    def described(self, identity: str) -> dict[str, Any]:
        """What `findings.json` of that run holds. Raises: `StoreError`."""
        try:
            found = _read(self._runs / identity)
            _row(identity, found, {})
            return found
        except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
            raise StoreError(f"the run {identity} is damaged: {FINDINGS}: {_reason(error)}") from None

    def arrays(self, identity: str) -> dict[str, np.ndarray]:
        """The data of that run; what was inside something is called `outer/inner`. Raises: `StoreError`."""
        try:
            return files.arrays(self._runs / identity / DATA)
        except Exception as error:  # what NumPy, zip and the parser of a header raise at damaged bytes
            raise StoreError(f"the run {identity} is damaged: {DATA}: {_reason(error)}") from None

    def figure(self, identity: str) -> bytes | None:
        """The figure as a PNG, or None if the run was kept without one. Raises: `StoreError`."""
        try:
            return (self._runs / identity / FIGURE).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"the run {identity} is damaged: {FIGURE}: {_reason(error)}") from None

    def delete(self, identity: str) -> None:
        """Deletes that run, damaged or not. Raises: `StoreError`."""
        target = self._runs / identity
        hidden = self._runs / f".old-{identity}-{secrets.token_hex(4)}"
        try:
            if not _ID.fullmatch(identity):
                raise FileNotFoundError(f"there is no run {identity!r}")
            target.rename(hidden)
        except OSError as error:
            raise StoreError(f"the run {identity} cannot be deleted: {_reason(error)}") from None
        self._catalogue.remove(identity)
        shutil.rmtree(hidden, ignore_errors=True)

    def _placed(self, work: Path) -> str:
        """Renames a filled folder to a new id."""
        while True:
            identity = secrets.token_hex(4)
            if not (self._runs / identity).exists():
                work.rename(self._runs / identity)
                return identity

    def _caught_up(self) -> None:
        """Puts into the catalogue what a killed process left out of it, and takes out what is gone."""
        self.damaged = [entry for entry in self.damaged if not _ID.fullmatch(entry[0])]
        try:
            there = {entry.name for entry in self._runs.iterdir()}
        except OSError as error:
            raise StoreError(f"{self._runs} cannot be read: {_reason(error)}; COFIRE_HOME changes it") from None
        known = {row["id"] for row in self._catalogue.select()}
        for identity in known - there:
            if not (self._runs / identity).exists():  # it may have been made since
                self._catalogue.remove(identity)
        for identity in sorted(name for name in there - known if _ID.fullmatch(name)):
            folder = self._runs / identity
            try:
                sizes = {name: (folder / name).stat().st_size for name in FILES if (folder / name).exists()}
                row = _row(identity, _read(folder), sizes)
                if not is_zipfile(folder / DATA):
                    raise ValueError(f"{DATA} is not whole")
            except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
                if folder.exists():
                    self.damaged.append((identity, _reason(error)))
            else:
                self._catalogue.add(row)
        _swept(self._runs, (name for name in there if name.startswith((".new-", ".old-"))))

    def _is_whole(self, row: Mapping[str, Any]) -> bool:
        for name, size in row["sizes"].items():
            try:
                found = (self._runs / row["id"] / name).stat().st_size
            except OSError:
                found = None
            if found != size:
                said = "is missing" if found is None else f"has {found} bytes instead of {size}"
                self.damaged.append((row["id"], f"{name} {said}"))
                return False
        return True

    def _kept(self, row: Mapping[str, Any]) -> Kept:
        counts = {verdict: row[verdict.replace(" ", "_")] for verdict in _VERDICTS}
        return Kept(
            row["id"], row["key"], row["experiment"], tuple(row["rules"]), row["settings"], row["seed"],
            datetime.fromisoformat(row["made"]), row["seconds"], counts, self._runs / row["id"],
        )  # fmt: skip


_VERDICTS = ("reproduced", "not reproduced", "does not apply")


def _read(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / FINDINGS).read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError(f"{FINDINGS} is nested without end") from None
    if not isinstance(found, dict):
        raise TypeError(f"{FINDINGS} holds no object")
    return found


def _row(identity: str, described: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
    """A row of the catalogue.

    Raises: `KeyError`, `TypeError`, `ValueError`, `OverflowError` where `described` is not of a run.
    """
    verdicts = [finding["verdict"] for finding in described["findings"]]
    datetime.fromisoformat(described["made"])
    seed = int(described["seed"])
    if not 0 <= seed < 2**63:  # what SQLite holds
        raise ValueError(f"its seed is {shown(seed)}")
    return {
        "id": identity,
        "key": str(described["key"]),
        "experiment": str(described["experiment"]),
        "rules": [str(rule["name"] or rule["equations"]) for rule in described["rules"]],
        "settings": dict(described["settings"]),
        "seed": seed,
        "made": described["made"],
        "seconds": float(described["seconds"]),
        "sizes": dict(sizes),
    } | {verdict.replace(" ", "_"): verdicts.count(verdict) for verdict in _VERDICTS}


def _swept(place: Path, hidden: Iterable[str]) -> None:
    """Removes what processes that were killed had begun."""
    for name in hidden:
        with suppress(OSError):
            if time.time() - (place / name).stat().st_mtime > _ABANDONED:
                shutil.rmtree(place / name, ignore_errors=True)


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    return str(error)
