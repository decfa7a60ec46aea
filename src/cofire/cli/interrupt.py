"""Ctrl-C that cannot get lost: a library that swallows `KeyboardInterrupt` only puts it off to the next check.

`kill` is the same as Ctrl-C, as otherwise the processes of a sweep would outlive it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPS = (signal.SIGINT, signal.SIGTERM)


def by_kill() -> None:
    """Has SIGTERM raise `KeyboardInterrupt` from now on, unless somebody has other plans for it."""
    main = threading.current_thread() is threading.main_thread()
    if main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextmanager
def kept() -> Iterator[Callable[[], None]]:
    """`check()` that raises `KeyboardInterrupt` if Ctrl-C was pressed, or it was killed, since the block began."""
    pressed = threading.Event()

    def press(number: int, frame: FrameType | None) -> None:
        pressed.set()
        signal.default_int_handler(number, frame)

    def check() -> None:
        if pressed.is_set():
            raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    ours = [stop for stop in STOPS if main and signal.getsignal(stop) is signal.default_int_handler]
    for stop in ours:
        signal.signal(stop, press)
    try:
        yield check
    finally:
        for stop in ours:
            signal.signal(stop, signal.default_int_handler)
