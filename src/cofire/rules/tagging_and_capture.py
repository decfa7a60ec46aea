"""Tagging and capture: early change fades, unless a tag and proteins meet and make it last.

Calcium c above θ_d depresses and above θ_p potentiates the early weight 1 + h, which falls back to 1 with τ_h / leak.
While |h| ≥ θ_tag the synapse is tagged; while Σ|h| over the synapses of a cell reaches θ_pro the cell makes proteins
p, and where there are both, the late weight z follows and stays:

    τ_h h' = γ_p (h_max - 1 - h) H(c - θ_p) - γ_d (1 + h) H(c - θ_d) - leak h
    τ_p p' = α H(Σ|h| - θ_pro) - p
    τ_z z' = p ((1 - z) H(h - θ_tag) - (z + 1/2) H(-h - θ_tag))
    w = 1 + h + z

Fixed point: without calcium h = 0 and p = 0, and z stays where it is, whatever it is: nothing is ever forgotten there.
`pre`, `post`: spike trains; w starts at 1, the strength of a synapse at rest. The calcium of a presynaptic spike comes
late, by 18.8 ms: give it as the `delay` of the synapse. α = 0 is a cell whose protein synthesis is blocked.
Use it for the hours after learning: early and late LTP, and rescue of a weak change by a strong one elsewhere on the
cell. For those hours take `rule.step` with zero rates and steps of seconds to minutes.
Pitfalls: h is stepped, so steps stay well below τ_c while there is calcium. p is one number a cell, kept with each of
its synapses. Compiled on spikes it is run by a solver in each step, as h is not done before z needs it: seconds of
spikes, not hours. The source's noise is left out, and its weights are in units of h₀ = 4.2 mV here.
"""

from cofire.constraints import FRACTION, NONNEGATIVE, POSITIVE
from cofire.rules._recipe import Parameter, Recipe
from cofire.units import ms, second

EQUATION = """\
dw/dt = early + late
dh/dt = early
dz/dt = late
dp/dt = (alpha * step(sum_pre(abs(h)) - theta_pro) - p) / tau_p
dc/dt = -c / tau_c + C_pre * pre + C_post * post
early = (gamma_p * (h_max - 1 - h) * step(c - theta_p) - gamma_d * (1 + h) * step(c - theta_d) - leak * h) / tau_h
late = p * ((1 - z) * step(h - theta_tag) - (z + 0.5) * step(-h - theta_tag)) / tau_z"""

tagging_and_capture = Recipe(
    name="tagging_and_capture",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "gamma_p": Parameter(1645.6, "rate of potentiation above theta_p, times tau_h", NONNEGATIVE),
        "gamma_d": Parameter(313.1, "rate of depression above theta_d, times tau_h", NONNEGATIVE),
        "leak": Parameter(0.1, "rate at which early change fades, times tau_h", NONNEGATIVE),
        "h_max": Parameter(2.3805, "largest early weight; at rest it is 1", POSITIVE),
        "theta_p": Parameter(3.0, "calcium above which the early weight grows", POSITIVE),
        "theta_d": Parameter(1.2, "calcium above which the early weight shrinks", POSITIVE),
        "tau_h": Parameter(688.4 * second, "time constant of the early weight, a time", POSITIVE),
        "theta_tag": Parameter(0.2, "early change that tags the synapse", POSITIVE),
        "theta_pro": Parameter(0.5, "early change of the whole cell at which it makes proteins", POSITIVE),
        "alpha": Parameter(1.0, "proteins that the cell makes; 0 if synthesis is blocked", FRACTION),
        "tau_p": Parameter(3600 * second, "time constant of proteins, a time", POSITIVE),
        "tau_z": Parameter(3600 * second, "time constant of capture, a time", POSITIVE),
        "tau_c": Parameter(48.8 * ms, "time constant of calcium, a time", POSITIVE),
        "C_pre": Parameter(1.0, "calcium that a presynaptic spike adds", NONNEGATIVE),
        "C_post": Parameter(0.2758, "calcium that a postsynaptic spike adds", NONNEGATIVE),
    },
    source="Y. Li, T. Kulvicius, C. Tetzlaff, Induction and consolidation of calcium-based homo- and heterosynaptic "
    "potentiation and depression, PLoS ONE 11:e0161679, 2016. doi:10.1371/journal.pone.0161679; numbers as in "
    "J. Luboeinski, C. Tetzlaff, Commun. Biol. 4:275, 2021. doi:10.1038/s42003-021-01778-y",
)
