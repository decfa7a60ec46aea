"""Pair STDP, nearest spikes only: each spike is paired with the last one of the other cell.

As `stdp_pair`, but a spike t after the last spike of the other cell adds  A₊ exp(-t / τ₊)  or takes  A₋ exp(-t / τ₋)
for that one pair only (the symmetric scheme). The time since the last spike of a Poisson train of rate r makes
exp(-t / τ)  on average  r τ / (1 + r τ), so independent trains of rates r and s change the weight by
r s (A₊ / (r + 1/τ₊) - A₋ / (s + 1/τ₋))  per unit time.

Fixed point: the weight has none between its bounds, but its drift vanishes at the postsynaptic rate
s = (A₋ / A₊)(r + 1/τ₊) - 1/τ₋ : depression below, potentiation above, as in `bcm`.
`pre`, `post`: spike trains; a rate has no nearest spike, and `step` refuses one.
Use it where bursts must not add up, or for a dependence on the postsynaptic rate from pairs alone.
Pitfalls: symmetric is one of several nearest-spike schemes, and results depend on which. `bounds` are part of the
model.
"""

from cofire.constraints import NONNEGATIVE, POSITIVE
from cofire.rules._recipe import Parameter, Recipe
from cofire.units import ms

EQUATION = "dw/dt = A_plus * nearest(pre, tau_plus) * post - A_minus * nearest(post, tau_minus) * pre"

stdp_pair_nearest = Recipe(
    name="stdp_pair_nearest",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "A_plus": Parameter(0.005, "potentiation by one pair, in the unit of the weights", NONNEGATIVE),
        "A_minus": Parameter(0.00525, "depression by one pair, in the unit of the weights", NONNEGATIVE),
        "tau_plus": Parameter(20 * ms, "time constant of potentiation, a time", POSITIVE),
        "tau_minus": Parameter(20 * ms, "time constant of depression, a time", POSITIVE),
    },
    source="A. Morrison, M. Diesmann, W. Gerstner, Phenomenological models of synaptic plasticity based on spike "
    "timing, Biol. Cybern. 98:459-478, 2008, symmetric nearest-neighbour scheme. "
    "doi:10.1007/s00422-008-0233-1; amplitudes and time constants as in `stdp_pair`",
    bounds=(0.0, 1.0),
)
