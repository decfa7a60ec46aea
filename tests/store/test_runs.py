"""Kept runs: found again, whole or not at all, whoever else writes and whenever a process dies."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from cofire.errors import StoreError
from cofire.store import Store, arrays, home
from cofire.store import lock as locks

DATA = arrays.packed({"w": np.arange(1000.0), "names": np.array(["a", "ü"])})


def described(experiment: str = "hebb", rule: str = "oja", seed: int = 0, **changes: object) -> dict[str, object]:
    return {
        "experiment": experiment,
        "rules": [{"name": rule, "equations": "dw/dt = pre"}],
        "settings": {"samples": 10 + seed},
        "seed": seed,
        "seconds": 0.5,
        "made": datetime.now(UTC).isoformat(),
        "key": f"{experiment}-{rule}-{seed}",
        "findings": [
            {"claim": "a", "measured": "1", "published": "1", "flag": "M", "verdict": "reproduced"},
            {"claim": "b", "measured": "2", "published": "1", "flag": "M", "verdict": "not reproduced"},
        ],
    } | changes


# Another process that keeps runs and says each id once `keep` has returned.
WRITER = """
import os, sys
from pathlib import Path
from test_runs import DATA, described
from cofire.store import Store

def write(number):
    with Store(Path(sys.argv[1])) as store:
        for seed in range(number):
            os.write(1, f"{store.keep(described(seed=seed), DATA, b'png')}\\n".encode())
"""

# A process whose children keep runs until they are killed, each at another moment.
KILLED = """
import random, signal, time
for kill in range(40):
    child = os.fork()
    if not child:
        write(100_000)
    time.sleep(random.Random(kill).uniform(0, 0.1))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


