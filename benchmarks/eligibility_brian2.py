"""The model `eligibility` of models.py as a user of Brian2 writes it; run by the Python of an environment that has it.

Brian2 has no form for what follows the voltage, so traces, eligibilities and weights are stepped by the clock.
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

constants = {"tau": 20 * ms, "tau_g": 5 * ms, "tau_x": 20 * ms, "tau_e": 200 * ms, "tau_r": 500 * ms}
constants |= {"eta": 0.001 * mV / ms, "theta": -45 * mV, "width": 15 * mV}
inputs = PoissonGroup(784, 15 * Hz)
cells = NeuronGroup(
    100,
    """dv/dt = (-70*mV - v + g) / tau : volt (unless refractory)
    dg/dt = -g / tau_g : volt""",
    threshold="v > -45*mV",
    reset="v = -60*mV",
    refractory=2 * ms,
    method="exact",
    namespace=constants,
)
cells.v = -70 * mV
synapses = Synapses(
    inputs,
    cells,
    """dx/dt = -x / tau_x : 1 (clock-driven)
    dz/dt = x * clip(1 - abs(v_post - theta) / width, 0, 1) / tau_x - z / tau_e : 1 (clock-driven)
    dw/dt = eta * exp(-t / tau_r) * z * int(w < 3*mV) : volt (clock-driven)""",
    on_pre="""g_post += w
    x += 1""",
    method="euler",
    namespace=constants,
)
synapses.connect()
synapses.w = "0.2*mV + 0.6*mV * rand()"
spikes = SpikeMonitor(cells)
run(SECONDS * second)
device.build(directory=tempfile.mkdtemp(), run=False, compile=True)
device.run(with_output=False)
made = {"spikes": int(spikes.num_spikes), "mean_weight_end": float(synapses.w[:].mean())}
print(json.dumps({"peer": "brian2", "run_s": device._last_run_time, **made}))
