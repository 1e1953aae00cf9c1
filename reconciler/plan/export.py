"""Writes a live project as a configuration."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.kinds import KINDS, Kind
from reconciler.kinds.normalization import normal_form
from reconciler.kinds.references import ReferenceResolver, references, with_references
from reconciler.model.inputs import Entry, Fields, Live, ObjectRef, Record, make_address
from reconciler.text import natural
from reconciler.yaml.writing import dump, escape_variables

LONGEST = 60
SURROGATE = re.compile("[\\ud800-\\udfff]")


def slug(text: str) -> str:
    """The text in lower-case ASCII letters, digits and dashes; may be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-")


def keys_of(records: Iterable[Record]) -> dict[str, str]:
    """Id → key. If several objects share a name, or it gives no key, the id is part of the key."""
    records = sorted(records, key=lambda each: each.id)
    plain = {record.id: slug(record.name) for record in records}
    counts = Counter(plain.values())
    result: dict[str, str] = {}
    taken = {key for key, count in counts.items() if key and count == 1}
    for record in records:
        key = plain[record.id]
        if not key or counts[key] > 1:
            base, number = "-".join(part for part in (key or record.kind, slug(record.id)) if part), 2
            key = base
            # Ids that differ only in case give the same key.
            while key in taken:
                key, number = f"{base}-{number}", number + 1
            taken.add(key)
        result[record.id] = key
    return result


Addresses = Mapping[ObjectRef, str]
Objections = Callable[[str, Fields], list[tuple[str, str]]]
"""Given a kind and fields: which fields may not be written so, and why."""


@dataclass(frozen=True, slots=True)
class Exported:
    """File name → text, what the state is to hold, and what could not be exported."""

    files: Mapping[str, str]
    entries: Mapping[str, Entry]
    warnings: tuple[str, ...]


def export(live: Live, violations: Objections, schema: str) -> Exported:
    """YAML that validates, with references to targets that are exported too, and the entries of the state. An object
    that cannot be written (a read-only value of a required field, a name of two objects) is left out, with a warning:
    it stays unmanaged. Each file begins with the line by which editors find the `schema`."""
    addresses: dict[ObjectRef, str] = {}
    files: dict[str, str] = {}
    entries: dict[str, Entry] = {}
    warnings: list[str] = []
    for kind in KINDS.values():
        records = live.records[kind.name]
        chosen, said = _expressible(kind, records, violations)
        warnings += said
        keys = keys_of(records[object_id] for object_id in chosen)
        blocks = {}
        behind = _behind(kind, live)
        for object_id, fields in chosen.items():
            address = make_address(kind.name, keys[object_id])
            addresses[ObjectRef(kind.name, object_id)] = address
            written = with_references(kind, fields, addresses, behind)
            uses = tuple(sorted({used for used, *_ in references(kind, written)}))
            blocks[keys[object_id]] = escape_variables(written)
            entries[address] = Entry(object_id, fields, depends_on=uses, file=f"{kind.section}.yaml")
        if blocks:
            files[f"{kind.section}.yaml"] = _file(kind, blocks, schema)
    if not files:
        # A folder without any file is no configuration.
        files[f"{kind.section}.yaml"] = _file(kind, {}, schema)
    return Exported(files, entries, tuple(warnings))


def make_block(record: Record, live: Live, addresses: Addresses) -> dict[str, Any]:
    """The fields of a live object as YAML. `addresses`: those of possible targets of references."""
    return make_blocks([record], live, addresses)[record.ref]


def make_blocks(records: Iterable[Record], live: Live, addresses: Addresses) -> dict[ObjectRef, dict[str, Any]]:
    """The fields of live objects as YAML. `addresses`: those of possible targets of references."""
    addresses = {ref: address for ref, address in addresses.items() if ref.id in live.records.get(ref.kind, {})}
    blocks, behind = {}, {name: _behind(KINDS[name], live) for name in live.records}
    for record in records:
        kind = KINDS[record.kind]
        fields = {name: record.fields[name] for name in kind.field_names() if name in record.fields}
        blocks[record.ref] = with_references(kind, fields, addresses, behind[kind.name])
    return blocks


def _expressible(
    kind: Kind, records: Mapping[str, Record], violations: Objections
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Id → fields, of the objects that can be written, and warnings for the others."""
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
        for name, value in fields.items():
            # JSON may have half a surrogate pair, which no text can have.
            if SURROGATE.search(json.dumps(value, ensure_ascii=False)):
                wrong.append((name, f"{name} holds half of a character"))
        if wrong:
            warnings.append(f"{what} is left out: {'; '.join(message for _, message in wrong)}")
            continue
        chosen[record.id] = fields
    return chosen, warnings


def _natural(kind: Kind, record: Record) -> tuple[str, ...]:
    # Two names that differ in what an API may normalise are an error in a configuration.
    return tuple(normal_form(str(record.fields.get(name))) for name in kind.natural_key)


def _behind(kind: Kind, live: Live) -> dict[ObjectRef, ObjectRef]:
    """An item's kind and id → the object that it stands for, if the two differ."""
    resolver = ReferenceResolver(live)
    found: dict[ObjectRef, ObjectRef] = {}
    for _, reference in kind.reference_fields():
        behind = resolver.targets(reference).behind().items()
        found |= {ObjectRef(reference.kind, item): ObjectRef(reference.kind, each) for item, each in behind}
    return found


def _variable_keys(value: Any) -> bool:
    """Whether a key within a value contains `${`: keys cannot be escaped."""
    if isinstance(value, dict):
        return any("${" in key or _variable_keys(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(_variable_keys, value))


def _file(kind: Kind, blocks: Mapping[str, Any], schema: str) -> str:
    head = f"# yaml-language-server: $schema={schema}\n# {kind.title}. {kind.description}\n"
    return head + dump({kind.section: {key: blocks[key] for key in sorted(blocks, key=natural)}})
