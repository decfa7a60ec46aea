"""The commands, as a person meets them: what is printed, where, with which exit code, and what is left behind."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cofire
from cofire import experiments, rules
from cofire.cli import commands, interrupt, record
from cofire.store import Store
from commands import START, Command, entries, refused, words
from fake_experiments import PLACE


def test_version(command: Command) -> None:
    assert command("--version") == (0, f"cofire {cofire.__version__}\n", "")


def test_help_imports_nothing_heavy() -> None:
    heavy = "numpy", "scipy", "matplotlib", "sklearn", "torch", "msgspec"
    code = f"import sys; from cofire.cli import app; print([m for m in {heavy!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_help_names_every_command(command: Command) -> None:
    said = command("--help")
    assert said.code == 0
    for name in ("rules", "show", "explain", "list", "run", "tour", "report", "sweep", "matrix", "runs"):
        assert name in said.out.split()


def test_rules_have_names_equations_and_summaries(command: Command) -> None:
    said = command("rules")
    assert (said.code, said.err) == (0, "")
    for name in rules.names():
        assert name in said.out.split()
        assert words(rules.get(name).summary).split()[0] in said.out
    assert "dw/dt = η · post · (pre − post · w)" in said.out


def test_show(command: Command) -> None:
    said = command("show", "bcm")
    assert said.code == 0
    assert "    ── = η · pre · post · (post − θ)\n" in said.out
    assert "theta = mean(post**2, tau_theta) / y_0" in said.out
    assert "tau_theta τ_θ 100 greater than 0 time constant of the threshold" in words(said.out)
    assert "doi:10.1523/JNEUROSCI.02-01-00032.1982" in said.out
    assert "Pitfalls:" in said.out
    assert "signals: dopamine" in command("show", "reward_stdp").out
    assert "bounds: each weight is held in [0, 1]\n" in command("show", "stdp_pair").out
    assert "bounds: each weight is held at most 0\n" in command("show", "foldiak").out


@pytest.mark.parametrize("name", rules.names())
def test_show_fits_a_narrow_terminal(command: Command, name: str) -> None:
    said = command("show", name, columns=48)
    assert said.code == 0
    assert all(len(line.rstrip()) <= 48 for line in said.out.splitlines())


def test_explain_prints_the_plan(command: Command) -> None:
    said = command("explain", "oja")
    assert said.code == 0
    assert str(rules.oja().explain()).partition("\n\n")[2] in said.out


def test_explain_needs_no_numbers(command: Command) -> None:
    said = command("explain", "Δw = η·x·y − w/τ", "--set", "eta=0.1")
    assert said.code == 0
    assert "one number per synapse" in said.out
    assert "No value was given for tau: taken as 1." in said.out
    assert "did you mean" not in said.out
    assert "pots is taken as a parameter; did you mean 'post'?" in command("explain", "dw/dt = pots * pre").out
    rewarded = command("explain", "dw/dt = reward * trace(pre, tau) * post", "--signal", "reward", "--set", "tau=20*ms")
    assert "reward signal, one number for each sample or step" in words(rewarded.out)
    assert "No value" not in rewarded.out


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["explain", "__import__('os')"], ["U+0027", "cannot be part of a rule", "character 12 of the text"]),
        (["explain", "dw/dt = eta * pre\ndx/dt = [red]"], ["'['", "line 2, character 9"]),
        (["explain", "dw/dt = eta * pre", "--set", "etta=1"], ["did you mean 'eta'"]),
        (["explain", "dw/dt = eta * pre", "--set", "eta"], ["key=value"]),
        (["explain", "oja", "--set", "eta=-1"], ["greater than 0"]),
        (["show", "ojja"], ["did you mean 'oja'"]),
        (["show", "[bold]oja[/bold]"], ["'[bold]oja[/bold]' is not a rule"]),
        (["show", "\x1b[31mred"], ["is not a rule"]),
        (["list", "goood"], ["did you mean 'good'"]),
        (["run", "goood"], ["did you mean 'good'"]),
        (["run", "good", "--set", "stepps=1"], ["did you mean 'steps'"]),
        (["run", "good", "--set", "steps=0"], ["steps = '0' is refused: it must be a whole number from 1 to 100"]),
        (["run", "good", "--set", "steps=many"], ["steps = 'many' is refused: it must be a whole number"]),
        (["run", "good", "--settings", "missing.toml"], ["missing.toml cannot be read: no such file"]),
        (["run", "good", "--set", "steps=" + "9" * 5000], ["steps = '999", " ... "]),
        (["run", "good", "--set", "steps=\udcff"], ["is no text"]),
        (["run", "good", "--set", "steps=3", "--set", "steps=4"], ["'steps' is given with --set twice"]),
        (["run", "good", "--set", "steps"], ["'steps' is not of the form key=value"]),
        (["run", "good", "--rule", "ojja"], ["did you mean 'oja'"]),
        (["run", "good", "--rule", "oja(etta=1)"], ["did you mean 'eta'"]),
        (["run", "good", "--rule", "__import__('os').system('touch here')"], ["cannot be part of a rule"]),
        (["run", "good", "--rule", "dw/dt = eta * pre"], ['write "dw/dt = eta * pre; eta = 0.1"']),
    ],
)
def test_what_is_typed_wrongly_is_one_line_and_code_2(command: Command, arguments: list[str], parts: list[str]) -> None:
    said = command(*arguments)
    refused(said, 2, *parts)
    assert "\x1b" not in said.err
    assert entries(Path()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["nonsense"],
        ["show", "oja", "--nonsense"],
        ["run", "good", "--seed", "-1"],
        ["run", "good", "--seed", "9" * 20],
        ["tour", "x"],
    ],
)
def test_wrong_usage_is_code_2(command: Command, arguments: list[str]) -> None:
    said = command(*arguments)
    assert (said.code, said.out) == (2, "")
    assert "Usage:" in said.err


def test_list(command: Command) -> None:
    said = command("list")
    assert said.code == 0
    lines = said.out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == ["good", "waits", "breaks", "lacks_data"]
    assert "A <b>claim</b> & a [red]claim[/red]. (claims 3 and 4)" in words(lines[0])


def test_list_describes_one(command: Command) -> None:
    said = command("list", "good")
    assert said.code == 0
    assert "      w · 2   nothing in particular" in said.out
    assert "steps 2 50 a whole number from 1 to 100 steps of <learning>" in words(said.out)
    assert "Rules: oja" in said.out
    assert "doi:10.1234/ab(c)-5" in said.out


def test_run_sets_measured_beside_published(command: Command) -> None:
    said = command("run", "good", "--seed", "3", columns=130)
    assert (said.code, said.err) == (0, "")
    text = words(said.out)
    assert re.search(r"good, rule oja; \d+\.\d s, seed 3", text)
    assert "one <script> & [red]finding[/red] 3.00 mV 0.5 mV <S1> (S1) ✓ reproduced" in text
    assert "another one 2 steps many (M) ✗ not reproduced" in text
    assert "a third nothing something (theory) – does not apply" in text
    assert "1 of 3 findings reproduced, 1 not; 1 does not apply." in text
    assert "(S1) one source; (M) recalled, not checked; (theory) follows from theory" in text
    assert "\x1b" not in said.out


@pytest.mark.parametrize("columns", [30, 50, 100, 200])
def test_run_fits_the_terminal(command: Command, columns: int) -> None:
    said = command("run", "good", columns=columns)
    assert said.code == 0
    assert all(len(line.rstrip()) <= columns for line in said.out.splitlines())
    for part in ("another", "steps", "reproduced"):
        assert part in said.out


def test_run_with_other_rules_and_settings(command: Command) -> None:
    for arguments, rule, steps in (
        (["--rule", "oja(eta=0.5)"], "oja", 2),
        (["--rule", "dw/dt = a * pre; a = 0.25", "--rule", "bcm"], "dw/dt = a · pre, bcm", 2),
        (["--full"], "oja", 50),
        (["--full", "--set", "steps=7", "--set", "sizes=1, 2,3"], "oja", 7),
    ):
        said = command("run", "good", *arguments)
        assert said.code == 0, said.err
        assert f", {'rules' if 'bcm' in rule else 'rule'} {rule}; " in words(said.out)
        assert f" {steps} steps " in words(said.out)


def test_settings_come_from_a_file_and_are_changed_by_hand(command: Command) -> None:
    Path("mine.toml").write_text("# mine\nsteps = 7\nsizes = [2, 3]\n")
    for more, steps in ([], 7), (["--set", "steps=8"], 8):
        kept = json.loads(command("run", "good", "--json", "--settings", "mine.toml", *more).out)
        assert kept["settings"] == {"steps": steps, "sizes": [2, 3]}
    assert command("sweep", "good", "--over", "steps=1:2:2", "--settings", "mine.toml").code == 2
    Path("mine.toml").write_text("sizes = [2]")
    assert command("sweep", "good", "--over", "steps=1:2:2", "--settings", "mine.toml").code == 0


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"steps = 101", "steps = 101 is refused: it must be a whole number from 1 to 100"),
        (b"steps = 'a'", "steps = 'a' is refused: it must be a whole number"),
        (b"sizes = [1, 'a']", "sizes = [1, 'a'] is refused: it must be several, each a whole number"),
        (b"steps = 1979-05-27", "steps = datetime.date(1979, 5, 27) is refused"),
        (b"stepps = 3", "did you mean 'steps'"),
        (b"[good]\nsteps = 3", "no setting 'good'"),
        (b"steps", "mine.toml is not TOML, lines such as steps = 100"),
        (b"steps = 1\nsteps = 2", "mine.toml is not TOML"),
        (b"\xff\x00", "mine.toml is not TOML"),
        (b"sizes = " + b"[" * 10_000, "mine.toml is not TOML"),
        (b"#" * 200_000, "cofire: mine.toml has more than 100000 bytes"),
    ],
)
def test_a_file_of_settings_that_is_wrong(command: Command, content: bytes, part: str) -> None:
    Path("mine.toml").write_bytes(content)
    refused(command("run", "good", "--settings", "mine.toml"), 2, part)


def test_json_is_one_object_and_nothing_else(command: Command) -> None:
    said = command("run", "good", "--json", "--set", "steps=4", "--set", "sizes=2,3", "--seed", "5")
    assert (said.code, said.err) == (0, "")
    kept = json.loads(said.out)
    assert kept["experiment"] == "good"
    assert kept["settings"] == {"steps": 4, "sizes": [2, 3]}
    assert kept["seed"] == 5
    assert kept["claims"] == [3, 4]
    assert [finding["verdict"] for finding in kept["findings"]] == ["reproduced", "not reproduced", "does not apply"]
    assert said.out.isascii()


def test_what_cannot_run_is_one_line_and_code_1(command: Command) -> None:
    refused(command("run", "lacks_data"), 1, "the numbers are not on this machine: `get them`")
    refused(command("run", "good", "--rule", "hebb", "--json"), 1, "good cannot run with 'hebb': it is called hebb")
    refused(command("run", "lacks_data", "--out", "here"), 1, "not on this machine")
    assert entries(Path()) == []


def test_out_holds_findings_data_and_figure(command: Command) -> None:
    for steps in (2, 3):  # the second run replaces the first
        said = command("run", "good", "--out", "deep/here", "--set", f"steps={steps}")
        assert said.code == 0, said.err
        assert "Written to deep/here: findings.json, data.npz, figure.png" in said.out
        assert entries(Path("deep")) == ["here"]
        assert entries(Path("deep/here")) == sorted(record.FILES)
        with np.load("deep/here/data.npz", allow_pickle=False) as data:
            assert len(data["w"]) == steps
    assert json.loads(Path("deep/here/findings.json").read_text(encoding="utf-8"))["settings"]["steps"] == 3


def test_out_never_takes_the_place_of_something_else(command: Command) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.tex").write_text("years of work")
    Path("file").write_text("mine too")
    refused(command("run", "good", "--out", "mine"), 2, "'thesis.tex'")
    refused(command("tour", "--out", "mine"), 2, "'thesis.tex'")
    refused(command("run", "good", "--out", "file"), 2, "is not a folder")
    assert Path("mine/thesis.tex").read_text() == "years of work"
    assert entries(Path()) == ["file", "mine"]


def test_a_disk_that_refuses_leaves_nothing(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record, "save", full)
    said = command("run", "good", "--out", "here")
    with Store() as store:
        (kept,) = store.find()  # the run is not lost
    refused(said, 1, f"here cannot be written: no space left on device; the run is kept as {kept.id}")
    assert entries(Path()) == []


def test_tour_runs_what_can_run_and_names_what_cannot(command: Command) -> None:
    said = command("tour", "--seed", "2", columns=130)
    assert said.code == 1
    assert said.err.splitlines() == [
        "cofire: breaks could not run: ZeroDivisionError: a mistake; `cofire run breaks` shows where",
        "cofire: lacks_data could not run: the numbers are not on this machine: `get them`",
    ]
    text = words(said.out)
    assert "one <script> & [red]finding[/red] 2.00 mV" in text
    assert "2 of 4 findings reproduced" in text
    assert str(Path("cofire-tour.html").absolute()) in said.out.replace("\n", "")
    assert entries(Path()) == ["cofire-tour.html"]
    page = Path("cofire-tour.html").read_text(encoding="utf-8")
    assert page.count("<article") == 2
    assert "ZeroDivisionError" in page


def test_tour_of_what_can_run_ends_with_0(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "names", lambda: ["good", "waits"])
    said = command("tour", "--out", "results")
    assert (said.code, said.err) == (0, "")
    assert entries(Path()) == ["results"]
    assert entries(Path("results")) == ["cofire-tour.html", "good", "waits"]
    assert entries(Path("results/good")) == sorted(record.FILES)
    assert command("tour", "--out", "results").code == 0  # a second tour replaces the first


def test_a_tour_of_nothing_leaves_no_page(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "names", lambda: ["breaks"])
    said = command("tour")
    refused(said, 1, "breaks could not run")
    assert entries(Path()) == []


def begin(folder: Path, *arguments: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=options.get("stderr", subprocess.PIPE),  # type: ignore[call-overload]
        text=True,
    )


@pytest.mark.parametrize("swallows", ["false", "true"])
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, stop: signal.Signals, swallows: str) -> None:
    settings = ("--set", "seconds=60", "--set", f"swallows={swallows}")
    with begin(tmp_path, "run", "waits", "--out", "here", *settings) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(stop)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "", "cofire: stopped; nothing is half-written\n")
    assert entries(tmp_path) == []


# Ctrl-C while a library is imported, which swallows it, or ends in an error of its own.
IMPORTED = """
import os, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)
import cofire.experiments; cofire.experiments.__path__ = [{place!r}]
from cofire.cli import main, terminal
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "cofire.cli.work":
            sys.meta_path.remove(self)
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except KeyboardInterrupt:
                {then}
