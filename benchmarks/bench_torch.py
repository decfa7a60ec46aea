"""A step of learning of a convolution in torch, beside its floor and beside the update as SoftHebb's scripts write it.

CIFAR-10 shaped: images of 3 x 32 x 32, 96 filters of 5 x 5, `soft_hebb` with its competition.
The floor: the forward convolution and one weight-gradient pass. Research code: the weight change as a convolution of
the images with the whole output map as its kernel, one kernel a channel. All in both of torch's memory formats.

Measured on two cores, quiet, two threads (one): research code / step was 3.1 (3.4) with 256 images, 4.7 (4.8) in
channels_last; with 10 images 1.6 to 2.4, since the forward pass, which both have, takes a third of the step there, and
much of what is left is the memory that torch takes anew for each map: with glibc told to keep it (MALLOC_TOP_PAD_ and
MALLOC_MMAP_THRESHOLD_) both halve. The update alone, map as kernel / weight-gradient pass: 2.2 to 6 with 10 images, 2.5
to 8 with 256. Products of patches written out, also those that the forward pass could share, took 0.8 to 1.6 times the
weight-gradient pass, in channels_last twice it.

The 4 to 5.5 ms of a step with 10 images: 2.4 the forward pass, most of it page faults of its fresh map (0.4 where there
are none), 0.9 the weight-gradient passes, 1.3 the competition. torch's softmax in place of its parts takes 0.6 of those
1.3 away, but 1 ms more in channels_last; other sizes of a piece are no quicker.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from cofire import activations, rules

torch = pytest.importorskip("torch", reason="torch is not installed")
functional = torch.nn.functional

TEMPERATURE = 1.0


class Case:
    """One layer and one batch of images."""

    def __init__(self, batch: int, memory_format: Any) -> None:
        from cofire.torch import plastic

        torch.manual_seed(0)
        self.x = torch.randn(batch, 3, 32, 32).contiguous(memory_format=memory_format)
        self.module = torch.nn.Conv2d(3, 96, 5, padding=2, bias=False)
        self.layer = plastic(
            self.module, rules.soft_hebb(eta=1e-6), activation=partial(activations.soft, temperature=TEMPERATURE)
        )
        self.map = self.module(self.x).detach()

    def step(self) -> None:
        self.layer(self.x)

    def floor(self) -> None:
        with torch.no_grad():
            u = self.module(self.x)
            torch.nn.grad.conv2d_weight(self.x, self.module.weight.shape, u, padding=2)

    def weight_gradient(self) -> None:
        torch.nn.grad.conv2d_weight(self.x, self.module.weight.shape, self.map, padding=2)

    def map_as_kernel(self) -> None:
        functional.conv2d(self.x.transpose(0, 1), self.map.transpose(0, 1), padding=2)

    def research_code(self) -> None:
        with torch.no_grad():
            u = self.module(self.x)
            channels = u.transpose(0, 1).flatten(1)
            y = torch.softmax(TEMPERATURE * channels, dim=0)
            winner = channels.argmax(dim=0)
            y = -y
            everywhere = torch.arange(y.shape[1])
            y[winner, everywhere] = -y[winner, everywhere]
            y = y.reshape(u.shape[1], u.shape[0], *u.shape[2:])
            yx = functional.conv2d(self.x.transpose(0, 1), y, padding=2).transpose(0, 1)
            yu = (y.flatten(1) * channels).sum(dim=1)
            change = yx - yu.reshape(-1, 1, 1, 1) * self.module.weight
            self.module.weight += 1e-6 / (u.numel() / u.shape[1]) * change


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last], ids=["", "channels_last"])
@pytest.mark.parametrize("batch", [10, 256])
def test_convolution(batch: int, memory_format: Any, compare: Any, benchmark: Any) -> None:
    case = Case(batch, memory_format)
    assert_equal(case, case.research_code)
    benchmark.pedantic(case.step, rounds=3, warmup_rounds=1)
    compare.ratio("step / floor", case.step, case.floor, "the competition is beside it")
    compare.ratio("research code / step", case.research_code, case.step, ">= 3", rounds=7)
    compare.ratio(
        "map as kernel / weight-gradient pass",
        case.map_as_kernel,
        case.weight_gradient,
        "(the product alone)",
        rounds=7,
    )


def assert_equal(case: Case, other: Callable[[], None]) -> None:
    """Both ways learn the same."""
    before = case.module.weight.clone()
    case.step()
    ours = case.module.weight - before
    case.module.weight.copy_(before)
    other()
    assert torch.allclose(ours, case.module.weight - before, rtol=1e-2, atol=1e-8)
    case.module.weight.copy_(before)
