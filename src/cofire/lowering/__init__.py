"""Rule to plan: what the compiler works out, one analysis a file.

placement.py   who owns each quantity
products.py    dw/dt as few matrix products
states.py      what is remembered between steps
events.py      what happens at a spike, and between spikes
drift.py       what has a closed form between events
integrals.py   what a cell integrates between them for all its synapses
crossings.py   when a threshold is crossed between them
motion.py      how often a quantity must be looked at, so
plan.py        all of it as plain data
explanation.py the same in words
convolution.py the products as passes over an image
cells.py       how a neuron is integrated: its plan, likewise plain data
"""
