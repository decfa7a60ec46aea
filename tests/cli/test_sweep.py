"""Sweeps: the grid, what is refused before anything runs, going on after a stop, processes, and a cluster."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cofire import experiments
from cofire.cli import record, sweep
from cofire.errors import ParameterError
from cofire.experiments import Experiment
from cofire.store import Store, home
from cofire.store import lock as locks
from commands import START, Command, entries, refused, words


def rows(folder: str | Path) -> list[dict[str, str]]:
    with (Path(folder) / "table.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_values_of_a_range() -> None:
    assert sweep.values("k", "0:1:3") == (0.0, 0.5, 1.0)
    assert sweep.values("k", "1:5:3") == (1, 3, 5)
    assert all(isinstance(value, int) for value in sweep.values("k", "1:5:3"))
    assert sweep.values("k", "0.1:0.3:3") == (0.1, 0.2, 0.3)
    for text in ("1", "1:2", "1:2:0", "a:b:c", "1:nan:2", "1:2:2.5", "1:2:1000000000"):
        with pytest.raises(ParameterError, match="a:b:n"):
            sweep.values("k", text)


def test_a_sweep_makes_a_table_and_a_figure(command: Command) -> None:
    said = command("sweep", "good", "--over", "steps=2:4:2", "--rules", "oja(eta=0.5),bcm", "--seeds", "2")
    assert (said.code, said.err) == (0, "")
    assert "8 runs" in said.out
    assert re.search(r"2 +bcm +one <script> & \[red\]finding\[/red\] +\S+ +0.7071 +2 of 2", said.out)
    assert entries(Path("cofire-sweep-good")) == ["figure.png", "sweep.json", "table.csv"]
    table = rows("cofire-sweep-good")
    assert len(table) == 2 * 2 * 2 * 3
    assert list(table[0]) == ["steps", "rule", "seed", "phenomenon", "number", "measured", "verdict"]
    steps = [row for row in table if row["phenomenon"] == "another one"]
    assert [row["number"] for row in steps] == ["2.0"] * 4 + ["4.0"] * 4
    assert {row["verdict"] for row in steps} == {"not reproduced"}
    with Store() as store:
        assert len(store.find(experiment="good")) == 8


def test_the_figure_of_a_large_sweep_can_be_read() -> None:
    """Forty lines: a legend of all would hide them; of twenty findings, what is left out is said."""
    over = {"steps": "100:300:3", "seeds": "2:41:40"}
    made = sweep.made(experiments.get("hebb"), over, {}, range(1), {}, full=False)
    found = [
        point.changes | {"rule": "", "phenomenon": f"finding {at}", "mean": 1.0 * at, "sd": 0.1}
        for point in made.points
        for at in range(20)
    ]
    figure = sweep.figure(made, found)
    record.png(figure)  # a layout that fails would warn
    legend = figure.axes[0].get_legend()
    assert legend is not None
    said = [text.get_text() for text in legend.get_texts()]
    assert (said[0], said[-1], len(said)) == ("seeds = 2", "seeds = 41", sweep.LABELS)
    assert figure.get_supxlabel() == "8 findings more are in table.csv"


def test_equal_numbers_have_no_spread() -> None:
    made = sweep.made(experiments.get("hebb"), {}, {}, range(10), {}, full=False)
    row = {"rule": "", "phenomenon": "one", "number": 0.95, "verdict": "reproduced"}
    assert sweep.summarised(made, [row] * 10)[0]["sd"] == 0.0  # NumPy says 1.2e-16


def test_a_sweep_in_a_narrow_terminal_breaks_no_word(command: Command) -> None:
    said = command("sweep", "good", "--over", "steps=1:2:2", "--rules", "oja,bcm", "--seeds", "2", columns=40)
    assert "steps = 1, oja\n" in said.out
    assert "another one: 1 (s.d. 0), 0 of 2 reproduced" in words(said.out)


def test_a_sweep_runs_only_what_is_not_kept(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    command("sweep", "good", "--over", "steps=1:3:3")
    before = rows("cofire-sweep-good")
    monkeypatch.setattr("cofire.experiments.Experiment.run", lambda *_, **__: 1 / 0)
    assert command("sweep", "good", "--over", "steps=1:3:3").code == 0
    assert rows("cofire-sweep-good") == before
    said = command("sweep", "good", "--over", "steps=1:4:4", "--out", "more")
    assert said.code == 1
    assert "1 of 4 runs could not run: ZeroDivisionError" in said.err
    assert [row["verdict"] for row in rows("more")].count("could not run") == 1


@pytest.mark.parametrize("rot", [("not reproduced", "not reprodaced"), ('"settings"', '"settungs"')])
def test_of_kept_runs_only_the_damaged_one_runs_again(
    command: Command, monkeypatch: pytest.MonkeyPatch, rot: tuple[str, str]
) -> None:
    command("sweep", "good", "--over", "steps=1:3:3")
    before = rows("cofire-sweep-good")
    with Store() as store:
        path = store.find()[0].folder / "findings.json"
    path.write_text(path.read_text(encoding="utf-8").replace(*rot), encoding="utf-8")
    refused(command("runs", "show", path.parent.name), 1, f"the run {path.parent.name} is damaged: findings.json: ")
    ran = []
    run = Experiment.run
    monkeypatch.setattr(Experiment, "run", lambda *given, **named: ran.append(named) or run(*given, **named))
    said = command("sweep", "good", "--over", "steps=1:3:3")
    assert (said.code, len(ran)) == (0, 1)
    assert said.err.startswith(f"cofire: the run {path.parent.name} is damaged: findings.json: ")
    assert rows("cofire-sweep-good") == before


def test_many_runs_do_not_pile_up_in_memory(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a sweep holds to its end is without the arrays, which are on the disk."""
    table = sweep.table
    held = []
    monkeypatch.setattr(sweep, "table", lambda made, outcomes: held.extend(outcomes.values()) or table(made, outcomes))
    assert command("sweep", "good", "--seeds", "2").code == 0
    assert [one.data for one in held] == [None, None]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["goood"], ["did you mean 'good'"]),
        (["good", "--over", "stepps=1:2:2"], ["did you mean 'steps'"]),
        (["good", "--over", "steps=1:2"], ["write steps=a:b:n"]),
        (["good", "--over", "steps=1:200:2"], ["steps = 200", "a whole number from 1 to 100"]),
        (["good", "--over", "steps=1:2:4"], ["steps = 1.33333333333"]),
        (["good", "--over", "steps=1:2:2", "--over", "steps=1:3:3"], ["twice"]),
        (["good", "--over", "steps=1:2:2", "--set", "steps=3"], ["--over and with --set or --settings"]),
        (["good", "--over", "steps=-1e308:1e308:3"], ["write steps=a:b:n"]),
        (["good", "--rules", "ojja"], ["did you mean 'oja'"]),
        (["good", "--rules", ","], ["--rules ',' names no rule"]),
        (["good", "--rules", "oja,hebb"], ["good cannot run with 'hebb': it is called hebb"]),
        (["waits", "--over", "seconds=0:1:99999", "--seeds", "9"], ["at most 100000"]),
    ],
)
def test_what_is_typed_wrongly_is_refused_before_anything_runs(
    command: Command,
    arguments: list[str],
    parts: list[str],
) -> None:
    refused(command("sweep", *arguments), 2, *parts)
    assert entries(Path()) == []
    with Store() as store:
        assert store.find() == []


