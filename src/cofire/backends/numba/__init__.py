"""Spike trains, event by event, in compiled code generated from the plan and kept in a cache.

expressions.py   a subexpression as the source text of one number
quantities.py    what a kernel keeps, who owns it, and how it runs between events
kernels.py       a plan as the source of a kernel: events where they are, drift in closed form
clocked.py       a plan as the source of a kernel that visits every synapse in each step: what no closed form covers
cache.py         source to compiled functions, files named by the hash of their source
layout.py        synapses in rows and columns, spikes in the order in which they arrive
spikes.py        learning from spike trains
"""
