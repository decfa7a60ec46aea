"""Names in the source of a network, each of one part of it: users name these parts as they please."""

from __future__ import annotations

from collections.abc import Iterable

from cofire.errors import ParameterError


class Owners:
    """Whose each name is. `arguments`: those that are given to the function, in order."""

    def __init__(self, arguments: Iterable[str]) -> None:
        self.arguments: dict[str, None] = dict.fromkeys(arguments)
        self._owners: dict[str, str] = {}

    def argument(self, owner: str, name: str) -> str:
        """The name, noted as an argument. Raises: `ParameterError` if it is something else's already."""
        self.claim(owner, (name,))
        self.arguments[name] = None
        return name

    def claim(self, owner: str, names: Iterable[str]) -> None:
        """Notes whose these names are. Raises: `ParameterError` if one is something else's already."""
        for name in names:
            if self._owners.setdefault(name, owner) != owner:
                raise ParameterError(
                    f"the generated code would have two things called {name}, one for {self._owners[name]!r} and one "
                    f"for {owner!r}: give one of these another name"
                )
