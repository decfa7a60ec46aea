"""The model `voltage` of models.py as a user of Brian2 writes it; run by the Python of an environment that has Brian2.

Brian2 has no form for a term that follows the voltage, so the weights are stepped by the clock, as in its own example
of Clopath et al. (2010).
"""

import json
import sys
import tempfile

from brian2 import NeuronGroup, PoissonGroup, SpikeMonitor, Synapses, defaultclock, device, prefs, run, seed, set_device
from brian2.units import Hz, ms, mV, second

SECONDS = 2.0

set_device("cpp_standalone", directory=tempfile.mkdtemp(), build_on_run=False)
prefs.devices.cpp_standalone.openmp_threads = int(sys.argv[1]) if int(sys.argv[1]) > 1 else 0
defaultclock.dt = 0.1 * ms
seed(1)

constants = {"tau": 20 * ms, "tau_e": 5 * ms, "tau_plus": 7 * ms, "tau_minus": 10 * ms, "tau_x": 15 * ms}
constants |= {"A_LTP": 14e-5 / mV / ms, "A_LTD": 8e-5, "theta_plus": -50 * mV, "theta_minus": -65 * mV}
inputs = PoissonGroup(784, 15 * Hz)
cells = NeuronGroup(
    100,
    """dv/dt = (-70*mV - v + g) / tau : volt (unless refractory)
    dg/dt = -g / tau_e : volt
    du_plus/dt = (v - u_plus) / tau_plus : volt
    du_minus/dt = (v - u_minus) / tau_minus : volt""",
    threshold="v > -45*mV",
    reset="v = -60*mV",
    refractory=2 * ms,
    method="exact",
    namespace=constants,
)
cells.v = cells.u_plus = cells.u_minus = -70 * mV
synapses = Synapses(
    inputs,
    cells,
    """dx/dt = -x / tau_x : 1 (clock-driven)
    dw/dt = A_LTP * x * clip(v_post - theta_plus, 0*mV, 1*volt) * clip(u_plus_post - theta_minus, 0*mV, 1*volt)
            * int(w < 3*mV) : volt (clock-driven)""",
    on_pre="""g_post += w
    w = clip(w - A_LTD * clip(u_minus_post - theta_minus, 0*mV, 1*volt), 0*mV, 3*mV)
    x += ms / tau_x""",
    method="euler",
    namespace=constants,
)
synapses.connect()
synapses.w = "0.2*mV + 0.6*mV * rand()"
spikes = SpikeMonitor(cells)
run(SECONDS * second)
device.build(directory=tempfile.mkdtemp(), run=False, compile=True)
device.run(with_output=False)
print(json.dumps({"peer": "brian2", "run_s": device._last_run_time, "spikes": int(spikes.num_spikes)}))
