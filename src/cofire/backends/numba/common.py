"""What all networks have, whatever their neurons and rules: the source text of one module."""

from __future__ import annotations

from cofire.backends.numba.preamble import preamble
from cofire.backends.numba.random import RANDOM

_FUNCTIONS = '''

@njit(**INNER)
def given(n, at, low, high, cells, steps, out):
    """Writes into `out` those of the cells low..high-1 whose spike of step n is listed; `at`: where the list stands."""
    count = 0
    while at < len(steps) and steps[at] == n:
        if low <= cells[at] < high:
            out[count] = cells[at]
            count += 1
        at += 1
    return at, count


@njit(forceinline=True, **INNER)
def send(axons, begin, end, n, row, target, w, same, gated, until, g):
    """Adds the weights of these axons to the inputs g of their cells. `same`: one weight for all.

    `gated`: a refractory cell takes nothing. Indices are unsigned, which are not checked for being negative.
    """
    for c in range(begin, end):
        i = axons[c]
        for s in range(np.uint64(row[i]), np.uint64(row[i + 1])):
            j = np.uint32(target[s])
            if gated and until[j] > n:
                continue
            g[j] += w[0] if same else w[s]


@njit(**INNER)
def send_rates(rates, axons, n_pre, dt, n, row, target, w, same, gated, until, g):
    """Adds what these axons give in a step, weight times rate times dt, to the inputs g of their cells.

    `axons`: a range; the cell of axon i is i modulo n_pre. The rest as for `send`.
    """
    for i in axons:
        given = rates[i % n_pre] * dt
        if given == 0.0:
            continue
        for s in range(np.uint64(row[i]), np.uint64(row[i + 1])):
            j = np.uint32(target[s])
            if gated and until[j] > n:
                continue
            g[j] += given * (w[0] if same else w[s])


@njit(forceinline=True, **INNER)
def note(n, cells, begin, end, steps, who, noted):
    """Keeps the spikes of step n; returns how many are kept by now."""
    for c in range(begin, end):
        steps[noted], who[noted] = n, cells[c]
        noted += 1
    return noted


@njit(**INNER)
def watch(n, low, high, x, variables, every, first, cells, starts, values):
    """Keeps the watched variables of the cells low..high-1. A watch is of cells[first[k]:first[k + 1]]."""
    for k in range(len(variables)):
        if n % every[k] == 0:
            size = first[k + 1] - first[k]
            row = starts[k] + (n // every[k]) * size
            for c in range(first[k], first[k + 1]):
                if low <= cells[c] < high:
                    values[row + c - first[k]] = x[variables[k], cells[c]]


@njit(**INNER)
def is_crowded(logged, low, high, most):
    for j in range(low, high):
        if logged[j] > most:
            return True
    return False
'''

COMMON = preamble("What all networks have", RANDOM) + RANDOM + _FUNCTIONS
