"""A rule on given spike trains, without a network; and the classical protocols, thousands of parameter sets at once.

    w, state = replay(rule, pre=(cells, steps), post=(cells, steps), synapses=(pre, post), weight=0.5, delay=0,
                      dt=0.1*ms, duration=10*second)

    w = pairing(lag=[-10*ms, 10*ms], frequency=20*Hz, repeats=60).play(rule, weight=0.5)
    change = window(rule, np.linspace(-0.1, 0.1, 201), weight=0.5)

inputs.py      what the user gave, checked
trains.py      replay
sets.py        spikes of many pairs of cells, and a rule played on them
classical.py   the protocols
"""

from cofire.protocols.classical import bursts, pairing, poisson_pairing, quadruplets, tetanus, triplets, window
from cofire.protocols.sets import Trains
from cofire.protocols.trains import replay

__all__ = [
    "Trains",
    "bursts",
    "pairing",
    "poisson_pairing",
    "quadruplets",
    "replay",
    "tetanus",
    "triplets",
    "window",
]
