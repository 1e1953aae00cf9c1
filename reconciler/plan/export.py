"""A live project as a configuration: how most people begin."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.kinds import KINDS, Kind, Reference
from reconciler.kinds.normalization import normal_form
from reconciler.kinds.references import ReferenceResolver
from reconciler.model.desired import Fields, make_address
from reconciler.model.live import Live, Record
from reconciler.model.state import Entry
from reconciler.yaml.writing import dump

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


Objections = Callable[[str, Fields], list[tuple[str, str]]]
"""Given a kind and fields: which fields may not be written so, and why."""


@dataclass(frozen=True, slots=True)
class Exported:
    """File name → text, what the state is to hold, and what could not be exported."""

    files: Mapping[str, str]
    entries: Mapping[str, Entry]
    warnings: tuple[str, ...]


def export(live: Live, violations: Objections) -> Exported:
    """YAML that validates, with references instead of ids where the target is exported too, and the memory of it.

    An object that YAML cannot say (a required field with a value that may be read and not be written, a name that two
    objects share) is left out and named in a warning: it stays live, unmanaged.
    """
    addresses: dict[tuple[str, str], str] = {}
    files: dict[str, str] = {}
    entries: dict[str, Entry] = {}
    warnings: list[str] = []
    for kind in KINDS.values():
        records = live.records[kind.name]
        chosen, said = _expressible(kind, records, violations)
        warnings += said
        keys = keys_of(records[object_id] for object_id in chosen)
        blocks = {}
        standing = {name: _standing(reference, live, addresses) for name, reference in kind.reference_fields()}
        for object_id, fields in chosen.items():
            address = make_address(kind.name, keys[object_id])
            addresses[kind.name, object_id] = address
            written, uses = _with_references(kind, fields, standing)
            blocks[keys[object_id]] = _escaped(written)
            entries[address] = Entry(object_id, fields, depends_on=tuple(sorted(uses)), file=f"{kind.section}.yaml")
        if blocks:
            files[f"{kind.section}.yaml"] = _file(kind, blocks)
    if not files:
        # A folder without any file is no configuration.
        files[f"{kind.section}.yaml"] = _file(kind, {})
    return Exported(files, entries, tuple(warnings))


def make_block(record: Record, live: Live, addresses: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """One live object as it is written in YAML. `addresses`: (kind, id) → address, of what it may refer to by key."""
    kind = KINDS[record.kind]
    fields = {name: record.fields[name] for name in kind.field_names() if name in record.fields}
    standing = {name: _standing(reference, live, addresses) for name, reference in kind.reference_fields()}
    return _with_references(kind, fields, standing)[0]


def _expressible(
    kind: Kind, records: Mapping[str, Record], violations: Objections
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """id → fields, of the objects that YAML can say."""
    names = Counter(_natural(kind, record) for record in records.values())
    chosen, warnings = {}, []
    for record in sorted(records.values(), key=lambda each: (each.name, each.id)):
        what = f"{kind.name} {record.id} ({record.name})"
        fields = {name: record.fields[name] for name in kind.field_names() if name in record.fields}
        if names[_natural(kind, record)] > 1:
            same = ", ".join(kind.natural_key)
            warnings.append(f"{what} is left out: another {kind.name} has the same {same}; rename one in the dashboard")
            continue
        for name, message in violations(kind.name, fields):
            if name in fields and not kind.field_named(name).required:
                warnings.append(f"{what}: its {name} is left alone: {message}")
                del fields[name]
        wrong = violations(kind.name, fields)
        wrong += [(name, f"{name} has a key with ${{ in it") for name in fields if _variable_keys(fields[name])]
        wrong += [(name, f"{name} holds half of a character") for name in fields if not _is_whole(fields[name])]
        if wrong:
            warnings.append(f"{what} is left out: {'; '.join(message for _, message in wrong)}")
            continue
        chosen[record.id] = fields
    return chosen, warnings


def _natural(kind: Kind, record: Record) -> tuple[str, ...]:
    # Two names that differ in what an API may normalise are an error in a configuration.
    return tuple(normal_form(str(record.fields.get(name))) for name in kind.natural_key)


def _standing(
    reference: Reference, live: Live, addresses: Mapping[tuple[str, str], str]
) -> Callable[[Any], str | None]:
    """Tells the address that an item of a list field stands for, None where it is none of ours."""
    behind = ReferenceResolver(live).behind(reference)

    def address_of_item(item: Any) -> str | None:
        item_id = str(item.get("id")) if isinstance(item, dict) and item.get("type") == reference.type else ""
        object_id = behind.get(item_id, item_id)
        return addresses.get((reference.kind, object_id)) if object_id in live.records[reference.kind] else None

    return address_of_item


def _with_references(
    kind: Kind, fields: dict[str, Any], standing: Mapping[str, Callable[[Any], str | None]]
) -> tuple[dict[str, Any], set[str]]:
    written, uses = dict(fields), set()
    for name, reference in kind.reference_fields():
        items = []
        for item in written.get(name) or ():
            target = standing[name](item)
            items.append({reference.key: target.partition(".")[2]} if target else item)
            uses |= {target} if target else set()
        written[name] = items
    return written, uses


def _variable_keys(value: Any) -> bool:
    """Whether a key within a value would be read as a variable: keys cannot be escaped."""
    if isinstance(value, dict):
        return any("${" in key or _variable_keys(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(_variable_keys, value))


def _is_whole(value: Any) -> bool:
    """Whether all text within a value can be written: half a surrogate pair, which JSON can hold, cannot."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _escaped(value: Any) -> Any:
    """The value with every `${` written so that it is read as itself."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, dict):
        return {key: _escaped(inner) for key, inner in value.items()}
    return [_escaped(item) for item in value] if isinstance(value, list) else value


def _file(kind: Kind, blocks: Mapping[str, Any]) -> str:
    head = f"# {kind.title}. {kind.description}\n"
    return head + dump({kind.section: {key: blocks[key] for key in sorted(blocks)}})
