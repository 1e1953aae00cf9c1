"""What a declaration expects of the API's records, held against the records that there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from reconciler.errors import some_of
from reconciler.kinds import KINDS
from reconciler.kinds.declaration import Kind, Pages, Put
from reconciler.kinds.wire import in_short, is_id, object_path, other_object, record_from
from reconciler.model.inputs import Fields, Lookups, Raw
from reconciler.model.results import Fact

Violations = Callable[[str, Fields], list[tuple[str, str]]]
NOBODY, REFUSED = "reconciler-probe-nobody", object()


def find_facts(kind: Kind, rows: Sequence[Raw], lists: Lookups, violations: Violations) -> Iterator[Fact]:
    """What holds of the records of a kind, as its list has them. `lists` are those of the API, by path;
    `violations` gives the fields that break the schema of a kind, each with the reason."""
    failing = {kind.delivery.status: kind.delivery.failing} if kind.delivery else {}
    always = sorted({each.name for each in kind.fields if each.required} | kind.server_fields)
    known = {*kind.field_names(), *kind.server_fields}
    expected: dict[str, Callable[[Raw, Fields], Iterable[object]]] = {
        f"says `object: {kind.object_name}`": lambda raw, _: {str(raw.get("object"))} - {kind.object_name},
        f"has an id like {kind.id_pattern}": lambda raw, _: () if is_id(kind, raw["id"]) else [raw["id"]],
        "has no field but the documented ones": lambda raw, _: sorted(raw.keys() - known),
        f"has all of {', '.join(always)}": lambda raw, _: [each for each in always if each not in raw],
        "has its path in `url`": lambda raw, _: {str(raw.get("url"))} - {f"/v4{object_path(kind, raw['id'])}"},
        "has no value but the documented ones": lambda _, fields: [
            why for name, why in violations(kind.name, fields) if name and fields.get(name) != failing.get(name, "")
        ],
        f"tells its {' and '.join(kind.natural_key)}": lambda _, fields: {*kind.natural_key} - fields.keys(),
    }
    if kind.vendor_flag:
        expected["is not one of the vendor's"] = lambda raw, _: [raw["id"]] if raw.get(kind.vendor_flag) is True else ()
    are_sound = [is_id(kind, raw["id"]) and not other_object(kind, raw) for raw in rows]
    fields = [record_from(kind, raw, lists).fields if sound else {} for raw, sound in zip(rows, are_sound, strict=True)]
    for text, find_odd in expected.items():
        odd = dict.fromkeys(in_short(each) for pair in zip(rows, fields, strict=True) for each in find_odd(*pair))
        yield Fact(f"{kind.section}: a record {text}", not odd if rows else None, some_of(odd))
    if kind.pages is Pages.CURSOR and "created_at" in kind.server_fields:
        stamps = [str(raw.get("created_at")) for raw in rows]
        is_sorted = stamps == sorted(stamps, reverse=True) if len({*stamps}) > 1 else None
        yield Fact(f"{kind.section}: the list has the newest first", is_sorted, some_of(stamps))
    for _, reference in kind.lists():
        ids = {reference.label(each): each["id"] for each in lists.get(KINDS[reference.kind].path, ())}
        offered = [str(each.get("id")) for each in lists.get(reference.lookup, ()) if str(each.get("label")) in ids]
        text = f"{kind.section}: {reference.lookup} has the id of the {reference.kind}"
        yield Fact(text, set(ids.values()).issuperset(offered) if offered else None)


def find_questions(kind: Kind, fields: Fields) -> Iterator[tuple[str, str, Any, Any]]:
    """What an update can ask: the fact, the field, what is sent, and what is there then. REFUSED: it is not taken."""
    for each in kind.fields if kind.put is not Put.NONE else ():
        name, schema, is_list = each.name, each.schema, isinstance(old := fields.get(each.name), list)
        if each.setter or name == kind.chosen_id or not old:
            continue
        for word in [word for word in schema.get("enum", ()) if each.immutable and word not in (old, None)][:1]:
            yield f"does not change {name}", name, word, old
        if not (each.required or each.immutable) and ("null" in schema.get("type", ()) or (each.reference and is_list)):
            yield f"clears {name} by null", name, None, None
        if each.reference and is_list:
            none = [{**item, "id": NOBODY} if isinstance(item, dict) else NOBODY for item in old]
            yield f"refuses {name} that do not exist", name, none, REFUSED
        items = schema.get("items", {}).get("properties", {}) if is_list else {}
        for key in (key for key, at in items.items() if at.get("type") == "boolean"):
            pair = [*old, {**old[0], key: not old[0].get(key)}]
            yield from ((f"keeps the order of {name}", name, order, order) for order in (pair, pair[::-1]))
