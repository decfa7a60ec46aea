"""Generated source as a module: a file named by the hash of its text, so that nothing is compiled twice.

The files lie in `$COFIRE_CACHE`, or `$XDG_CACHE_HOME/cofire`, or `~/.cache/cofire`; numba keeps its machine code beside
them. Where none of these can be written, they lie in a folder of this process alone, and a warning says so once.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
import threading
import warnings
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import ModuleType

_ONE_AT_A_TIME = threading.RLock()  # else a second thread is given a module that has not run to its end


def load(source: str) -> ModuleType:
    """The module whose text is `source`, which this package has printed."""
    name = name_of(source)
    with _ONE_AT_A_TIME:
        return sys.modules[name] if name in sys.modules else _run(name, source)


def name_of(source: str) -> str:
    """What that module is called, by which another imports it once it is loaded."""
    return f"cofire_kernel_{hashlib.sha256(source.encode()).hexdigest()[:20]}"


@lru_cache(maxsize=8)
def folder(chosen: str = "") -> Path:
    """Where generated kernels are kept; `chosen` is a folder of the user's own."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        wanted = Path(chosen or Path(home) / "cofire").expanduser().resolve()
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            return wanted
    except (OSError, RuntimeError) as error:
        warnings.warn(
            f"compiled kernels cannot be kept ({error}), so each process compiles its own; "
            "set COFIRE_CACHE to a folder that can be written",
            RuntimeWarning,
            stacklevel=2,
        )
        return Path(tempfile.mkdtemp(prefix="cofire_"))


def _run(name: str, source: str) -> ModuleType:
    path = _written(folder(os.environ.get("COFIRE_CACHE", "")), name, source)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: numba asks for a function's module by name when it opens its cache
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _written(where: Path, name: str, source: str) -> Path:
    """The file with that text; one that holds it already stays as it is, with the machine code made from it."""
    path = where / f"{name}.py"
    with suppress(OSError, UnicodeDecodeError):
        if path.read_text(encoding="utf-8") == source:
            return path
    handle, draft = tempfile.mkstemp(dir=where, prefix=f".{name}", suffix=".py")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(source)
    os.replace(draft, path)  # noqa: PTH105
    return path
