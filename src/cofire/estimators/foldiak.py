"""Földiák's coder: a sparse code from Hebbian weights, anti-Hebbian inhibition and thresholds."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit

from cofire import rules
from cofire.estimators import competition
from cofire.estimators._layer import PARAMETERS, POSITIVE, SHARE, Array, HebbianLayer, LearningWarning
from cofire.rule import Rule

STEEPNESS = 10.0  # of a unit's response while the layer settles, as published
STEPS = 30  # of settling, each a third of the way


class FoldiakCoder(HebbianLayer):
    """Binary units, each active in a share `p` of the samples and independent of the others.

    Units settle under the inhibition of each other, and are on (1) or off (0). Then three things learn: the weights
    from the inputs by `cofire.rules.instar`, the inhibition between units by `cofire.rules.foldiak`, and each
    threshold, which moves so that its unit is on in a share p of the samples.

    Parameters
    ----------
    n_units : units.
    p : the share of samples in which a unit is on.
    learning_rate : of the weights, below 1. inhibition_rate : of the inhibition. threshold_rate : of the thresholds.
    epochs, batch_size, shuffle, random_state, checkpoint, verbose : as for every layer, see `cofire.estimators`.

    Attributes
    ----------
    inhibition_ : `[n_units, n_units]`, at most 0, no unit inhibiting itself. threshold_ : `[n_units]`. The
    rest: see `cofire.estimators`.

    Source: P. Földiák, Biol. Cybern. 64:165-170, 1990, whose inputs are 0 or 1.
    """

    _kept = ("weights_", "inhibition_", "threshold_")
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **PARAMETERS,
        "learning_rate": SHARE,
        "p": SHARE,
        "inhibition_rate": POSITIVE,
        "threshold_rate": POSITIVE,
    }

    def __init__(
        self,
        n_units: int = 16,
        *,
        p: float = 0.125,
        learning_rate: float = 0.02,
        inhibition_rate: float = 0.1,
        threshold_rate: float = 0.02,
        epochs: int = 10,
        batch_size: int = 8,
        shuffle: bool = True,
        random_state: Any = None,
        checkpoint: Any = None,
        verbose: bool = False,
    ) -> None:
        self.n_units = n_units
        self.p = p
        self.learning_rate = learning_rate
        self.inhibition_rate = inhibition_rate
        self.threshold_rate = threshold_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.verbose = verbose

    def _rule(self) -> Rule:
        return rules.instar(eta=self.learning_rate)

    def _start(self, X: Array, rng: np.random.Generator) -> None:
        low, high = float(X.min()), float(X.max())
        if low < 0 or high > 1:
            warnings.warn(
                f"FoldiakCoder: inputs go from {low:.3g} to {high:.3g}; thresholds and inhibition are for inputs "
                "from 0 to 1: scale them, with MinMaxScaler for one",
                LearningWarning,
                stacklevel=5,
            )
        drawn = rng.uniform(size=(self.n_units, X.shape[1]))
        self.weights_ = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(X.dtype)
        self.inhibition_ = np.zeros((self.n_units, self.n_units), dtype=X.dtype)
        self.threshold_ = np.quantile(X @ self.weights_.T, 1 - self.p, axis=0).astype(X.dtype)
        self._inhibiting = rules.foldiak(alpha=self.inhibition_rate, p=self.p)

    def _response(self, X: Array) -> Array:
        """What units settle to, from 0 to 1."""
        drive = X @ self.weights_.T - self.threshold_
        y = np.zeros_like(drive)
        for _ in range(STEPS):
            y += (expit(STEEPNESS * (drive + y @ self.inhibition_.T)) - y) / 3
        return y

    def _learn(self, x: Array, dt: float) -> None:
        y = self._post(self._response(x), dt)
        self.weights_, _ = self._rule_.step(
            self.weights_,
            pre=x,
            post=competition.one_after_another(y, dt * self.learning_rate),
            out=self.weights_,
            dt=dt,
            reduce="sum",
        )
        self.inhibition_, _ = self._inhibiting.step(self.inhibition_, pre=y, post=y, out=self.inhibition_, dt=dt)
        np.fill_diagonal(self.inhibition_, 0)
        self.threshold_ = self.threshold_ + (dt * self.threshold_rate * (y.mean(axis=0) - self.p)).astype(y.dtype)

    def _post(self, u: Array, dt: float) -> Array:
        return (u > 0.5).astype(u.dtype)

    def _features(self, u: Array) -> Array:
        return self._post(u, 1.0)
