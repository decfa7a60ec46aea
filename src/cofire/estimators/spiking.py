"""A classifier of spiking cells: units learn by the timing of spikes, without labels, and are then named by them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted, check_non_negative

from cofire.estimators import _checkpoint
from cofire.estimators._layer import COUNT, NOT_NEGATIVE, PARAMETERS, POSITIVE, Array, LearningWarning, samples
from cofire.estimators.labels import class_means, strongest_class
from cofire.estimators.ridge import one_hot
from cofire.estimators.spiking_layer import SpikingLayer
from cofire.estimators.threads import each

DRIVE = 10.2  # mean over digits of MNIST of the sum of weights (78) times brightness: what the paper's units receive
LABELLING, PREDICTING = 1 << 40, 1 << 41  # steps whose random numbers the answers take; no training gets there


class SpikingClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Units that fire, learn by the timing of spikes and inhibit each other, as in Diehl and Cook's digits.

    Features are rates of Poisson spikes. The units learn without labels, one sample after another; then each is given
    the class to which it fires most, by training labels alone; and a sample is of the class whose units fire most on
    average. The rule is `cofire.rules.triplet_nearest`, the cells `cofire.neurons.lif_adaptive`; `spiking_layer.py`
    says what is simulated. Times and rates are those of the paper.

    `fit` learns for some epochs and then shows the training samples once more to the frozen network, to label the
    units. `partial_fit` labels them by how they fire while they learn. The answer to a sample does not depend on what
    else is predicted.

    Parameters
    ----------
    n_units : cells that learn.
    learning_rate : change of a weight by a pair of spikes, in units of the greatest weight.
    inhibition : what a spike adds to the inhibitory conductance of all other units, in units of the leak. With too
        little several units share each sample and learn nothing, with too much some never fire. 400 units learn MNIST
        with the paper's 17, 100 with 34.
    max_rate : the rate of an input at the greatest value in the data, in Hz.
    presentation, rest : how long a sample is shown, and the pause behind it, in seconds.
    min_spikes : a sample that makes all units together fire less is shown again, brighter.
    epochs : passes over the data in `fit`.
    batch_size : samples between two saves of the checkpoint.
    shuffle : whether `fit` takes the samples in a new random order in each epoch.
    random_state : seed of weights, spikes and order.
    checkpoint : path of an npz file in which `fit` keeps its state after each batch, and from which it goes on when
        called again with the same parameters and data.
    verbose : whether to print a line each 1000 samples.

    Attributes
    ----------
    classes_ : sorted. weights_ : `[n_units, n_features]`, in units of the leak.
    thresholds_ : by how much the threshold of each unit is raised, in volts.
    responses_ : mean spikes of each unit to training samples of each class, `[n_units, n_classes]`.
    unit_classes_ : index of each unit's class, -1 for a unit that never fired. dead_units_ : those.
    n_seen_ : samples learned from. scale_ : the feature value that stands for `max_rate`.
    mean_weight_ : of each unit, such that the mean input is that of the paper on MNIST, where it is 0.1.

    Source: P. U. Diehl, M. Cook, Front. Comput. Neurosci. 9:99, 2015.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **PARAMETERS,
        "inhibition": NOT_NEGATIVE,
        "max_rate": POSITIVE,
        "presentation": POSITIVE,
        "rest": POSITIVE,
        "min_spikes": COUNT,
    }

    def __init__(
        self,
        n_units: int = 400,
        *,
        learning_rate: float = 0.01,
        inhibition: float = 17.0,
        max_rate: float = 63.75,
        presentation: float = 0.35,
        rest: float = 0.15,
        min_spikes: int = 5,
        epochs: int = 3,
        batch_size: int = 32,
        shuffle: bool = True,
        random_state: Any = None,
        checkpoint: Any = None,
        verbose: bool = False,
    ) -> None:
        self.n_units = n_units
        self.learning_rate = learning_rate
        self.inhibition = inhibition
        self.max_rate = max_rate
        self.presentation = presentation
        self.rest = rest
        self.min_spikes = min_spikes
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> SpikingClassifier:
        """Learns from `X[n, features]`, never negative, anew; then labels the units by `y[n]`."""
        X, y = self._checked(X, y, None, first=True)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self._begin(X[np.random.default_rng(seed).permutation(len(X))[:1000]], seed)
        path, training = None if self.checkpoint is None else Path(self.checkpoint), ""
        if path is not None:
            training = _checkpoint.fingerprint(self, X)
            found = _checkpoint.read(path, training)
            if found is not None:
                self._take_up(found)
        layer = self._layer()
        order, epoch = np.arange(len(X)), -1
        while self.n_seen_ < self.epochs * len(X):
            if self.n_seen_ // len(X) != epoch:
                epoch = self.n_seen_ // len(X)
                if self.shuffle:
                    order = np.random.default_rng((self._seed, epoch)).permutation(len(X))
            begin = self.n_seen_ % len(X)
            self._learn(layer, X[order[begin : begin + self.batch_size]], self.epochs * len(X))
            if path is not None:
                _checkpoint.write(path, {**self._laid_down(layer), "training": training})
        self._keep(layer)
        spikes = self._answers(X, LABELLING)
        self._label(spikes, y)
        for sentence in self._warnings(spikes):
            warnings.warn(f"{type(self).__name__}: {sentence}", LearningWarning, stacklevel=3)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> SpikingClassifier:
        """Learns on from more samples. `classes`: all there will be; needed at first if the first piece lacks one."""
        first = not hasattr(self, "n_seen_")
        X, y = self._checked(X, y, classes, first=first)
        if first:
            self._begin(X[: self.batch_size], int(check_random_state(self.random_state).randint(2**31 - 1)))
        layer = self._layer()
        spikes = self._learn(layer, X, self.n_seen_ + len(X))
        self._keep(layer)
        self._label(spikes, y)
        return self

    def spike_counts(self, X: Any) -> Array:
        """How often each unit fires while each sample is shown, `[n, n_units]`; nothing is learned."""
        check_is_fitted(self)
        X = samples(self, X, reset=False)
        check_non_negative(X, type(self).__name__)
        return self._answers(X, PREDICTING)

    def decision_function(self, X: Any) -> Array:
        """Mean spikes of the units of each class, `[n, classes]`; of two, their difference `[n]`."""
        scores = class_means(self.spike_counts(X), self.unit_classes_, len(self.classes_))
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> Array:
        """The class whose units fire most, `[n]`."""
        scores = self.decision_function(X)
        which = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        named: Array = self.classes_[which]
        return named

    def _checked(self, X: Any, y: Any, classes: Any, first: bool) -> tuple[Array, Array]:
        """Samples, and their labels as `[n, n_classes]` of 0 and 1."""
        X, y = samples(self, X, y, reset=first)
        check_non_negative(X, type(self).__name__)
        check_classification_targets(y)
        if first:
            self.classes_ = unique_labels(y if classes is None else classes)
        return X, one_hot(y, self.classes_)

    def _begin(self, X: Array, seed: int) -> None:
        """Starts anew, from some samples: a random thousand for `fit`, the first batch of a stream."""
        self.scale_ = float(X.max()) or 1.0
        brightness = float(X.mean(dtype=np.float64)) / self.scale_ * X.shape[1]
        self.mean_weight_ = DRIVE / brightness if brightness > 0 else 0.1
        self.n_seen_, self._seed = 0, seed
        self._state: dict[str, Array] = {}
        self._spikes, self._samples = np.zeros((self.n_units, len(self.classes_))), np.zeros(len(self.classes_))

    def _layer(self) -> SpikingLayer:
        """The network, as learning has left it."""
        layer = SpikingLayer(
            self.n_features_in_,
            self.n_units,
            mean_weight=self.mean_weight_,
            learning_rate=self.learning_rate,
            inhibition=self.inhibition,
            presentation=self.presentation,
            rest=self.rest,
            least=self.min_spikes,
            seed=self._seed,
        )
        if self._state:
            layer.restore(self._state)
        return layer

    def _rates(self, x: Array) -> Array:
        rates: Array = x.astype(np.float64) * (self.max_rate / self.scale_)
        return rates

    def _learn(self, layer: SpikingLayer, X: Array, end: int) -> Array:
        """The spikes of each unit at each sample, `[n, n_units]`, as it learns from it. `end`: of all samples."""
        spikes = np.zeros((len(X), self.n_units), dtype=np.int64)
        for k, x in enumerate(X):
            if self.verbose and self.n_seen_ % 1000 == 0:
                print(f"{type(self).__name__}: {self.n_seen_} of {end} samples")
            spikes[k] = layer.learn(self._rates(x))
            self.n_seen_ += 1
        return spikes

    def _answers(self, X: Array, step: int) -> Array:
        """The spikes of each unit at each sample, `[n, n_units]`, by two copies of the frozen network at once."""

        def answered(piece: Array) -> Array:
            layer = self._layer()
            layer.freeze()
            return np.array([layer.answer(self._rates(x), step) for x in piece]).reshape(len(piece), self.n_units)

        return np.concatenate(each(answered, np.array_split(X, 1 if len(X) < 20 else 2)))

    def _label(self, spikes: Array, classes: Array) -> None:
        """Adds the spikes at training samples, `classes[n, n_classes]`, and gives each unit its class."""
        self._spikes += spikes.T @ classes
        self._samples += classes.sum(axis=0)
        self.responses_ = self._spikes / np.maximum(self._samples, 1)
        self.unit_classes_ = strongest_class(self.responses_)
        self.dead_units_ = np.flatnonzero(self.unit_classes_ < 0)

    def _keep(self, layer: SpikingLayer) -> None:
        """Plain arrays only: an estimator is copied and pickled, a network is not."""
        self._state = layer.state()
        self.weights_, self.thresholds_ = layer.weights(), layer.thresholds()

    def _warnings(self, spikes: Array) -> Iterator[str]:
        """What is wrong with what was learned, in sentences."""
        silent = int(np.sum(spikes.sum(axis=1) < self.min_spikes))
        if silent > len(spikes) / 10:
            yield f"{silent} of {len(spikes)} samples make units fire less than {self.min_spikes} times: raise max_rate"
        if len(self.dead_units_) > self.n_units / 2:
            yield f"{len(self.dead_units_)} of {self.n_units} units never fire: take fewer units, or learn longer"

    def _laid_down(self, layer: SpikingLayer) -> dict[str, Any]:
        """Everything that learning changes, as arrays by name."""
        state = {f"state {name}": values for name, values in layer.state().items()}
        return {**state, "seen": self.n_seen_, "seed": self._seed}

    def _take_up(self, found: dict[str, Array]) -> None:
        """Goes on from what `_laid_down` gave."""
        self._state = {key.removeprefix("state "): found[key] for key in found if key.startswith("state ")}
        self.n_seen_, self._seed = int(found["seen"]), int(found["seed"])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True  # rates
        tags.classifier_tags.poor_score = (
            True  # the checks' data have 2 features, and weights of a fixed sum see ratios
        )
        return tags
