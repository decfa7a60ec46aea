"""SoftHebb networks of convolutions, and the settings that their authors published.

    net = cofire.torch.soft_hebb_net(PRESETS["cifar10"])
    for images in batches: net(images)               # every layer learns in the same pass
    features = net.eval()(images).flatten(1)         # for a readout

A block: batch normalisation, a convolution that learns by `cofire.rules.soft_hebb` under a soft competition of the
channels at each pixel, relu(u - mean over channels) ** power, pooling.

Source: A. Journé, H. Garcia Rodriguez, Q. Guo, T. Moraitis, Hebbian deep learning without feedback, ICLR 2023,
arXiv:2209.11883: its equations, and the settings that came with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from torch import nn

from cofire import activations, rules
from cofire.torch import scales
from cofire.torch.layer import plastic


@dataclass(frozen=True)
class Block:
    """One layer: `temperature` t of the softmax, `rate` η₀, `power` of the activation handed on, and pooling."""

    channels: int
    kernel: int
    temperature: float
    rate: float
    power: float
    pool: Literal["max", "average"]
    pool_kernel: int = 4
    pool_stride: int = 2


@dataclass(frozen=True)
class Preset:
    """A published network: its blocks, side of its images, and the accuracy its authors report, in per cent.

    They trained one epoch in batches of 10, then a linear readout on the features.
    """

    blocks: tuple[Block, ...]
    size: int
    accuracy: float
    image_channels: int = 3


PRESETS = {
    "cifar10": Preset(
        (
            Block(96, 5, 1.0, 0.08, 0.7, "max"),
            Block(384, 3, 0.65, 0.005, 1.4, "max"),
            Block(1536, 3, 0.25, 0.01, 1.0, "average", 2),
        ),
        size=32,
        accuracy=80.3,
    ),
    "stl10": Preset(
        (
            Block(96, 5, 1.0, 0.08, 0.7, "average"),
            Block(384, 3, 0.65, 0.005, 0.7, "max"),
            Block(1536, 3, 0.45, 0.01, 1.4, "average"),
            Block(6144, 3, 0.25, 0.01, 1.0, "average", 2),
        ),
        size=96,
        accuracy=76.2,
    ),
    "imagenet": Preset(
        (
            Block(48, 5, 1.1, 0.08, 0.7, "max"),
            Block(192, 3, 0.7, 0.01, 0.7, "max"),
            Block(768, 3, 0.5, 0.01, 0.7, "max"),
            Block(3072, 3, 0.4, 0.01, 1.4, "max"),
            Block(12288, 3, 0.25, 0.01, 1.0, "average", 2),
        ),
        size=160,
        accuracy=27.3,
    ),
}


class Triangle(nn.Module):
    """`cofire.activations.triangle` as a module."""

    def __init__(self, power: float) -> None:
        super().__init__()
        self.power = power

    def forward(self, u: Any) -> Any:
        return activations.triangle(u, self.power)

    def extra_repr(self) -> str:
        return f"power={self.power:g}"


def soft_hebb_block(channels: int, block: Block) -> nn.Sequential:
    """A block for images `[batch, channels, height, width]`, with weights as long as the authors start them."""
    convolution = nn.Conv2d(
        channels, block.channels, block.kernel, padding=block.kernel // 2, padding_mode="reflect", bias=False
    )
    nn.init.normal_(convolution.weight, std=25 / convolution.weight[0].numel() ** 0.5)
    pool = nn.MaxPool2d if block.pool == "max" else nn.AvgPool2d
    return nn.Sequential(
        nn.BatchNorm2d(channels, affine=False),
        plastic(
            convolution,
            rules.soft_hebb(),
            activation=partial(activations.soft, temperature=block.temperature),
            scale=partial(scales.slowing, rate=block.rate),
        ),
        Triangle(block.power),
        pool(block.pool_kernel, block.pool_stride, padding=(block.pool_kernel - block.pool_stride) // 2),
    )


def soft_hebb_net(preset: Preset) -> nn.Sequential:
    """The blocks of `preset`, one after another; the features it makes are `net.eval()(images)`."""
    inputs = (preset.image_channels, *(block.channels for block in preset.blocks))
    return nn.Sequential(*(soft_hebb_block(n, block) for n, block in zip(inputs, preset.blocks, strict=False)))
