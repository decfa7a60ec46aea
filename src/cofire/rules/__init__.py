"""The catalogue: learning rules of the literature, one file each.

A recipe makes its rule when called; parameters left out have the values of the publication.

    cofire.rules.names()              every name
    cofire.rules.oja(eta=0.1)         the rule, ready to learn
    cofire.rules.get("oja")           its recipe: equation, parameters, source, summary
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cofire.errors import ParameterError, did_you_mean, shown
from cofire.rule import Rule
from cofire.rules._recipe import Parameter, Recipe
from cofire.rules.anti_hebb import anti_hebb
from cofire.rules.bcm import bcm
from cofire.rules.calcium import calcium
from cofire.rules.clopath import clopath
from cofire.rules.competitive import competitive
from cofire.rules.covariance import covariance
from cofire.rules.delta import delta
from cofire.rules.foldiak import foldiak
from cofire.rules.hebb import hebb
from cofire.rules.hebb_subtractive import hebb_subtractive
from cofire.rules.hebb_with_decay import hebb_with_decay
from cofire.rules.instar import instar
from cofire.rules.kohonen import kohonen
from cofire.rules.krotov_hopfield import krotov_hopfield
from cofire.rules.multiscale import multiscale
from cofire.rules.oja import oja
from cofire.rules.oja_subspace import oja_subspace
from cofire.rules.opponent import opponent
from cofire.rules.outstar import outstar
from cofire.rules.reward_stdp import reward_stdp
from cofire.rules.salient_hebb import salient_hebb
from cofire.rules.sanger import sanger
from cofire.rules.short_term import short_term
from cofire.rules.soft_hebb import soft_hebb
from cofire.rules.stdp_pair import stdp_pair
from cofire.rules.stdp_pair_multiplicative import stdp_pair_multiplicative
from cofire.rules.stdp_pair_nearest import stdp_pair_nearest
from cofire.rules.stdp_pair_nearest_reduced import stdp_pair_nearest_reduced
from cofire.rules.stdp_pair_power_law import stdp_pair_power_law
from cofire.rules.storkey import storkey
from cofire.rules.tagging_and_capture import tagging_and_capture
from cofire.rules.temporal_difference import temporal_difference
from cofire.rules.triplet import triplet
from cofire.rules.triplet_nearest import triplet_nearest
from cofire.rules.vogels_inhibitory import vogels_inhibitory

__all__ = [
    "Parameter",
    "Recipe",
    "anti_hebb",
    "bcm",
    "calcium",
    "clopath",
    "competitive",
    "covariance",
    "delta",
    "foldiak",
    "get",
    "hebb",
    "hebb_subtractive",
    "hebb_with_decay",
    "instar",
    "kohonen",
    "krotov_hopfield",
    "multiscale",
    "names",
    "oja",
    "oja_subspace",
    "opponent",
    "outstar",
    "reward_stdp",
    "salient_hebb",
    "sanger",
    "short_term",
    "soft_hebb",
    "stdp_pair",
    "stdp_pair_multiplicative",
    "stdp_pair_nearest",
    "stdp_pair_nearest_reduced",
    "stdp_pair_power_law",
    "storkey",
    "tagging_and_capture",
    "temporal_difference",
    "triplet",
    "triplet_nearest",
    "vogels_inhibitory",
]

_CATALOGUE = {name: found for name, found in sorted(globals().items()) if isinstance(found, Recipe)}


def names() -> list[str]:
    """The names of all rules, sorted."""
    return list(_CATALOGUE)


def get(name: str) -> Recipe:
    """The recipe of that name. Raises: `ParameterError`, with the nearest name."""
    try:
        return _CATALOGUE[name]
    except (KeyError, TypeError):
        mend = did_you_mean(str(name), _CATALOGUE) or "; cofire.rules.names(), or `cofire rules`, lists them"
        raise ParameterError(f"{name!r} is not a rule of the catalogue{mend}") from None


def as_rule(value: object) -> Rule:
    """`value`, if it is a rule. Raises: `ParameterError`, with the brackets that a recipe lacks."""
    if isinstance(value, Rule):
        return value
    name = value.name if isinstance(value, Recipe) else value
    if isinstance(name, str) and name in _CATALOGUE:
        raise ParameterError(f"rule = {shown(value)} is refused: call the recipe, cofire.rules.{name}()")
    raise ParameterError(f"rule = {shown(value)} is not a cofire.Rule, such as cofire.rules.stdp_pair()")


if not TYPE_CHECKING:  # a type checker that saw it would take every misspelt name for a rule

    def __getattr__(name: str) -> Recipe:
        raise AttributeError(f"module 'cofire.rules' has no rule {name!r}{did_you_mean(name, _CATALOGUE)}")
