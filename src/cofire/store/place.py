"""Where kept runs lie: `$COFIRE_HOME`, or the folder that the platform has for the data of programs."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def home() -> Path:
    """`$COFIRE_HOME`; else `$XDG_DATA_HOME/cofire` or `~/.local/share/cofire`, and what macOS and Windows have instead.

    The folder need not exist.
    """
    chosen = os.environ.get("COFIRE_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "cofire"
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/cofire"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "cofire"
