"""It waits, so that a test can interrupt it."""

from __future__ import annotations

import contextlib
import time
from typing import Annotated

import msgspec
from matplotlib.figure import Figure
from msgspec import Meta

from cofire.experiments import Finding

CLAIM = "Waiting takes time."
CLAIMS = (5,)
SOURCE = "nobody"
RULES = ("hebb",)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    seconds: Annotated[float, Meta(ge=0, description="how long")] = 0.0
    swallows: Annotated[bool, Meta(description="whether the first Ctrl-C is lost on the way")] = False


FULL = Settings(seconds=60.0)


def unsuitable(rule):
    return None


def run(settings, rules, seed, progress):
    end = time.monotonic() + settings.seconds
    print("running", flush=True)
    progress(0.0, "waiting")
    with contextlib.suppress(KeyboardInterrupt) if settings.swallows else contextlib.nullcontext():
        while time.monotonic() < end:
            time.sleep(0.01)
    progress(0.9, "almost done")
    return {"seconds": settings.seconds}


def findings(data):
    return [Finding("it took time", f"{data['seconds']} s", "some", "theory", "reproduced")]


def figure(data):
    return Figure(figsize=(1, 1))
