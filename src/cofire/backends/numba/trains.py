"""The loop over steps around a kernel, where every spike is given: the source of `run`."""

from __future__ import annotations

from collections.abc import Callable

from cofire.backends.numba.functions import Kernel
from cofire.backends.numba.kernels import write_kernel
from cofire.backends.numba.preamble import preamble, title_of
from cofire.backends.numba.quantities import Kept
from cofire.backends.numba.writer import ARRIVING, SETTLING, Writer
from cofire.language.tree import Cell, Name
from cofire.lowering.plan import Plan

EVENTS = ("steps", "base", "arrivals", "arriving", "spikes", "firing", "axons")


def trains_source(plan: Plan, kept: Kept, *, bounded: bool) -> tuple[str, Kernel]:
    """The source of a module whose `run` learns from spike trains, and the kernel in it. `kept`: not clocked."""
    kernel = write_kernel(plan, kept, bounded=bounded)
    write = Writer()
    _run(kernel, write)
    body = kernel.text + write.text
    return preamble(title_of(plan), body) + body, kernel


def run_arguments(kernel: Kernel) -> tuple[str, ...]:
    """What `run` takes, in order: the events, signals over time, then whatever the kernel's functions take."""
    signals = [_over_time(kernel, signal) for signal in kernel.kept.signals]
    held = {_held(kernel, signal) for signal in kernel.kept.signals}
    called = [name for arguments in kernel.arguments.values() for name in arguments]
    inner = {"begin", "end", "now", "arrives", "cells", *held}
    return tuple(dict.fromkeys((*EVENTS, "span", *signals, *(name for name in called if name not in inner))))


def _over_time(kernel: Kernel, signal: Name | Cell) -> str:
    """The array `[step]` of a modulator, or `[step, cell]` of a variable of cells."""
    return f"all_{kernel.kept.names[signal]}"


def _held(kernel: Kernel, signal: Name | Cell) -> str:
    """What the kernel's functions take of it: one number, or an array `[cell]`."""
    return kernel.kept.names[signal] + ("_n" if isinstance(signal, Name) else "")


def _run(kernel: Kernel, write: Writer) -> None:
    def call(function: str, *given: str, at: str = "n") -> None:
        kernel.call(write, function, *given, names=_at(kernel, at))

    with write.function("run", run_arguments(kernel)):
        with write.block("for n in range(steps)"):
            write("now = n - base")
            with write.block("if now == span"):
                call("rebase", "axons", "now", at="n - 1")
                write("base, now = n, 0")
            with write.block("if arrivals[n] < arrivals[n + 1]"):
                call("learn", "arriving", "arrivals[n]", "arrivals[n + 1]", "now", ARRIVING, at="max(n - 1, 0)")
            with write.block("if spikes[n] < spikes[n + 1]"):
                call("fire", "firing", "spikes[n]", "spikes[n + 1]", "now")
            if kernel.tables:
                call("integrate", "now")
            match kernel.schedule:
                case "awake":
                    assert kernel.silent is not None
                    level = _over_time(kernel, kernel.silent)
                    with write.block(" or ".join([f"if {level}[n] != 0.0", *_events(kernel)])):
                        with write.block(f"if n > 0 and {level}[n - 1] == 0.0"):
                            call("settle", "axons", "now", at="n - 1")
                        call("settle", "axons", "now + 1")
                case "steps":
                    call("settle", "axons", "now + 1")
                case "spikes":
                    with write.block("if arrivals[n] < arrivals[n + 1] or spikes[n] < spikes[n + 1]"):
                        call("settle", "axons", "now + 1")
                case "arrivals":
                    call("learn", "arriving", "arrivals[n]", "arrivals[n + 1]", "now + 1", SETTLING)
            if kernel.drifts:
                call("drift", "axons", "now")
        with write.block("if steps > 0"):
            call("rebase", "axons", "steps - base", at="steps - 1")


def _events(kernel: Kernel) -> list[str]:
    """Conditions under which a step has spikes that must be learnt from at once."""
    conditions = {"pre": "arrivals[n] < arrivals[n + 1]", "post": "spikes[n] < spikes[n + 1]"}
    return [condition for side, condition in conditions.items() if side in kernel.hurries]


def _at(kernel: Kernel, step: str) -> Callable[[str], str]:
    """What the arguments of the kernel's functions are called in `run`: signals are those of that step."""
    held = {_held(kernel, signal): f"{_over_time(kernel, signal)}[{step}]" for signal in kernel.kept.signals}
    return lambda name: held.get(name, name)
