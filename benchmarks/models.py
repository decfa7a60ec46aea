"""The networks that simulators are compared on, as cofire says them. `python models.py m3 --threads 2` runs one.

m1       Song, Miller & Abbott (2000): 1000 Poisson inputs onto one cell, pair STDP
m2big    10,000 cells, each connected with a tenth of the others, pair STDP between the excitatory ones
m2small  4,000 cells, sparser
m3       784 Poisson inputs onto 400 cells that inhibit each other: the shape of Diehl & Cook (2015)
voltage  784 Poisson inputs onto 100 cells, plasticity by the voltage of these: Clopath et al. (2010)
eligibility  the same cells; an eligibility follows inputs and voltage, a reward makes it weight: Bellec et al. (2020)

Prints one line of JSON: what was simulated, how long making, compiling and running took, and the memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from typing import Any

import numpy as np

import cofire
from cofire import Network, Rule, neurons, rules
from cofire.units import Hz, ms, mV, second

SECONDS = {"m1": 100.0, "m2big": 2.0, "m2small": 10.0, "m3": 35.0, "voltage": 2.0, "eligibility": 2.0}


def m1(seed: int, threads: int) -> tuple[Network, dict[str, Any]]:
    net = Network(dt=0.1 * ms, seed=seed, threads=threads)
    inputs = net.poisson(1000, 15 * Hz, name="inputs")
    neuron = neurons.lif_conductance(
        tau=10 * ms, v_rest=-74 * mV, v_threshold=-54 * mV, v_reset=-60 * mV, refractory=0 * ms
    )
    cell = net.cells(1, neuron, name="cell", v=-60 * mV)
    rule = rules.stdp_pair(A_plus=1e-4, A_minus=1.05e-4, bounds=(0, 0.01))
    plastic = net.connect(inputs, cell, cofire.all_to_all(), weight=cofire.uniform(0, 0.01), rule=rule)
    return net, {"plastic": plastic, "in": inputs, "out": cell}


def _balanced(size: int, p: float, J: float, drive: float, seed: int, threads: int) -> tuple[Network, dict[str, Any]]:
    net = Network(dt=0.1 * ms, seed=seed, threads=threads)
    neuron = neurons.lif(
        tau=20 * ms, tau_e=5 * ms, tau_i=5 * ms, v_rest=0 * mV, v_threshold=20 * mV, v_reset=10 * mV, refractory=2 * ms
    )
    excitatory = size * 8 // 10
    E = net.cells(excitatory, neuron, name="E", v=cofire.uniform(10 * mV, 20 * mV))
    inhibitory = net.cells(size - excitatory, neuron, name="I", v=cofire.uniform(10 * mV, 20 * mV))
    rule = rules.stdp_pair(A_plus=0.02 * J * mV, A_minus=0.021 * J * mV, bounds=(0 * mV, 2 * J * mV))
    some, delay = cofire.fixed_probability(p, autapses=False), 1.5 * ms
    plastic = net.connect(E, E, some, weight=J * mV, delay=delay, rule=rule)
    net.connect(E, inhibitory, some, weight=J * mV, delay=delay)
    for target in (E, inhibitory):
        net.connect(inhibitory, target, some, weight=-6 * J * mV, delay=delay, onto="g_i")
        net.drive(target, rate=1000 * Hz, weight=drive * mV)
    return net, {"plastic": plastic, "E": E, "I": inhibitory}


def m2big(seed: int, threads: int) -> tuple[Network, dict[str, Any]]:
    return _balanced(10_000, 0.1, 0.6, 5.0, seed, threads)


def m2small(seed: int, threads: int) -> tuple[Network, dict[str, Any]]:
    return _balanced(4_000, 0.02, 2.0, 3.6, seed, threads)


def m3(seed: int, threads: int) -> tuple[Network, dict[str, Any]]:
    net = Network(dt=0.5 * ms, seed=seed, threads=threads)
    rates = np.random.default_rng(1234).uniform(0.0, 60.0, (100, 784))
    inputs = net.poisson(784, rates, every=350 * ms, name="inputs")
    excitatory = neurons.lif(tau=100 * ms, v_rest=-65 * mV, v_threshold=-52 * mV, v_reset=-65 * mV, refractory=5 * ms)
    inhibitory = neurons.lif(tau=10 * ms, v_rest=-60 * mV, v_threshold=-40 * mV, v_reset=-45 * mV, refractory=2 * ms)
    E = net.cells(400, excitatory, name="E", v=-65 * mV)
    others = net.cells(400, inhibitory, name="I", v=-60 * mV)
    rule = rules.stdp_pair(A_plus=1e-4 * mV, A_minus=1.05e-4 * mV, bounds=(0 * mV, 0.1 * mV))
    plastic = net.connect(inputs, E, cofire.all_to_all(), weight=cofire.uniform(0 * mV, 0.05 * mV), rule=rule, onto="v")
    net.connect(E, others, cofire.one_to_one(), weight=22.5 * mV, onto="v")
    pre, post = np.nonzero(~np.eye(400, dtype=bool))
    net.connect(others, E, cofire.from_pairs(pre, post), weight=-1.0 * mV, onto="v")
    return net, {"plastic": plastic, "in": inputs, "E": E, "I": others}


def voltage(seed: int, threads: int) -> tuple[Network, dict[str, Any]]:
    rule = Rule(
        "dw/dt = A_LTP * unit * mean(pre, tau_x) * above * relu(mean(post.v, tau_plus) - theta_minus)"
        " - A_LTD * pre * relu(mean(post.v, tau_minus) - theta_minus)\n"
        "above = relu(post.v - theta_plus)",
        A_LTP=14e-5 / (mV * ms),
        A_LTD=8e-5,
        unit=1 * ms,
        theta_plus=-50 * mV,
        theta_minus=-65 * mV,
        tau_x=15 * ms,
        tau_plus=7 * ms,
        tau_minus=10 * ms,
        bounds=(0 * mV, 3 * mV),
    )
    return _driven(Network(dt=0.1 * ms, seed=seed, threads=threads), rule)


def eligibility(seed: int, threads: int) -> tuple[Network, dict[str, Any]]:
    rule = Rule(
        "dw/dt = eta * reward * e\n"
        "de/dt = trace(pre, tau_x) * relu(1 - abs(post.v - theta) / width) / tau_x - e / tau_e",
        signals=("reward",),
        eta=0.001 * mV / ms,
        theta=-45 * mV,
        width=15 * mV,
        tau_x=20 * ms,
        tau_e=200 * ms,
        bounds=(0 * mV, 3 * mV),
    )
    net = Network(dt=0.1 * ms, seed=seed, threads=threads)
    net.modulator("reward", value=1.0, tau=500 * ms)
    return _driven(net, rule)


def _driven(net: Network, rule: Rule) -> tuple[Network, dict[str, Any]]:
    """784 Poisson inputs onto 100 cells, by synapses that learn by the rule."""
    inputs = net.poisson(784, 15 * Hz, name="inputs")
    neuron = neurons.lif(tau=20 * ms, tau_e=5 * ms, v_rest=-70 * mV, v_threshold=-45 * mV, v_reset=-60 * mV)
    cells = net.cells(100, neuron, name="cells", v=-70 * mV)
    plastic = net.connect(inputs, cells, cofire.all_to_all(), weight=cofire.uniform(0.2 * mV, 0.8 * mV), rule=rule)
    return net, {"plastic": plastic, "in": inputs, "cells": cells}


MODELS = {"m1": m1, "m2big": m2big, "m2small": m2small, "m3": m3, "voltage": voltage, "eligibility": eligibility}


def measured(model: str, seconds: float, seed: int, threads: int) -> dict[str, Any]:
    """One run: how long everything took, and what came out."""
    clock = time.perf_counter()
    net, parts = MODELS[model](seed, threads)
    built = time.perf_counter() - clock
    clock = time.perf_counter()
    net.run(net.dt * second)
    compiled = time.perf_counter() - clock
    counted = {name: part for name, part in parts.items() if name != "plastic"}
    clock, cpu = time.perf_counter(), time.process_time()
    record = net.run(round(seconds / net.dt) * net.dt * second, record=[p.spikes for p in counted.values()])
    ran, busy = time.perf_counter() - clock, time.process_time() - cpu
    spikes = {name: len(record[part.spikes]) for name, part in counted.items()}
    plastic = parts["plastic"]
    return {
        "peer": "cofire",
        "version": cofire.__version__,
        "model": model,
        "threads": threads,
        "bio_seconds": seconds,
        "synapses": sum(q.size for q in net.projections),
        "build_s": built,
        "compile_s": compiled,
        "run_s": ran,
        "cpu_s": busy,
        "spikes": spikes,
        "rates_hz": {k: n / counted[k].size / seconds for k, n in spikes.items()},
        "plastic_updates": _updates(plastic, spikes, parts),
        "mean_weight_end": float(plastic.weight.values.mean()),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
    }


def _updates(plastic: Any, spikes: dict[str, int], parts: dict[str, Any]) -> float:
    """Spikes at either end of a plastic synapse, over all of them."""
    names = {part.name: name for name, part in parts.items() if name != "plastic"}
    per_source, per_target = plastic.size / plastic.source.size, plastic.size / plastic.target.size
    return spikes[names[plastic.source.name]] * per_source + spikes[names[plastic.target.name]] * per_target


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("--seconds", type=float, help="of biological time")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(json.dumps(measured(given.model, given.seconds or SECONDS[given.model], given.seed, given.threads)))
