"""A small network that the tests share."""

from __future__ import annotations

import numpy as np

from cofire import neurons, rules
from cofire.network import Network, from_pairs, uniform
from cofire.units import Hz, ms, mV

RESTING = neurons.lif(tau=10 * ms, tau_e=5 * ms, v_rest=-70 * mV, v_reset=-70 * mV, refractory=0 * ms)


def small(threads: int = 1) -> tuple[Network, ...]:
    """Two cells that one source drives by a delta and by a current, and a noisy one that learns: one compilation."""
    net = Network(dt=0.1 * ms, seed=2, threads=threads)
    source = net.spikes(2, [0, 1, 0], [0.001, 0.002, 0.003], name="source")
    noise = net.poisson(50, 20 * Hz, name="noise")
    cells = net.cells(3, RESTING, name="target")
    jumps = net.connect(
        source, cells, from_pairs([0, 1], [0, 1]), weight=5 * mV, delay=0.5 * ms, onto="v", name="jumps"
    )
    rule = rules.stdp_pair(A_plus=0.1 * mV, A_minus=0.1 * mV, bounds=(0 * mV, 10 * mV))
    pre, post = np.arange(50), np.full(50, 2)
    learns = net.connect(noise, cells, from_pairs(pre, post), weight=uniform(4 * mV, 6 * mV), rule=rule, name="learns")
    return net, source, noise, cells, jumps, learns  # type: ignore[return-value]
