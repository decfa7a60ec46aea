"""What verdicts and flags mean, in the words that the terminal and the page share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cofire.experiments import Finding, Flag, Verdict
from cofire.language.parse import parse
from cofire.language.unicode import equations_to_lines

SIGNS: dict[Verdict, str] = {"reproduced": "✓", "not reproduced": "✗", "does not apply": "–"}
VERDICTS: dict[Verdict, str] = {
    "reproduced": "what was measured agrees with what was published",
    "not reproduced": "it does not: a result too, and not an error",
    "does not apply": "the rule lacks what the finding is about",
}
FLAGS: dict[Flag, str] = {
    "S2": "two independent sources",
    "S1": "one source",
    "C": "worked out by us, from published equations or data",
    "M+": "recalled, consistent with something checked",
    "M": "recalled, not checked",
    "theory": "follows from theory",
}


def flags_used(findings: Sequence[Finding]) -> list[tuple[Flag, str]]:
    """The flags that occur, and what they mean."""
    return [(flag, meaning) for flag, meaning in FLAGS.items() if any(finding.flag == flag for finding in findings)]


def count(findings: Sequence[Finding], verdict: Verdict) -> int:
    """How many findings have that verdict."""
    return sum(finding.verdict == verdict for finding in findings)


def tally(findings: Sequence[Finding]) -> str:
    """`12 of 14 findings reproduced, 1 not; 1 does not apply.`"""
    without, aside = count(findings, "not reproduced"), count(findings, "does not apply")
    text = f"{count(findings, 'reproduced')} of {len(findings)} findings reproduced"
    text += f", {without} not" if without else ""
    text += f"; {aside} {'does' if aside == 1 else 'do'} not apply" if aside else ""
    return text + "."


def called(rule: Mapping[str, Any]) -> str:
    """A rule of `findings.json` by its name in the catalogue, or by its equations; and how it is normalised."""
    name = rule["name"] or "; ".join(equations_to_lines(parse(rule["equations"])))
    return f"{name} ({rule['normalize']})" if rule["normalize"] else name
