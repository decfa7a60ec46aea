"""What runs leave behind, and that it appears whole or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from cofire import experiments
from cofire.cli import record
from cofire.errors import CofireError
from cofire.store import arrays, atomic
from fake_experiments import PLACE


@dataclass
class Pair:
    left: object
    right: object


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "__path__", [PLACE])


def test_data_of_any_shape_becomes_arrays() -> None:
    data = {
        "table": np.ones((2, 3), np.float32),
        "list": [1, 2, 3],
        "ragged": [[1, 2], [3.0]],
        "texts": ("a", "b"),
        "mixed": [1, "one"],
        "inner": {"pair": Pair(1.5, [True, False])},
        "none": None,
    }
    found = arrays.flattened(data)
    assert found.keys() == {
        *("table", "list", "ragged/0", "ragged/1", "texts", "mixed/0", "mixed/1"),
        *("inner/pair/left", "inner/pair/right", "none"),
    }
    assert found["table"].dtype == np.float32
    assert found["list"].tolist() == [1, 2, 3]
    assert found["ragged/0"].tolist() == [1, 2]
    assert found["texts"].tolist() == ["a", "b"]
    assert (found["mixed/0"].item(), found["mixed/1"].item()) == (1, "one")
    assert found["inner/pair/right"].tolist() == [True, False]
    assert all(array.dtype.kind in "biufU" for array in found.values())


def test_the_three_files(fake: None, tmp_path: Path) -> None:
    result = experiments.get("good").run(seed=7)
    found = record.of(result)
    record.save(found, tmp_path)
    kept = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))
    assert kept == found.described
    assert kept["seed"] == 7
    assert kept["rules"][0]["equations"] == "dw/dt = eta * post * (pre - post * w)"
    assert kept["findings"][0]["verdict"] == "reproduced"
    assert {"cofire", "python", "numpy"} <= kept["versions"].keys()
    with np.load(tmp_path / "data.npz", allow_pickle=False) as data:
        assert np.array_equal(data["w"], result.data["w"])
        assert data["inner/file"].tolist() == [0, 1, 2]
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_run_leaves_the_same_bytes(fake: None, tmp_path: Path) -> None:
    for name in ("one", "two"):
        result = experiments.get("good").run(seed=1)
        (tmp_path / name).mkdir()
        record.save(record.of(result), tmp_path / name)
    for file in ("data.npz", "figure.png"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_folder_appears_when_it_is_filled(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "results"
    with atomic.folder(target) as made:
        (made / "a").write_text("1")
        assert not target.exists()
    assert (target / "a").read_text() == "1"
    assert [path.name for path in target.parent.iterdir()] == ["results"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_a_folder_that_is_left_early_never_was(tmp_path: Path, error: type[BaseException]) -> None:
    before = tmp_path / "results"
    before.mkdir()
    (before / "a").write_text("old")

    def leave(made: Path) -> None:
        (made / "a").write_text("new")
        raise error

    with pytest.raises(error), atomic.folder(before) as made:
        leave(made)
    assert (before / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    with (
        pytest.raises(CofireError, match=r"results cannot be written: no space left"),
        atomic.folder(tmp_path / "results"),
    ):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_file_replaces_the_one_before(tmp_path: Path) -> None:
    for text in ("one", "zwei ü"):
        atomic.write_text(tmp_path / "page.html", text)
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "zwei ü"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_file_does_not_replace_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "folder.html" / "thesis").write_text("")
    with pytest.raises(CofireError, match="cannot be written"):
        atomic.write_text(tmp_path / "folder.html", "page")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.html"]


def test_places_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    (tmp_path / "empty").mkdir()
    for place, message in (
        ("file", "is not a folder"),
        ("mine", "'thesis.tex', which would be lost"),
        ("file/below", "cannot be written"),
        ("n" * 300, "cannot be written"),
    ):
        with pytest.raises(CofireError, match=message):
            atomic.check_folder(tmp_path / place)
    atomic.check_folder(tmp_path / "empty")
    atomic.check_folder(tmp_path / "new" / "deeper")
    atomic.check_folder(tmp_path / "mine", ["thesis.tex", "other"])
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(CofireError, match="the folder you are in"):
        atomic.check_folder(Path())
    with pytest.raises(CofireError, match="is a folder"):
        atomic.check_file(tmp_path / "empty")
