"""Ctrl-C that cannot get lost: a library that swallows `KeyboardInterrupt` only puts it off to the next check.

NumPy does so while it is imported, and Python where an object is collected. `kill` is the same as Ctrl-C, as otherwise
the processes of a sweep would outlive it.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

_USUAL = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}

_pressed = threading.Event()


def watch() -> None:
    """Has both raise `KeyboardInterrupt` and be remembered from now on, unless somebody has other plans for them."""
    main = threading.current_thread() is threading.main_thread()
    for stop, usual in _USUAL.items():
        if main and signal.getsignal(stop) is usual:
            signal.signal(stop, _press)


def pressed() -> bool:
    """Whether Ctrl-C was pressed, or the command killed, since `watch`."""
    return _pressed.is_set()


def check() -> None:
    """Raises: `KeyboardInterrupt` if it was."""
    if pressed():
        raise KeyboardInterrupt


def _press(number: int, frame: FrameType | None) -> None:
    _pressed.set()
    signal.default_int_handler(number, frame)
