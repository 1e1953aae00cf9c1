"""The dataclasses of the model as JSON has them. What their fields hold is not copied, as `asdict` would."""

from __future__ import annotations

from dataclasses import fields
from typing import Any


def plain(value: Any) -> Any:
    """A dataclass as a dict of its fields, within tuples and other dataclasses too; every other value as it is."""
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if hasattr(type(value), "__dataclass_fields__"):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    return value
