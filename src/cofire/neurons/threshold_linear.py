"""A rate cell: its output follows its summed input, and is never negative.

    τ dr/dt = [g/τ_s + I - θ]₊ - r,    τ_s dg/dt = -g

It does not fire: r is its rate, and each step it gives every synapse r·dt spikes, which is what a Poisson source of
that rate gives on average. So a synapse adds w·r·dt to g, and with constant rates r∞ = [Σ w r + I - θ]₊, which makes
weights plain numbers. To a rule, `pre` and `post` are the rates, and a trace is the filter of one.
Exponential Euler: exact while the input stands still. A step costs a look at every synapse.
Use it for mean-field models and for rate rules in a network (Oja, BCM, covariance), alone or beside spikes.
Pitfalls: recurrent weights that add up to more than 1 explode. `nearest` has no meaning here. What a rule reads of
the presynaptic cell comes without delay. Inhibition is a negative weight.
"""

from cofire.constraints import POSITIVE
from cofire.neurons._recipe import Parameter, Recipe
from cofire.units import Hz, ms

EQUATIONS = """\
dr/dt = (relu(g / tau_s + I - theta) - r) / tau
dg/dt = -g / tau_s"""

threshold_linear = Recipe(
    name="threshold_linear",
    doc=__doc__,
    equations=EQUATIONS,
    parameters={
        "tau": Parameter(10 * ms, "time constant of the rate, a time", POSITIVE),
        "tau_s": Parameter(5 * ms, "decay of the synaptic input, a time", POSITIVE),
        "I": Parameter(0 * Hz, "constant input, a rate"),
        "theta": Parameter(0 * Hz, "input below which the cell is silent, a rate"),
    },
    source="H. R. Wilson, J. D. Cowan, Excitatory and inhibitory interactions in localized populations of model "
    "neurons, Biophys. J. 12:1-24, 1972; P. Dayan, L. F. Abbott, Theoretical Neuroscience, MIT Press 2001, chapter 7. "
    "doi:10.1016/S0006-3495(72)86068-5",
    inputs=("g",),
    rate="r",
)
