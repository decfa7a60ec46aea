"""The template for a new experiment is one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cofire import CofireError, experiments, rules


def test_a_copy_of_the_template_is_an_experiment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[2] / "docs" / "experiment_template.py", tmp_path / "fresh.py")
    monkeypatch.setattr(experiments, "__path__", [*experiments.__path__, str(tmp_path)])
    assert "fresh" in experiments.names()
    experiment = experiments.get("fresh")
    result = experiment.run()
    assert repr(experiment) == f"<Experiment fresh: {experiment.claim}>"
    assert repr(result) == "<Result of fresh with hebb, oja: 2 of 2 findings reproduced>"
    for wrong, message in (
        ({"rules": "oja"}, r"rules = 'oja' is refused: give a list, rules=\[\.\.\.\]"),
        ({"rules": [rules.oja]}, r"call the recipe, cofire\.rules\.oja\(\)"),
        ({"settings": {"steps": 3}}, r"settings = {'steps': 3} is refused: make them by \.settings"),
        ({"seed": "a"}, "seed = 'a' is refused"),
    ):
        with pytest.raises(CofireError, match=message):
            experiment.run(**wrong)
    assert [(finding.rule, finding.verdict) for finding in result.findings] == [
        ("hebb", "reproduced"),
        ("oja", "reproduced"),
    ]
    assert result.findings[1].number == pytest.approx(result.data["w"][1, -1] / result.data["w"][1, 0], abs=0.005)
    assert result.figure.axes[0].get_ylabel() == "w"
    assert experiment.plain.startswith("One sentence that tells a beginner")
    assert experiment.module.unsuitable(rules.reward_stdp()) is not None
    assert experiment.settings(full=True).steps == 1000


@pytest.mark.parametrize("name", experiments.names())
def test_a_claim_is_a_sentence(name: str) -> None:
    claim = experiments.get(name).claim
    assert claim[0].isupper()
    assert claim.endswith(".")
