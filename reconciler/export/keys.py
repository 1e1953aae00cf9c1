"""Keys made from names: stable, unique, of the allowed characters."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from reconciler.model.live import Record

LONGEST = 60


def slug(text: str) -> str:
    """The text in small ASCII letters, digits and dashes; empty where nothing of it is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-")


def keys_of(records: Iterable[Record]) -> dict[str, str]:
    """id → key. Where a name serves several objects, or gives no key, each of them has its id in its key."""
    records = sorted(records, key=lambda each: each.id)
    plain = {record.id: slug(record.name) for record in records}
    counts = Counter(plain.values())
    result: dict[str, str] = {}
    taken = {key for key, count in counts.items() if key and count == 1}
    for record in records:
        key = plain[record.id]
        if not key or counts[key] > 1:
            key = _free("-".join(part for part in (key or record.kind, slug(record.id)) if part), taken)
            taken.add(key)
        result[record.id] = key
    return result


def _free(key: str, taken: set[str]) -> str:
    """The key, or with a number behind it: ids that differ in capitals alone make the same one."""
    candidate, number = key, 2
    while candidate in taken:
        candidate, number = f"{key}-{number}", number + 1
    return candidate
