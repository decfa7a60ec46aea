"""Networks of spiking cells whose synapses learn.

network.py       the network, and what is asked of it
populations.py   cells with equations, Poisson sources, given spikes
projections.py   the synapses between two populations
signals.py       Poisson input to each cell, and modulators
connectors.py    which pairs of cells have one
attributes.py    misspelt attributes are refused
draws.py         weights, delays and start values drawn at random
rows.py          how synapses lie in memory
memory.py        how arrays that several threads write to do
engine.py        the generated code and the arrays it works on
run.py           a run, slice by slice
recorders.py     what to keep of a run
collection.py    keeping it, while it runs
record.py        what was kept
plot.py          figures of it
checkpoint.py    a file from which a run goes on
plain.py         rules and neurons as such a file holds them
"""

from cofire.network.connectors import (
    all_to_all,
    by_distance,
    fixed_in_degree,
    fixed_probability,
    from_matrix,
    from_pairs,
    one_to_one,
)
from cofire.network.draws import lognormal, normal, uniform
from cofire.network.network import Network
from cofire.network.record import Record
from cofire.network.run import resume

__all__ = [
    "Network",
    "Record",
    "all_to_all",
    "by_distance",
    "fixed_in_degree",
    "fixed_probability",
    "from_matrix",
    "from_pairs",
    "lognormal",
    "normal",
    "one_to_one",
    "resume",
    "uniform",
]
