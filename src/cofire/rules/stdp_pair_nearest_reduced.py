"""Pair STDP, nearest spikes, each paired once (reduced symmetric): gains and losses alternate.

As `stdp_pair_nearest`, but a spike counts only if none of its own cell came between it and the last one of the other:
a postsynaptic spike adds  A₊ exp(-t / τ₊)  if it is the first since the last presynaptic one, a presynaptic spike takes
A₋ exp(-t / τ₋)  if it is the first since the last postsynaptic one. `fresh` is 1 from a presynaptic spike until the
next postsynaptic one. Independent Poisson trains of rates r and s change the weight on average by
r s (A₊ / (r + s + 1/τ₊) - A₋ / (r + s + 1/τ₋))  per unit time.

Fixed point: the weight has none between its bounds, but its drift vanishes at the rates
r + s = (A₋/τ₊ - A₊/τ₋) / (A₊ - A₋), which is 139 Hz with the defaults: depression below, potentiation above.
`pre`, `post`: spike trains; a rate has no nearest spike, and `step` refuses one.
Use it where inputs fire much faster than the cell: all-to-all and nearest pairs would only weaken them, and here one
loss follows each gain. So a cell finds a pattern of spikes that returns in noise.
Pitfalls: `bounds` are part of the model. Spikes of both cells in one step see each other's past alone, and the one that
is still unpaired is the next to be paired.
"""

from cofire.constraints import NONNEGATIVE, POSITIVE
from cofire.rules._recipe import Parameter, Recipe
from cofire.units import ms

EQUATION = """\
dw/dt = A_plus * nearest(pre, tau_plus) * fresh * post - A_minus * nearest(post, tau_minus) * (1 - fresh) * pre
dfresh/dt = (1 - fresh) * pre - fresh * post"""

stdp_pair_nearest_reduced = Recipe(
    name="stdp_pair_nearest_reduced",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "A_plus": Parameter(2.0**-5, "potentiation by one pair, in the unit of the weights", NONNEGATIVE),
        "A_minus": Parameter(0.85 * 2.0**-5, "depression by one pair, in the unit of the weights", NONNEGATIVE),
        "tau_plus": Parameter(16.8 * ms, "time constant of potentiation, a time", POSITIVE),
        "tau_minus": Parameter(33.7 * ms, "time constant of depression, a time", POSITIVE),
    },
    source="A. Morrison, M. Diesmann, W. Gerstner, Phenomenological models of synaptic plasticity based on spike "
    "timing, Biol. Cybern. 98:459-478, 2008, reduced symmetric nearest-neighbour scheme. "
    "doi:10.1007/s00422-008-0233-1; amplitudes and time constants of T. Masquelier, R. Guyonneau, S. J. Thorpe, Spike "
    "timing dependent plasticity finds the start of repeating patterns in continuous spike trains, PLoS ONE 3:e1377, "
    "2008. doi:10.1371/journal.pone.0001377",
    bounds=(0.0, 1.0),
)
