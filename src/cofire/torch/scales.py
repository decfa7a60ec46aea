"""How far one step goes: functions from dw/dt, `change[post, pre]`, and `w[post, pre]` to what is added per unit time.

    largest       the entry that changes most changes by `rate` (Krotov and Hopfield 2019)
    slowing       the same, each cell slowed by √| |w| - 1 | as its length nears 1 (Journé et al. 2023)

Both cancel the rule's own eta.

Sources: D. Krotov, J. J. Hopfield, PNAS 116:7723-7731, 2019; A. Journé et al., ICLR 2023.
"""

from __future__ import annotations

from typing import Any

import torch

Tensor = Any


def largest(change: Tensor, w: Tensor, rate: float) -> Tensor:  # noqa: ARG001
    """A change of zeros stays."""
    return change * (rate / change.abs().amax().clamp(min=torch.finfo(change.dtype).tiny))


def slowing(change: Tensor, w: Tensor, rate: float) -> Tensor:
    """`rate` is that of a cell whose weights have length 2, or 0; no cell stands still."""
    lengths = torch.linalg.vector_norm(w, dim=1, keepdim=True)
    return largest(change, w, rate) * (lengths - 1).abs().clamp(min=1e-4).sqrt()
