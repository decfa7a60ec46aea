"""Leaky integrate-and-fire with alpha-shaped synaptic conductances.

    τ dv/dt = v_rest - v + g_e (E_e - v) + g_i (E_i - v)
    τ_e dg_e/dt = e h_e - g_e,    τ_e dh_e/dt = -h_e    (and so for g_i)

A spike that adds w to h_e at time 0 makes g_e(t) = w (t/τ_e) exp(1 - t/τ_e), a conductance in units of the leak that
rises to its peak w at τ_e: weights are the peaks, and positive.
The conductances are exact; v goes to its equilibrium under those at the middle of the step.
Use it where conductances have a rise time, and to compare with NEST's `iaf_cond_alpha`.
Pitfalls: synapses target h_e and h_i, not g_e and g_i. The membrane is that of `lif_conductance`.
"""

from cofire.constraints import POSITIVE
from cofire.neurons._recipe import Parameter, Recipe
from cofire.units import ms, mV

EQUATIONS = """\
dv/dt = (v_rest - v + g_e * (E_e - v) + g_i * (E_i - v)) / tau
dg_e/dt = (exp(1) * h_e - g_e) / tau_e
dg_i/dt = (exp(1) * h_i - g_i) / tau_i
dh_e/dt = -h_e / tau_e
dh_i/dt = -h_i / tau_i"""

lif_conductance_alpha = Recipe(
    name="lif_conductance_alpha",
    doc=__doc__,
    equations=EQUATIONS,
    parameters={
        "tau": Parameter(20 * ms, "membrane time constant", POSITIVE),
        "tau_e": Parameter(2 * ms, "decay of the excitatory conductance, a time", POSITIVE),
        "tau_i": Parameter(2 * ms, "decay of the inhibitory conductance, a time", POSITIVE),
        "v_rest": Parameter(-70 * mV, "resting potential without input, a voltage"),
        "E_e": Parameter(0 * mV, "reversal potential of excitation, a voltage"),
        "E_i": Parameter(-70 * mV, "reversal potential of inhibition, a voltage"),
        "v_threshold": Parameter(-54 * mV, "potential at which the cell fires, a voltage"),
        "v_reset": Parameter(-60 * mV, "potential after a spike, a voltage"),
    },
    source="S. Song, K. D. Miller, L. F. Abbott, Competitive Hebbian learning through spike-timing-dependent synaptic "
    "plasticity, Nat. Neurosci. 3:919-926, 2000. doi:10.1038/78829",
    inputs=("h_e", "h_i", "v"),
    conductances=("h_e", "h_i"),
    refractory=0.0,
)
