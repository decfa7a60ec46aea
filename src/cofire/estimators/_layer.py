"""A layer of units that learns by a rule of the catalogue: what the estimators share.

An estimator says which rule, what `post` is and what it hands on; the loop around them is here.

    fit           weights drawn, then `epochs` passes in random order, the learning rate falling linearly to 0
    partial_fit   one pass in the given order, at the full rate: pieces of whole batches are one pass over all of them
    one step      batch -> prepared -> responses -> post -> `rule.step`
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from cofire.backends.state import RuleState
from cofire.errors import ArrayError, DivergenceError
from cofire.estimators import _checkpoint
from cofire.estimators.threads import one_thread
from cofire.estimators.weights import likeness
from cofire.rule import Rule

Array = NDArray[Any]
Layer = TypeVar("Layer", bound="HebbianLayer")

COUNT = [Interval(Integral, 1, None, closed="left")]
POSITIVE = [Interval(Real, 0, None, closed="neither")]
NOT_NEGATIVE = [Interval(Real, 0, None, closed="left")]
SHARE = [Interval(Real, 0, 1, closed="neither")]

PARAMETERS: dict[str, list[Any]] = {
    "n_units": COUNT,
    "learning_rate": POSITIVE,
    "epochs": COUNT,
    "batch_size": COUNT,
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "checkpoint": [str, Path, None],
    "verbose": ["verbose"],
}


class LearningWarning(UserWarning):
    """What was learned is of little use: dead units, lengths not settled, a collapse, a wrong scale."""


def samples(estimator: Any, X: Any, *labels: Any, reset: bool) -> Any:
    """`X`, or X and its labels, checked as scikit-learn does it, and for numbers whose squares have no room.

    Raises: `ValueError`, `ArrayError`.
    """
    checked = validate_data(estimator, X, *labels, dtype=[np.float64, np.float32], reset=reset)
    given: Array = checked[0] if labels else checked
    room, largest = np.finfo(given.dtype), max(float(given.max()), -float(given.min()))
    if largest > room.max**0.4 or (reset and 0 < largest < room.tiny**0.4):  # later a few samples may be small
        raise ArrayError(
            f"X goes up to {largest:.3g}, whose squares leave little of the range of {given.dtype}: scale it, with "
            "MaxAbsScaler for one"
        )
    return checked


class HebbianLayer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What all layers do; their parameters and attributes are told in `cofire.estimators`."""

    dead_units_: Any
    norms_: Any
    likeness_: Any
    weights_: Array
    n_steps_: int
    _state: Any
    _kept: ClassVar[tuple[str, ...]] = ("weights_",)  # arrays that learning changes
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = PARAMETERS

    @abstractmethod
    def _rule(self) -> Rule:
        """The rule, from the catalogue."""

    @abstractmethod
    def _start(self, X: Array, rng: np.random.Generator) -> None:
        """Draws `weights_`, and whatever else is learned, in the type of `X`: some prepared samples."""

    @abstractmethod
    def _post(self, u: Array, dt: float) -> Array:
        """What the units do at responses `u`: the rule's `post`. A step of this batch lasts `dt`, from 1 to 0."""

    def _features(self, u: Array) -> Array:
        """What `transform` hands on at responses `u`."""
        return np.maximum(u, 0)

    def _prepared(self, X: Array) -> Array:
        """Samples as the rule needs them."""
        return X

    def _response(self, X: Array) -> Array:
        """`[n, n_units]`, from prepared samples."""
        return X @ self.weights_.T

    def _learn(self, x: Array, dt: float) -> None:
        """One step from a prepared batch."""
        post = self._post(self._response(x), dt)
        self.weights_, self._state = self._rule_.step(
            self.weights_, pre=x, post=post, state=self._state, out=self.weights_, dt=dt, reduce="sum"
        )

    def _warnings(self) -> Iterator[str]:
        """What is wrong with what was learned, in sentences."""
        yield from self._dead()
        if self.n_units > 1 and self.likeness_ > 0.99:
            yield f"all units are alike (mean |cos| {self.likeness_:.3f}): the competition is too weak"

    def _dead(self) -> Iterator[str]:
        dead = len(self.dead_units_)
        if dead > self.n_units / 2:
            yield f"{dead} of {self.n_units} units win no sample: take fewer units, or learn longer"

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self: Layer, X: Any, y: Any = None) -> Layer:
        """Learns from `X[n, features]` anew. `y` is ignored: there are no labels."""
        X = self._checked(X, reset=True)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        path, training = None if self.checkpoint is None else Path(self.checkpoint), ""
        self._begin(X[np.random.default_rng(seed).permutation(len(X))[:1000]], seed)
        if path is not None:
            training = _checkpoint.fingerprint(self, X)
            found = _checkpoint.read(path, training)
            if found is not None:
                seed = self._take_up(found)
        batches = -(-len(X) // self.batch_size)
        order, epoch = np.arange(len(X)), -1
        while self.n_steps_ < self.epochs * batches:
            if self.n_steps_ // batches != epoch:
                epoch = self.n_steps_ // batches
                if self.shuffle:
                    order = np.random.default_rng((seed, epoch)).permutation(len(X))
                if self.verbose:
                    print(f"{type(self).__name__}: epoch {epoch + 1} of {self.epochs}")
            begin = self.n_steps_ % batches * self.batch_size
            self._step(X[order[begin : begin + self.batch_size]], 1 - self.n_steps_ / (self.epochs * batches))
            if path is not None:
                _checkpoint.write(path, {**self._laid_down(), "seed": seed, "training": training})
        self._diagnose(X)
        for sentence in self._warnings():
            # the caller of fit: this frame, scikit-learn's wrapper, the caller
            warnings.warn(f"{type(self).__name__}: {sentence}", LearningWarning, stacklevel=3)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self: Layer, X: Any, y: Any = None) -> Layer:
        """Learns on from more samples `X[n, features]`, or from the first. `y` is ignored."""
        first = not hasattr(self, "n_steps_")
        X = self._checked(X, reset=first)
        if first:
            self._begin(X[: self.batch_size], int(check_random_state(self.random_state).randint(2**31 - 1)))
        for begin in range(0, len(X), self.batch_size):
            self._step(X[begin : begin + self.batch_size], 1.0)
        self._diagnose(X)
        return self

    def transform(self, X: Any) -> Array:
        """The activity of the units, `[n, n_units]`; nothing is learned."""
        check_is_fitted(self)
        return self._features(self._response(self._prepared(self._checked(X, reset=False))))

    def _checked(self, X: Any, reset: bool) -> Array:
        checked: Array = samples(self, X, reset=reset)
        return checked

    def _begin(self, X: Array, seed: int) -> None:
        """Starts anew, from some samples: a random thousand for `fit`, the first batch of a stream."""
        self._rule_, self._state, self.n_steps_ = self._rule(), None, 0
        self._start(self._prepared(X), np.random.default_rng(seed))

    def _step(self, x: Array, dt: float) -> None:
        try:
            with np.errstate(over="ignore", invalid="ignore"), one_thread():  # found, and named, by the engine
                self._learn(self._prepared(x), dt)
        except (ArrayError, DivergenceError) as error:
            raise DivergenceError(
                f"{type(self).__name__} diverged at step {self.n_steps_ + 1} ({error}); lower learning_rate = "
                f"{self.learning_rate!r}, or scale the inputs: the longest of this batch is "
                f"{float(np.sqrt(np.max(np.sum(x.astype(np.float64) ** 2, axis=1)))):.3g}"
            ) from None
        self.n_steps_ += 1

    def _diagnose(self, X: Array) -> None:
        won = np.zeros(len(self.weights_), dtype=bool)
        for begin in range(0, len(X), 4096):
            won[self._response(self._prepared(X[begin : begin + 4096])).argmax(axis=1)] = True
        self.dead_units_ = np.flatnonzero(~won)
        self.norms_ = np.linalg.norm(self.weights_, axis=1)
        self.likeness_ = likeness(self.weights_)

    def _laid_down(self) -> dict[str, Any]:
        """Everything that learning changes, as arrays by name."""
        memory = {f"state {key}": value for key, value in (self._state or {}).items()}
        return {**{name: getattr(self, name) for name in self._kept}, **memory, "steps": self.n_steps_}

    def _take_up(self, found: dict[str, Array]) -> int:
        """Goes on from what `_laid_down` gave; returns the seed."""
        for name in self._kept:
            setattr(self, name, found[name])
        self.n_steps_ = int(found["steps"])
        memory = {key.removeprefix("state "): value for key, value in found.items() if key.startswith("state ")}
        self._state = RuleState(memory, self.n_steps_)
        return int(found["seed"])

    @property
    def _n_features_out(self) -> int:
        return len(self.weights_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def largest_change_one(layer: HebbianLayer, x: Array, post: Array, dt: float) -> None:
    """A step whose update is divided by its largest entry, as Krotov and Hopfield and Journé et al. do it.

    `learning_rate` is then how far the weight that moves most moves, whatever the scale of the inputs.
    """
    change = layer._rule_.delta(layer.weights_, pre=x, post=post)
    largest = np.abs(change).max()
    if largest > 0:
        layer.weights_ += (dt * layer.learning_rate / largest) * change
