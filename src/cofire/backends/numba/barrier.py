"""Threads that run compiled code meet here: each waits until all have come."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

_give_way = types.ExternalFunction("sched_yield", types.int32())  # POSIX; elsewhere a network runs in one thread


def _atomic_add(_context: Any, array: Any, amount: Any) -> Any:
    """`array[0] += amount` at once for all threads; the value before."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        made = context.make_array(kind)(context, builder, arguments[0])
        place = cgutils.get_item_pointer(context, builder, kind, made, [context.get_constant(types.intp, 0)])
        return builder.atomic_rmw("add", place, arguments[1], "seq_cst")

    return types.int64(array, amount), generate


_added: Any = intrinsic(_atomic_add)


@njit(cache=True, nogil=True)
def wait(meetings: Any, threads: int) -> None:
    """Returns once as many threads have called it as there are. `meetings`: int64[1] that they share, zero at first."""
    came = _added(meetings, np.int64(1))
    all_here = (came // threads + 1) * threads
    patience = 0
    while _added(meetings, np.int64(0)) < all_here:
        patience += 1
        if patience > 2_000:
            _give_way()
