"""What the parser says of a text that it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from cofire.errors import LanguageError
from cofire.language.parse import parse


def refusal(text: Any) -> str:
    with pytest.raises(LanguageError) as caught:
        parse(text)
    return str(caught.value)
