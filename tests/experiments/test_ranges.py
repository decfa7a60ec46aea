"""What a setting may be, in words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, inspect

from cofire import CofireError, experiments
from cofire.experiments._ranges import accepted


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (int, "a whole number"),
        (Annotated[int, Meta(ge=1, le=1_000_000)], "a whole number from 1 to 1000000"),
        (Annotated[int, Meta(ge=5, le=60, multiple_of=5)], "a whole number from 5 to 60, a multiple of 5"),
        (Annotated[float, Meta(gt=0, le=0.5)], "a number above 0 and at most 0.5"),
        (Annotated[float, Meta(ge=0, lt=1)], "a number at least 0 and below 1"),
        (Literal["digits", "faces"], "digits or faces"),
        (tuple[float, ...], "several, each a number"),
        (Annotated[tuple[Annotated[float, Meta(gt=0)], ...], Meta(min_length=2)], "2 or more, each a number above 0"),
        (dict, ""),
    ],
)
def test_by_hand(kind: Any, words: str) -> None:
    assert accepted(inspect.type_info(kind)) == words


@pytest.mark.parametrize("name", experiments.names())
def test_every_setting_of_every_experiment_says_what_it_may_be(name: str) -> None:
    experiment = experiments.get(name)
    for key, *_, may in experiment.describe_settings():
        assert may
        with pytest.raises(CofireError, match=f"{key} = 'x' is refused: it must be "):
            experiment.settings({key: "x"})
