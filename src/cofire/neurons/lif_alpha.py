"""Leaky integrate-and-fire with alpha-shaped synaptic currents.

    τ dv/dt = v_rest - v + g_e + g_i + I,    τ_e dg_e/dt = e h_e - g_e,    τ_e dh_e/dt = -h_e    (and so for g_i)

A spike that adds w to h_e at time 0 makes g_e(t) = w (t/τ_e) exp(1 - t/τ_e), which rises from 0 to its peak w at τ_e:
weights are the peaks, in volts (current times membrane resistance), those onto h_i negative.
Everything is linear, so each step is exact, whatever its length; spikes are found at the ends of steps.
Use it where the onset of a synaptic current matters, as for synchrony, and to compare with NEST's `iaf_psc_alpha`.
Pitfalls: synapses target h_e and h_i, not g_e and g_i. The area under the current is e w τ_e, not w τ_e as in `lif`.
"""

from cofire.constraints import POSITIVE
from cofire.neurons._recipe import Parameter, Recipe
from cofire.units import ms, mV

EQUATIONS = """\
dv/dt = (v_rest - v + g_e + g_i + I) / tau
dg_e/dt = (exp(1) * h_e - g_e) / tau_e
dg_i/dt = (exp(1) * h_i - g_i) / tau_i
dh_e/dt = -h_e / tau_e
dh_i/dt = -h_i / tau_i"""

lif_alpha = Recipe(
    name="lif_alpha",
    doc=__doc__,
    equations=EQUATIONS,
    parameters={
        "tau": Parameter(10 * ms, "membrane time constant", POSITIVE),
        "tau_e": Parameter(2 * ms, "decay of the excitatory current, a time", POSITIVE),
        "tau_i": Parameter(2 * ms, "decay of the inhibitory current, a time", POSITIVE),
        "v_rest": Parameter(-70 * mV, "resting potential without input, a voltage"),
        "I": Parameter(0 * mV, "constant input times the membrane resistance, a voltage"),
        "v_threshold": Parameter(-54 * mV, "potential at which the cell fires, a voltage"),
        "v_reset": Parameter(-60 * mV, "potential after a spike, a voltage"),
    },
    source="W. Rall, Distinguishing theoretical synaptic potentials computed for different soma-dendritic "
    "distributions of synaptic input, J. Neurophysiol. 30:1138-1168, 1967. doi:10.1152/jn.1967.30.5.1138",
    inputs=("h_e", "h_i", "v"),
)
