"""The spiking network of a classifier: inputs that fire at random, and units that learn and keep each other quiet.

    inputs            Poisson sources, one a feature
    units             `neurons.lif_adaptive`: conductances, and a threshold that grows with every spike
    inputs -> units   all to all, onto g_e, learning by `rules.triplet_nearest` with the numbers of Diehl and Cook;
                      before each showing the weights onto each unit are scaled to a fixed sum
    units -> units    each onto all others, onto g_i, one step later. In the paper each unit excites an inhibitory cell
                      of its own, which inhibits all other units; what it does is to pass the spike on, so it is left
                      out here, as in other versions of this network.

A sample is shown for a while, its features as rates, and then nothing. If the units fired too little it is shown again,
brighter. A step is 0.5 ms, as in the authors' program; its delays, drawn from 0 to 10 ms, are one step here.

Source: P. U. Diehl, M. Cook, Front. Comput. Neurosci. 9:99, 2015, and the authors' program.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cofire import neurons, rules
from cofire.network import Network, all_to_all, uniform
from cofire.rule import Rule
from cofire.units import Quantity, ms

Array = NDArray[Any]

DT = 0.5 * ms
BRIGHTER = 0.5  # of the rates, for each further showing: the authors' intensity goes from 2 to 3
SHOWINGS = 10  # of one sample, at most; the authors' program goes on for ever


class SpikingLayer:
    """Such a network, its weights drawn at random.

    `mean_weight`: of the synapses of a unit, in units of the leak; 0.1 in the paper. No weight becomes more than ten
    times that, and `learning_rate` is in units of that bound. `presentation`, `rest`: seconds. `least`: spikes of all
    units together, with fewer of which a sample is shown again.
    """

    def __init__(
        self,
        n_features: int,
        n_units: int,
        *,
        mean_weight: float,
        learning_rate: float,
        inhibition: float,
        presentation: float,
        rest: float,
        least: int,
        seed: int,
    ) -> None:
        self.net = net = Network(dt=DT, seed=seed)
        self.inputs = net.poisson(n_features, 0.0, name="inputs")
        self.units = net.cells(n_units, neurons.lif_adaptive(), name="units")
        bound = 10 * mean_weight
        self.synapses = net.connect(
            self.inputs,
            self.units,
            all_to_all(),
            weight=uniform(0.003 * bound, 0.303 * bound),
            onto="g_e",
            rule=learning_rule(learning_rate, bound),
        )
        net.connect(self.units, self.units, all_to_all(autapses=False), weight=inhibition, onto="g_i")
        self.total = mean_weight * n_features
        self.presentation, self.rest = (max(1, round(time / DT.value)) * DT for time in (presentation, rest))
        self.least = least

    def learn(self, rates: Array) -> Array:
        """Shows a sample, its features as `rates[n_features]` in Hz, and then nothing: spikes of each unit."""
        for showing in range(SHOWINGS):
            self.synapses.normalize(self.total)
            spikes = self._show(brighter(rates, showing), self.presentation)
            self._show(np.zeros_like(rates), self.rest)
            if spikes.sum() >= self.least or not rates.any():
                break
        return spikes

    def freeze(self) -> None:
        """Nothing learns any more, and the cells come to rest: from here `answer` begins each time."""
        self.net.learning = False
        self._show(np.zeros(self.inputs.size), 5 * self.rest)
        self._resting = {name: values.copy() for name, values in self.net.state().items()}

    def answer(self, rates: Array, step: int) -> Array:
        """The spikes of each unit, of a network that is frozen, by the random numbers from `step` on.

        What is answered to a sample depends on nothing else, so samples may come in any order.
        """
        for showing in range(SHOWINGS):
            self.net.restore(self._resting, step)
            spikes = self._show(brighter(rates, showing), self.presentation)
            if spikes.sum() >= self.least or not rates.any():
                break
        return spikes

    def weights(self) -> Array:
        """`[n_units, n_features]`."""
        return self.synapses.weight.values.reshape(self.inputs.size, self.units.size).T

    def thresholds(self) -> Array:
        """θ, by how much the threshold of each unit is raised, in volts."""
        return self.units.theta.values

    def state(self) -> dict[str, Array]:
        """All that learning changes; a copy."""
        return {name: values.copy() for name, values in self.net.state().items()} | {"step": np.array(self.net.step)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Goes on from a `state`."""
        self.net.restore(state, int(state["step"]))

    def _show(self, rates: Array, duration: Quantity) -> Array:
        self.inputs.set(rates)
        record = self.net.run(duration, record=[self.units.spikes])
        if record.stopped:
            raise KeyboardInterrupt
        return np.bincount(record["units.spikes"].cells, minlength=self.units.size)


def learning_rule(rate: float, bound: float = 1.0) -> Rule:
    """The paper's rule, for weights from 0 to `bound`; `rate`: of potentiation, as a share of it."""
    return rules.triplet_nearest(
        A2_plus=0,
        A3_plus=rate * bound,
        A2_minus=0.01 * rate * bound,
        A3_minus=0,
        tau_plus=20 * ms,
        tau_minus=20 * ms,
        tau_y=40 * ms,
        bounds=(0, bound),
    )


def brighter(rates: Array, showing: int) -> Array:
    """The rates of the first showing, 0, or of a later one."""
    shown: Array = np.minimum(rates * (1 + BRIGHTER * showing), 1 / DT.value)
    return shown
