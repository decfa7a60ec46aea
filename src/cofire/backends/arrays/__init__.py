"""Learning from rates as matrix products, on whatever array library the user hands in.

inputs.py        what the user gave, checked and brought to one shape and type
expressions.py   the value of a subexpression along the axes that it needs
products.py      the terms of a plan added up: matrix products, row scales and blocks
ordered.py       sums over the cells up to the one that learns (Sanger)
reductions.py    sums over the cells of a layer
blocks.py        how large a piece is worked on at once
library.py       which library an array is of
gemm.py          the few operations where libraries differ
blas.py          the product that NumPy adds in place
rates.py         one step: weights, then filters and synapse variables
"""
