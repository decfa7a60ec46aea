"""Where a convolution looks: padding, the map that weights make of an image, and its weight-gradient pass.

    image    [batch, groups, channels, *pixels]       padded
    map      [batch, groups, cells, *positions]
    synapse  [groups, cells, places]                  places of the patch: channels · kernel, as `weight.flatten(1)`

Each group of channels is a layer of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

Tensor = Any

_CONVOLVE = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
_GRADIENT = {1: torch.nn.grad.conv1d_weight, 2: torch.nn.grad.conv2d_weight, 3: torch.nn.grad.conv3d_weight}


@dataclass(frozen=True)
class Geometry:
    """The shape of one convolution; tuples have an entry for each axis of the image."""

    groups: int
    cells: int
    channels: int
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    padding_mode: str

    @classmethod
    def of(cls, module: Any) -> Geometry:
        """That of an `nn.Conv1d`, `nn.Conv2d` or `nn.Conv3d`."""
        spans = [dilation * (size - 1) for dilation, size in zip(module.dilation, module.kernel_size, strict=True)]
        if module.padding == "same":
            padding = tuple((span // 2, span - span // 2) for span in spans)
        elif module.padding == "valid":
            padding = tuple((0, 0) for _ in spans)
        else:
            padding = tuple((side, side) for side in module.padding)
        return cls(
            module.groups,
            module.out_channels // module.groups,
            module.in_channels // module.groups,
            module.kernel_size,
            module.stride,
            module.dilation,
            padding,
            "constant" if module.padding_mode == "zeros" else module.padding_mode,
        )

    @property
    def axes(self) -> int:
        return len(self.kernel)

    @property
    def places(self) -> int:
        """Synapses of a cell."""
        return self.channels * math.prod(self.kernel)

    def image(self, x: Tensor) -> Tensor:
        """`x[batch, all channels, *pixels]` padded, as an image."""
        if any(side for sides in self.padding for side in sides):
            x = functional.pad(x, [side for sides in reversed(self.padding) for side in sides], self.padding_mode)
        return x.unflatten(1, (self.groups, self.channels))

    def map(self, y: Tensor) -> Tensor:
        """`y[batch, all cells, *positions]` as a map."""
        return y.unflatten(1, (self.groups, self.cells))

    def drive(self, image: Tensor, synapse: Tensor) -> Tensor:
        """The map of the sums over presynaptic cells; `synapse` may be one cell for all."""
        weight = synapse.reshape(-1, self.channels, *self.kernel)
        total = _CONVOLVE[self.axes](image.flatten(1, 2), weight, None, self.stride, 0, self.dilation, self.groups)
        return total.unflatten(1, (self.groups, -1))

    def gradient(self, post: Tensor, image: Tensor) -> Tensor:
        """The sum over samples and positions of `post` times the patch there: one weight-gradient pass, `synapse`."""
        size = (self.groups * post.shape[2], self.channels, *self.kernel)
        total = _GRADIENT[self.axes](
            image.flatten(1, 2), size, post.flatten(1, 2), self.stride, 0, self.dilation, self.groups
        )
        return total.reshape(self.groups, post.shape[2], self.places)


def coincidence(one: Tensor, other: Tensor) -> Tensor:
    """The sum over samples and positions of the products of two maps, `[groups, cells of one, cells of other]`."""
    return torch.einsum("ngap,ngbp->gab", one.flatten(3), other.flatten(3))
