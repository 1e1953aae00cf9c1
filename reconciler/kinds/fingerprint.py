"""A short name for what was seen of a live object, to notice later that somebody has changed it."""

from __future__ import annotations

import hashlib

from reconciler.json_text import canonical
from reconciler.kinds.declaration import Kind, Put
from reconciler.kinds.requests import unknown_fields
from reconciler.model.live import Record


def fingerprint(kind: Kind, record: Record) -> str:
    """A digest of what a write could overwrite: the declared fields, and for a full replace the unknown ones too.

    What the server sets by itself (counters, times) moves without anybody's doing and is left out.
    """
    seen = dict(record.fields)
    if kind.put is Put.FULL:
        seen |= unknown_fields(kind, record)
    return "sha256:" + hashlib.sha256(canonical(seen).encode()).hexdigest()
