"""Generated kernels: one file for one source, compiled once for all processes, wherever they can be kept."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cofire import Rule, compiler, rules
from cofire.backends.numba import cache, spikes

RUN = """
from cofire import compiler, rules
from cofire.backends.numba import spikes
rule = rules.hebb()
plan = compiler.lower(rule)
spikes.replay(rule, plan, pre=([], []), post=([], []), synapses=([0], [0]), weight=0.5, delay=0, dt=1.0, steps=1)
stats = spikes.kernel_for(plan, (), False, False)[1].run.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    def run() -> str:
        environment = {**os.environ, "COFIRE_CACHE": str(tmp_path)}
        return subprocess.run(
            [sys.executable, "-c", RUN], env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert run() == "0 1"
    assert run() == "1 0"


def test_the_same_source_is_the_same_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COFIRE_CACHE", str(tmp_path))
    module = cache.load("answer = 42  # test_the_same_source\n")
    assert module.answer == 42
    assert cache.load("answer = 42  # test_the_same_source\n") is module
    assert [path.name for path in tmp_path.glob("*.py")] == [f"{module.__name__}.py"]


def test_threads_get_a_module_that_has_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COFIRE_CACHE", str(tmp_path))
    source = "import time\n\ntime.sleep(0.2)\nanswer = 44\n"
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda text: vars(cache.load(text)).get("answer"), [source, source]))
    assert answers == [44, 44]


def test_a_damaged_file_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COFIRE_CACHE", str(tmp_path))
    name = cache.load("answer = 43\n").__name__
    (tmp_path / f"{name}.py").write_text("answer =")
    monkeypatch.delitem(sys.modules, name)
    assert cache.load("answer = 43\n").answer == 43


def test_a_folder_that_cannot_be_written_warns_and_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.warns(RuntimeWarning, match="set COFIRE_CACHE"):
        where = cache.folder(str(tmp_path / "file"))
    assert where.is_dir()
    assert cache.folder(str(tmp_path / "file")) == where  # and warns no second time


def test_the_source_of_a_rule_can_be_read() -> None:
    rule = rules.triplet()
    source = spikes.source_of(rule, compiler.lower(rule))
    assert source.startswith(f"# {rule.text}\n")
    assert "w_s -= trace_post_tau_minus_j * (A2_minus + A3_minus * trace_pre_tau_x_then)" in source


def test_names_of_a_rule_never_meet_those_of_the_kernel() -> None:
    """Parameters called as a kernel's own variables are."""
    own = ["n", "s", "i", "np", "row", "base", "fade_tau", "trace_pre_tau", "clipped", "len", "w_s", "low", "y1"]
    text = "dw/dt = trace(pre, tau) * post * (" + " + ".join(own) + ")"
    rule = Rule(text, tau=20.0, bounds=(0, 99), **dict.fromkeys(own, 1.0))
    pre, post = ([0], [3]), ([0], [4])
    w, _ = spikes.replay(
        rule, compiler.lower(rule), pre=pre, post=post, synapses=([0], [0]), weight=0.0, delay=0, dt=1.0, steps=9
    )
    assert w[0] == pytest.approx(len(own) * 0.951229424500714)
