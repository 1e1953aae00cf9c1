"""Validation by jsonschema. This is its only importer, loaded only if something may be wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators

from reconciler.config.fast_validator import ecma
from reconciler.kinds.schema import find_schema

Broken = Any
"""jsonschema's ValidationError, whose attributes are typed as possibly unset."""


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not re.search(ecma(pattern), instance):
        yield ValidationError(f"does not match {pattern}")


# 1.0 is no integer here: it would be sent as 1.0.
_TYPES = Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda _checker, value: isinstance(value, int) and not isinstance(value, bool)
)
_extend: Any = validators.extend
_Validator: Any = _extend(Draft202012Validator, {"pattern": _pattern}, type_checker=_TYPES)


@cache
def _validator(name: str) -> Any:
    return _Validator(find_schema(name))


def find_errors(name: str, value: Any) -> list[Broken]:
    """Every way in which a value breaks the schema `name` (see `kinds.schema.find_schema`)."""
    return list(_validator(name).iter_errors(value))
