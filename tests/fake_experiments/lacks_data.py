"""An experiment that cannot run."""

from __future__ import annotations

import msgspec

from cofire.errors import DataError

CLAIM = "This cannot be shown."
CLAIMS = (6,)
SOURCE = "nobody"
RULES = ("hebb",)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    size: int = 1


FULL = Settings()


def unsuitable(rule):
    return None


def run(settings, rules, seed, progress):
    raise DataError("the numbers are not on this machine: `get them`")


def findings(data):
    raise AssertionError("nothing was run")


figure = findings
