"""scikit-learn's own checks, on every estimator, with no failure expected."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from cofire import estimators

# The checks hand over a handful of random samples of any scale, on which it is right to warn of what came of it.
pytestmark = pytest.mark.filterwarnings(
    "ignore::cofire.estimators.LearningWarning", "ignore::sklearn.exceptions.SkipTestWarning"
)

ALL = [
    estimators.HebbianPCA(),
    estimators.HebbianPCA(rule="oja_subspace"),
    estimators.CompetitiveLearning(),
    estimators.SelfOrganizingMap(),
    estimators.SoftHebb(),
    estimators.KrotovHopfield(),
    estimators.BCM(),
    estimators.FoldiakCoder(),
    estimators.ConvHebb(),
    estimators.ConvHebb((4, 6, 8)),
    estimators.HebbianClassifier(),
    estimators.RidgeReadout(),
    estimators.SpikingClassifier(4, epochs=1, presentation=0.02, rest=0.005, min_spikes=1, max_rate=500.0),
]


@parametrize_with_checks(ALL)
def test_scikit_learns_checks(estimator: Any, check: Any) -> None:
    check(estimator)
