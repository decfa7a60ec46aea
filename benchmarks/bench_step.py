"""A batch step of learning, beside the floor that its plan names and beside the update as research code writes it.

The floor: the bare matrix products of the plan, and one read and one write of w, in the same library and threads.
Research code: NumPy, one sample after another, with np.outer; and the whole batch at once, with np.einsum.

Measured on two cores, quiet, in place: 0.92 to 1.24 times the floor, krotov_hopfield 1.2 to 1.3, which reads w once
more for |w|^(p-1), sanger 1.3 to 1.45. What is summed within a block of rows is a product more than its floor has, 0.75
and 0.375 of one at 64 and 256 samples, and its products are small. New arrays: 1.1 to 1.55. On a busy machine the small
products suffer more than the floor: sanger 1.6, krotov_hopfield 1.4. Below its floor a step can be since BLAS adds to
w, where the floor reads and writes w beside the product. Einsum took 10 to 15 times as long at 64x(4096-4096) and 7 to
9 at 256x(784-2000), where the floor itself would reach 9; sanger 34 and more.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cofire import Rule, rules
from cofire.lowering.products import separate

SHAPES = {"256x(784-2000)": (256, 784, 2000), "64x(4096-4096)": (64, 4096, 4096)}
RULES = ("hebb", "oja", "sanger", "bcm", "soft_hebb", "krotov_hopfield")
ETA = 1e-6  # small, so that thousands of rounds leave the weights where they were


class Case:
    """One rule at one size, with inputs in float32."""

    def __init__(self, name: str, shape: tuple[int, int, int]) -> None:
        rng = np.random.default_rng(0)
        batch, n_pre, n_post = shape
        self.rule = rules.get(name)(eta=ETA)
        self.pre = rng.standard_normal((batch, n_pre), dtype=np.float32) * np.float32(0.1)
        self.post = rng.standard_normal((batch, n_post), dtype=np.float32) * np.float32(0.1)
        self.w = rng.standard_normal((n_post, n_pre), dtype=np.float32) * np.float32(0.01)
        self.signals = {"post_drive": self.post} if name == "soft_hebb" else {}
        self.state = self.rule.step(self.w, pre=self.pre, post=self.post, **self.signals)[1]

    def step(self, out: Any = None) -> Any:
        return self.rule.step(self.w, pre=self.pre, post=self.post, state=self.state, out=out, **self.signals)[0]

    def floor(self) -> Callable[[], None]:
        """The plan's products and one pass over the weights, into memory that is already there."""
        outward, inward = products_of(self.rule)
        change, drive, one = np.empty_like(self.w), np.empty_like(self.post), np.float32(1.0)

        def work() -> None:
            for _ in range(outward):
                np.matmul(self.post.T, self.pre, out=change)
            for _ in range(inward):
                np.matmul(self.pre, self.w.T, out=drive)
            np.multiply(self.w, one, out=self.w)

        return work


def products_of(rule: Rule) -> tuple[int, int]:
    """How many products the plan names: of shape [post, pre] over the batch, and of a sum over cells."""
    plan = rule.explain()
    outward = sum(term.is_product for term in plan.terms.terms)
    inward = sum(term.ordered for term in plan.terms.terms)
    for term in plan.terms.terms:
        for factor in (term.post, term.pre):
            inward += 0 if factor is None else text_sums(factor, rule)
    return outward, inward


def text_sums(factor: Any, rule: Rule) -> int:
    from cofire.language.tree import Call, walk

    sums = {node for node in walk(factor) if isinstance(node, Call) and node.function in ("sum_pre", "sum_post")}
    terms = [term for node in sums for term in separate(node.arguments[0], rule.explain().place).terms]
    return sum(term.synapse is not None for term in terms)


def with_einsum(case: Case, name: str) -> None:
    """The update of a batch as scripts write it with einsum."""
    w, x, y, eta = case.w, case.pre, case.post, np.float32(ETA / len(case.pre))
    match name:
        case "hebb":
            w += eta * np.einsum("bo,bi->oi", y, x)
        case "oja":
            w += eta * (np.einsum("bo,bi->oi", y, x) - np.einsum("bo,bo->o", y, y)[:, None] * w)
        case "sanger":
            w += eta * (np.einsum("bo,bi->oi", y, x) - np.einsum("ok,ki->oi", np.tril(np.einsum("bo,bk->ok", y, y)), w))
        case "bcm":
            w += eta * np.einsum("bo,bi->oi", y * (y - np.float32(0.1)), x)
        case "soft_hebb":
            w += eta * (np.einsum("bo,bi->oi", y, x) - np.einsum("bo,bo->o", y, y)[:, None] * w)
        case "krotov_hopfield":
            drive = np.einsum("bi,oi->bo", x, np.sign(w) * np.abs(w) ** 2)
            w += eta * (np.einsum("bo,bi->oi", y, x) - np.einsum("bo,bo->o", y, drive)[:, None] * w)


def sample_by_sample(case: Case, name: str, samples: int) -> None:
    """`samples` samples of the update as the papers' scripts write it with loops."""
    w, eta = case.w, ETA / len(case.pre)
    for x, y in zip(case.pre[:samples], case.post[:samples], strict=True):
        match name:
            case "hebb":
                w += eta * np.outer(y, x)
            case "oja":
                w += eta * (np.outer(y, x) - (y**2)[:, None] * w)
            case "sanger":
                w += eta * (np.outer(y, x) - np.tril(np.outer(y, y)) @ w)
            case "bcm":
                w += eta * np.outer(y * (y - 0.1), x)
            case "soft_hebb":
                w += eta * y[:, None] * (x[None, :] - y[:, None] * w)
            case "krotov_hopfield":
                drive = (np.sign(w) * np.abs(w) ** 2) @ x
                w += eta * (np.outer(y, x) - (y * drive)[:, None] * w)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", RULES)
def test_step(name: str, shape: str, compare: Any, benchmark: Any) -> None:
    case = Case(name, SHAPES[shape])
    floor = case.floor()
    benchmark.pedantic(lambda: case.step(out=case.w), rounds=5, warmup_rounds=1)
    compare.ratio("in place / floor", lambda: case.step(out=case.w), floor, "<= 1.25")
    compare.ratio("new array / floor", case.step, floor, "<= 1.6")
    compare.ratio(
        "einsum / in place", lambda: with_einsum(case, name), lambda: case.step(out=case.w), ">= 10", rounds=3
    )
    samples = 1 if name == "sanger" else 4
    compare.ratio(
        "sample by sample / in place",
        lambda: sample_by_sample(case, name, samples),
        lambda: case.step(out=case.w),
        ">= 10",
        rounds=3,
        times=len(case.pre) / samples,
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", RULES)
def test_memory(name: str, shape: str, compare: Any, benchmark: Any) -> None:
    case = Case(name, SHAPES[shape])
    case.step(out=case.w)
    for label, out, goal in (("peak in place / w", case.w, "<= 1.2"), ("peak new array / w", None, "<= 2.2")):
        tracemalloc.start()
        kept = case.step(out=out)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        del kept
        compare.value(label, peak / case.w.nbytes, goal)
    benchmark.pedantic(lambda: None, rounds=1)
