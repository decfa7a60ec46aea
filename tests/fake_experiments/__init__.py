"""Experiments that take no time, for tests that put them in the place of the real ones."""

from __future__ import annotations

from pathlib import Path

PLACE = str(Path(__file__).parent)
NAMES = ("good", "waits", "breaks", "lacks_data")
