"""What findings say of repeated runs: mean and spread, the standard error, a difference in its units, a verdict."""

from __future__ import annotations

from typing import Any

import numpy as np

from cofire.experiments._experiment import Finding, Verdict


def verdict(yes: Any) -> Verdict:
    """For what applies at all."""
    return "reproduced" if yes else "not reproduced"


def spread(values: Any, digits: int = 3, unit: str = "") -> str:
    """The mean ± the standard deviation of at least two values."""
    with np.errstate(over="ignore"):  # of what ran away
        return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}{unit}"


def percent(share: float) -> str:
    """A share as per cent without decimals; "none" if it is not finite."""
    return f"{100 * share:.0f} %" if np.isfinite(share) else "none"


def percent_spread(shares: Any) -> str:
    """As `spread`, of shares in per cent."""
    return spread(100 * shares, 1, " %")


def standard_error(values: Any) -> float:
    """The standard error of the mean of at least two values."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def difference(a: Any, b: Any) -> float:
    """The mean difference of paired values, in standard errors."""
    each = a - b
    least = 1e-9  # of its spread, for pairs that all differ alike
    return float(each.mean() / (max(float(each.std(ddof=1)), least) / np.sqrt(len(each))))


def shuffled_labels(named: Any, truth: Any, *, below: float) -> Finding:
    """The control of ten classes: images named by what learned the labels in another order. `below`: what is asked."""
    share = float(np.mean(named == truth))
    return Finding(
        "control: with shuffled labels nothing is recognised",
        f"{100 * share:.1f} %",
        f"10 %; asked: less than {100 * below:.0f} %",
        "theory",
        verdict(share < below),
    )
