"""Leaky integrate-and-fire with conductances and a threshold that grows with every spike.

    τ dv/dt = v_rest - v + g_e (E_e - v) + g_i (E_i - v),    τ_e dg_e/dt = -g_e,    τ_i dg_i/dt = -g_i,
    τ_θ dθ/dt = -θ,   fires where v > v_threshold + θ,   then v = v_reset and θ = θ + θ₊

θ lowers the rate of whoever fires more than the others (homeostasis); a cell that fires at the rate r has θ near
r θ₊ τ_θ. It is part of what the network learns: while learning is off, θ stays as it is.
The values are those of the excitatory cells of Diehl and Cook's digits, whose program states the threshold as
-52 mV + θ with an offset of 20 mV in θ, here -72 mV + θ with θ from 20 mV, which is the default start.
Use it for competition by lateral inhibition, each of whose cells should win as often as the others.
Pitfalls: τ_θ is 10⁷ ms, so θ only grows within any usual run. g_e and g_i are in units of the leak.
"""

from cofire.constraints import NONNEGATIVE, POSITIVE
from cofire.neurons._recipe import Parameter, Recipe
from cofire.units import ms, mV

EQUATIONS = """\
dv/dt = (v_rest - v + g_e * (E_e - v) + g_i * (E_i - v)) / tau
dg_e/dt = -g_e / tau_e
dg_i/dt = -g_i / tau_i
dtheta/dt = -theta / tau_theta"""

lif_adaptive = Recipe(
    name="lif_adaptive",
    doc=__doc__,
    equations=EQUATIONS,
    parameters={
        "tau": Parameter(100 * ms, "membrane time constant", POSITIVE),
        "tau_e": Parameter(1 * ms, "decay of the excitatory conductance, a time", POSITIVE),
        "tau_i": Parameter(2 * ms, "decay of the inhibitory conductance, a time", POSITIVE),
        "tau_theta": Parameter(1e7 * ms, "decay of the adaptive threshold, a time", POSITIVE),
        "theta_plus": Parameter(0.05 * mV, "growth of the threshold at a spike, a voltage", NONNEGATIVE),
        "v_rest": Parameter(-65 * mV, "resting potential without input, a voltage"),
        "E_e": Parameter(0 * mV, "reversal potential of excitation, a voltage"),
        "E_i": Parameter(-100 * mV, "reversal potential of inhibition, a voltage"),
        "v_threshold": Parameter(-72 * mV, "threshold while theta is 0, a voltage"),
        "v_reset": Parameter(-65 * mV, "potential after a spike, a voltage"),
    },
    source="P. U. Diehl, M. Cook, Unsupervised learning of digit recognition using spike-timing-dependent plasticity, "
    "Front. Comput. Neurosci. 9:99, 2015. doi:10.3389/fncom.2015.00099",
    inputs=("g_e", "g_i", "v"),
    conductances=("g_e", "g_i"),
    learns=("theta",),
    threshold="v > v_threshold + theta",
    reset="v = v_reset; theta = theta + theta_plus",
    refractory=5 * ms,
    initial={"theta": 20 * mV},
)
