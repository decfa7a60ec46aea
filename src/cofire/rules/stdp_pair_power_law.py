"""Pair STDP with a power law: strong synapses gain relatively less, and lose in proportion.

A pair of spikes that is t apart adds  λ w₀^(1-μ) w^μ exp(-t / τ)  if the presynaptic one comes first and takes
λ α w exp(-t / τ)  if it comes second; all pairs count. Independent Poisson trains of rates r and s change the weight on
average by  λ τ (w₀^(1-μ) w^μ - α w) r s  per unit time.

Fixed point: w = w₀ α^(-1 / (1 - μ)), stable for μ below 1: 39.6 w₀ with the defaults. The distribution has one peak
there.
`pre`, `post`: spike trains; as rates, a trace is the leaky integral of the rate.
Use it in large recurrent networks: it is stable beside random activity and needs no upper bound.
Pitfalls: w = 0 is a second fixed point (for μ above 0) that no synapse leaves: start above it. For μ = 1 no other is
left, unless α = 1. Weights below 0 have no power, hence `bounds=(0, None)`.
"""

from cofire.constraints import FRACTION, POSITIVE
from cofire.rules._recipe import Parameter, Recipe
from cofire.units import ms

EQUATION = (
    "dw/dt = lambda_ * w_0**(1 - mu) * w**mu * trace(pre, tau) * post - lambda_ * alpha * w * trace(post, tau) * pre"
)

stdp_pair_power_law = Recipe(
    name="stdp_pair_power_law",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "lambda_": Parameter(0.1, "learning rate: potentiation by one pair at w = w_0, as a fraction of it", POSITIVE),
        "alpha": Parameter(0.11, "depression relative to potentiation at w = w_0", POSITIVE),
        "mu": Parameter(0.4, "exponent of the weight in potentiation; 0 is additive, 1 multiplicative", FRACTION),
        "w_0": Parameter(1.0, "reference weight, in the unit of the weights (the paper's are in pA)", POSITIVE),
        "tau": Parameter(20 * ms, "time constant of potentiation and depression, a time", POSITIVE),
    },
    source="A. Morrison, A. Aertsen, M. Diesmann, Spike-timing-dependent plasticity in balanced random networks, "
    "Neural Comput. 19:1437-1467, 2007. doi:10.1162/neco.2007.19.6.1437",
    bounds=(0.0, None),
)
