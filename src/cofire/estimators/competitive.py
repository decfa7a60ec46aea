"""Winner takes all: each unit comes to stand for the samples it wins, and a conscience gives every unit its turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from cofire import activations, rules
from cofire.estimators import competition
from cofire.estimators._layer import NOT_NEGATIVE, PARAMETERS, SHARE, Array, HebbianLayer
from cofire.rule import Rule


class Prototypes(HebbianLayer):
    """Units whose weights are points among the inputs; the response is x·w - |w|²/2, greatest for the nearest unit."""

    def _start(self, X: Array, rng: np.random.Generator) -> None:
        """Samples chosen at random, and between them so that no two units start alike."""
        chosen = X[rng.integers(len(X), size=self.n_units)]
        others = X[rng.integers(len(X), size=self.n_units)]
        share = rng.uniform(0, 0.2, size=(self.n_units, 1))
        self.weights_ = (chosen + share * (others - chosen)).astype(X.dtype)

    def _response(self, X: Array) -> Array:
        return X @ self.weights_.T - np.sum(self.weights_**2, axis=1) / 2

    def transform(self, X: Any) -> Array:
        """The distance of each sample to each unit, `[n, n_units]`; nothing is learned."""
        check_is_fitted(self)
        X = self._checked(X, reset=False)
        squares = np.sum(X**2, axis=1, keepdims=True) - 2 * self._response(X)
        return np.sqrt(np.maximum(squares, 0))

    def _warnings(self) -> Iterator[str]:
        yield from self._dead()  # points along one line from the origin are no worse for it

    def predict(self, X: Any) -> Array:
        """The unit that each sample is nearest to, `[n]`."""
        winners: Array = np.asarray(self.transform(X)).argmin(axis=1)
        return winners


class CompetitiveLearning(Prototypes):
    """Hard competition: online k-means, in which a unit that wins too often is handicapped.

    The rule is `cofire.rules.instar`; `post` is 1 for the winner, the unit nearest to the input. While learning, a
    conscience of that strength handicaps frequent winners.

    Parameters
    ----------
    n_units : prototypes.
    conscience : strength of the handicap; 0 is none.
    learning_rate : the share of its distance to a sample that the winner moves, below 1.
    epochs, batch_size, shuffle, random_state, checkpoint, verbose : as for every layer, see `cofire.estimators`.

    Attributes
    ----------
    wins_ : the share of samples that each unit wins, a running average with the conscience at work. The rest: see
    `cofire.estimators`.

    Source: S. Grossberg, Biol. Cybern. 23:121-134, 1976; D. E. Rumelhart, D. Zipser, Cogn. Sci. 9:75-112, 1985; the
    conscience: D. DeSieno, Proc. IEEE ICNN 1:117-124, 1988.
    """

    _kept = ("weights_", "wins_")
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **PARAMETERS,
        "learning_rate": SHARE,
        "conscience": NOT_NEGATIVE,
    }

    def __init__(
        self,
        n_units: int = 8,
        *,
        conscience: float = 1.0,
        learning_rate: float = 0.05,
        epochs: int = 10,
        batch_size: int = 32,
        shuffle: bool = True,
        random_state: Any = None,
        checkpoint: Any = None,
        verbose: bool = False,
    ) -> None:
        self.n_units = n_units
        self.conscience = conscience
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.verbose = verbose

    def _rule(self) -> Rule:
        return rules.instar(eta=self.learning_rate)

    def _start(self, X: Array, rng: np.random.Generator) -> None:
        super()._start(X, rng)
        self.wins_ = np.full(self.n_units, 1 / self.n_units)

    def _post(self, u: Array, dt: float) -> Array:
        post = activations.hard(competition.handicapped(u, self.wins_, dt * self.conscience))
        self.wins_ = competition.share_of_wins(self.wins_, post)
        return competition.one_after_another(post, dt * self.learning_rate)
