"""The same spike trains through cofire, NEST and Brian2: do they leave the same weights?

`make peers` installs both, each in an environment of its own, and runs this. One synapse for each of 20 pairs of random
trains, 20 s at about 20 Hz. What differs between the tools is a convention, and named here:

    delay         NEST takes that of a plastic synapse as dendritic: the presynaptic spike acts on the weight at once,
                  the postsynaptic one after the delay. In cofire that is delay=0 and postsynaptic spikes so much later.
                  Brian2's is axonal, as cofire's.
    coincidence   Of two spikes that meet at a synapse in one step, Brian2 runs the presynaptic code first, and the
                  postsynaptic one sees what it did; NEST the other way round, and a pair 0 apart adds nothing. In
                  cofire each sees the weight and the other's trace as they were before. The first table is of trains
                  without such meetings; with them, in the second, the tools differ from each other by as much.

Prints the tables, and fails if in the first two weights differ by more than 1e-9 of the largest.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from cofire import Rule, protocols, rules
from cofire.units import ms

HERE = Path(__file__).parent
DT, SECONDS, PAIRS, RATE, DELAY = 1e-4, 20.0, 20, 20.0, 15
RULES: dict[str, Rule] = {
    "stdp_pair": rules.stdp_pair(A_plus=0.01, A_minus=0.0105, bounds=(0, 2)),
    "stdp_pair_multiplicative": Rule(
        "dw/dt = eta * (w_max - w) * trace(pre, tau_plus) * post - alpha * eta * w * trace(post, tau_minus) * pre",
        eta=0.01,
        alpha=1.05,
        w_max=2.0,
        tau_plus=20 * ms,
        tau_minus=20 * ms,
    ),
    "triplet": rules.triplet(A2_plus=5e-4, A3_minus=2e-4, bounds=(0, 2)),
    "vogels_inhibitory": rules.vogels_inhibitory(bounds=(0, 2)),
}


def trains(meetings: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """`(pre cell, pre step, post cell, post step)`, with or without spikes that meet at a synapse in one step."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(2):
        cell, step = np.nonzero(rng.random((PAIRS, round(SECONDS / DT) - 200)) < RATE * DT)
        apart = np.append(True, (np.diff(step) > 1) | (np.diff(cell) != 0))
        found += [cell[apart], step[apart] + 100]
    pre_cell, pre_step, post_cell, post_step = found
    if not meetings:
        taken = {(int(c), int(s) + shift) for c, s in zip(pre_cell, pre_step, strict=True) for shift in (-DELAY, DELAY)}
        alone = [(int(c), int(s)) not in taken for c, s in zip(post_cell, post_step, strict=True)]
        post_cell, post_step = post_cell[alone], post_step[alone]
    return pre_cell, pre_step, post_cell, post_step


def here(rule: Rule, spikes: tuple[np.ndarray, ...], dendritic: bool) -> np.ndarray:
    """cofire's weights, with the delay on the axon or on the dendrite."""
    pre_cell, pre_step, post_cell, post_step = spikes
    later = DELAY if dendritic else 0
    w, _ = protocols.replay(
        rule,
        pre=(pre_cell, pre_step),
        post=(post_cell, post_step + later),
        synapses=(np.arange(PAIRS), np.arange(PAIRS)),
        weight=1.0,
        delay=0 if dendritic else DELAY,
        dt=0.1 * ms,
        duration=round(SECONDS / DT) + DELAY,
    )
    return w


def there(peer: str, name: str, file: Path, home: Path) -> np.ndarray:
    """Another tool's weights."""
    command = [str(home / f"v_{peer}" / "bin" / "python"), str(HERE / f"{peer}_weights.py"), name, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    if not lines:
        raise SystemExit(f"{peer} failed on {name}:\n{done.stderr[-2000:]}")
    return np.array(json.loads(lines[-1]))


def table(spikes: tuple[np.ndarray, ...], home: Path) -> float:
    """Prints one, and returns the largest difference in it."""
    rows, largest = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trains.npz"
        np.savez(file, **dict(zip(("pre_cell", "pre_step", "post_cell", "post_step"), spikes, strict=True)))
        for peer in ("nest", "brian2"):
            for name, rule in RULES.items():
                mine, other = here(rule, spikes, peer == "nest"), there(peer, name, file, home)
                apart = float(np.abs(mine - other).max() / np.abs(mine).max())
                largest = max(largest, apart)
                rows.append((peer, name, f"{mine.mean():.6f}", f"{other.mean():.6f}", f"{apart:.1e}"))
    for row in (("peer", "rule", "cofire, mean", "peer, mean", "largest difference"), *rows):
        print("  ".join(f"{cell:<26}" for cell in row).rstrip())
    return largest


def main(home: Path) -> int:
    print("trains without meetings")
    largest = table(trains(meetings=False), home)
    print("\ntrains with meetings")
    table(trains(meetings=True), home)
    return int(largest > 1e-9)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".peers").absolute()))
