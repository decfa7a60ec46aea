"""Two processes that would do the same: the second is told so. The system gives the lock back when a process dies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cofire.errors import StoreError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def held(place: Path, name: str, refusal: str) -> Iterator[None]:
    """Holds the lock called `name` among those that use the store `place`, where that can be written.

    Raises: `StoreError` saying `refusal`.
    """
    path = place / "locks" / hashlib.sha256(name.encode()).hexdigest()[:20]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError:  # a read-only or full disk is no reason not to work
        yield
        return
    with file:
        if fcntl:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise StoreError(refusal) from None
        yield
