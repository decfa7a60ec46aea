"""Learning machines with the habits of scikit-learn: each a rule of the catalogue, an activity and a schedule.

    HebbianPCA            principal components (Sanger, Oja)
    CompetitiveLearning   prototypes, winner takes all, with a conscience
    SelfOrganizingMap     prototypes on a map
    SoftHebb              features from a soft competition
    KrotovHopfield        features from a ranked competition
    BCM                   units that become selective by themselves
    FoldiakCoder          a sparse binary code
    ConvHebb              features of image patches, one to three layers
    HebbianClassifier     the delta rule, told the class
    SpikingClassifier     spiking cells with STDP and lateral inhibition, named by the classes they fire to
    RidgeReadout          a linear readout of features in closed form, from one pass

All but HebbianClassifier and RidgeReadout learn without labels: `fit` or `partial_fit`, then `transform` or `predict`.
They warn (`LearningWarning`) where something went wrong. `label_units` names units by training labels.

Parameters of every layer, which are all but the classifiers and RidgeReadout:
    epochs : passes over the data in `fit`, the learning rate falling linearly to 0.
    batch_size : samples in a step.
    shuffle : whether `fit` takes the samples in a new random order in each epoch.
    random_state : seed of the starting weights and of the order of samples.
    checkpoint : path of an npz file in which `fit` keeps its state after each step, and from which it goes on when
        called again with the same parameters and data.
    verbose : whether to print a line an epoch.
Attributes of every layer after learning:
    weights_ : `[n_units, n_features]`.
    norms_ : length of each unit's weights.
    dead_units_ : those that win no sample of the data.
    likeness_ : mean |cos| between the weights of two units.
    n_steps_ : steps of learning.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cofire.estimators._layer import LearningWarning
    from cofire.estimators.bcm import BCM
    from cofire.estimators.classifier import HebbianClassifier
    from cofire.estimators.competitive import CompetitiveLearning
    from cofire.estimators.conv import ConvHebb
    from cofire.estimators.foldiak import FoldiakCoder
    from cofire.estimators.krotov_hopfield import KrotovHopfield
    from cofire.estimators.labels import label_units
    from cofire.estimators.pca import HebbianPCA
    from cofire.estimators.readout import RidgeReadout
    from cofire.estimators.soft_hebb import SoftHebb
    from cofire.estimators.som import SelfOrganizingMap
    from cofire.estimators.spiking import SpikingClassifier

__all__ = [
    "BCM",
    "CompetitiveLearning",
    "ConvHebb",
    "FoldiakCoder",
    "HebbianClassifier",
    "HebbianPCA",
    "KrotovHopfield",
    "LearningWarning",
    "RidgeReadout",
    "SelfOrganizingMap",
    "SoftHebb",
    "SpikingClassifier",
    "label_units",
]

_HOME = {
    "BCM": "bcm",
    "CompetitiveLearning": "competitive",
    "ConvHebb": "conv",
    "FoldiakCoder": "foldiak",
    "HebbianClassifier": "classifier",
    "HebbianPCA": "pca",
    "KrotovHopfield": "krotov_hopfield",
    "LearningWarning": "_layer",
    "RidgeReadout": "readout",
    "SelfOrganizingMap": "som",
    "SoftHebb": "soft_hebb",
    "SpikingClassifier": "spiking",
    "label_units": "labels",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:  # scikit-learn is imported with the first estimator
        return getattr(import_module(f"cofire.estimators.{_HOME[name]}"), name)
    raise AttributeError(f"module 'cofire.estimators' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
