"""Short-term plasticity: a spike uses up resources and raises their use; both recover within a second.

a is the extra use that past spikes left, b the share of resources that is spent:
    at a presynaptic spike   a⁺ = a + U (1 - a),   b⁺ = b + u (1 - b)   with   u = a + U (1 - a),   what it uses
    between spikes           da/dt = -a / τ_f,     db/dt = -b / τ_d
and the weight is what the next spike will release,  w = w₀ (U + (1 - U) a) (1 - b).  The rule says how this product
changes, so a synapse that starts rested at w = w₀ U keeps to it, and acts with it: nothing is learnt for good.

Fixed point: at rest w = w₀ U. At a steady rate r of spikes that are 1/r apart, with e_f = exp(-1 / (r τ_f)) and
e_d = exp(-1 / (r τ_d)):  a = e_f U / (1 - e_f (1 - U)),  u = a + U (1 - a),  1 - b = (1 - e_d) / (1 - e_d (1 - u)).
`pre`: a spike train. `post` has no part in it.
Use it for synapses that depress (U large, τ_d long) or facilitate (U small, τ_f long), as between cortical cells.
Pitfalls: start the weights at w₀ U. It is the whole of what the synapse does: it does not combine with a rule that
learns for good.
"""

from cofire.constraints import POSITIVE, Range
from cofire.rules._recipe import Parameter, Recipe
from cofire.units import ms

EQUATION = """\
dw/dt = w_0 * (r * b / tau_d - (1 - U) * a * (1 - b) / tau_f
        + pre * ((U + (1 - U) * (a + U * (1 - a))) * (1 - r) * (1 - b) - r * (1 - b)))
da/dt = -a / tau_f + pre * U * (1 - a)
db/dt = -b / tau_d + pre * r * (1 - b)
r = U + (1 - U) * a"""

short_term = Recipe(
    name="short_term",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "w_0": Parameter(1.0, "what all resources together would release, in the unit of the weights", POSITIVE),
        "U": Parameter(0.5, "share of the resources that a rested synapse releases", Range(0.0, 1.0, True, False)),
        "tau_f": Parameter(20 * ms, "time constant of facilitation, a time", POSITIVE),
        "tau_d": Parameter(800 * ms, "time constant of recovery from depression, a time", POSITIVE),
    },
    source="M. V. Tsodyks, K. Pawelzik, H. Markram, Neural networks with dynamic synapses, Neural Comput. 10:821-835, "
    "1998. doi:10.1162/089976698300017502",
)
