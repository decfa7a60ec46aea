"""The catalogue: one SQLite table that finds kept runs fast. Its content can be made again from the folders.

Where its file cannot be written, as on a read-only or full disk, what it holds is read into memory and kept up there.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from cofire.errors import StoreError

FORMAT = 2  # of the table; SQLite keeps it as user_version
PATIENCE = 30.0  # seconds that one process waits for another to finish writing

_TABLE = """
create table runs (
    id text primary key,
    key text not null,         -- the same for runs that must give the same numbers
    experiment text not null,
    rules text not null,       -- JSON list of names
    settings text not null,    -- JSON object
    seed integer not null,
    made text not null,        -- UTC, ISO 8601
    seconds real not null,
    reproduced integer not null,
    not_reproduced integer not null,
    does_not_apply integer not null,
    sizes text not null        -- JSON object: bytes of each file
)
"""
COLUMNS = (
    "id", "key", "experiment", "rules", "settings", "seed", "made", "seconds", "reproduced", "not_reproduced",
    "does_not_apply", "sizes",
)  # fmt: skip
_JSON = ("rules", "settings", "sizes")
_INSERT = f"insert or replace into runs ({', '.join(COLUMNS)}) values ({', '.join('?' * len(COLUMNS))})"
_WHERE = {
    "key": "key = ?",
    "experiment": "experiment = ?",
    "rule": "exists (select 1 from json_each(rules) where value = ?)",
    "since": "made >= ?",
    "reproduced": "reproduced > 0",
    "not reproduced": "not_reproduced > 0",
    "does not apply": "does_not_apply > 0",
}


class Catalogue:
    """The table in the file `path`, made if it is not there. Raises: `StoreError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rebuilt = False
        with self._explained():
            try:
                self._connection = self._opened()
            except (sqlite3.OperationalError, OSError):  # locked, full or forbidden
                self._connection = _copied(path)

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def add(self, row: dict[str, Any]) -> None:
        """Adds a run, or replaces the one of that id."""
        values = [json.dumps(row[c]) if c in _JSON else row[c] for c in COLUMNS]
        self._write(_INSERT, values)

    def remove(self, identity: str) -> None:
        """Forgets a run."""
        self._write("delete from runs where id = ?", [identity])

    def select(self, **wanted: Any) -> list[dict[str, Any]]:
        """The rows with that `key`, `experiment`, `rule`, made `since`, with a finding of that `verdict`; by age."""
        verdict = wanted.pop("verdict", None)
        given = {name: value for name, value in wanted.items() if value is not None}
        tests = [_WHERE[name] for name in (*given, *([verdict] if verdict else []))]
        where = f" where {' and '.join(tests)}" if tests else ""
        with self._explained():
            found = self._connection.execute(
                f"select {', '.join(COLUMNS)} from runs{where} order by made, id", list(given.values())
            ).fetchall()
            rows = [dict(zip(COLUMNS, row, strict=True)) for row in found]
            return [row | {name: json.loads(row[name]) for name in _JSON} for row in rows]

    def _opened(self) -> sqlite3.Connection:
        """The file; a damaged one is put aside, and nothing is lost: the folders hold all of it."""
        try:
            return _connected(self.path)
        except sqlite3.OperationalError:  # not damaged
            raise
        except sqlite3.DatabaseError:
            self.path.replace(self.path.with_suffix(".damaged"))
            for rest in ("-wal", "-shm"):
                self.path.with_name(self.path.name + rest).unlink(missing_ok=True)
            made, self.rebuilt = _connected(self.path), True
            return made

    def _write(self, statement: str, values: list[Any]) -> None:
        with self._explained():
            try:
                with self._connection:
                    self._connection.execute(statement, values)
            except sqlite3.OperationalError:
                self._connection.close()
                self._connection = _copied(self.path)
                with self._connection:
                    self._connection.execute(statement, values)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except (sqlite3.OperationalError, OSError) as error:
            raise StoreError(f"the catalogue {self.path} cannot be used: {error}; COFIRE_HOME changes it") from None
        except (sqlite3.Error, ValueError) as error:
            mend = "delete it, and it is made again from the runs"
            raise StoreError(f"the catalogue {self.path} is damaged: {error}; {mend}") from None


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=PATIENCE)
    try:
        if _format(connection, path) < FORMAT:
            _made(connection)
        connection.execute("pragma synchronous = normal")  # with WAL, a power cut loses no more than the last rows
    except BaseException:
        connection.close()
        raise
    return connection


def _copied(path: Path) -> sqlite3.Connection:
    """The table in memory, as far as the file can be read without writing beside it. Raises: `StoreError`."""
    rows: list[Any] = []
    for how in ("mode=ro", "immutable=1"):  # the first where a process that writes has made SQLite's files beside it
        with suppress(sqlite3.Error), closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)) as file:
            _format(file, path)
            rows = file.execute(f"select {', '.join(COLUMNS)} from runs").fetchall()
            break
    connection = sqlite3.connect(":memory:")
    with connection:
        connection.execute(_TABLE)
        connection.executemany(_INSERT, rows)
    return connection


def _format(connection: sqlite3.Connection, path: Path) -> int:
    """The format of the file. Raises: `StoreError` if it is newer than this release."""
    (found,) = connection.execute("pragma user_version").fetchone()
    if found > FORMAT:
        raise StoreError(
            f"the catalogue {path} was made by a newer cofire (format {found}, and this one knows {FORMAT}): "
            "update cofire, or set COFIRE_HOME to another folder"
        )
    return int(found)


def _made(connection: sqlite3.Connection) -> None:
    end = time.monotonic() + PATIENCE
    while True:  # two processes that make it at once: SQLite does not wait for a change of mode
        with suppress(sqlite3.OperationalError):
            connection.execute("pragma journal_mode = wal")
            break
        if time.monotonic() > end:
            connection.execute("pragma journal_mode = wal")
        time.sleep(0.01)
    with connection:
        connection.execute("begin immediate")
        if connection.execute("pragma user_version").fetchone()[0] == FORMAT:  # another process was first
            return
        connection.execute("drop table if exists runs")  # of an older format: it is made again from the folders
        connection.execute(_TABLE)
        connection.execute("create index by_key on runs (key)")
        connection.execute(f"pragma user_version = {FORMAT}")
