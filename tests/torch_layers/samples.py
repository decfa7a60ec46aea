"""Random layers and inputs, and what the reference says of them: patches written out, one group at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from cofire import compiler
from cofire.backends.reference import rates
from cofire.language.tree import POST, PRE
from cofire.lowering.placement import DRIVE
from cofire.rule import Rule

MODES = ("zeros", "reflect", "replicate", "circular")


@dataclass(frozen=True)
class Shape:
    """A convolution and an input for it; a number an axis."""

    batch: int
    groups: int
    channels: int
    cells: int
    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[int, ...] | str
    mode: str
    bias: bool = True


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """Every way a convolution can look at an image, small."""
    axes = draw(st.integers(1, 3))

    def each(most: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(1, most)) for _ in range(axes))

    kernel, stride, dilation = each(3 if axes < 3 else 2), each(2), each(2)
    size = tuple(dilation[i] * (kernel[i] - 1) + 1 + draw(st.integers(0, 3)) for i in range(axes))
    padding: Any = draw(st.sampled_from(["numbers", "same", "valid"]))
    if padding == "numbers" or set(stride) != {1}:
        padding = tuple(draw(st.integers(0, min(2, side - 1))) for side in size)
    return Shape(
        draw(st.integers(1, 3)),
        draw(st.integers(1, 2)),
        draw(st.integers(1, 2)),
        draw(st.integers(1, 3)),
        size,
        kernel,
        stride,
        dilation,
        padding,
        draw(st.sampled_from(MODES)),
        draw(st.booleans()),
    )


def make_convolution(shape: Shape, seed: int) -> Any:
    """The module, with weights between 0.1 and 1, and an input, in float64."""
    import torch

    kind = (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)[len(shape.size) - 1]
    module = kind(
        shape.groups * shape.channels,
        shape.groups * shape.cells,
        shape.kernel,
        shape.stride,
        shape.padding,
        shape.dilation,
        shape.groups,
        shape.bias,
        shape.mode,
        dtype=torch.float64,
    )
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        torch.nn.init.uniform_(parameter, 0.1, 1.0, generator=generator)
    x = 0.1 + 0.9 * torch.rand(shape.batch, shape.groups * shape.channels, *shape.size, generator=generator).double()
    return module, x


def patches(module: Any, x: Any) -> np.ndarray:
    """`[groups, samples · positions, places]`: each patch written out by shifting and striding, nothing of cofire's."""
    import torch

    one = module.weight[:1].flatten().shape[0]
    rows = []
    kind = type(module)
    for channel in range(one):  # a convolution with one weight of 1 picks one place of each patch
        picker = kind(
            module.in_channels,
            module.groups,
            module.kernel_size,
            module.stride,
            module.padding,
            module.dilation,
            module.groups,
            False,
            module.padding_mode,
            dtype=x.dtype,
        )
        with torch.no_grad():
            picker.weight.zero_()
            picker.weight.view(module.groups, one)[:, channel] = 1
            rows.append(picker(x))
    return torch.stack(rows, -1).transpose(0, 1).reshape(module.groups, -1, one).detach().numpy()


def flat_map(y: Any, groups: int) -> np.ndarray:
    """`y[batch, all cells, *positions]` as `[groups, samples · positions, cells]`."""
    y = y.detach().unflatten(1, (groups, -1)).flatten(3)
    return y.permute(1, 0, 3, 2).reshape(groups, -1, y.shape[2]).numpy()


def signals_of(rule: Rule, x: Any, output: Any, seed: int) -> dict[str, Any]:
    """Whatever else the rule reads."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    found = {}
    for cell in compiler.lower(rule).cells:
        if cell != DRIVE:
            like = x if cell.side == "pre" else output
            found[f"{cell.side}_{cell.variable}"] = torch.rand(like.shape, generator=generator).double()
    return found | {name: torch.rand(len(x), generator=generator).double() for name in rule.signals}


def reference_steps(
    rule: Rule, module: Any, x: Any, signals: dict[str, Any], activation: Any, dt: Any, steps: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Weights and state after so many steps on the same input, `[groups, ...]`."""
    import torch

    groups, plan = module.groups, compiler.lower(rule)
    pre, bias = patches(module, x), None if module.bias is None else module.bias.detach().numpy().reshape(groups, -1)
    w = module.weight.detach().numpy().reshape(groups, -1, pre.shape[-1]).copy()
    new, states = [], []
    positions = pre.shape[1] // len(x)
    for g in range(groups):
        weights, state = w[g], rates.start(plan, w[g].shape)
        for _ in range(steps):
            drive = pre[g] @ weights.T
            y = drive if bias is None else drive + bias[g]
            post = y if activation is None else activation(torch.tensor(y)).numpy()
            cells = {PRE: pre[g], POST: post, DRIVE: drive}
            for cell in plan.cells:
                if cell != DRIVE:
                    given = signals[f"{cell.side}_{cell.variable}"]
                    cells[cell] = (patches(module, given) if cell.side == "pre" else flat_map(given, groups))[g]
            modulators = {name: np.repeat(signals[name].numpy(), positions) for name in rule.signals}
            values = rates.Batch(rule.values, weights, cells, modulators, state)
            with np.errstate(all="ignore"):
                weights, state = rates.step(rule, plan, values, compiler.duration(rule, dt))
        new.append(weights)
        states.append(state)
    kept = {key: np.stack([np.squeeze(state[key], 0) for state in states]) for key in states[0]}
    return np.stack(new), kept
