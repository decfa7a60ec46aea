"""The shape of a catalogue entry: equations, threshold, reset, parameters, and where it comes from."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any

from cofire.constraints import Number, Parameter
from cofire.errors import ParameterError, did_you_mean
from cofire.language.spelling import plain_name
from cofire.neuron import Neuron, NeuronOrigin
from cofire.units import ms

__all__ = ["Parameter", "Recipe"]

_SETTINGS = ("refractory", "method", "initial")


@dataclass(frozen=True, repr=False)
class Recipe:
    """A neuron of the literature. Calling it makes the neuron: `lif(tau=20*ms)`.

    `doc`: the mathematics, when to use it, its pitfalls; the first line is the summary. `source`: the publication.
    `equations`, `threshold`, `reset` and all the rest: as for `cofire.Neuron`.
    """

    name: str
    doc: str
    equations: str
    parameters: dict[str, Parameter]
    source: str
    inputs: tuple[str, ...]
    threshold: str = "v > v_threshold"
    reset: str = "v = v_reset"
    refractory: Number | str = 2 * ms
    conductances: tuple[str, ...] = ()
    learns: tuple[str, ...] = ()
    rate: str | None = None
    initial: dict[str, Number | str] = field(default_factory=dict)

    def __call__(self, *unnamed: Any, **changes: Any) -> Neuron:
        """The neuron with its default parameters, or those given by name. Raises: `ParameterError`."""
        if unnamed:
            first = next(iter(self.parameters))
            raise ParameterError(f"give the parameters of {self.name} by name: {self.name}({first}={unnamed[0]!r})")
        fires: dict[str, Any] = (
            {"threshold": self.threshold, "reset": self.reset} if self.rate is None else {"rate": self.rate}
        )
        settings: dict[str, Any] = {"method": None, "initial": {}}
        settings |= {"refractory": self.refractory} if self.rate is None else {}
        settings |= {name: parameter.default for name, parameter in self.parameters.items()}
        changes = {plain_name(name): value for name, value in changes.items()}
        for name in changes.keys() - settings.keys():
            mend = f"; it takes {', '.join(dict.fromkeys([*self.parameters, *settings]))}{did_you_mean(name, settings)}"
            raise ParameterError(f"{name!r} is not a parameter of {self.name}{mend}")
        settings |= changes
        if isinstance(settings["initial"], dict):
            settings["initial"] = self.initial | settings["initial"]
        ranges = tuple((name, parameter.allowed) for name, parameter in self.parameters.items())
        return Neuron(
            self.equations,
            **fires,
            inputs=self.inputs,
            conductances=self.conductances,
            learns=self.learns,
            origin=NeuronOrigin(self.name, self.source, ranges),
            **settings,
        )

    def __repr__(self) -> str:
        return f"<cofire.neurons.{self.name}: {self.name}() makes the neuron>"

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
        given += [inspect.Parameter(name, kind, default=getattr(self, name, None)) for name in _SETTINGS]
        return inspect.Signature(given, return_annotation=Neuron)