sys.meta_path.insert(0, Finder()); main()
"""


@pytest.mark.parametrize(
    "then", ["pass", "raise ImportError('cannot load module more than once per process') from None"]
)
def test_ctrl_c_during_an_import_is_not_lost(tmp_path: Path, then: str) -> None:
    code = IMPORTED.format(place=PLACE, then=then)
    said = subprocess.run(
        [sys.executable, "-c", code, "run", "waits"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (said.returncode, said.stderr) == (130, "cofire: stopped; nothing is half-written\n")
    assert "it took time" not in said.stdout


def test_ctrl_c_before_a_command_began(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def pressed(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(interrupt, "watch", lambda: None)
    monkeypatch.setattr(commands, "app", pressed)
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "cofire: stopped; nothing is half-written\n"


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    with begin(tmp_path, "rules") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_stdout_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        said = subprocess.run(
            [sys.executable, "-c", START, "rules"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (said.returncode, said.stderr) == (1, "cofire: cannot print: No space left on device\n")


def test_progress_is_drawn_on_a_terminal_only(tmp_path: Path) -> None:
    terminal, other_end = pty.openpty()
    with begin(tmp_path, "run", "good", "--json", stderr=other_end) as process:
        os.close(other_end)
        out, _ = process.communicate(timeout=20)
    drawn = b""
    try:
        while chunk := os.read(terminal, 65536):
            drawn += chunk
    except OSError:  # the other end is closed
        pass
    os.close(terminal)
    assert process.returncode == 0
    assert json.loads(out)["experiment"] == "good"
    assert "100 %" in drawn.decode()
    assert "\x1b[?25h" in drawn.decode()  # the cursor is back


def test_signs_that_a_terminal_lacks_do_no_harm(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", START, "run", "good"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "ascii", "NO_COLOR": "1"},
        capture_output=True,
        check=False,
    )
    assert (said.returncode, said.stderr) == (0, b"")
    assert b"? reproduced" in said.stdout
