"""What runs a plan. Each backend is a folder with the same file names, and nothing is imported until it is used.

reference/   slow and readable: the definition, in NumPy, every sample and synapse written out
arrays/      matrix products on whatever array library the user hands in
numba/       spike trains, event by event, compiled

    expressions.py   the value of a subexpression
    rates.py         one step of learning from a batch of rates (reference, arrays)
    spikes.py        learning from spike trains (reference, numba)
    cells.py         a population of cells, step by step (reference, numba)

state.py is what a rule remembers between steps, cells.py what a population starts with, whichever backend runs it.
"""
