"""The pair of Dormand and Prince, and the solver of a clocked kernel as source text.

The solver calls the kernel's own `rates`, which numba must see beside it. `flows.py` has one for a single quantity.
"""

from __future__ import annotations

import re

_TABLE = {  # of the slopes k1 to k6: where each stage is taken, the new value, and the error of that
    "y2": "k1 / 5.0",
    "y3": "3.0 / 40.0 * k1 + 9.0 / 40.0 * k2",
    "y4": "44.0 / 45.0 * k1 - 56.0 / 15.0 * k2 + 32.0 / 9.0 * k3",
    "y5": "19372.0 / 6561.0 * k1 - 25360.0 / 2187.0 * k2 + 64448.0 / 6561.0 * k3 - 212.0 / 729.0 * k4",
    "y6": "9017.0 / 3168.0 * k1 - 355.0 / 33.0 * k2 + 46732.0 / 5247.0 * k3 + 49.0 / 176.0 * k4 "
    "- 5103.0 / 18656.0 * k5",
    "y7": "35.0 / 384.0 * k1 + 500.0 / 1113.0 * k3 + 125.0 / 192.0 * k4 - 2187.0 / 6784.0 * k5 + 11.0 / 84.0 * k6",
    "error": "71.0 / 57600.0 * k1 - 71.0 / 16695.0 * k3 + 71.0 / 1920.0 * k4 - 17253.0 / 339200.0 * k5 "
    "+ 22.0 / 525.0 * k6 - k7 / 40.0",
}


def stages(index: str = "") -> dict[str, str]:
    """The rows of RK5(4)7M (Dormand and Prince, J. Comput. Appl. Math. 6:19-26, 1980), each slope with `index`."""
    return {name: re.sub(r"\bk[1-7]\b", rf"\g<0>{index}", row) for name, row in _TABLE.items()}


SOLVER = '''

@njit(**INNER)
def advance(y, moving, slopes, span, length, {arguments}):
    """`y[:moving]` brought from step n to `length` later. `span`: a guess of the solver's step; returns the next one.

    By Dormand and Prince: the error of each step, less than 1e-12 of the values, decides how long it is.
    """
    k1, k2, k3, k4, k5, k6, k7, trial = slopes
    values = y.copy()  # what `rates` reads: the trial values, and behind them what only decays
    time = 0.0
    span = min(span, length)
    rates(k1, y, time, False, {arguments})
    while time < length:
        span = min(span, length - time)
        ends = span >= length - time
        for k in range(moving):
            values[k] = y[k] + span * ({y2})
        rates(k2, values, time + span / 5.0, False, {arguments})
        for k in range(moving):
            values[k] = y[k] + span * ({y3})
        rates(k3, values, time + span * 0.3, False, {arguments})
        for k in range(moving):
            values[k] = y[k] + span * ({y4})
        rates(k4, values, time + span * 0.8, False, {arguments})
        for k in range(moving):
            values[k] = y[k] + span * ({y5})
        rates(k5, values, time + span * 8.0 / 9.0, False, {arguments})
        for k in range(moving):
            values[k] = y[k] + span * ({y6})
        rates(k6, values, time + span, False, {arguments})
        for k in range(moving):
            trial[k] = y[k] + span * ({y7})
            values[k] = trial[k]
        rates(k7, values, time + span, False, {arguments})
        worst = 0.0
        for k in range(moving):
            error = span * ({error})
            worst = max(worst, abs(error) / (1e-14 + 1e-12 * max(abs(y[k]), abs(trial[k]))))
        if worst <= 1.0 or span < 1e-12 * length or not np.isfinite(worst):
            time = length if ends else time + span
            y[:moving] = trial
            k1[:] = k7
        if np.isfinite(worst):
            span *= min(5.0, max(0.2, 0.9 * max(worst, 1e-10) ** -0.2))
    return span
'''
