"""Leaky integrate-and-fire with exponential synaptic currents.

    τ dv/dt = v_rest - v + g_e + g_i + I,    τ_e dg_e/dt = -g_e,    τ_i dg_i/dt = -g_i

g_e and g_i are currents times the membrane resistance, in volts: a spike that adds w to g_e raises v at its peak by
less than w, namely w (τ_e/τ)^(τ/(τ - τ_e)) (τ_e in place of τ where that is longer), and by w τ_e in all, in volt
seconds. A weight onto g_i is negative. A synapse that targets v itself makes it jump by the weight (a delta synapse).
With a constant input that holds v above threshold in the long run, v_∞ = v_rest + I, the interval between spikes is
t_ref + τ ln((v_∞ - v_reset) / (v_∞ - v_threshold)).
Everything is linear, so each step is exact, whatever its length; spikes are found at the ends of steps.
Use it for large networks, theory, and wherever the effect of one synapse must not depend on the others.
Pitfalls: without reversal potentials inhibition can push v without limit. The membrane and the threshold are those of
Song, Miller and Abbott (2000), who have conductances: see `lif_conductance`.
"""

from cofire.constraints import POSITIVE
from cofire.neurons._recipe import Parameter, Recipe
from cofire.units import ms, mV

EQUATIONS = """\
dv/dt = (v_rest - v + g_e + g_i + I) / tau
dg_e/dt = -g_e / tau_e
dg_i/dt = -g_i / tau_i"""

lif = Recipe(
    name="lif",
    doc=__doc__,
    equations=EQUATIONS,
    parameters={
        "tau": Parameter(10 * ms, "membrane time constant", POSITIVE),
        "tau_e": Parameter(5 * ms, "decay of the excitatory current, a time", POSITIVE),
        "tau_i": Parameter(10 * ms, "decay of the inhibitory current, a time", POSITIVE),
        "v_rest": Parameter(-70 * mV, "resting potential without input, a voltage"),
        "I": Parameter(0 * mV, "constant input times the membrane resistance, a voltage"),
        "v_threshold": Parameter(-54 * mV, "potential at which the cell fires, a voltage"),
        "v_reset": Parameter(-60 * mV, "potential after a spike, a voltage"),
    },
    source="L. Lapicque, Recherches quantitatives sur l'excitation électrique des nerfs traitée comme une "
    "polarisation, J. Physiol. Pathol. Gén. 9:620-635, 1907; A. N. Burkitt, A review of the integrate-and-fire "
    "neuron model, Biol. Cybern. 95:1-19, 2006. doi:10.1007/s00422-006-0068-6",
    inputs=("g_e", "g_i", "v"),
)
