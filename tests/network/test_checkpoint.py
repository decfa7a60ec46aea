"""A run goes on from its file with the same bits, whenever it was killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cofire import ArrayError, ParameterError
from cofire.network import Network
from cofire.network.run import resume
from cofire.units import ms, second
from network.networks import small


def test_a_checkpoint_comes_every_ten_seconds_whatever_dt_is(tmp_path: Path) -> None:
    net = Network(dt=0.3 * ms)
    net.spikes(1, [0], [0.003])
    net.run(3 * ms, checkpoint=tmp_path / "run.npz")
    assert resume(tmp_path / "run.npz")[0].step == 10


def test_a_checkpoint_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    file = tmp_path / "run.npz"
    whole, _, noise, cells, _, learns = small()
    wanted = whole.run(300 * ms, record=[noise.spikes, cells.v.every(1 * ms), learns.weight.every(100 * ms)])
    net, _, noise, cells, _, learns = small()
    recorders = [noise.spikes, cells.v.every(1 * ms), learns.weight.every(100 * ms)]

    def stop() -> None:
        if net.step >= 1500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        net.run(300 * ms, record=recorders, checkpoint=file, every=50 * ms, each=(10 * ms, stop))
    again, record = resume(file)
    np.testing.assert_array_equal(record["noise.spikes"].steps, wanted[noise.spikes.label].steps)
    np.testing.assert_array_equal(record["target.v"].values, wanted["target.v"].values)
    np.testing.assert_array_equal(record["learns.weight"].values, wanted["learns.weight"].values)
    np.testing.assert_array_equal(again.projections[1].weight.values, whole.projections[1].weight.values)
    assert again.now == 0.3 * second


KILLED = """
import sys
sys.path.insert(0, sys.argv[2])
from network.networks import small
from cofire.units import ms, second
net, _, noise, cells, _, learns = small()
print("ready", flush=True)
net.run(100 * second, record=[noise.spikes, cells.v.every(1 * ms)], checkpoint=sys.argv[1], every=20 * ms)
"""


def test_a_killed_run_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "run.npz"
    from cofire.network.checkpoint import load

    for wait in (0.0, 0.05, 0.13):
        command = [sys.executable, "-c", KILLED, str(file), str(Path(__file__).parents[1])]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            deadline = time.monotonic() + 120
            while not file.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(wait)
            process.kill()
        collection, *_ = load(file)
        assert collection.net.step % 200 == 0
        assert collection.net.step > 0


def test_the_command_goes_on_to_the_end(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from cofire.cli.commands import app

    file = tmp_path / "run.npz"
    net, _, noise, *_ = small()

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        net.run(100 * ms, record=[noise.spikes], checkpoint=file, every=50 * ms, each=(60 * ms, stop))
    for _ in range(2):  # the second time there is nothing left to do
        result = CliRunner().invoke(app, ["resume", str(file)])
        assert result.exit_code == 0, result.output
        assert "noise.spikes: " in result.output
        assert "The run is at its end, 100 ms" in result.output
    assert CliRunner().invoke(app, ["resume", str(tmp_path / "none")]).exit_code == 1


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="there is no checkpoint"):
        resume(tmp_path / "none.npz")
    for content in (b"PK\x03\x04 nothing", b"import cofire"):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(ArrayError, match=r"is no checkpoint of a network, or is damaged: it is no \.npz file"):
            resume(tmp_path / "bad.npz")
    np.savez(tmp_path / "empty.npz", a=1)
    with pytest.raises(ArrayError, match="is no checkpoint of a network, or is damaged"):
        resume(tmp_path / "empty.npz")
    np.savez(tmp_path / "other.npz", data=np.frombuffer(b'{"format": 99}', dtype=np.uint8))
    with pytest.raises(ArrayError, match="format 99; this cofire reads format 4"):
        resume(tmp_path / "other.npz")
