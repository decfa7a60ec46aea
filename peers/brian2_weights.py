"""Weights that Brian2 leaves on given trains: `brian2_weights.py RULE TRAINS.npz`; parameters as in compare.py."""

import json
import sys

import numpy as np
from brian2 import Network, SpikeGeneratorGroup, Synapses, defaultclock, ms, prefs

prefs.codegen.target = "numpy"
defaultclock.dt = 0.1 * ms
SECONDS, PAIRS = 20.0, 20
name, file = sys.argv[1:3]
spikes = np.load(file)

PAIR = "dx/dt = -x/tau_plus : 1 (event-driven)\ndy/dt = -y/tau_minus : 1 (event-driven)"
# equations, on_pre, on_post, parameters; each reads the traces before it adds to its own
MODELS = {
    "stdp_pair": (PAIR, "w = clip(w - 0.0105*y, 0, 2)\nx += 1", "w = clip(w + 0.01*x, 0, 2)\ny += 1", {}),
    "stdp_pair_multiplicative": (
        PAIR,
        "w = w - 1.05*0.01*w*y\nx += 1",
        "w = w + 0.01*(2 - w)*x\ny += 1",
        {},
    ),
    "triplet": (
        PAIR + "\ndx2/dt = -x2/tau_x : 1 (event-driven)\ndy2/dt = -y2/tau_y : 1 (event-driven)",
        "w = clip(w - y*(7.1e-3 + 2e-4*x2), 0, 2)\nx += 1\nx2 += 1",
        "w = clip(w + x*(5e-4 + 6.5e-3*y2), 0, 2)\ny += 1\ny2 += 1",
        {"tau_plus": 16.8 * ms, "tau_minus": 33.7 * ms, "tau_x": 101 * ms, "tau_y": 114 * ms},
    ),
    "vogels_inhibitory": (
        PAIR,
        "w = clip(w + 1e-3*(y - 2*3*0.02), 0, 2)\nx += 1",
        "w = clip(w + 1e-3*x, 0, 2)\ny += 1",
        {},
    ),
}
model, on_pre, on_post, parameters = MODELS[name]
given = {"tau_plus": 20 * ms, "tau_minus": 20 * ms} | parameters
pre, post = (
    SpikeGeneratorGroup(PAIRS, spikes[f"{side}_cell"], spikes[f"{side}_step"] * 0.1 * ms) for side in ("pre", "post")
)
synapses = Synapses(pre, post, f"w : 1\n{model}", on_pre=on_pre, on_post=on_post, delay=1.5 * ms, namespace=given)
synapses.connect(j="i")
synapses.post.delay = 0 * ms
synapses.w = 1.0
Network(pre, post, synapses).run(SECONDS * 1000 * ms + 2 * ms)
print(json.dumps(np.asarray(synapses.w[:]).tolist()))
