"""The shape of a catalogue entry: an equation, its parameters with their ranges, and where it comes from."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from cofire.constraints import Parameter
from cofire.errors import ParameterError, did_you_mean
from cofire.language.spelling import plain_name
from cofire.rule import Normalization, Origin, Rule

__all__ = ["Parameter", "Recipe"]


@dataclass(frozen=True, repr=False)
class Recipe:
    """A rule of the literature. Calling it makes the rule: `oja(eta=0.1)`.

    `doc`: the mathematics, the fixed point, when to use it, its pitfalls; the first line is the summary.
    `source`: the publication. `equation`, `bounds`, `normalize`, `signals`: as for `cofire.Rule`.
    """

    name: str
    doc: str
    equation: str
    parameters: dict[str, Parameter]
    source: str
    bounds: tuple[Any, Any] | None = None
    normalize: Normalization | None = None
    signals: tuple[str, ...] = ()

    def __call__(self, *unnamed: Any, **changes: Any) -> Rule:
        """The rule with its default parameters, or those given by name. Raises: `ParameterError`."""
        if unnamed:
            first = next(iter(self.parameters), "bounds")
            raise ParameterError(f"give the parameters of {self.name} by name: {self.name}({first}={unnamed[0]!r})")
        settings: dict[str, Any] = {"bounds": self.bounds, "normalize": self.normalize}
        settings |= {name: parameter.default for name, parameter in self.parameters.items()}
        changes = {plain_name(name): value for name, value in changes.items()}
        for name in changes.keys() - settings.keys():
            mend = f"; it takes {', '.join(dict.fromkeys([*self.parameters, *settings]))}{did_you_mean(name, settings)}"
            raise ParameterError(f"{name!r} is not a parameter of {self.name}{mend}")
        ranges = tuple((name, parameter.allowed) for name, parameter in self.parameters.items())
        origin = Origin(self.name, self.source, ranges)
        return Rule(self.equation, signals=self.signals, origin=origin, **(settings | changes))

    def __repr__(self) -> str:
        return f"<cofire.rules.{self.name}: {self.name}() makes the rule>"

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.doc.strip().splitlines()[0]

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        return inspect.cleandoc(self.doc)

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter.KEYWORD_ONLY
        given = [inspect.Parameter(name, kind, default=p.default) for name, p in self.parameters.items()]
        given += [inspect.Parameter(name, kind, default=getattr(self, name)) for name in ("bounds", "normalize")]
        return inspect.Signature(given, return_annotation=Rule)
