"""Quadratic integrate-and-fire: the normal form of a cell that begins to fire at arbitrarily low rates.

    τ dv/dt = (v - v_rest) (v - v_critical) / Δ + g_e + g_i + I

At rest v_rest is stable and v_critical is not: a cell pushed beyond v_critical fires. With a constant input whose
J = I/Δ - (v_critical - v_rest)²/(4 Δ²) is positive the interval is, for a peak and a reset far out, π τ / sqrt(J).
v is integrated by Runge-Kutta of order 4, the synaptic currents (times membrane resistance, in volts) exactly.
Use it for theory (it is the theta neuron), and where `lif` starts to fire too abruptly.
Pitfalls: above v_peak, where the spike is over, the derivative is that at v_peak. Steps of 0.1 ms or less.
"""

from cofire.constraints import POSITIVE
from cofire.neurons._recipe import Parameter, Recipe
from cofire.units import ms, mV

EQUATIONS = """\
dv/dt = ((u - v_rest) * (u - v_critical) / Delta + g_e + g_i + I) / tau
dg_e/dt = -g_e / tau_e
dg_i/dt = -g_i / tau_i
u = min(v, v_peak)"""

quadratic = Recipe(
    name="quadratic",
    doc=__doc__,
    equations=EQUATIONS,
    parameters={
        "tau": Parameter(10 * ms, "membrane time constant", POSITIVE),
        "tau_e": Parameter(5 * ms, "decay of the excitatory current, a time", POSITIVE),
        "tau_i": Parameter(10 * ms, "decay of the inhibitory current, a time", POSITIVE),
        "v_rest": Parameter(-65 * mV, "resting potential without input, a voltage"),
        "v_critical": Parameter(-50 * mV, "potential beyond which the cell fires, a voltage"),
        "Delta": Parameter(15 * mV, "how flat the curve is, a voltage", POSITIVE),
        "I": Parameter(0 * mV, "constant input times the membrane resistance, a voltage"),
        "v_peak": Parameter(30 * mV, "potential at which the spike is over, a voltage"),
        "v_reset": Parameter(-65 * mV, "potential after a spike, a voltage"),
    },
    source="P. E. Latham, B. J. Richmond, P. G. Nelson, S. Nirenberg, Intrinsic dynamics in neuronal networks. I. "
    "Theory, J. Neurophysiol. 83:808-827, 2000. doi:10.1152/jn.2000.83.2.808",
    inputs=("g_e", "g_i", "v"),
    threshold="v > v_peak",
    refractory=0.0,
    initial={"v": "v_rest"},
)
