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
from cofire.neurons.lif_conductance import lif_conductance
from cofire.units import ms

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
    parameters=lif_conductance.parameters
    | {
        "tau_e": Parameter(2 * ms, "decay of the excitatory conductance, a time", POSITIVE),
        "tau_i": Parameter(2 * ms, "decay of the inhibitory conductance, a time", POSITIVE),
    },
    source=lif_conductance.source,
    inputs=("h_e", "h_i", "v"),
    conductances=("h_e", "h_i"),
    refractory=0.0,
)
