"""Calcium: above one threshold it weakens, above a higher one it strengthens; the rest is bistable.

Each presynaptic arrival adds C_pre, each postsynaptic spike C_post to the synapse's calcium c, which decays with τ_c:

    τ dw/dt = -w (1 - w) (w⋆ - w) + γ_p (1 - w) H(c - θ_p) - γ_d w H(c - θ_d)

with H(x) = 1 for x ≥ 0. A protocol acts by the fractions of time α_p and α_d that c spends above θ_p and θ_d: it draws
the weight to  γ_p α_p / (γ_p α_p + γ_d α_d)  with the time constant  τ / (γ_p α_p + γ_d α_d).

Fixed point: at rest 0 and 1 are stable, and w⋆ between them is not, so that change lasts.
`pre`, `post`: spike trains. The calcium of a presynaptic spike comes late, by 13.7 ms in the set of the defaults: give
it as the `delay` of the synapse.
Use it for the dependence of plasticity on timing, rate and number of spikes from one mechanism. The defaults (set DP)
give the classical window; other sets of the paper differ in amplitudes and delay alone.
Pitfalls: w is the state of one synapse between DOWN and UP, not a measured strength, which averages over many and over
the paper's noise: that is left out here. Thresholds are crossed exactly by the compiled backend; rates of `step` make
calcium a number that no threshold in these units means.
"""

from cofire.constraints import FRACTION, NONNEGATIVE, POSITIVE
from cofire.rules._recipe import Parameter, Recipe
from cofire.units import ms, second

EQUATION = """\
dw/dt = (gamma_p * (1 - w) * step(c - theta_p) - gamma_d * w * step(c - theta_d) - w * (1 - w) * (w_star - w)) / tau
dc/dt = -c / tau_c + C_pre * pre + C_post * post"""

calcium = Recipe(
    name="calcium",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "gamma_p": Parameter(321.808, "rate of potentiation above theta_p, times tau", NONNEGATIVE),
        "gamma_d": Parameter(200.0, "rate of depression above theta_d, times tau", NONNEGATIVE),
        "theta_p": Parameter(1.3, "calcium above which the weight grows", POSITIVE),
        "theta_d": Parameter(1.0, "calcium above which the weight shrinks", POSITIVE),
        "w_star": Parameter(0.5, "the border between the two stable states", FRACTION),
        "tau": Parameter(150 * second, "time constant of the weight, a time", POSITIVE),
        "tau_c": Parameter(20 * ms, "time constant of calcium, a time", POSITIVE),
        "C_pre": Parameter(1.0, "calcium that a presynaptic spike adds", NONNEGATIVE),
        "C_post": Parameter(2.0, "calcium that a postsynaptic spike adds", NONNEGATIVE),
    },
    source="M. Graupner, N. Brunel, Calcium-based plasticity model explains sensitivity of synaptic changes to spike "
    "pattern, rate, and dendritic location, PNAS 109:3991-3996, 2012, equations 1 and 2 without noise. "
    "doi:10.1073/pnas.1109359109",
)
