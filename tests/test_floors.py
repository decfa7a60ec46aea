"""The floors of the house hold: import-linter checks the contracts in pyproject.toml; and what lists them is whole."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def lint_imports(source: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says about the package under `source`."""
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", command, "--config", str(ROOT / "pyproject.toml"), "--no-cache", "--no-logo"],
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_import_goes_downwards() -> None:
    result = lint_imports(ROOT / "src")
    assert result.returncode == 0, result.stdout + result.stderr


def test_an_upward_import_is_found(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src" / "cofire", tmp_path / "cofire", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "cofire" / "language" / "upward.py").write_text("import cofire.backends.reference\n")
    (tmp_path / "cofire" / "backends" / "arrays" / "aside.py").write_text("import cofire.backends.reference\n")
    result = lint_imports(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "cofire.language.upward -> cofire.backends.reference" in result.stdout
    assert "cofire.backends.arrays.aside -> cofire.backends.reference" in result.stdout


@pytest.mark.parametrize(
    "folder",
    ["backends/arrays", "backends/numba", "cli", "language", "lowering", "network", "protocols", "store"],
)
def test_a_folder_that_lists_its_files_lists_them_all(folder: str) -> None:
    place = ROOT / "src" / "cofire" / folder
    listed = re.findall(r"\w+\.py", ast.get_docstring(ast.parse((place / "__init__.py").read_text("utf-8"))) or "")
    assert {file.name for file in place.glob("*.py")} - {"__init__.py"} == set(listed)
