"""Weights that NEST leaves on given trains: `nest_weights.py RULE TRAINS.npz`; parameters as in compare.py."""

import json
import sys

import nest
import numpy as np

DT, DELAY, SECONDS, PAIRS = 0.1, 1.5, 20.0, 20
MODELS = {  # the synapse, its parameters, those of the postsynaptic cell
    "stdp_pair": (
        "stdp_synapse",
        {"lambda": 0.005, "alpha": 1.05, "mu_plus": 0.0, "mu_minus": 0.0, "Wmax": 2.0, "tau_plus": 20.0},
        {"tau_minus": 20.0},
    ),
    "stdp_pair_multiplicative": (
        "stdp_synapse",
        {"lambda": 0.01, "alpha": 1.05, "mu_plus": 1.0, "mu_minus": 1.0, "Wmax": 2.0, "tau_plus": 20.0},
        {"tau_minus": 20.0},
    ),
    "triplet": (
        "stdp_triplet_synapse",
        {
            "Aplus": 5e-4,
            "Aplus_triplet": 6.5e-3,
            "Aminus": 7.1e-3,
            "Aminus_triplet": 2e-4,
            "tau_plus": 16.8,
            "tau_plus_triplet": 101.0,
            "Wmax": 2.0,
        },
        {"tau_minus": 33.7, "tau_minus_triplet": 114.0},
    ),
    "vogels_inhibitory": (
        "vogels_sprekeler_synapse",
        {"eta": 1e-3, "alpha": 2 * 3.0 * 0.020, "tau": 20.0, "Wmax": 2.0},
        {"tau_minus": 20.0},
    ),
}

name, file = sys.argv[1:3]
spikes = np.load(file)
nest.verbosity = nest.VerbosityLevel.ERROR
nest.resolution = DT
model, synapse, cell = MODELS[name]


def played(side):
    """Generators of the trains, and cells that repeat them a step later."""
    times = [np.sort(spikes[f"{side}_step"][spikes[f"{side}_cell"] == k]) * DT + DT for k in range(PAIRS)]
    generators = nest.Create("spike_generator", PAIRS, [{"spike_times": np.round(t, 1)} for t in times])
    cells = nest.Create("parrot_neuron", PAIRS)
    nest.Connect(generators, cells, "one_to_one", {"delay": DT})
    return cells


pre, post = played("pre"), played("post")
post.set(cell)
# at receptor 1 a parrot learns of a spike without repeating it
settings = {"synapse_model": model, "weight": 1.0, "delay": DELAY, "receptor_type": 1, **synapse}
nest.Connect(pre, post, "one_to_one", settings)
# a last spike has every synapse learn what happened before it; long after, it changes nothing itself
last = nest.Create("spike_generator", 1, {"spike_times": [SECONDS * 1e3 + 5000.0]})
nest.Connect(last, pre, "all_to_all", {"delay": DT})
nest.Simulate(SECONDS * 1e3 + 6000.0)
found = nest.GetConnections(synapse_model=model)
order = np.argsort(found.source)
weights = np.array(found.weight)[order]
if name == "vogels_inhibitory":  # but for what each presynaptic spike takes
    weights += synapse["alpha"] * synapse["eta"]
print(json.dumps(weights.tolist()))
