"""The README is true: its Python runs, and what it says comes out does."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import cofire

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_ladder_runs(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL):
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102
        if "bcm =" in block:
            assert list(names["state"]) == ["mean(post**2, tau)"]  # type: ignore[call-overload]
    assert names["rule"].delta(0.5, pre=1.0, post=2.0) == pytest.approx(0.2)  # type: ignore[attr-defined]
    printed = capsys.readouterr().out
    np.testing.assert_allclose(names["w"], [0.5061], atol=5e-5)  # type: ignore[arg-type]
    assert "[[1. 0.]]" in printed
    first = re.search(r"\[\[(.*?)\]\]", printed)
    assert first is not None
    np.testing.assert_allclose([float(number) for number in first[1].split()], [1, 0, 0, 0], atol=0.1)
    assert names["changed"].round(2).tolist() == [0.12, 0.86]  # type: ignore[attr-defined]
    assert len(names["record"][names["cell"].spikes]) > 100  # type: ignore[index, attr-defined]
    v = names["record"][names["cell"].v]  # type: ignore[index, attr-defined]
    assert v.values.shape == (len(v.times), 1) == (10_000, 1)
    assert -0.1 < v.values.min() < v.values.max() < -0.03
    np.testing.assert_allclose(names["synapses"].weight.values, 0.005)  # type: ignore[attr-defined]
    assert names["synapses"].weight.matrix().shape == (1, 1000)  # type: ignore[attr-defined]
    assert (names["net"].recall(names["half"]).patterns == names["faces"]).all()  # type: ignore[attr-defined]
    explained = README.partition("    Who owns what")[2].partition("`step` takes rates")[0]
    for line in explained.splitlines():
        assert line.strip() in printed or line.strip() == "...", line


def test_the_error_is_the_one_shown() -> None:
    call, shown = re.findall(r"```\n>>> (.*?)\n(.*?)```", README, flags=re.DOTALL)[0]
    with pytest.raises(cofire.LanguageError) as caught:
        eval(call, {"cofire": cofire})  # noqa: S307
    assert f"LanguageError: {caught.value}" == shown.rstrip()


def test_what_it_names_is_there() -> None:
    from cofire import experiments

    for name in re.findall(r"cofire run (\w+)", README):
        assert name in experiments.names()
    for path in re.findall(r"`(src/[\w./]+|tests/\w+)`", README):
        assert (Path(__file__).parent.parent / path).exists(), path
