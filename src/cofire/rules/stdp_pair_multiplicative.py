"""Pair STDP, multiplicative: steps shrink towards the bounds, so weights stay between them.

A pair of spikes that is t apart adds  A₊ (w_max - w) exp(-t / τ₊)  if the presynaptic one comes first and takes
A₋ w exp(-t / τ₋)  if it comes second; all pairs count. Independent Poisson trains of rates r and s change the weight on
average by  (A₊ τ₊ (w_max - w) - A₋ τ₋ w) r s  per unit time.

Fixed point: w = w_max A₊ τ₊ / (A₊ τ₊ + A₋ τ₋), stable: the distribution has one peak there.
`pre`, `post`: spike trains; as rates, a trace is the leaky integral of the rate.
Use it for weights that stay graded and follow the correlations of their inputs; see `stdp_pair` for winner and loser.
Pitfalls: competition is weak and memories fade with any activity. One step must not cross a bound: A₊ and A₋ times the
largest trace must stay below 1. No `bounds` are declared, since the rule keeps them by itself.
"""

from cofire.constraints import NONNEGATIVE, POSITIVE
from cofire.rules._recipe import Parameter, Recipe
from cofire.units import ms

EQUATION = "dw/dt = A_plus * (w_max - w) * trace(pre, tau_plus) * post - A_minus * w * trace(post, tau_minus) * pre"

stdp_pair_multiplicative = Recipe(
    name="stdp_pair_multiplicative",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "A_plus": Parameter(0.005, "potentiation by one pair, as a fraction of the distance to w_max", NONNEGATIVE),
        "A_minus": Parameter(0.00525, "depression by one pair, as a fraction of the weight", NONNEGATIVE),
        "tau_plus": Parameter(20 * ms, "time constant of potentiation, a time", POSITIVE),
        "tau_minus": Parameter(20 * ms, "time constant of depression, a time", POSITIVE),
        "w_max": Parameter(1.0, "weight that potentiation leads to, in the unit of the weights", POSITIVE),
    },
    source="J. Rubin, D. D. Lee, H. Sompolinsky, Equilibrium properties of temporally asymmetric Hebbian plasticity, "
    "Phys. Rev. Lett. 86:364-367, 2001. doi:10.1103/PhysRevLett.86.364; amplitudes and time constants as in "
    "`stdp_pair`",
)
