"""Writes a live project as a configuration."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.kinds import KINDS, Kind
from reconciler.kinds.normalization import Key, normal_form
from reconciler.kinds.references import ReferenceResolver, references, with_references
from reconciler.model.inputs import Entry, Fields, Live, ObjectRef, Record, make_address
from reconciler.text import natural
from reconciler.yaml.writing import dump, escape_variables, has_variable_key

LONGEST = 60


def slug(text: str) -> str:
    """The text in lower-case ASCII letters, digits and dashes; may be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-")


def keys_of(records: Iterable[Record], given: Collection[str] = ()) -> dict[str, str]:
    """Id → key. If several objects share a name, or it gives no key, or the key is `given` to another one, the id is
    part of the key."""
    records = sorted(records, key=lambda each: each.id)
    plain = {record.id: slug(record.name) for record in records}
    counts = Counter(plain.values())
    result: dict[str, str] = {}
    taken = {key for key, count in counts.items() if key and count == 1} | set(given)
    for record in records:
        key = plain[record.id]
        if not key or counts[key] > 1 or key in given:
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
        chosen, left = find_expressible(kind, records.values(), violations)
        warnings += [f"{kind.name} {record.id} ({record.name}){why}" for record, why in left]
        keys = keys_of(records[ref.id] for ref in chosen)
        blocks = {}
        behind = _behind(kind, live)
        for ref, fields in chosen.items():
            addresses[ref] = address = make_address(kind.name, keys[ref.id])
            written = with_references(kind, fields, addresses, behind)
            uses = tuple(sorted({used for used, *_ in references(kind, written)}))
            blocks[keys[ref.id]] = escape_variables(written)
            entries[address] = Entry(ref.id, fields, depends_on=uses, file=f"{kind.section}.yaml")
        if blocks:
            files[f"{kind.section}.yaml"] = _file(kind, blocks, schema)
    if not files:
        # A folder without any file is no configuration.
        files[f"{kind.section}.yaml"] = _file(kind, {}, schema)
    return Exported(files, entries, tuple(warnings))


def written_fields(record: Record) -> dict[str, Any]:
    """The fields of a live object that can be written, in the order of its kind."""
    return {name: record.fields[name] for name in KINDS[record.kind].field_names() if name in record.fields}


def make_blocks(
    chosen: Mapping[ObjectRef, dict[str, Any]], live: Live, addresses: Addresses
) -> dict[ObjectRef, dict[str, Any]]:
    """The fields of each object as YAML: references in place of items, if their objects have addresses."""
    addresses = {ref: address for ref, address in addresses.items() if ref.id in live.records.get(ref.kind, {})}
    behind = {name: _behind(KINDS[name], live) for name in {ref.kind for ref in chosen}}
    return {
        ref: with_references(KINDS[ref.kind], fields, addresses, behind[ref.kind]) for ref, fields in chosen.items()
    }


def find_expressible(
    kind: Kind, records: Iterable[Record], violations: Objections, named: Iterable[Key | None] = ()
) -> tuple[dict[ObjectRef, dict[str, Any]], list[tuple[Record, str]]]:
    """The fields of the objects that can be written; and what of an object cannot, with why. `named`: the natural
    keys of what is written already."""
    records = sorted(records, key=lambda each: (each.name, each.id))
    names = Counter(_natural(kind, record) for record in records)
    names.update(key for key in named if key)
    chosen: dict[ObjectRef, dict[str, Any]] = {}
    left: list[tuple[Record, str]] = []
    for record in records:
        if names[_natural(kind, record)] > 1:
            same = ", ".join(kind.natural_key)
            why = f"another {kind.name} has the same {same}; rename one in the dashboard"
            left.append((record, f" is left out: {why}"))
            continue
        fields, alone, wrong = _find_writable(kind, record, violations)
        left += [(record, f": its {name} is left alone: {message}") for name, message in alone.items()]
        if wrong:
            left.append((record, f" is left out: {'; '.join(wrong)}"))
        else:
            chosen[record.ref] = fields
    return chosen, left


def _find_writable(
    kind: Kind, record: Record, violations: Objections
) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """The fields of an object that may be written, those that may not, and why the object may not."""
    fields = written_fields(record)
    alone = dict(each for each in violations(kind.name, fields) if each[0] in fields)
    alone = {name: message for name, message in alone.items() if not kind.field_named(name).required}
    fields = {name: value for name, value in fields.items() if name not in alone}
    wrong = [message for _, message in violations(kind.name, fields)]
    for name, value in fields.items():
        if has_variable_key(value):
            wrong.append(f"{name} has a key with ${{ in it")
        try:
            dump(value)
        except ValueError:
            wrong.append(f"{name} holds half of a character")
    return fields, alone, wrong


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


def _file(kind: Kind, blocks: Mapping[str, Any], schema: str) -> str:
    head = f"# yaml-language-server: $schema={schema}\n# {kind.title}. {kind.description}\n"
    return head + dump({kind.section: {key: blocks[key] for key in sorted(blocks, key=natural)}})
