"""One file, one published finding: the protocol, what was measured, what was published, and a figure.

    experiment = cofire.experiments.get("hebb")
    result = experiment.run()
    for finding in result.findings: print(finding)

Every module here without a leading underscore is an experiment; its shape is in `_experiment.py`. A file whose name
would hide something here has an underscore behind it, which is no part of the experiment's name: `names_.py`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from cofire.errors import ExperimentError, did_you_mean
from cofire.experiments._experiment import Data, Experiment, Finding, Flag, Progress, Result, Verdict

__all__ = ["Data", "Experiment", "Finding", "Flag", "Progress", "Result", "Verdict", "get", "names"]


def names() -> list[str]:
    """The experiments there are, in the order of the claims they test."""
    found = [get(name) for name in _modules()]
    return [experiment.name for experiment in sorted(found, key=lambda e: (e.claims, e.name))]


def get(name: str) -> Experiment:
    """The experiment called `name`. Raises: `ExperimentError` naming the nearest."""
    known = _modules()
    if name not in known:
        raise ExperimentError(
            f"there is no experiment {name!r}{did_you_mean(name, known) or '; known: ' + ', '.join(known)}"
        )
    return Experiment(import_module(f"{__name__}.{known[name]}"))


def _modules() -> dict[str, str]:
    """The module of each experiment."""
    found = [module.name for module in iter_modules(__path__) if not module.name.startswith("_")]
    return {name.rstrip("_"): name for name in found}
