"""SoftHebb: features from a soft competition, in which the winner learns and all others unlearn."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from cofire import activations, rules
from cofire.estimators._layer import (
    PARAMETERS,
    POSITIVE,
    Array,
    HebbianLayer,
    LearningWarning,
    largest_change_one,
)
from cofire.estimators.weights import unit_length
from cofire.rule import Rule

START = 5.0  # the length of a unit's weights before learning, about


class Competing(HebbianLayer):
    """Units that compete by their responses w·x to inputs of length one, as the rules here need them."""

    def _prepared(self, X: Array) -> Array:
        return unit_length(X) if self.unit_length else X

    def _step(self, x: Array, dt: float) -> None:
        if not self.n_steps_ and not self.unit_length:
            length = float(np.mean(np.linalg.norm(x, axis=1)))
            if not 0.1 < length < 30:
                warnings.warn(
                    f"{type(self).__name__}: inputs have a mean length of {length:.3g}, on which units do not come to "
                    "share them: take unit_length=True, or scale them",
                    LearningWarning,
                    stacklevel=4,
                )
        super()._step(x, dt)

    def _learn(self, x: Array, dt: float) -> None:
        largest_change_one(self, x, self._post(self._response(x), dt), dt)


class SoftHebb(Competing):
    """A layer of features learned by soft competition.

    The rule is `cofire.rules.soft_hebb`; `post` is +q for the winner and -q for all others, q a softmax. Each update is
    divided by its largest entry, and a unit slows down as the length of its weights nears 1, both as published.
    `transform` gives relu(response - mean response of the units).

    Parameters
    ----------
    n_units : features.
    temperature : t, the factor of the responses in the softmax: too low and all units learn the mean, too high and few
        units win. The paper's 12 is for inputs of another scale.
    learning_rate : how far the weight that moves most moves in a step.
    unit_length : whether samples are scaled to length 1.
    epochs, batch_size, shuffle, random_state, checkpoint, verbose : as for every layer, see `cofire.estimators`.

    Source: T. Moraitis et al., Neuromorph. Comput. Eng. 2:044017, 2022; A. Journé et al., ICLR 2023, arXiv:2209.11883.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **PARAMETERS,
        "temperature": POSITIVE,
        "unit_length": ["boolean"],
    }

    def __init__(
        self,
        n_units: int = 32,
        *,
        temperature: float = 200.0,
        learning_rate: float = 0.1,
        unit_length: bool = True,
        epochs: int = 10,
        batch_size: int = 32,
        shuffle: bool = True,
        random_state: Any = None,
        checkpoint: Any = None,
        verbose: bool = False,
    ) -> None:
        self.n_units = n_units
        self.temperature = temperature
        self.learning_rate = learning_rate
        self.unit_length = unit_length
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.verbose = verbose

    def _rule(self) -> Rule:
        return rules.soft_hebb()

    def _start(self, X: Array, rng: np.random.Generator) -> None:
        self.weights_ = starting_weights(rng, self.n_units, X)

    def _post(self, u: Array, dt: float) -> Array:
        return activations.soft(u, self.temperature) * slowed(self.weights_)

    def _features(self, u: Array) -> Array:
        return np.maximum(u - u.mean(axis=1, keepdims=True), 0)

    def _warnings(self) -> Iterator[str]:
        yield from super()._warnings()
        unsettled = int(np.sum(np.abs(self.norms_ - 1) > 0.5))
        if unsettled > self.n_units / 2:
            median = float(np.median(self.norms_))
            far = median > 2 * START  # they grew
            yield (
                f"norms of {unsettled} of {self.n_units} units have not converged to 1 (median {median:.2f}): "
                f"{'a smaller learning_rate' if far else 'more epochs, or a larger learning_rate'}"
            )


def starting_weights(rng: np.random.Generator, units: int, X: Array) -> Array:
    """Gaussian, about five times as long as they will end: who wins grows shorter, and others get their turn.

    For inputs `X` that are never negative neither are the weights, since what is opposite to all inputs never wins.
    """
    drawn: Array = rng.standard_normal((units, X.shape[1])) * (START / np.sqrt(X.shape[1]))
    return (drawn if np.any(X < 0) else np.abs(drawn)).astype(X.dtype)


def slowed(w: Array) -> Array:
    """The rate of each unit, √| |w| - 1 |, a factor of its `post`, `[n_units]`; never 0, so that none stands still."""
    rate: Array = np.sqrt(np.maximum(np.abs(np.linalg.norm(w, axis=1) - 1), 1e-4))
    return rate
