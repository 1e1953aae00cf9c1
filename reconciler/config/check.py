"""What is written, held against the schemas. The only importer of jsonschema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import validators

Path = tuple[str | int, ...]
Mark = tuple[int, int]
Broken = Any
"""jsonschema's ValidationError, whose attributes are typed as possibly unset."""

EMPTY = ("minItems", "minLength", "minProperties")
ORDER = ("type", *EMPTY, "maxLength", "pattern", "minimum", "enum", "oneOf")
"""Of several reasons at one spot, the first of these is what a person would name."""


def _pattern(_validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Any]:
    """As ECMA 262 means it: `$` is the end, and not a line break before it."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield validators.validator_for(schema).VALIDATORS and _failed(pattern)


def _failed(pattern: str) -> Any:
    from jsonschema import ValidationError

    return ValidationError(f"does not match {pattern}")
