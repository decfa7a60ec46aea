"""Every experiment's verdicts come from its rules: with the rules broken, at least one verdict turns.

Nothing here names an experiment: each that is found is run in its quick form, as it is and with the weight of every
rule that it makes frozen (dw/dt = 0 * ...); where that turns nothing, with the sign turned (dw/dt = -...). Its first
rule alone comes first, as that costs least; then all of its rules.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from cofire import experiments
from cofire.errors import CofireError
from cofire.experiments import Finding, Result
from cofire.language.parse import parse
from cofire.language.text import equations_to_text
from cofire.language.tree import Binary, Equations, Expr, Negative, Number
from cofire.rule import Rule

BREAKS: dict[str, Callable[[Expr], Expr]] = {
    "frozen": lambda weight: Binary("*", Number(0.0), weight),
    "turned": Negative,
}


def break_rules(patch: pytest.MonkeyPatch, change: Callable[[Expr], Expr]) -> None:
    """Every rule that is made from now on has `change` done to what its weight does."""
    make = Rule.__init__
    broken: set[str] = set()  # a rule made from a broken one, with other numbers, is not broken again

    def made(self: Rule, /, text: str, **settings: object) -> None:
        if text not in broken:
            written = parse(text)
            text = equations_to_text(Equations(change(written.weight), written.variables, written.definitions))
            broken.add(text)
        make(self, text, **settings)  # type: ignore[arg-type]

    patch.setattr(Rule, "__init__", made)


def turned(before: tuple[Finding, ...], after: tuple[Finding, ...]) -> list[str]:
    """What is said of each verdict that differs; a finding that is no longer made has turned too.

    Where nothing but controls was reproduced there is no verdict to turn, and what is measured must differ.
    """
    if all(finding.verdict != "reproduced" or finding.claim.startswith("control") for finding in before):
        measured = {finding.claim: finding.measured for finding in after}
        return [f.claim for f in before if measured.get(f.claim) != f.measured]
    verdicts = {finding.claim: finding.verdict for finding in after}
    return [
        f"{finding.claim}: {finding.verdict} -> {verdicts.get(finding.claim, 'not said')}"
        for finding in before
        if finding.verdict == "reproduced" and verdicts.get(finding.claim) != "reproduced"
    ]


@pytest.mark.parametrize("name", experiments.names())
def test_a_broken_rule_turns_a_verdict(
    name: str, quick: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tuple(experiments.get(name).module.RULES)
    failed = []
    for chosen, (how, change) in product(dict.fromkeys((rules[:1], rules)), BREAKS.items()):
        with monkeypatch.context() as patch:
            try:
                before = quick(name, chosen).findings
                break_rules(patch, change)
                after = experiments.get(name).run(rules=chosen).findings
            except CofireError as error:  # refused in words, which is no verdict
                failed.append(f"{', '.join(chosen)} {how}: {error}")
                continue
        if turned(before, after):
            return
        failed.append(f"{', '.join(chosen)} {how}: nothing turned")
    pytest.fail(f"{name} says the same whatever its rules do: {'; '.join(failed)}")


def test_an_experiment_that_does_not_look_is_found_out() -> None:
    same = (Finding("a", "1", "1", "M", "reproduced"), Finding("b", "1", "1", "M", "not reproduced"))
    other = (Finding("a", "0", "1", "M", "not reproduced"), Finding("b", "1", "1", "M", "reproduced"))
    assert turned(same, same) == []
    assert turned(same, other) == ["a: reproduced -> not reproduced"]
    assert turned(same, ()) == ["a: reproduced -> not said"]
    control = (Finding("control: c", "1", "1", "M", "reproduced"), Finding("b", "1", "1", "M", "not reproduced"))
    assert turned(control, control) == []
    assert turned(control, (control[0], Finding("b", "2", "1", "M", "not reproduced"))) == ["b"]
