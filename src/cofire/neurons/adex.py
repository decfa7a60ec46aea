"""Adaptive exponential integrate-and-fire (AdEx).

    C dv/dt = -g_L (v - E_L) + g_L Δ_T exp((v - V_T) / Δ_T) - w + I + i_e + i_i
    τ_w dw/dt = a (v - E_L) - w,    then, at a spike,  v = v_reset  and  w = w + b

v and the adaptation w, a current, are integrated together by Runge-Kutta of order 4, the synaptic currents i_e and
i_i exactly. Above v_peak, where the spike is over, the derivatives are those at v_peak: the upstroke stays finite,
and the last step of a spike leaves no trace in w.
Regular spiking with the defaults; other a, b, τ_w and v_reset make it adapt, burst, or fire with a delay.
Use it for cells that adapt, and wherever the shape of the f-I curve near threshold matters.
Pitfalls: steps of 0.1 ms or less, as dv/dt is steep near the spike. The name w is adaptation, not a weight.
"""

from cofire.constraints import POSITIVE
from cofire.neurons._recipe import Parameter, Recipe
from cofire.units import ms, mV, nA, nS, pF

EQUATIONS = """\
dv/dt = (-g_L * (u - E_L) + g_L * Delta_T * exp((u - v_T) / Delta_T) - w + I + i_e + i_i) / C
dw/dt = (a * (u - E_L) - w) / tau_w
di_e/dt = -i_e / tau_e
di_i/dt = -i_i / tau_i
u = min(v, v_peak)"""

adex = Recipe(
    name="adex",
    doc=__doc__,
    equations=EQUATIONS,
    parameters={
        "C": Parameter(281 * pF, "membrane capacitance", POSITIVE),
        "g_L": Parameter(30 * nS, "leak conductance, a conductance", POSITIVE),
        "E_L": Parameter(-70.6 * mV, "resting potential without input, a voltage"),
        "v_T": Parameter(-50.4 * mV, "potential at which the upstroke begins, a voltage"),
        "Delta_T": Parameter(2 * mV, "sharpness of the upstroke, a voltage", POSITIVE),
        "tau_w": Parameter(144 * ms, "time constant of the adaptation, a time", POSITIVE),
        "a": Parameter(4 * nS, "adaptation to the potential, a conductance"),
        "b": Parameter(0.0805 * nA, "adaptation by one spike, a current"),
        "I": Parameter(0 * nA, "constant input, a current"),
        "tau_e": Parameter(5 * ms, "decay of the excitatory current, a time", POSITIVE),
        "tau_i": Parameter(5 * ms, "decay of the inhibitory current, a time", POSITIVE),
        "v_peak": Parameter(20 * mV, "potential at which the spike is over, a voltage"),
        "v_reset": Parameter(-70.6 * mV, "potential after a spike, a voltage"),
    },
    source="R. Brette, W. Gerstner, Adaptive exponential integrate-and-fire model as an effective description of "
    "neuronal activity, J. Neurophysiol. 94:3637-3642, 2005. doi:10.1152/jn.00686.2005",
    inputs=("i_e", "i_i", "v"),
    threshold="v > v_peak",
    reset="v = v_reset; w = w + b",
    refractory=0.0,
    initial={"v": "E_L"},
)
