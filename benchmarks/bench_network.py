"""Networks beside the simulators in use, on the same models, in one run: how many times longer the best of them takes.

`COFIRE_PEERS` names a folder with `brian2_bench.py` ... , each run by the Python of `v_brian2` ... beside it or in
`PEERS_HOME`. Without it only cofire is timed, beside the bare traffic of its plastic synapses: each
visit reads a weight and a cell number and writes the weight.

Measured on two cores, quiet, beside Brian2's compiled C++ in its best form: m1 18 (one thread), m2big 6.2 (two; 3.3
with one), m2small 5.2 (one), m3 3.3 (two; 2.7 with one), voltage 6.9 (one) and 8 to 11 (two), eligibility 27 (one):
there Brian2 steps every synapse by the clock, and cofire only its cells. m3 passes its synapses 460 million times a
second on one core.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ratios import Compare, seconds

HERE = Path(__file__).parent
GOALS = {"m1": 15.0, "m2big": 5.0, "m2small": 5.0, "m3": 3.0, "voltage": 3.0, "eligibility": 3.0}
BEST = {  # of each peer, the settings that were its best
    "m1": (("brian2", "--mode", "standalone"),),
    "m2big": (("brian2", "--mode", "standalone", "--threads", "2"),),
    "m2small": (("brian2", "--mode", "standalone"),),
    "voltage": (("brian2", "1"), ("brian2", "2")),
    "eligibility": (("brian2", "1"), ("brian2", "2")),
    "m3": (("brian2", "--mode", "standalone"), ("annarchy", "--fmt", "csr", "--threads", "2")),
}


def cofire_run(model: str, threads: int) -> dict[str, Any]:
    """One run in a process of its own."""
    command = [sys.executable, str(HERE / "models.py"), model, "--threads", str(threads)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def peer_run(model: str, peer: str, *options: str) -> dict[str, Any] | None:
    """One run of another simulator, or None if it is not there."""
    scripts = os.environ.get("COFIRE_PEERS")
    if not scripts:
        return None
    python = Path(os.environ.get("PEERS_HOME", scripts)) / f"v_{peer}" / "bin" / "python"
    if not python.exists():
        return None
    ours = HERE / f"{model}_{peer}.py"  # models that the folder of peers does not have
    command = [str(ours), *options] if ours.exists() else [str(Path(scripts) / f"{peer}_bench.py"), model, *options]
    done = subprocess.run([str(python), *command], capture_output=True, text=True, check=False, cwd=python.parents[2])
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else None


def traffic(visits: float) -> float:
    """How long it takes to read and write that many weights, with the numbers of their cells, and nothing else."""
    w, target = np.zeros(10_000_000, np.float32), np.zeros(10_000_000, np.int32)
    out = np.empty_like(w)
    once = min(seconds(lambda: np.add(w, target, out=out, casting="unsafe")) for _ in range(5))
    return once * visits / len(w)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("model", GOALS)
def test_network(compare: Compare, model: str, threads: int) -> None:
    cofire_run(model, threads)  # compiled and kept from here on
    mine, peers = cofire_run(model, threads), [peer_run(model, *settings) for settings in BEST[model]]
    again = compare.benchmark.pedantic(cofire_run, (model, threads))
    took = min(mine["run_s"], again["run_s"])
    best = min((peer for peer in peers if peer), key=lambda peer: peer["run_s"], default=None)
    if best:
        compare.value(f"{best['peer']} / cofire", best["run_s"] / took, f">= {GOALS[model]:g}")
    compare.value("million plastic events/s", mine["plastic_updates"] / took / 1e6, "m3: >= 100 a thread")
    compare.value("/ bare traffic", took / traffic(mine["plastic_updates"]), "")
    compare.value("s to the first step", again["compile_s"], "<= 1, <= 10 at first")
    compare.value("s to build", again["build_s"], "m2big: <= 2")
    compare.value("s", took, "")
