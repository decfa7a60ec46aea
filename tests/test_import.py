"""`import cofire` is light: nothing heavy comes with it before it is used, and every public name is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

import cofire

HEAVY = (
    "numpy",
    "scipy",
    "matplotlib",
    "sklearn",
    "skimage",
    "torch",
    "numba",
    "typer",
    "rich",
    "msgspec",
    "array_api_compat",
)


def run(code: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def loaded_after(code: str) -> set[str]:
    return set(
        run(
            f"import sys\n{code}\nprint(*{HEAVY!r} & sys.modules.keys())".replace(repr(HEAVY), repr(set(HEAVY)))
        ).split()
    )


def test_nothing_heavy_is_imported() -> None:
    assert loaded_after("import cofire") == set()


def test_rules_are_read_compared_printed_and_explained_without_arrays() -> None:
    code = (
        "import cofire, pickle\n"
        "from cofire.units import ms\n"
        "rule = cofire.rules.stdp_pair(tau_plus=10*ms)\n"
        "assert pickle.loads(pickle.dumps(rule)) == rule\n"
        "str(rule.explain()), rule.latex(), rule.mathml(), rule.cite(), repr(rule)"
    )
    assert loaded_after(code) == set()


def test_arrays_come_with_the_first_step() -> None:
    code = "import cofire\ncofire.Rule('dw/dt = x * y').delta(1.0, pre=1.0, post=1.0)"
    assert {"numpy", "array_api_compat"} <= loaded_after(code)
    assert not {"torch", "matplotlib", "sklearn", "typer"} & loaded_after(code)


def test_every_public_name_is_there() -> None:
    for name in cofire.__all__:
        assert getattr(cofire, name) is not None
    assert dir(cofire) == sorted(cofire.__all__)
    assert run("import cofire; print(cofire.units.ms, cofire.language.parse, cofire.rules.names()[0])")


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(cofire, "rulez")
    with pytest.raises(AttributeError, match=r"no attribute 'Nueron'; did you mean 'Neuron'\?"):
        _ = cofire.Nueron
