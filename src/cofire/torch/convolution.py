"""The slope of a rule in a convolution: the passes of its plan, run over the image, one weight-gradient pass a product.

It is that of the dense layer whose samples are the patches; the patches themselves are never written out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import array_api_compat.torch as xp

from cofire.backends.arrays.expressions import Axis, Evaluator, Window
from cofire.backends.arrays.rates import decay_and_gain
from cofire.language.text import to_text
from cofire.language.tree import Call, Cell, Expr, Name, Weight
from cofire.lowering.convolution import Passes, PatchPlacement, Reconstruction, passes
from cofire.lowering.plan import Plan
from cofire.lowering.products import Term, separate
from cofire.lowering.states import State
from cofire.rule import Rule
from cofire.torch.geometry import Geometry, coincidence

Tensor = Any

MAP: tuple[Axis, ...] = ("batch", "post")
IMAGE: tuple[Axis, ...] = ("batch", "pre")
SYNAPSES: tuple[Axis, ...] = ("post", "pre")


@dataclass(frozen=True)
class Convolution:
    """A rule lowered for a convolution. Raises: `LanguageError` where it does not separate."""

    rule: Rule
    place: PatchPlacement
    weight: Passes
    states: tuple[tuple[State, Passes], ...]

    @classmethod
    def of(cls, rule: Rule, plan: Plan) -> Convolution:
        place = PatchPlacement(plan.place.variables, plan.place.signals)
        states = tuple((state, passes(state.drive, place)) for state in plan.states)
        return cls(rule, place, passes(plan.equations.weight, place), states)

    def slope(
        self,
        geometry: Geometry,
        w: Tensor,
        cells: Mapping[Cell, Tensor],
        signals: Mapping[str, Tensor],
        state: Mapping[str, Tensor],
        dt: float,
    ) -> tuple[Tensor, dict[str, Tensor], int]:
        """dw/dt as `synapse`, the state after `dt`, both averaged over samples and positions; and how many those are.

        `cells` are images and maps, `signals` of shape `[batch]`, `w` a synapse.
        """
        patches = Patches(xp, self.place, self.rule.values, w, geometry, cells, signals, state)
        kept = {item.key: patches.advanced(item, drive, dt) for item, drive in self.states}
        return patches.total(self.weight), kept, patches.samples


@dataclass(frozen=True)
class Patches(Evaluator):
    """Everything a step of a convolution reads; the context of a value is `MAP`, `IMAGE` or `SYNAPSES`."""

    geometry: Geometry
    cells: Mapping[Cell, Tensor]
    signals: Mapping[str, Tensor]
    state: Mapping[str, Tensor]
    _sums: dict[Expr, Tensor] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        return int(self._like_map.numel()) // self.geometry.groups

    @property
    def _like_map(self) -> Tensor:
        """One number a position, `[batch, groups, 1, *positions]`, without memory of its own."""
        post = self.cells[Cell("post")]
        return self.w.new_ones(()).expand(*post.shape[:2], 1, *post.shape[3:])

    def total(self, run: Passes) -> Tensor:
        """The sum of all passes, averaged over samples and positions: `[groups, cells or 1, places]`."""
        geometry = self.geometry
        total = self.w.new_zeros((geometry.groups, 1, geometry.places))
        for part in (*map(self._term, run.terms), *map(self._reconstruction, run.reconstructions)):
            total = total + part
        return total

    def advanced(self, state: State, drive: Passes, dt: float) -> Tensor:
        """Solves dX/dt = -rate · X + drive over `dt`, the drive held at its average over samples and positions."""
        decay, gain = decay_and_gain(self.number(state.rate), dt)
        old = self.state[state.key]
        if "pre" in state.axes:
            mean = self.total(drive)
        else:
            mean = self._mean(self.array(self.value(state.drive, MAP))).reshape(self.geometry.groups, -1)
        if "post" not in state.axes:
            mean = mean[:, 0]
        return old * decay + mean * gain

    def read(self, node: Expr, context: tuple[Axis, ...], window: Window) -> Tensor:  # noqa: ARG002
        match node:
            case Weight():
                return self.w
            case Cell():
                return self.cells[node]
            case Name(name) if name in self.signals:
                return self.signals[name].reshape(-1, *(1,) * (self.geometry.axes + 2))
            case Call("sum_pre", (inner,)):
                return self._on(context, self._once(node, lambda: self._sum_pre(inner)))
            case Call("sum_post", (inner,)):
                return self._on(context, self._once(node, lambda: self._sum_post(inner)))
        kept = self.state[to_text(node)]
        if "pre" in self.place.axes(node):
            return kept if kept.ndim == 3 else kept[:, None, :]
        return self._on(context, kept.reshape(1, kept.shape[0], -1, *(1,) * self.geometry.axes))

    def _on(self, context: tuple[Axis, ...], array: Tensor) -> Tensor:
        """A number for each cell, which is a map of one sample and position, as a synapse where that is asked for."""
        if context == SYNAPSES and array.ndim > 3:
            return array.reshape(array.shape[1], -1, 1)
        return array

    def _once(self, node: Expr, make: Any) -> Tensor:
        if node not in self._sums:
            self._sums[node] = make()
        return self._sums[node]

    def _sum_pre(self, inner: Expr) -> Tensor:
        """The sum over a patch, as a map."""
        total: Tensor = 0.0
        geometry = self.geometry
        for term in separate(inner, self.place).terms:
            synapse = self._synapse(term)
            if term.pre is not None:
                if synapse is None:
                    synapse = self.w.new_ones((geometry.groups, 1, geometry.places))
                synapse = synapse.expand(geometry.groups, synapse.shape[1], geometry.places)
                part = geometry.drive(self._image(term), synapse)
            elif synapse is None:
                part = float(geometry.places)
            else:
                part = synapse.expand(*synapse.shape[:2], geometry.places).sum(2)[None]
                part = part.reshape(*part.shape, *(1,) * geometry.axes)
            part = part * self.number(term.coefficient)
            total = total + (part if term.post is None else part * self.value(term.post, MAP))
        total = self.array(total)
        return total if total.ndim else total.expand(1, geometry.groups, 1, *(1,) * geometry.axes)

    def _sum_post(self, inner: Expr) -> Tensor:
        """The sum over cells of a map, as a map, or of synapses, as a synapse."""
        geometry = self.geometry
        over_places = "pre" in self.place.axes(inner)
        value = self.array(self.value(inner, SYNAPSES if over_places else MAP))
        if over_places:
            return value.expand(geometry.groups, geometry.cells, geometry.places).sum(1, keepdim=True)
        if value.ndim == 0:
            value = value.expand(1, geometry.groups, 1, *(1,) * geometry.axes)
        return value.expand(*value.shape[:2], geometry.cells, *value.shape[3:]).sum(2, keepdim=True)

    def _term(self, term: Term) -> Tensor:
        """One term, averaged over samples and positions."""
        if term.is_product:
            post = self.array(self.value(term.post, MAP))  # type: ignore[arg-type]
            part = self.geometry.gradient(self._everywhere(post), self._image(term)) / self.samples
        else:
            part = self.w.new_ones((1, 1, 1))
            if term.post is not None:
                post = self._mean(self.array(self.value(term.post, MAP)))
                part = post.reshape(*post.shape[:2], 1)
            if term.pre is not None:
                part = part * (self.geometry.gradient(self._everywhere(), self._image(term)) / self.samples)
        synapse = self._synapse(term)
        part = part * self.number(term.coefficient)
        return part if synapse is None else part * synapse

    def _reconstruction(self, one: Reconstruction) -> Tensor:
        """post · the sum over postsynaptic cells: products of the cells with each other, times their weights."""
        geometry, term = self.geometry, one.term
        left = self._everywhere(None if term.post is None else self.array(self.value(term.post, MAP)))
        total: Tensor = 0.0
        for inside in one.inside.terms:
            right = self._everywhere(None if inside.post is None else self.array(self.value(inside.post, MAP)))
            together = coincidence(left, right) / self.samples * self.number(inside.coefficient)
            together = together.expand(geometry.groups, together.shape[1], geometry.cells)
            if one.ordered:
                together = together.expand(geometry.groups, geometry.cells, geometry.cells).tril()
            synapse = self._synapse(inside)
            if synapse is None:
                synapse = self.w.new_ones(())
            total = total + together @ synapse.expand(geometry.groups, geometry.cells, geometry.places)
        synapse = self._synapse(term)
        total = total * self.number(term.coefficient)
        return total if synapse is None else total * synapse

    def _synapse(self, term: Term) -> Tensor | None:
        if term.synapse is None:
            return None
        value = self.array(self.value(term.synapse, SYNAPSES))
        return (value if value.ndim else value.reshape(1, 1, 1)).expand(self.geometry.groups, -1, -1)

    def _image(self, term: Term) -> Tensor:
        value, whole = self.array(self.value(term.pre, IMAGE)), self.cells[Cell("pre")]  # type: ignore[arg-type]
        return value.expand_as(whole)

    def _everywhere(self, value: Tensor | None = None) -> Tensor:
        """A map at every sample and position; ones if there is no value."""
        ones = self._like_map
        if value is None:
            return ones
        cells = value.shape[2] if value.ndim else 1
        return value.expand(*ones.shape[:2], cells, *ones.shape[3:])

    def _mean(self, value: Tensor) -> Tensor:
        """The average over samples and positions, `[groups, cells or 1, 1, ...]`."""
        if value.ndim == 0:
            value = value.expand(1, self.geometry.groups, 1, *(1,) * self.geometry.axes)
        spread = [0, *range(3, value.ndim)]
        return value.mean(dim=spread, keepdim=True)[0].expand(
            self.geometry.groups, *value.shape[2:3], *(1,) * self.geometry.axes
        )
