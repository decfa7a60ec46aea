"""The template for a new experiment is one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cofire import experiments, rules


def test_a_copy_of_the_template_is_an_experiment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[2] / "docs" / "experiment_template.py", tmp_path / "fresh.py")
    monkeypatch.setattr(experiments, "__path__", [*experiments.__path__, str(tmp_path)])
    assert "fresh" in experiments.names()
    experiment = experiments.get("fresh")
    result = experiment.run()
    assert [(finding.rule, finding.verdict) for finding in result.findings] == [
        ("hebb", "reproduced"),
        ("oja", "reproduced"),
    ]
    assert result.findings[1].number == pytest.approx(result.data["w"][1, -1] / result.data["w"][1, 0], abs=0.005)
    assert result.figure.axes[0].get_ylabel() == "w"
    assert experiment.plain.startswith("One sentence that tells a beginner")
    assert experiment.module.unsuitable(rules.reward_stdp()) is not None
    assert experiment.settings(full=True).steps == 1000
