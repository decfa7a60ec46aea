"""Leaky integrate-and-fire with exponential synaptic conductances.

    τ dv/dt = v_rest - v + g_e (E_e - v) + g_i (E_i - v),    τ_e dg_e/dt = -g_e,    τ_i dg_i/dt = -g_i

g_e and g_i are conductances in units of the leak, pure numbers: the weights of Song, Miller and Abbott, of which 0.015
is the strongest. Both kinds of weight are positive; the reversal potentials give the sign.
The conductances are exact; v is linear in itself, and goes to its equilibrium under the conductances at the middle of
the step, which is of second order in dt.
Use it where inhibition divides, where the membrane must become faster under bombardment, and for the papers that do.
Pitfalls: what a synapse does depends on v and on all others; weights are not those of a current-based model. The paper
states no refractory period, and none is the default.
"""

from cofire.constraints import POSITIVE
from cofire.neurons._recipe import Parameter, Recipe
from cofire.units import ms, mV

EQUATIONS = """\
dv/dt = (v_rest - v + g_e * (E_e - v) + g_i * (E_i - v)) / tau
dg_e/dt = -g_e / tau_e
dg_i/dt = -g_i / tau_i"""

lif_conductance = Recipe(
    name="lif_conductance",
    doc=__doc__,
    equations=EQUATIONS,
    parameters={
        "tau": Parameter(20 * ms, "membrane time constant", POSITIVE),
        "tau_e": Parameter(5 * ms, "decay of the excitatory conductance, a time", POSITIVE),
        "tau_i": Parameter(5 * ms, "decay of the inhibitory conductance, a time", POSITIVE),
        "v_rest": Parameter(-70 * mV, "resting potential without input, a voltage"),
        "E_e": Parameter(0 * mV, "reversal potential of excitation, a voltage"),
        "E_i": Parameter(-70 * mV, "reversal potential of inhibition, a voltage"),
        "v_threshold": Parameter(-54 * mV, "potential at which the cell fires, a voltage"),
        "v_reset": Parameter(-60 * mV, "potential after a spike, a voltage"),
    },
    source="S. Song, K. D. Miller, L. F. Abbott, Competitive Hebbian learning through spike-timing-dependent synaptic "
    "plasticity, Nat. Neurosci. 3:919-926, 2000. doi:10.1038/78829",
    inputs=("g_e", "g_i", "v"),
    conductances=("g_e", "g_i"),
    refractory=0.0,
)
