"""Cells that several experiments use."""

from __future__ import annotations

from typing import Any

from cofire.neuron import Neuron
from cofire.units import ms, mV


def scaled_conductance_cell(*, unit_e: float, unit_i: float, **changes: Any) -> Neuron:
    """`neurons.lif_conductance` with plain numbers as weights: `unit_e` and `unit_i` are a weight of 1, in leaks.

    So every rule learns between 0 and 1. `changes`: other numbers of the neuron.
    """
    numbers: dict[str, Any] = {
        "tau": 20 * ms,
        "tau_e": 5 * ms,
        "tau_i": 5 * ms,
        "v_rest": -70 * mV,
        "E_e": 0 * mV,
        "E_i": -70 * mV,
        "v_threshold": -54 * mV,
        "v_reset": -60 * mV,
        "refractory": 0 * ms,
    }
    return Neuron(
        "dv/dt = (v_rest - v + unit_e * g_e * (E_e - v) + unit_i * g_i * (E_i - v)) / tau\n"
        "dg_e/dt = -g_e / tau_e\n"
        "dg_i/dt = -g_i / tau_i",
        inputs=("g_e", "g_i"),
        conductances=("g_e", "g_i"),
        unit_e=unit_e,
        unit_i=unit_i,
        **(numbers | changes),
    )
