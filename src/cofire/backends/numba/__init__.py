"""Spike trains, event by event, in compiled code generated from the plan and kept in a cache.

expressions.py   a subexpression as the source text of one number
quantities.py    what a kernel keeps, who owns it, and how it runs between events
reading.py       what the parts of a kernel read
flows.py         what runs between events, in closed form
integrals.py     what cells integrate for their synapses, and what a synapse takes of it
fades.py         how much is left of what decays, and how many steps lie between two bases
kernels.py       a plan as the source of the functions by which a projection's synapses learn
functions.py     these functions, as those that call them know them
preamble.py      what stands before them in a module: imports and helpers
trains.py        the loop around them where every spike is given
clocked.py       a plan as the source of a kernel that visits every synapse in each step: what no closed form covers
solver.py        and the solver it calls, with the table of Dormand and Prince
writer.py        lines of source text
cache.py         source to compiled functions, files named by the hash of their source
cells.py         a neuron's plan as the source of its step
random.py        random numbers that depend on where and when
common.py        and what else all networks have
components.py    what it must know of the populations, projections and drives of a network
network.py       a network as the source of the loop that calls all these
owners.py        the names in it, each of one part
layout.py        synapses in rows and columns, spikes in the order in which they arrive
spikes.py        learning from given spike trains
barrier.py       where threads wait for each other
"""