def writing(place: Path, code: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", WRITER + code, str(place)],
        env=os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_is_kept_is_found(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        first = store.keep(described(), DATA, b"png")
        second = store.keep(described("stability", "bcm", 3), DATA, None)
        assert [kept.id for kept in store.find()] == [first, second]
        assert [kept.id for kept in store.find(experiment="stability")] == [second]
        assert [kept.id for kept in store.find(rule="oja")] == [first]
        assert store.find(verdict="does not apply") == []
        assert len(store.find(verdict="not reproduced")) == 2
        assert len(store.find(since=datetime.now().astimezone() - timedelta(hours=1))) == 2
        assert store.find(since=datetime.now().astimezone() + timedelta(hours=1)) == []
        kept = store.get(second[:6])
        assert (kept.id, kept.rules, kept.seed, kept.counts["reproduced"]) == (second, ("bcm",), 3, 1)
        assert kept.folder == tmp_path / "runs" / second
        assert store.described(first)["key"] == "hebb-oja-0"
        assert store.arrays(first)["names"].tolist() == ["a", "ü"]
        assert (store.figure(first), store.figure(second)) == (b"png", None)
        assert store.keys() == {"hebb-oja-0": first, "stability-bcm-3": second}


def test_what_is_deleted_is_gone(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        first, second = (store.keep(described(seed=seed), DATA, None) for seed in range(2))
        store.delete(first)
        assert [kept.id for kept in store.find()] == [second]
        with pytest.raises(StoreError, match="no run"):
            store.get(first)
        for name in (first, "../..", ""):
            with pytest.raises(StoreError, match="cannot be deleted"):
                store.delete(name)
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [second]


def test_ids_that_begin_alike(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        ids = [store.keep(described(seed=seed), DATA, None) for seed in range(17)]  # of 16 first letters
        first = next(one[0] for one in ids if sum(other[0] == one[0] for other in ids) > 1)
        with pytest.raises(StoreError, match="begins several ids"):
            store.get(first)
        with pytest.raises(StoreError, match="no run ''"):
            store.get("")


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    both = [writing(tmp_path, "write(40)") for _ in range(2)]
    said = [process.communicate(timeout=60)[0].split() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    with Store(tmp_path) as store:
        assert {kept.id for kept in store.find()} == {*said[0], *said[1]}
        assert store.damaged == []
    rows = sqlite3.connect(tmp_path / "catalogue.sqlite")
    assert rows.execute("select count(*) from runs").fetchone() == (80,)
    rows.close()


def test_killed_at_any_moment_nothing_finished_is_lost_and_nothing_is_half(tmp_path: Path) -> None:
    with writing(tmp_path, KILLED) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    finished = set(said.split())
    assert len(finished) > 40
    with Store(tmp_path) as store:
        found = {kept.id for kept in store.find()}
        assert store.damaged == []
        assert finished <= found
        assert len(found - finished) <= 40  # at most one a kill was kept and not yet said
        for identity in found:
            assert store.described(identity)["experiment"] == "hebb"
            assert store.arrays(identity)["w"].sum() == 499500
            assert store.figure(identity) == b"png"


def test_a_run_that_the_catalogue_missed_is_found(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        identity = store.keep(described(), DATA, None)
    rows = sqlite3.connect(tmp_path / "catalogue.sqlite")
    with rows:
        rows.execute("delete from runs")
    rows.close()
    with Store(tmp_path) as store:
        assert [kept.id for kept in store.find()] == [identity]


def test_a_lost_or_broken_catalogue_is_made_again(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        identity = store.keep(described(), DATA, None)
    for content in (None, b"no database at all, whatever its name may say" * 100):
        for path in tmp_path.glob("catalogue.sqlite*"):
            path.unlink()
        if content:
            (tmp_path / "catalogue.sqlite").write_bytes(content)
        with Store(tmp_path) as store:
            assert [kept.id for kept in store.find()] == [identity]
            assert [name for name, _ in store.damaged] == (["catalogue.sqlite"] if content else [])
    assert (tmp_path / "catalogue.damaged").read_bytes() == content


@pytest.mark.parametrize("change", ["update runs set rules = '['", "drop table runs"])
def test_a_catalogue_that_rotted_says_how_to_mend_it(tmp_path: Path, change: str) -> None:
    with Store(tmp_path) as store:
        identity = store.keep(described(), DATA, None)
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as connection, connection:
        connection.execute(change)
    mend = "delete it, and it is made again" if "update" in change else "COFIRE_HOME changes it"
    with Store(tmp_path) as store, pytest.raises(StoreError, match=f"the catalogue .*; {mend}"):
        store.find()
    (tmp_path / "catalogue.sqlite").unlink()
    with Store(tmp_path) as store:
        assert [kept.id for kept in store.find()] == [identity]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("findings.json", b"{", "findings.json has 1 bytes|Expecting"),
        ("findings.json", b"[]", "findings.json"),
        ("findings.json", b'{"experiment": "x"}', "findings.json has|it lacks"),
        ("findings.json", json.dumps(described(seed=10**19)).encode(), "findings.json has|its seed is 1000"),
        ("findings.json", json.dumps(described(seed=float("inf"))).encode(), "findings.json has|infinity"),
        ("data.npz", DATA[:100], "data.npz has 100 bytes|not whole"),
        ("data.npz", None, "missing|no such file|not whole"),
    ],
)
def test_a_damaged_run_is_named_and_the_rest_read(
    tmp_path: Path, known: bool, file: str, content: bytes | None, reason: str
) -> None:
    with Store(tmp_path) as store:
        damaged, whole = (store.keep(described(seed=seed), DATA, b"png") for seed in range(2))
    path = tmp_path / "runs" / damaged / file
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    if not known:
        for part in tmp_path.glob("catalogue.sqlite*"):
            part.unlink()
    with Store(tmp_path) as store:
        for _ in range(2):
            assert [kept.id for kept in store.find()] == [whole]
            assert [name for name, _ in store.damaged] == [damaged]
            with pytest.raises(StoreError, match=f"the run {damaged} is damaged: .*({reason})"):
                store.get(damaged)
        store.delete(damaged)
        store.find()
        assert store.damaged == []


def test_bytes_that_rotted_are_found_when_they_are_read(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        identity = store.keep(described(), DATA, None)
        path = tmp_path / "runs" / identity / "data.npz"
        content, wanted, refused = path.read_bytes(), store.arrays(identity), 0
        for at in range(len(content)):
            path.write_bytes(content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :])
            try:
                for name, array in store.arrays(identity).items():  # a byte that says nothing
                    np.testing.assert_array_equal(array, wanted[name])
            except StoreError:
                refused += 1
        assert refused > len(content) / 2
        path.write_bytes(b"\0" * len(content))
        with pytest.raises(StoreError, match=f"the run {identity} is damaged: data.npz: File is not a zip file"):
            store.arrays(identity)
        path = tmp_path / "runs" / identity / "findings.json"
        size = path.stat().st_size
        for rotten in ("[" * 10_000, json.dumps(described() | {"rules": [3]})):
            path.write_text(rotten.ljust(size))
            with pytest.raises(StoreError, match=f"the run {identity} is damaged: findings.json"):
                store.described(identity)


def test_a_pickle_is_never_read(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        identity = store.keep(described(), DATA, None)
        with (tmp_path / "runs" / identity / "data.npz").open("wb") as file:
            np.savez(file, w=np.array([object()], dtype=object))
        with pytest.raises(StoreError, match="damaged"):
            store.arrays(identity)


def test_a_catalogue_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.keep(described(), DATA, None)
    rows = sqlite3.connect(tmp_path / "catalogue.sqlite")
    rows.execute("pragma user_version = 7")
    rows.close()
    before = (tmp_path / "catalogue.sqlite").read_bytes()
    with pytest.raises(StoreError, match=r"newer cofire \(format 7, and this one knows 2\): update cofire"):
        Store(tmp_path)
    assert (tmp_path / "catalogue.sqlite").read_bytes() == before


def test_a_catalogue_of_an_older_version_is_made_again_from_the_runs(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        kept = store.keep(described(seed=3), DATA, None)
    rows = sqlite3.connect(tmp_path / "catalogue.sqlite")
    rows.executescript("alter table runs drop column settings; pragma user_version = 1")
    rows.close()
    with Store(tmp_path) as store:
        assert store.get(kept).settings == {"samples": 13}


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(tmp_path) as store:

        def full(path: Path, content: bytes) -> int:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_bytes", full)
            with pytest.raises(StoreError, match=r"the run is not kept in .*: no space left on device; COFIRE_HOME"):
                store.keep(described(), DATA, None)
        assert list((tmp_path / "runs").iterdir()) == []
        store.keep(described(), DATA, None)
        assert len(store.find()) == 1


def test_a_home_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        StoreError, match=r"runs cannot be kept in .*file/below: not a directory; COFIRE_HOME changes it"
    ):
        Store(tmp_path / "file" / "below")


def test_a_folder_of_runs_that_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        (tmp_path / "runs").rmdir()
        with pytest.raises(StoreError, match=r"runs cannot be read: no such file or directory; COFIRE_HOME changes it"):
            store.find()


def test_what_killed_processes_left_is_swept_away_later(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for name, age in ((".new-old", 3600), (".new-fresh", 0), (".old-abc", 3600)):
            (tmp_path / "runs" / name).mkdir()
            os.utime(tmp_path / "runs" / name, (time.time() - age,) * 2)
        assert store.find() == []
        assert [path.name for path in (tmp_path / "runs").iterdir()] == [".new-fresh"]


def test_home_is_where_the_platform_keeps_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COFIRE_HOME", str(tmp_path / "mine"))
    assert home() == tmp_path / "mine"
    monkeypatch.delenv("COFIRE_HOME")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert home() == tmp_path / "xdg" / "cofire"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert home() == Path.home() / ".local/share/cofire"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert home() == Path.home() / "Library/Application Support/cofire"


def test_keeping_is_cheap(tmp_path: Path) -> None:
    """At most 5 ms beyond writing the data: the least of several, as other programs run on this machine too."""
    text = json.dumps(described()).encode()
    with Store(tmp_path / "store") as store:
        kept, bare = [], []
        for seed in range(30):
            begun = time.perf_counter()
            store.keep(described(seed=seed), DATA, b"png")
            kept.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            (tmp_path / str(seed)).mkdir()
            for name, content in (("findings.json", text), ("data.npz", DATA), ("figure.png", b"png")):
                (tmp_path / str(seed) / name).write_bytes(content)
            bare.append(time.perf_counter() - begun)
    assert min(kept) - min(bare) < 0.005


def test_a_lock_is_held_by_one_process(tmp_path: Path) -> None:
    with locks.held(tmp_path, "here", "busy"):
        with pytest.raises(StoreError, match="busy"), locks.held(tmp_path, "here", "busy"):
            pass
        with locks.held(tmp_path, "there", "busy"):
            pass
    with locks.held(tmp_path, "here", "busy"):
        pass
