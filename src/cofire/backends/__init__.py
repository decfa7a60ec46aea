"""What runs a plan. Each backend is a folder with the same file names, and nothing is imported until it is used.

reference/   slow and readable: the definition, in NumPy, every sample and synapse written out
arrays/      matrix products on whatever array library the user hands in
numba/       spike trains, event by event, compiled

    expressions.py   the value of a subexpression
    cells.py         a step of a population (reference, numba)
    rates.py         one step of learning from a batch of rates (reference, arrays)
    spikes.py        learning from spike trains (reference, numba)

What they share: state.py, what a rule remembers between two steps, and cells.py, what a population starts with.
"""
