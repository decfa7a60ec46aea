"""Features of image patches, learned by soft competition: one to three layers, trained together in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from cofire import activations, rules
from cofire.errors import ArrayError, ParameterError
from cofire.estimators import patches
from cofire.estimators._layer import COUNT, NOT_NEGATIVE, PARAMETERS, POSITIVE, Array, HebbianLayer
from cofire.estimators.soft_hebb import slowed, starting_weights
from cofire.estimators.threads import each, one_thread
from cofire.estimators.weights import likeness, unit_length
from cofire.rule import Rule

FLAT = 1e-6  # square length, after contrast, of a patch that teaches nothing: all but a rounding error of its mean
CHUNK = 1 << 22  # responses worked on at once by `transform`: 16 MiB in float32
PIECE = 1 << 18  # responses worked on at once in learning: 1 MiB, which stays in a core's cache from step to step


class ConvHebb(HebbianLayer):
    """Layers of filters that compete at every pixel.

    The rule is `cofire.rules.soft_hebb`, as in `SoftHebb`, on patches less their mean and over their contrast. A layer
    hands on both what is like its filters and what is like their negatives, relu(±cosine - threshold), so that m
    filters make 2 m images; the next layer sees those averaged over 2 by 2 pixels. `transform` gives the images of
    every layer, averaged over a grid of windows that overlap by half, and the square root of that, which keeps a few
    strong answers from outweighing all others. All layers learn in the same pass.

    Parameters
    ----------
    filters : number of filters of each layer: a number for one layer, or a tuple.
    sizes : side of the patches of each layer, in pixels of what it sees.
    temperature : t of the softmax of each layer, as in `SoftHebb`: a number for all layers, or a tuple.
    threshold : cosine of patch and filter below which nothing is handed on.
    floor : square contrast at which a patch counts half, in units of that of the first patches on average.
    grid : windows along each side, at most.
    shape : (rows, columns) or (rows, columns, channels) of an image; None takes a square number of features as a square
        image of one channel, and any other as a single row.
    learning_rate : how far the weight that moves most moves in a step.
    epochs, batch_size, shuffle, random_state, checkpoint, verbose : as for every layer, see `cofire.estimators`.

    Attributes
    ----------
    filters_ : the weights of each layer, `[filters, channels · size²]`. norms_, dead_units_, likeness_ : lists, an
    entry a layer; a filter is dead if it wins at no pixel of the first images. n_steps_.

    Source: A. Journé et al., ICLR 2023, arXiv:2209.11883; two signs and a threshold: A. Coates, A. Y. Ng, ICML
    2011; contrast: A. Coates, A. Y. Ng, H. Lee, AISTATS 2011.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{name: allowed for name, allowed in PARAMETERS.items() if name != "n_units"},
        "filters": [Interval(Integral, 1, None, closed="left"), tuple],
        "sizes": [tuple],
        "temperature": [*POSITIVE, tuple],
        "threshold": NOT_NEGATIVE,
        "floor": POSITIVE,
        "grid": COUNT,
        "shape": [tuple, None],
    }

    def __init__(
        self,
        filters: int | tuple[int, ...] = 16,
        *,
        sizes: tuple[int, ...] = (5, 3, 3),
        temperature: float | tuple[float, ...] = (5.0, 50.0, 50.0),
        threshold: float = 0.1,
        floor: float = 0.02,
        grid: int = 7,
        shape: tuple[int, ...] | None = None,
        learning_rate: float = 0.1,
        epochs: int = 1,
        batch_size: int = 16,
        shuffle: bool = True,
        random_state: Any = None,
        checkpoint: Any = None,
        verbose: bool = False,
    ) -> None:
        self.filters = filters
        self.sizes = sizes
        self.temperature = temperature
        self.threshold = threshold
        self.floor = floor
        self.grid = grid
        self.shape = shape
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.verbose = verbose

    def _checked(self, X: Any, reset: bool) -> Array:
        if getattr(X, "ndim", 2) > 2:
            raise ArrayError(
                f"X has shape {tuple(X.shape)}; expected [n, features]: give X.reshape(len(X), -1), and shape= if the "
                "images are not square"
            )
        return super()._checked(X, reset)

    def _rule(self) -> Rule:
        return rules.soft_hebb()

    def _begin(self, X: Array, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._rule_, self._state, self.n_steps_ = self._rule(), None, 0
        self._shape = self._shape_of(X.shape[1])
        self.filters_: list[Array] = []
        self._floors: list[float] = []
        images = self._images(X[:16])
        for filters, size in zip(self._filters, self.sizes, strict=False):
            seen = patches.columns(images, size)
            rounding = 1e-10 * float(patches.squares(seen).mean())
            seen -= seen.mean(axis=0)
            self._floors.append(self.floor * float(patches.squares(seen).mean()) + rounding or 1.0)  # 1 if all are 0
            self.filters_.append(starting_weights(rng, filters, seen.T))
            if len(self.filters_) < len(self._filters):
                images = self._next(self._answers(images, len(self.filters_) - 1))

    def _step(self, x: Array, dt: float) -> None:
        with one_thread():
            self._learn(x, dt)
        self.n_steps_ += 1

    def _learn(self, x: Array, dt: float) -> None:
        rows, columns, _ = self._shape
        many = max(2, -(-len(x) * self._filters[0] * rows * columns // PIECE))
        pieces = np.array_split(self._images(x), min(many, len(x)), axis=1)
        for layer in range(len(self.filters_)):
            self._learn_layer(pieces, layer, dt)
            if layer + 1 < len(self.filters_):
                pieces = [self._next(answers) for answers in each(partial(self._answers, layer=layer), pieces)]

    def _learn_layer(self, pieces: list[Array], layer: int, dt: float) -> None:
        """One step of one layer. Two threads share the pieces of a batch: the same sums for any number of cores."""
        w = self.filters_[layer]

        def change(images: Array) -> Array:
            x = self._patches(images, layer)
            x = np.take(x, np.flatnonzero(patches.squares(x) > FLAT), axis=1)
            if not x.shape[1]:
                return np.zeros_like(w)
            u = w @ x
            post = activations.soft(u.T, self._temperatures[layer])
            return self._rule_.delta(w, pre=x.T, post=post, post_drive=u.T, reduce="sum")

        total = slowed(w)[:, None] * sum(each(change, pieces))  # the rule is linear in `post`
        largest = np.abs(total).max()
        if largest > 0:
            w += (dt * self.learning_rate / largest) * total

    def _patches(self, images: Array, layer: int) -> Array:
        found = patches.columns(images, self.sizes[layer])
        patches.contrast(found, self._floors[layer])
        return found

    def _answers(self, images: Array, layer: int) -> Array:
        """What a layer hands on, `[2 · filters, n, rows, columns]`."""
        u = unit_length(self.filters_[layer]) @ self._patches(images, layer)
        threshold = u.dtype.type(self.threshold)
        answers = np.empty((2, *u.shape), dtype=u.dtype)
        np.subtract(u, threshold, out=answers[0])
        np.subtract(-threshold, u, out=answers[1])
        np.maximum(answers, 0, out=answers)
        return answers.reshape(2 * len(u), *images.shape[1:])

    def _next(self, images: Array) -> Array:
        """What the next layer sees: averages over 2 by 2 pixels."""
        return patches.averaged(images, 2, 2)

    def transform(self, X: Any) -> Array:
        """Answers of every layer averaged over the grid, `[n, features]`; nothing is learned."""
        check_is_fitted(self)
        X = self._checked(X, reset=False)
        many = max(1, CHUNK // (2 * max(self._filters) * X.shape[1]))
        with one_thread():
            found = each(self._described, [X[begin : begin + many] for begin in range(0, len(X), many)])
        return np.concatenate(found)

    def patches(self, X: Any) -> Array:
        """What the first layer sees of `X[n, features]`: a column a pixel, `[channels · size², n · rows · columns]`."""
        check_is_fitted(self)
        return self._patches(self._images(self._checked(X, reset=False)), 0)

    def _described(self, X: Array) -> Array:
        images, found = self._images(X), []
        for layer in range(len(self.filters_)):
            answers = self._answers(images, layer)
            averages = np.sqrt(patches.windows(answers, self.grid))
            found.append(averages.transpose(1, 0, 2, 3).reshape(len(X), -1))
            if layer + 1 < len(self.filters_):
                images = self._next(answers)
        return np.concatenate(found, axis=1)

    def _diagnose(self, X: Array) -> None:
        images = self._images(X[:64])
        self.norms_, self.dead_units_, self.likeness_ = [], [], []
        for layer, w in enumerate(self.filters_):
            x = self._patches(images, layer)
            winners = (w @ x[:, patches.squares(x) > FLAT]).argmax(axis=0)
            self.norms_.append(np.linalg.norm(w, axis=1))
            self.dead_units_.append(np.setdiff1d(np.arange(len(w)), winners))
            self.likeness_.append(likeness(w))
            if layer + 1 < len(self.filters_):
                images = self._next(self._answers(images, layer))

    def _warnings(self) -> Iterator[str]:
        for layer, w in enumerate(self.filters_):
            unsettled = int(np.sum(np.abs(self.norms_[layer] - 1) > 0.5))
            if unsettled > len(w) / 2:
                yield (
                    f"norms of {unsettled} of {len(w)} filters of layer {layer + 1} have not converged to 1: "
                    "more images, more epochs, or a larger learning_rate"
                )
            if len(w) > 1 and self.likeness_[layer] > 0.99:
                yield f"all filters of layer {layer + 1} are alike: raise temperature"

    def _images(self, X: Array) -> Array:
        rows, columns, channels = self._shape
        return np.ascontiguousarray(X.reshape(len(X), rows, columns, channels).transpose(3, 0, 1, 2))

    @property
    def _filters(self) -> tuple[int, ...]:
        return self.filters if isinstance(self.filters, tuple) else (self.filters,)

    @property
    def _temperatures(self) -> tuple[float, ...]:
        t = self.temperature
        return t if isinstance(t, tuple) else (t,) * len(self._filters)

    def _shape_of(self, features: int) -> tuple[int, int, int]:
        """Rows, columns and channels of an image, the parameters checked against each other."""
        for name, given in (("filters", self._filters), ("sizes", self.sizes)):
            if not given or any(not isinstance(each, Integral) or each < 1 for each in given):
                raise ParameterError(f"{name} = {given!r} is refused: it must be whole numbers above 0, one a layer")
        if any(not isinstance(each, Real) or not each > 0 for each in self._temperatures):
            raise ParameterError(f"temperature = {self.temperature!r} is refused: it must be numbers above 0")
        for name, entries in (("sizes", len(self.sizes)), ("temperature", len(self._temperatures))):
            if entries < len(self._filters):
                has = f"{name} = {getattr(self, name)!r}"
                raise ParameterError(f"{has} has fewer entries than filters = {self.filters!r} has layers")
        side = round(features**0.5)
        given = self.shape or ((side, side) if side * side == features else (1, features))
        whole = all(isinstance(each, Integral) and each > 0 for each in given)
        if not whole or len(given) not in (2, 3) or int(np.prod(given)) != features:
            raise ArrayError(
                f"shape = {given!r} is refused: images of {features} features have (rows, columns) or (rows, columns, "
                f"channels) whose product is {features}"
            )
        rows, columns, *channels = given
        return int(rows), int(columns), int(channels[0]) if channels else 1

    @property
    def _n_features_out(self) -> int:
        rows, columns, _ = self._shape
        total = 0
        for w in self.filters_:
            total += 2 * len(w) * patches.count_windows(rows, self.grid) * patches.count_windows(columns, self.grid)
            rows, columns = -(-rows // 2), -(-columns // 2)
        return total

    def _laid_down(self) -> dict[str, Any]:
        layers = {f"filters {layer}": w for layer, w in enumerate(self.filters_)}
        return {**layers, "floors": np.array(self._floors), "steps": self.n_steps_}

    def _take_up(self, found: dict[str, Array]) -> int:
        self.filters_ = [found[f"filters {layer}"] for layer in range(len(self._filters))]
        self._floors = [float(floor) for floor in found["floors"]]
        self.n_steps_ = int(found["steps"])
        return int(found["seed"])
