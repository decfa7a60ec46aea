"""Parts of a network whose attributes cannot be misspelt: what is not there is refused, with the nearest name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cofire.errors import ParameterError, did_you_mean


class Checked:
    """`stays`: the attributes that keep the value they were made with. `others`: names that other simulators use."""

    __slots__ = ()
    stays: ClassVar[frozenset[str]] = frozenset()
    others: ClassVar[Mapping[str, str]] = {}

    def __getattr__(self, name: str) -> Any:
        raise self._unknown(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if not hasattr(type(self), name):
            raise self._unknown(name)
        if callable(getattr(type(self), name)):
            mend = f"; .set({name}=...) gives another" if hasattr(self, "set") else ""
            raise AttributeError(f"{name} of {self!r} is read-only{mend}")
        if name in self.stays and hasattr(self, name):
            raise ParameterError(f"{name} of {self!r} cannot be changed: make a new one")
        super().__setattr__(name, value)

    def _unknown(self, name: str) -> AttributeError:
        kind = type(self).__name__
        if name in self.others:
            return AttributeError(f"{kind} has no attribute {name!r}; it is .{self.others[name]}")
        return AttributeError(f"{kind} has no attribute {name!r}{did_you_mean(name, _public(self))}")


def _public(thing: object) -> list[str]:
    return [name for name in dir(type(thing)) if not name.startswith("_")]
