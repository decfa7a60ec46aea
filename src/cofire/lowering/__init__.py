"""Rule to plan: what the compiler works out, one analysis a file.

placement.py   who owns each quantity
products.py    dw/dt as few matrix products
states.py      what is remembered between steps
events.py      what happens at a spike, and between spikes
motion.py      what each quantity does between events: rests, has a closed form, is integrated by its cell, or stepped
drift.py       the closed forms
integrals.py   what a cell integrates between events for all its synapses
crossings.py   thresholds that are crossed between events
plan.py        all of it as plain data
explanation.py the same in words

convolution.py a rule whose samples are the patches of an image
cells.py       a neuron: which variable is integrated by which method
"""