def test_two_sweeps_with_one_name(command: Command) -> None:
    assert command("sweep", "good", "--over", "steps=1:2:2").code == 0
    refused(command("sweep", "good", "--over", "steps=1:3:3"), 2, "cofire-sweep-good holds the table of another sweep")
    refused(
        command("sweep", "good", "--over", "steps=1:2:2", "--set", "sizes=2"), 2, "holds the table of another sweep"
    )
    assert {row["steps"] for row in rows("cofire-sweep-good")} == {"1", "2"}
    Path("cofire-sweep-good/sweep.json").write_bytes(b"\xff{")
    refused(command("sweep", "good", "--over", "steps=1:2:2"), 2, "sweep.json cannot be read: give a new folder")
    with locks.held(home(), str(Path("busy").absolute()), ""):
        refused(command("sweep", "good", "--out", "busy"), 1, "another sweep is writing to it")
    assert not Path("busy").exists()


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START, "sweep", "waits", *arguments],
        cwd=folder,
        env=os.environ | {"COFIRE_HOME": str(folder / "home"), "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kept(folder: Path) -> int:
    return len(list((folder / "home" / "runs").glob("[0-9a-f]*/findings.json")))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_sweep_that_was_stopped_goes_on_where_it_stopped(tmp_path: Path, number: signal.Signals) -> None:
    arguments = ("--over", "seconds=0.05:0.06:6", "--seeds", "2", "--jobs", "2")
    with start(tmp_path, *arguments) as process:
        while kept(tmp_path) < 3 and process.poll() is None:
            time.sleep(0.01)
        os.killpg(process.pid, number)
        _, err = process.communicate(timeout=30)
    if number == signal.SIGINT:
        assert process.returncode == 130, err
        assert err.splitlines()[-1:] == ["cofire: stopped; nothing is half-written"]
    before = kept(tmp_path)
    assert 3 <= before < 12
    with start(tmp_path, *arguments) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "12 runs" in out
    assert kept(tmp_path) == 12
    assert len(rows(tmp_path / "cofire-sweep-waits")) == 12
    assert json.loads((tmp_path / "cofire-sweep-waits" / "sweep.json").read_text())["experiment"] == "waits"


def test_processes_of_a_sweep_end_with_it(tmp_path: Path) -> None:
    """Those of a killed one would wait for five minutes, and hold its output open."""
    with start(tmp_path, "--over", "seconds=0.05:0.06:6", "--seeds", "9", "--jobs", "2") as process:
        while kept(tmp_path) < 3 and process.poll() is None:
            time.sleep(0.01)
        process.terminate()
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert err.splitlines()[-1:] == ["cofire: stopped; nothing is half-written"]


@pytest.mark.filterwarnings("ignore")  # those of Dask, about its own parts
def test_a_cluster_does_again_what_a_killed_worker_was_doing(command: Command) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'cofire[dask]'")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        workers = client.run(os.getpid)
        assert len(workers) == 2
        killer = threading.Timer(1.5, os.kill, [next(iter(workers.values())), signal.SIGKILL])
        killer.start()
        said = command(
            "sweep", "waits", "--over", "seconds=0.5:0.6:3", "--seeds", "4", "--cluster", cluster.scheduler_address
        )
        killer.join()
        after = client.run(os.getpid)
    assert said.code == 0, said.err
    assert len(rows("cofire-sweep-waits")) == 12
    assert {row["verdict"] for row in rows("cofire-sweep-waits")} == {"reproduced"}
    assert set(after.values()) != set(workers.values())  # one had died, and another took its place


def test_a_cluster_without_an_answer_is_one_line(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed: pip install 'cofire[dask]'")
    monkeypatch.setattr("cofire.scale.pool.PATIENCE", "0.2s")
    said = command("sweep", "good", "--cluster", "tcp://127.0.0.1:9")
    refused(said, 1, "no Dask scheduler answers at 'tcp://127.0.0.1:9'")
