"""The dataclasses of the model as JSON has them. What their fields hold is not copied, as `asdict` would."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

_names: dict[type, tuple[str, ...] | None] = {tuple: None}
"""The fields of each type that was seen; None where it is no dataclass."""


def plain(value: Any) -> Any:
    """A dataclass as a dict of its fields, within tuples and other dataclasses too; every other value as it is."""
    kind = type(value)
    if kind not in _names:
        _names[kind] = tuple(each.name for each in fields(kind)) if is_dataclass(kind) else None
    names = _names[kind]
    if names is not None:
        return {name: plain(getattr(value, name)) for name in names}
    return [plain(each) for each in value] if kind is tuple else value
