"""A torch layer that learns by a rule while it runs: `plastic(nn.Conv2d(3, 96, 5), cofire.rules.oja())`.

One forward pass in `train()`: the layer's own output, then

    gather    dw/dt and what is remembered, summed over samples and positions    backends/arrays or convolution.py
    step      the sums of all pieces and all processes, divided by how many; scale; w += dt · that; normalise; bounds

so that it does not matter how a batch is cut into pieces, or shared between processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import array_api_compat.torch as xp
import torch
from torch import distributed, nn

from cofire import compiler
from cofire.backends.arrays import gemm, rates
from cofire.backends.arrays.inputs import cell_name, check_names, tamed
from cofire.backends.state import RuleState
from cofire.errors import ArrayError, DivergenceError, ParameterError, shown
from cofire.language.tree import POST, PRE, Cell
from cofire.lowering.placement import DRIVE
from cofire.rule import Reduction, Rule
from cofire.rules import as_rule
from cofire.torch.convolution import Convolution
from cofire.torch.geometry import Geometry

Tensor = Any
Activation = Callable[[Tensor], Tensor]
Response = Callable[[Tensor], Tensor]
Scale = Callable[[Tensor, Tensor], Tensor]

PIECE = 1 << 19  # numbers of a map worked on at once: 2 MiB in float32, which stays in a processor's cache
DEVICE_PIECE = 1 << 21  # the same on a GPU

_KINDS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def plastic(
    module: nn.Module,
    rule: Rule,
    *,
    activation: Activation | None = None,
    response: Response | None = None,
    scale: Scale | None = None,
    dt: Any = None,
    reduce: Reduction = "mean",
) -> Plastic:
    """`module` as a layer that learns by `rule` in `train()`, at each forward pass, and not in `eval()`.

    `module`: an `nn.Linear`, `nn.Conv1d`, `nn.Conv2d` or `nn.Conv3d`, whose weights learn from now on (its bias
    rests). In a convolution every patch is a sample, a group of channels is a layer of its own, and the rule must
    separate.
    `activation`: what `post` is, from the layer's output `[batch, cells, ...]`; see `cofire.activations`. Left out,
    `post` is the output. `post.drive` is the output less the bias. `response`: of the weights, where the competition is
    not about the output: `activation` is then given `response(w[post, pre])` times the input.
    `scale`: how far a step goes, from dw/dt and w, both `[post, pre]`; see `cofire.torch.scales`.
    `dt`: duration of a step, as for `Rule.step`; the attribute of that name may be lowered as learning proceeds.
    `reduce`: "mean" or "sum" over samples and positions.

    Signals of the rule are given with the input: `layer(x, reward=1.0, post_target=y)`; a modulator is a number or one
    a sample, a variable of a cell has the shape of the input or of the output. In `train()` no graph is made, so
    no gradient passes through. With `torch.distributed` set up, all processes of the default group learn as one.
    A convolution on a CPU learns quickest from images in `torch.channels_last`. Weights in half precision lose steps
    smaller than their last digit: keep them in float32, and take `torch.autocast` for the rest of the net.
    Raises: `ParameterError`, `LanguageError`; when learning `ArrayError`, `DivergenceError`, before weights change.
    """
    return Plastic(module, rule, activation, response, scale, dt, reduce)


@contextmanager
def accumulate(net: nn.Module) -> Iterator[None]:
    """Forward passes inside learn nothing until the end, and then as one batch: for a batch that comes in pieces.

    A layer that rests, or that no sample reaches, stays as it is; all do if an exception leaves it. Within another
    `accumulate` of the same layers it is the outer one that they wait for.
    """
    layers = [layer for layer in net.modules() if isinstance(layer, Plastic) and not layer.gathers]
    for layer in layers:
        layer.gathers = True
    try:
        yield
        learnt = [layer._learnt() for layer in layers]
        for layer, new in zip(layers, learnt, strict=True):
            if new is not None:
                layer._take(new)
    finally:
        for layer in layers:
            layer.gathers = False
            layer.forget()


class Plastic(nn.Module):
    """What `plastic` makes. `module` is the layer itself, and what the rule remembers are buffers beside it, by name.

    Buffers of a convolution have its groups first: `[groups, cells]` of a postsynaptic quantity, `[groups, places]` of
    a presynaptic one, `[groups, cells, places]` of a synaptic one; those of a dense layer are as `Rule.step` returns
    them. `steps`: how many steps of learning there were.
    """

    steps: Tensor

    def __init__(
        self,
        module: nn.Module,
        rule: Rule,
        activation: Activation | None,
        response: Response | None,
        scale: Scale | None,
        dt: Any,
        reduce: Reduction,
    ) -> None:
        super().__init__()
        _check(module, rule, reduce, activation=activation, response=response, scale=scale)
        self.module, self.rule, self.dt, self.reduce = module, rule, dt, reduce
        self.activation, self.response, self.scale = activation, response, scale
        compiler.duration(rule, dt)
        self.plan = compiler.lower(rule)
        self.geometry = None if isinstance(module, nn.Linear) else Geometry.of(module)
        self.convolution = None if self.geometry is None else Convolution.of(rule, self.plan)
        weight: Any = module.weight
        module.requires_grad_(False)
        w = self._synapses(weight)
        sizes = dict(zip(("post", "pre"), w.shape[-2:], strict=True))
        self._names = {state.key: state.key.replace(".", "_") for state in self.plan.states}
        for state in self.plan.states:
            shape = tuple(sizes[axis] for axis in ("post", "pre") if axis in state.axes)
            self.register_buffer(self._names[state.key], w.new_zeros((*w.shape[:-2], *shape)))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64, device=w.device))
        self.gathers = False
        self.forget()

    def forward(self, x: Tensor, **signals: Any) -> Tensor:
        if not self.training:
            return self.module(x)
        with torch.no_grad():
            output = self.module(x)
            self._learn(x, output, signals)
        return output

    @torch.compiler.disable
    def _learn(self, x: Tensor, output: Tensor, signals: Mapping[str, Any]) -> None:
        check_names(self.rule, self.plan, signals)
        weight: Any = self.module.weight
        with torch.autocast(weight.device.type, enabled=False):
            gather = self._gather_dense if self.geometry is None else self._gather_patches
            given = {name: _numbers(name, value, weight) for name, value in signals.items()}
            gather(x.to(weight.dtype), output.to(weight.dtype), given)
            if not self.gathers:
                try:
                    self.step()
                finally:
                    self.forget()

    def forget(self) -> None:
        """Drops what was gathered and not learned yet."""
        self._sums: dict[str, Tensor] = {}
        self._many = 0

    @torch.compiler.disable
    @torch.no_grad()
    def step(self) -> None:
        """Learns from what was gathered, here and in all other processes."""
        new = self._learnt()
        if new is None:
            raise ArrayError("there is nothing to learn from: the batch is empty")
        self._take(new)

    @torch.compiler.disable
    @torch.no_grad()
    def _learnt(self) -> dict[str, Tensor] | None:
        """What the weights and all that is kept would be after a step, checked; None if nothing was gathered."""
        w = self._synapses(self.module.weight)
        names = ("w", *self._names)
        sums = {name: self._sums.get(name, torch.zeros_like(w if name == "w" else self._kept(name))) for name in names}
        many = self._many
        if distributed.is_available() and distributed.is_initialized():
            count = torch.tensor(many, device=w.device)
            flat = torch.cat([part.reshape(-1) for part in sums.values()])
            distributed.all_reduce(count)
            distributed.all_reduce(flat)
            many = int(count)
            parts = flat.split([part.numel() for part in sums.values()])
            sums = {name: part.view_as(sums[name]) for name, part in zip(names, parts, strict=True)}
        if not many:
            return None
        slope = self._rows(sums.pop("w") / many)
        rows = self._rows(w)
        step = slope if self.scale is None else self.scale(slope, rows)
        duration = compiler.duration(self.rule, self.dt) * (many if self.reduce == "sum" else 1)
        found = {"w": rows + duration * step, **{name: part / many for name, part in sums.items()}}
        for name, part in found.items():
            if not gemm.is_finite(part):
                what = "the weights" if name == "w" else name
                raise DivergenceError(
                    f"{what} would not be finite after step {int(self.steps) + 1}; {tamed(self.rule)}"
                )
        return found

    @torch.no_grad()
    def _take(self, found: dict[str, Tensor]) -> None:
        weight: Any = self.module.weight
        weight.copy_(rates.held(found.pop("w"), self.rule, xp).view(weight.shape))
        for name, part in found.items():
            self._kept(name).copy_(part)
        self.steps += 1

    def _gather_dense(self, x: Tensor, output: Tensor, signals: Mapping[str, Any]) -> None:
        weight: Any = self.module.weight
        flat, shape = x.reshape(-1, x.shape[-1]), x.shape[:-1]
        if not len(flat):
            return
        output = output.reshape(-1, output.shape[-1])
        drive = output if self.module.bias is None else output - self.module.bias
        response = output if self.response is None else flat @ self.response(weight).T
        given = {name: _by_sample(name, value, shape, name in self.rule.signals) for name, value in signals.items()}
        if DRIVE in self.plan.cells:
            given.setdefault(cell_name(DRIVE), drive)
        post = response if self.activation is None else self.activation(response)
        state = RuleState({key: self._kept(key) for key in self._names}, int(self.steps))
        dt = compiler.duration(self.rule, self.dt)
        slope, kept = rates.slope(self.rule, self.plan, weight, flat, post, state, dt, given)
        self._add({"w": slope, **kept}, len(flat))

    def _gather_patches(self, x: Tensor, output: Tensor, signals: Mapping[str, Any]) -> None:
        geometry: Any = self.geometry
        if x.ndim == geometry.axes + 1:
            x, output = x[None], output[None]
            signals = {name: value if name in self.rule.signals else value[None] for name, value in signals.items()}
        given = {name: self._signal(name, value, x, output) for name, value in signals.items()}
        numbers = PIECE if x.device.type == "cpu" else DEVICE_PIECE
        rows = max(1, numbers // max(1, output[:1].numel()))
        for begin in range(0, len(x), rows):
            piece = slice(begin, begin + rows)
            here = {name: value[piece] for name, value in given.items()}
            self._gather_piece(x[piece], output[piece], here)

    def _gather_piece(self, x: Tensor, output: Tensor, given: Mapping[str, Tensor]) -> None:
        geometry: Any = self.geometry
        convolution: Any = self.convolution
        w, bias = self._synapses(self.module.weight), self.module.bias
        image, response = geometry.image(x), geometry.map(output)
        drive = response if bias is None else response - geometry.map(bias.reshape(1, -1, *(1,) * geometry.axes))
        if self.response is not None:
            response = geometry.drive(image, self.response(self._rows(w)).view_as(w))
        post = response
        if self.activation is not None:  # each group competes for itself
            post = self.activation(response.flatten(0, 1)).view_as(response)
        cells: dict[Cell, Tensor] = {PRE: image, POST: post}
        for cell in self.plan.cells:
            if (name := cell_name(cell)) in given:
                cells[cell] = geometry.image(given[name]) if cell.side == "pre" else geometry.map(given[name])
            else:
                cells[cell] = drive
        modulators = {name: given[name] for name in self.rule.signals}
        state = {key: self._kept(key) for key in self._names}
        dt = compiler.duration(self.rule, self.dt)
        slope, kept, many = convolution.slope(geometry, w, cells, modulators, state, dt)
        sums = {"w": slope.expand_as(w), **kept}
        for name, part in sums.items():
            if not gemm.is_finite(part):
                advice = f"; learning diverged, or it came so; {tamed(self.rule)}"
                for what, array in (("the input", x), ("the weight", self._rows(w)), ("the output", output)):
                    gemm.check_finite(what, array, advice)
                for cell, array in cells.items():
                    gemm.check_finite(cell_name(cell), array)
                what = "dw/dt" if name == "w" else name
                raise DivergenceError(
                    f"{what} would not be finite at step {int(self.steps) + 1}: some part of the rule, such as a "
                    f"quotient or a root, has no value here, or learning diverged; {tamed(self.rule)}"
                )
        self._add(sums, many)

    def _signal(self, name: str, value: Tensor, x: Tensor, output: Tensor) -> Tensor:
        """A modulator as `[batch]`, a variable of a cell as the input or output is. Raises: `ArrayError`."""
        if name in self.rule.signals:
            wanted = (len(x),)
            value = value.expand(wanted) if value.numel() == 1 else value
        else:
            wanted = tuple(x.shape) if name.startswith("pre_") else tuple(output.shape)
        if tuple(value.shape) != wanted:
            raise ArrayError(f"{name} has shape {tuple(value.shape)}; expected {wanted}")
        return value

    def _add(self, means: Mapping[str, Tensor], many: int) -> None:
        for name, mean in means.items():
            total = mean * many
            self._sums[name] = self._sums[name] + total if name in self._sums else total
        self._many += many

    def _kept(self, key: str) -> Tensor:
        return getattr(self, self._names[key])

    def _synapses(self, weight: Tensor) -> Tensor:
        """`[post, pre]` of a dense layer, `[groups, post, pre]` of a convolution."""
        geometry = self.geometry
        return weight if geometry is None else weight.reshape(geometry.groups, geometry.cells, geometry.places)

    def _rows(self, synapses: Tensor) -> Tensor:
        """The same as `[post, pre]`."""
        return synapses.flatten(0, -2)

    def extra_repr(self) -> str:
        return repr(self.rule)


def _numbers(name: str, value: Any, like: Tensor) -> Tensor:
    """A signal as a tensor. Raises: `ArrayError`."""
    try:
        return torch.as_tensor(value, dtype=like.dtype, device=like.device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArrayError(f"{name} cannot be read as numbers: {error}") from None


def _by_sample(name: str, value: Tensor, shape: Any, modulator: bool) -> Tensor:
    """A signal of a dense layer whose input is `[*shape, cells]`, samples in one row."""
    if value.ndim == 0 or (modulator and value.numel() == 1):
        return value.reshape(())
    kept = 0 if modulator else 1
    if tuple(value.shape[: value.ndim - kept]) != tuple(shape):
        raise ArrayError(f"{name} has shape {tuple(value.shape)}; expected {(*shape, *('cells',) * kept)}")
    return value.reshape(-1, *value.shape[value.ndim - kept :])


def _check(module: Any, rule: Any, reduce: Any, **functions: Any) -> None:
    name = type(module).__name__
    if not isinstance(module, _KINDS):
        held = isinstance(module, nn.Module) and any(isinstance(part, _KINDS) for part in module.modules())
        mend = "give plastic the layers inside it, one by one" if held else "nn.Linear and nn.Conv1d/2d/3d learn"
        raise ParameterError(f"module = {name if isinstance(module, nn.Module) else shown(module)} is refused: {mend}")
    if isinstance(module.weight, nn.parameter.UninitializedParameter):
        raise ParameterError(f"{name} has no weights yet: run it once on an input before it is made plastic")
    if "weight" not in module._parameters:
        raise ParameterError(
            f"the weight of this {name} is computed from other parameters: remove that parametrization"
        )
    if not module.weight.is_floating_point():
        raise ParameterError(f"the weight of this {name} has type {module.weight.dtype}; learning needs floating point")
    as_rule(rule)
    for what, given in functions.items():
        if given is not None and not callable(given):
            raise ParameterError(f"{what} = {shown(given)} is refused: it must be a function, or left out")
    if reduce not in ("mean", "sum"):
        raise ParameterError(f"reduce = {shown(reduce)} is refused: it must be 'mean' or 'sum'")
    nearest = next((state for state in compiler.lower(rule).states if state.kind == "nearest"), None)
    if nearest is not None:
        raise ParameterError(f"{nearest.key} is defined for spikes only: a rate has no nearest spike; use trace")
