"""Izhikevich's simple model: two variables, twenty firing patterns.

    dv/dt = k v² + k₁ v + k₀ - u + I,    du/dt = a (b v - u),    then, at v ≥ v_peak,  v = v_reset  and  u = u + d

The paper's 0.04 v² + 5 v + 140 is in millivolts and milliseconds; here the numbers carry those units, so u and all
inputs are in mV/ms: its d = 8 is 8*mV/ms, its I = 10 is 10*mV/ms. Synapses add to v (the paper's, a jump by the
weight), or to the exponential currents g_e and g_i in mV/ms.
a, b, v_reset (the paper's c), d: regular spiking 0.02, 0.2, -65, 8 (the default); fast spiking 0.1, 0.2, -65, 2;
intrinsically bursting 0.02, 0.2, -55, 4; chattering 0.02, 0.2, -50, 2; low threshold 0.02, 0.25, -65, 2.
v and u are integrated together by Runge-Kutta of order 4, the currents exactly.
Use it for the variety of firing patterns at a small price.
Pitfalls: steps of 0.1 ms; with the paper's two Euler half steps of 0.5 ms patterns and rates differ, as the upstroke
to v_peak is crossed in a step or two, and u reads a v beyond it.
"""

from cofire.constraints import POSITIVE
from cofire.neurons._recipe import Parameter, Recipe
from cofire.units import ms, mV

EQUATIONS = """\
dv/dt = k * v**2 + k_1 * v + k_0 - u + I + g_e + g_i
du/dt = a * (b * v - u)
dg_e/dt = -g_e / tau_e
dg_i/dt = -g_i / tau_i"""

izhikevich = Recipe(
    name="izhikevich",
    doc=__doc__,
    equations=EQUATIONS,
    parameters={
        "k": Parameter(0.04 / (ms * mV), "curvature of the upstroke"),
        "k_1": Parameter(5 / ms, "slope of the upstroke, a rate"),
        "k_0": Parameter(140 * mV / ms, "drift at 0 mV, a voltage per time"),
        "I": Parameter(0 * mV / ms, "constant input, a voltage per time"),
        "a": Parameter(0.02 / ms, "rate of the recovery u"),
        "b": Parameter(0.2 / ms, "how much the recovery follows v, a rate"),
        "d": Parameter(8 * mV / ms, "recovery added by one spike"),
        "tau_e": Parameter(5 * ms, "decay of the excitatory current, a time", POSITIVE),
        "tau_i": Parameter(5 * ms, "decay of the inhibitory current, a time", POSITIVE),
        "v_peak": Parameter(30 * mV, "potential at which the spike is over, a voltage"),
        "v_reset": Parameter(-65 * mV, "potential after a spike, the paper's c, a voltage"),
    },
    source="E. M. Izhikevich, Simple model of spiking neurons, IEEE Trans. Neural Netw. 14:1569-1572, 2003. "
    "doi:10.1109/TNN.2003.820440",
    inputs=("v", "g_e", "g_i"),
    threshold="v >= v_peak",
    reset="v = v_reset; u = u + d",
    refractory=0.0,
    initial={"u": "b * v_reset"},
)
