"""A kept run, as other programs read it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
from scipy.io import netcdf_file

from cofire.store import export

DESCRIBED = {"experiment": "ü", "findings": [{"claim": "a, b", "measured": "1", "verdict": "reproduced"}]}
NAMED = {
    "w": np.arange(6.0).reshape(2, 3),
    "cube": np.arange(8, dtype=np.float32).reshape(2, 2, 2),
    "counts": np.array([1, -2, 3]),
    "huge": np.array([2**40]),
    "held": np.array([True, False]),
    "names": np.array(["Oja", "ü"]),
    "z": np.array([1 + 2j]),
    "inner/part": np.array(2.5),
    "empty": np.zeros((0, 2)),
    "numbers": np.array([7, 8]),
}


def test_netcdf(tmp_path: Path) -> None:
    export.netcdf(DESCRIBED, NAMED, tmp_path / "run.nc")
    with netcdf_file(tmp_path / "run.nc", mmap=False) as file:
        assert json.loads(file.cofire.decode()) == DESCRIBED
        found = {name: variable[...] for name, variable in file.variables.items()}
    assert found.keys() == (NAMED.keys() - {"z", "inner/part", "empty"}) | {"z.real", "z.imag", "inner_part"}
    for name in ("w", "cube", "counts", "huge", "numbers"):
        assert np.array_equal(found[name], NAMED[name])
    assert found["cube"].dtype.newbyteorder("=") == np.float32
    assert found["held"].tolist() == [1, 0]
    assert [b"".join(row).rstrip(b"\0").decode() for row in found["names"]] == ["Oja", "ü"]
    assert (found["z.real"], found["z.imag"], found["inner_part"]) == (1, 2, 2.5)


def test_csv(tmp_path: Path) -> None:
    export.table(DESCRIBED, NAMED, tmp_path)
    read = {path.stem: list(csv.reader(path.read_text("utf-8").splitlines())) for path in tmp_path.glob("*.csv")}
    assert read["findings"] == [["claim", "measured", "verdict"], ["a, b", "1", "reproduced"]]
    assert read["numbers"] == [["name", "value"], ["inner/part", "2.5"]]
    assert read["numbers_"] == [["7"], ["8"]]
    assert read["w"] == [["0.0", "1.0", "2.0"], ["3.0", "4.0", "5.0"]]
    assert read["names"] == [["Oja"], ["ü"]]
    assert read["cube"][0] == ["index_0", "index_1", "index_2", "value"]
    assert read["cube"][-1] == ["1", "1", "1", "7.0"]
    assert read["empty"] == []
