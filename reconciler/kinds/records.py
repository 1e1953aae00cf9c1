"""A record of the API in the configuration's words."""

from __future__ import annotations

import re

from reconciler.errors import AnswerUnreadable
from reconciler.kinds.declaration import Kind
from reconciler.model.live import Lookups, Raw, Record

ID = re.compile(r"[a-zA-Z0-9._-]{1,256}")
# They match the documented pattern of an id and are fixed segments of paths, or climb them.
FIXED_SEGMENTS = frozenset({"meta", "destinations", ".", ".."})


def is_id(value: object) -> bool:
    """Whether a value may stand in a path as an id."""
    return isinstance(value, str) and ID.fullmatch(value) is not None and value not in FIXED_SEGMENTS


def record_from(kind: Kind, raw: Raw, lookups: Lookups) -> Record:
    """One record in the configuration's words. AnswerUnreadable where its id could not stand in a path."""
    if not is_id(raw.get("id")):
        raise AnswerUnreadable(f"{kind.path}: the API names an object whose id is none: {raw.get('id')!r}")
    return Record(kind.name, raw["id"], str(raw.get(kind.name_field) or raw["id"]), kind.from_wire(raw, lookups), raw)
