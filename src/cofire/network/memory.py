"""How much memory is free, and arrays that several threads write to, laid so that each keeps to cache lines of its own.

A line that two threads write to goes back and forth between their cores, a few hundred nanoseconds each time.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

LINE = 64  # bytes


def aligned(values: np.ndarray) -> np.ndarray:
    """A copy that begins where a cache line begins."""
    memory = np.zeros(values.nbytes + LINE, np.uint8)
    begin = -memory.ctypes.data % LINE
    result = memory[begin : begin + values.nbytes].view(values.dtype).reshape(values.shape)
    result[...] = values
    return result


def shares(size: int, threads: int) -> np.ndarray:
    """`bounds[thread]`, `bounds[thread + 1]`: the first cell of each thread's share and the end, nearest whole lines.

    A line holds 16 numbers of four bytes.
    """
    each = LINE // 4
    whole = [min(size, each * round(size * part / threads / each)) for part in range(threads)]
    return np.array([*whole, size], dtype=np.int64)


def free_memory() -> float | None:
    """Bytes that may be had without swapping, what the system keeps of files counted in; None if nothing tells."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return 1024.0 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError, IndexError):
        pass
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return None
