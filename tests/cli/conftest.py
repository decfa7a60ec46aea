"""The fixture by which tests of the commands meet them as a person does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cofire import experiments, scale
from cofire.cli import main
from commands import Command, Said
from fake_experiments import PLACE


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Command:
    """`command("run", "good")`: runs it here, in an empty folder, with the fakes as the experiments."""
    monkeypatch.setattr(experiments, "__path__", [PLACE])
    monkeypatch.setattr(scale, "cores", lambda: 1)  # in this process
    monkeypatch.setenv("COFIRE_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)

    def call(*arguments: str, columns: int | None = None) -> Said:
        monkeypatch.setattr(sys, "argv", ["cofire", *arguments])
        if columns:
            monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0, *capsys.readouterr())

    return call
