"""Pair STDP, additive: before strengthens, after weakens, whatever the weight.

A pair of spikes that is t apart adds  A₊ exp(-t / τ₊)  if the presynaptic one comes first and takes  A₋ exp(-t / τ₋)
if it comes second; all pairs count. Independent Poisson trains of rates r and s change the weight on average by
(A₊ τ₊ - A₋ τ₋) r s  per unit time; what strengthens a synapse is more coincidences, pre before post, than that.

Fixed point: none between the bounds, unless A₊ τ₊ = A₋ τ₋. Weights drift to one of them: the distribution is bimodal.
`pre`, `post`: spike trains; as rates, a trace is the leaky integral of the rate.
Use it for competition between inputs: correlated or early ones win, and with A₋ τ₋ slightly above A₊ τ₊ the rest die
out.
Pitfalls: `bounds` are part of the model, and A₊, A₋ are fractions of the upper one. It fails for triplets and for the
dependence on frequency: see `triplet`.
"""

from cofire.constraints import NONNEGATIVE, POSITIVE
from cofire.rules._recipe import Parameter, Recipe
from cofire.units import ms

EQUATION = "dw/dt = A_plus * trace(pre, tau_plus) * post - A_minus * trace(post, tau_minus) * pre"

stdp_pair = Recipe(
    name="stdp_pair",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "A_plus": Parameter(0.005, "potentiation by one pair, in the unit of the weights", NONNEGATIVE),
        "A_minus": Parameter(0.00525, "depression by one pair, in the unit of the weights", NONNEGATIVE),
        "tau_plus": Parameter(20 * ms, "time constant of potentiation, a time", POSITIVE),
        "tau_minus": Parameter(20 * ms, "time constant of depression, a time", POSITIVE),
    },
    source="S. Song, K. D. Miller, L. F. Abbott, Competitive Hebbian learning through spike-timing-dependent synaptic "
    "plasticity, Nat. Neurosci. 3:919-926, 2000. doi:10.1038/78829",
    bounds=(0.0, 1.0),
)
