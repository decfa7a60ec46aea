"""The voltage rule: a spike that meets a depolarised cell weakens, high voltage after it strengthens.

With [x]₊ for x above 0 and ū for running averages of the postsynaptic voltage u over τ₋ and τ₊, a presynaptic spike
takes  A_LTD [ū₋ - θ₋]₊ , and all the time

    dw/dt = A_LTP x̄ [u - θ₊]₊ [ū₊ - θ₋]₊

where x̄ is the running average of `pre` over τ_x. Only during a spike of the cell is u above θ₊, and only if it was
depolarised before, by an earlier spike or by current, is ū₊ above θ₋: a triplet rule of voltage, without spikes to set.

Fixed point: the weight has none; it rests where the voltage stays below θ₋, or no presynaptic spike comes.
`pre`: spike trains. `post.v`: the voltage of the cell, in volts, spikes with their full height. `post` is not used.
Use it where voltage and spikes interact: pairing at different rates, depolarisation without spikes, backpropagating
spikes of different width. The defaults are the fit to visual cortex.
Pitfalls: the height and width of spikes decide how much is learnt, so a model cell must have the ones that the numbers
were fitted with: 2 ms, as the paper's; a cell of `cofire.neurons` stands at its threshold or `v_peak` for one step. The
paper reads ū so late that a spike does not see itself; with spikes of several steps, ū₊ has their first step in it.
Homeostasis of A_LTD by the mean depolarisation is left out. Add `bounds`.
"""

from cofire.constraints import NONNEGATIVE, POSITIVE, Range
from cofire.rules._recipe import Parameter, Recipe
from cofire.units import ms, mV

EQUATION = """\
dw/dt = A_LTP * mean(pre, tau_x) * relu(post.v - theta_plus) * relu(mean(post.v, tau_plus) - theta_minus)
        - A_LTD * pre * relu(mean(post.v, tau_minus) - theta_minus)"""

VOLTAGE = Range(low=-1.0, high=1.0)  # volts: what a cell can have

clopath = Recipe(
    name="clopath",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "A_LTD": Parameter(14e-5 / mV, "depression by a presynaptic spike, per voltage", NONNEGATIVE),
        "A_LTP": Parameter(8e-5 / mV**2, "potentiation, per voltage squared", NONNEGATIVE),
        "theta_minus": Parameter(-70.6 * mV, "voltage above which an average counts, the resting one", VOLTAGE),
        "theta_plus": Parameter(-45.3 * mV, "voltage above which the cell counts as spiking", VOLTAGE),
        "tau_minus": Parameter(10 * ms, "time constant of the average for depression, a time", POSITIVE),
        "tau_plus": Parameter(7 * ms, "time constant of the average for potentiation, a time", POSITIVE),
        "tau_x": Parameter(15 * ms, "time constant of the presynaptic average, a time", POSITIVE),
    },
    source="C. Clopath, L. Büsing, E. Vasilaki, W. Gerstner, Connectivity reflects coding: a model of voltage-based "
    "STDP with homeostasis, Nat. Neurosci. 13:344-352, 2010, equations 1 and 3. doi:10.1038/nn.2479",
)
