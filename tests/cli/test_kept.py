"""`cofire runs`, and that a run is shown even where it cannot be kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from scipy.io import netcdf_file

from cofire.cli import record
from cofire.store import Store, home
from commands import Command, entries, refused, words


@pytest.fixture
def ids(command: Command) -> list[str]:
    """Three runs that were kept."""
    for arguments in (["--seed", "1"], ["--set", "steps=5", "--rule", "bcm"], ["--rule", "oja(eta=0.5)"]):
        assert command("run", "good", *arguments).code == 0
    with Store() as store:
        return [kept.id for kept in store.find()]


def listed(command: Command, *arguments: str) -> list[str]:
    said = command("runs", *arguments, columns=130)
    assert (said.code, said.err) == (0, "")
    return [line.split()[0] for line in said.out.splitlines() if "good" in line]


def test_every_run_is_kept(command: Command) -> None:
    said = command("run", "good", "--seed", "3")
    with Store() as store:
        (kept,) = store.find()
        assert f"Kept as {kept.id}" in said.out
        found = record.read(store, kept.id)
        assert entries(kept.folder) == sorted(record.FILES)
        assert store.arrays(kept.id)["ragged/0"].tolist() == [1, 2]
    assert found.described["rules"][0]["equations"] == "dw/dt = eta * post * (pre - post * w)"
    assert found.described["settings"] == {"steps": 2, "sizes": [1]}
    assert {"cofire", "code", "numpy"} <= found.described["versions"].keys()
    assert found.findings[1].verdict == "not reproduced"
    assert command("run", "good", "--json").out.lstrip().startswith("{")
    with Store() as store:
        assert len(store.find()) == 2


def test_runs_are_found(command: Command, ids: list[str]) -> None:
    assert listed(command) == ids
    assert listed(command, "--rule", "oja") == [ids[0], ids[2]]
    assert listed(command, "--rule", "bcm", "--experiment", "good") == [ids[1]]
    assert listed(command, "--verdict", "not reproduced") == ids
    assert listed(command, "--since", "2000-01-01") == ids
    assert listed(command, "--since", "2999-01-01") == []
    assert "No such run is kept in" in command("runs", "--experiment", "waits").out


def test_settings_are_shown_where_runs_differ_in_them(command: Command, ids: list[str]) -> None:
    rows = [line.split() for line in command("runs", columns=130).out.splitlines() if "good" in line]
    assert [" ".join(row[5:8]) for row in rows] == ["steps = 2", "steps = 5", "steps = 2"]
    assert "sizes" not in command("runs", columns=130).out
    assert "steps" not in command("runs", "--rule", "bcm", columns=130).out  # one alone


def test_ids_and_names_are_whole_where_the_terminal_is_narrow(command: Command, ids: list[str]) -> None:
    said = command("runs", columns=40)
    assert max(map(len, said.out.splitlines()[:-1])) <= 40  # the last says the place, which may be long
    assert [line.split()[0] for line in said.out.splitlines() if line.endswith(" good")] == ids
    assert "oja; steps = 2; seed 1; ✓ 1 ✗ 1 – 1" in said.out


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (["--experiment", "goood"], 2, "did you mean 'good'"),
        (["--rule", "ojja"], 2, "did you mean 'oja'"),
        (["--verdict", "reproducd"], 2, "did you mean 'reproduced'"),
        (["--since", "yesterday"], 2, "is not a date"),
        (["--since", "0001-01-01T00:00+14:00"], 2, "is not a date"),
        (["show", "nothing"], 1, "no run 'nothing' is kept"),
        (["delete", "nothing"], 1, "no run 'nothing' is kept"),
        (["export", "nothing", "--to", "csv"], 1, "no run 'nothing' is kept"),
    ],
)
def test_what_is_not_there(command: Command, ids: list[str], arguments: list[str], code: int, part: str) -> None:
    refused(command("runs", *arguments), code, part)


def test_show(command: Command, ids: list[str]) -> None:
    said = command("runs", "show", ids[1][:7], columns=130)
    assert (said.code, said.err) == (0, "")
    text = words(said.out)
    for part in ("another one 5 steps many (M) ✗ not reproduced", "steps 5", "tau_theta = ", "code ", "w[5]", ids[1]):
        assert part in text


def test_compare(command: Command, ids: list[str]) -> None:
    said = command("runs", "compare", ids[0], ids[1], columns=130)
    assert (said.code, said.err) == (0, "")
    text = words(said.out)
    for part in ("seed 1 0", "steps 2 5", "another one ✗ 2 steps ✗ 5 steps", "rule 1 oja: eta = 0.01 bcm: eta = "):
        assert part in text
    assert "release" not in text
    assert "They were given the same." in command("runs", "compare", ids[0], ids[0]).out


def test_export(command: Command, ids: list[str]) -> None:
    assert command("runs", "export", ids[0], "--to", "netcdf").code == 0
    with netcdf_file(f"good-{ids[0]}.nc", mmap=False) as file:
        assert np.array_equal(file.variables["inner_file"][...], [0, 1, 2])
    assert command("runs", "export", ids[0], "--to", "csv", "--out", "tables").code == 0
    assert {"findings.csv", "numbers.csv", "w.csv", "inner_file.csv"} <= set(entries(Path("tables")))
    refused(command("runs", "export", ids[0], "--to", "csv", "--out", "tables"), 2, "already holds")
    assert command("runs", "export", ids[0], "--to", "hdf5").code == 2


def test_delete_and_damage(command: Command, ids: list[str]) -> None:
    assert command("runs", "delete", ids[0]).out == f"Deleted {ids[0]}\n"
    (home() / "runs" / ids[1] / "data.npz").write_bytes(b"")
    said = command("runs", columns=130)
    assert said.code == 0
    assert said.err.startswith(f"cofire: the run {ids[1]} is damaged: data.npz has 0 bytes instead of ")
    assert ids[2] in said.out
    assert command("runs", "delete", ids[1], ids[2]).code == 0
    assert entries(home() / "runs") == []


def test_a_run_that_cannot_be_kept_is_shown_all_the_same(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").write_text("")
    monkeypatch.setenv("COFIRE_HOME", "file/below")
    monkeypatch.setattr("cofire.rules.names", lambda: ["bcm", "hebb", "oja"])
    for arguments in (["run", "good"], ["tour"], ["sweep", "good"], ["matrix", "good"]):
        monkeypatch.setattr("cofire.experiments.names", lambda: ["good"])
        said = command(*arguments)
        assert said.code == 0
        assert "reproduced" in said.out
        assert "Kept as" not in said.out
        assert said.err.startswith("cofire: nothing is kept: runs cannot be kept in "), said.err
        assert said.err.count("\n") == 1
    refused(command("runs"), 1, "not a directory; COFIRE_HOME changes it")


def test_a_disk_that_is_full_when_a_run_is_kept(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    said = command("run", "good")
    assert said.code == 0
    assert "1 of 3 findings reproduced" in said.out
    assert said.err.endswith("no space left on device; COFIRE_HOME changes it\n")
    assert entries(home() / "runs") == []


def test_a_catalogue_of_a_newer_version_is_one_line(command: Command, ids: list[str]) -> None:
    rows = sqlite3.connect(home() / "catalogue.sqlite")
    rows.execute("pragma user_version = 9")
    rows.close()
    refused(command("runs"), 1, "was made by a newer cofire (format 9")
    said = command("run", "good")
    assert (said.code, said.err.count("\n")) == (0, 1)
    assert "1 of 3 findings reproduced" in said.out
