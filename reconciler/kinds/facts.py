"""Statements about the API, each with what was seen against it (None: nothing tells), and what only a probe can ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from reconciler.errors import ReconcilerError
from reconciler.kinds import KINDS
from reconciler.kinds.comparison import with_value
from reconciler.kinds.declaration import Field, Kind, Pages, Reference
from reconciler.kinds.references import list_items
from reconciler.kinds.wire import decode_record, find_other_object, is_id, make_object_path, shorten
from reconciler.model.inputs import Fields, Lookups, Raw
from reconciler.model.results import Fact
from reconciler.text import abridge

Violations = Callable[[str, Fields], list[tuple[str, str]]]
Claims = Iterable[tuple[str, Iterable[object] | None]]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
NOBODY, REFUSED = "reconciler-probe-nobody", object()


def make_facts(section: str, claims: Claims) -> list[Fact]:
    """The facts of claims, each with what was seen against it."""
    found = [(text, None if bad is None else dict.fromkeys(sorted(map(shorten, bad)))) for text, bad in claims]
    return [Fact(f"{section}: {text}", None if bad is None else not bad, abridge(bad or ())) for text, bad in found]


def find_claims(kind: Kind, rows: Sequence[Raw], lists: Lookups, violations: Violations) -> Claims:
    """What holds of the records of a kind, as its list has them. `lists` are those of the API, by path;
    `violations` gives the fields that break the schema of a kind, each with the reason."""
    sound = (raw for raw in rows if is_id(kind, raw["id"]) and not find_other_object(kind, raw))
    fields = [decode_record(kind, raw, lists).fields for raw in sound]
    bad = {kind.delivery.status: kind.delivery.failing}
    always = sorted({each.name for each in kind.fields if each.required} | kind.server_fields)
    known, paths = {*kind.field_names, *kind.server_fields}, {f"/v4{make_object_path(kind, raw['id'])}" for raw in rows}
    own, words = kind.identity, {str(raw.get("object")) for raw in rows} - {kind.identity.object_name}
    yield f"a record says `object: {own.object_name}`", words if rows else None
    wrong = [raw["id"] for raw in rows if not is_id(kind, raw["id"])]
    yield f"a record has an id like {own.id_pattern}", wrong if rows else None
    unknown = [key for raw in rows for key in raw if key not in known]
    yield "a record has no field but the documented ones", unknown if rows else None
    missing = [key for raw in rows for key in always if key not in raw]
    yield f"a record has all of {', '.join(always)}", missing if rows else None
    yield "a record has its path in `url`", {str(raw.get("url")) for raw in rows} - paths if rows else None
    broken = ((each, name, why) for each in fields for name, why in violations(kind.name, each) if name)
    wrong = [why for at, name, why in broken if at.get(name) != bad.get(name, "")]
    yield "a record has no value but the documented ones", wrong if fields else None
    untold = {key for at in fields for key in own.natural_key if key not in at}
    yield f"a record tells its {' and '.join(own.natural_key)}", untold if fields else None
    yield from chain(_find_server_claims(kind, rows, lists), *(_find_field_claims(each, rows) for each in kind.fields))
    yield from chain.from_iterable(_find_reference_claims(*each, rows, lists) for each in kind.reference_fields)
    yield from kind.claims(lists)


def _find_server_claims(kind: Kind, rows: Sequence[Raw], lists: Lookups) -> Claims:
    if times := sorted(name for name in kind.server_fields if name.endswith("_at")):
        values = [str(raw[name]) for raw in rows for name in times if raw.get(name) is not None]
        wrong_times = [at for at in values if not TIME.fullmatch(at)]
        yield f"{', '.join(times)} are in ISO 8601, UTC", wrong_times if values else None
    for name in {kind.delivery.sent_count, kind.delivery.failed_count} - {""}:
        wrong = [raw[name] for raw in rows if name in raw and (type(raw[name]) is not int or raw[name] < 0)]
        yield f"{name} is a whole number from 0", wrong if any(name in raw for raw in rows) else None
    if kind.identity.vendor_flag:
        theirs = lists.get(f"{kind.endpoints.path}/system", ())
        listed = [raw["id"] for raw in rows if raw.get(kind.identity.vendor_flag)]
        yield "the list lacks the rows of the vendor", listed if theirs or listed else None
    if kind.endpoints.pages is Pages.CURSOR and "created_at" in kind.server_fields:
        stamps = [str(raw.get("created_at")) for raw in rows]
        wrong = stamps * (stamps != sorted(stamps, reverse=True))
        yield "the list has the newest first", wrong if len({*stamps}) > 1 else None


def _find_field_claims(each: Field, rows: Sequence[Raw]) -> Claims:
    """The keys of a map, or of the items of a list. If the schema has none, those of its example are expected."""
    schema = each.schema if "properties" in each.schema else each.schema.get("items", {})
    known = {*(schema.get("properties") or next(iter(schema.get("examples", ())), ())), *each.derived}
    if schema.get("type") == "object":
        values = [value if isinstance(value := raw.get(each.name), list) else [value] for raw in rows]
        maps = [item for value in values for item in value if isinstance(item, dict)]
        yield f"{each.name} has no key but the documented ones", {*chain(*maps)} - known if maps else None
        added = each.derived | {key for key, at in schema.get("properties", {}).items() if "default" in at}
        if added:
            missing = {key for item in maps for key in added - item.keys()}
            yield f"{each.name} shows {', '.join(sorted(added))}", missing if maps else None


def _find_reference_claims(name: str, to: Reference, rows: Sequence[Raw], lists: Lookups) -> Claims:
    target, path = KINDS[to.kind], to.lookup or KINDS[to.kind].endpoints.path
    named = [item for raw in rows for _, item in list_items(name, to, raw) if item is not None]
    ids = [str(each.get("id") if isinstance(each, dict) else each) for each in named]
    there = {str(each.get("id")) for each in (*lists.get(path, ()), *lists.get(f"{target.endpoints.path}/system", ()))}
    yield f"{'.'.join((name, *to.path))} names only what {path} has", {*ids} - there if ids else None
    if to.lookup:
        items = lists.get(path, ())
        labels = {each["id"]: to.label(each) for each in lists.get(target.endpoints.path, ())}
        wrong = [str(each) for each in items if {"id", "label"} - each.keys() or each.get("type") != to.type]
        yield f"each of {path} is a {to.type} with id and label", wrong if items else None
        pairs = {(labels.get(str(each.get("id"))), str(each.get("label"))) for each in items}
        wrong = [label for expected, label in pairs if expected not in (None, label)]
        yield f"{path} has the label of the {to.kind}", wrong if any(dict(pairs)) else None
        available = {str(each.get("id")) for each in items if str(each.get("label")) in {*labels.values()}}
        yield f"{path} has the id of the {to.kind}", available - labels.keys() if available else None


def list_questions(kind: Kind) -> dict[str, str]:
    """What the documents do not say, or say in two ways, and a probe learns: the statements, each by a word."""
    parts, chosen, update = dict(kind.parts), kind.identity.chosen_id, kind.endpoints.update
    is_used = any(to.kind == kind.name for each in KINDS.values() for _, to in each.reference_fields)
    is_renamed = update and kind.identity.name_field != chosen
    has_cursor = kind.endpoints.pages is Pages.CURSOR and not parts
    omitted = "resets" if kind.endpoints.has_full_update else "keeps"
    asked: list[tuple[object, str, str]] = [
        (True, "answered", "a create answers with the record"),
        (parts, "parts", f"a create with {' and '.join(parts)} in its body is taken (unsure)"),
        (not chosen, "named", "an id is not its name (unsure)"),
        (is_renamed, "omitted", f"{update} {omitted} what is left out"),
        (is_used, "in use", "what another object uses is not deleted (unsure)"),
        (chosen, "reused", "a deleted id cannot be used again: it answers 409 (unsure)"),
        (has_cursor, "stale", "a header says that a cursor is gone (unsure)"),
        *((True, text, f"{update} {text} (unsure)") for text, *_ in find_updates(kind, kind.example)),
        *((True, text, f"a create {text} (unsure)") for text, *_ in find_creates(kind, kind.example)),
    ]
    for name, each in kind.sub_endpoints:
        path, end, by_id = f"{each.method} {each.path}", each.terminal, "has" if each.by_id else "lacks"
        asked += [
            (each.initial, f"{name} first", f"a new object is {each.initial} (unsure)"),
            (each.words, f"{name} again", f"{path} takes the {name} that it has"),
            (not each.words, f"{name} by id", f"GET by an id {by_id} {name} (unsure)"),
            (each.by_id, f"{name} unlike", f"{path} takes what a plan warns of (unsure)"),
            (end, f"{name} ended", f"the list has {end} ones (unsure)"),
            (end, f"{name} back", f"{end} cannot become {each.initial}: it answers 409 (unsure)"),
        ]
    return {word: text for applies, word, text in asked if applies}


def find_creates(kind: Kind, fields: Fields) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Creates that may be refused, by ids that nobody else has: the statement, the fields, whether they are taken."""
    chosen, ids = kind.identity.chosen_id, f"{fields.get(kind.identity.chosen_id)}"
    fixed = [each.name for each in kind.fields if each.immutable and each.name != chosen and chosen]
    tries = {f"without {each}": {**fields, chosen: f"{ids}-{each}", each: None} for each in fixed}
    tries |= {"with a blank and a colon in its id": {**fields, chosen: f"{ids} a:b"}} if chosen else {}
    for what, tried in tries.items():
        sent = {name: value for name, value in tried.items() if value is not None}
        takes = not kind.creation_errors(sent, {})
        yield f"{what} is {'taken' if takes else 'refused'}", sent, takes


def fill(value: Any, to: Reference | None, made: Mapping[str, Raw], read: Callable[[str], Sequence[Raw]]) -> Any:
    """A value with what is sent for an object in `made` in place of each reference. `read` gives a list of the API."""
    if isinstance(value, list):
        return [fill(each, to, made, read) for each in value]
    if to is None or not isinstance(value, dict) or to.key not in value:
        return with_value(value, to.path, made[to.kind]["id"]) if to and to.path and to.kind in made else value
    if to.kind not in made:
        raise ReconcilerError(f"it needs a {to.kind} that was made here")
    if not to.lookup:
        return made[to.kind]["id"]
    ours = {made[to.kind]["id"], to.label(made[to.kind])} - {None}
    items = [each for each in read(to.lookup) if ours & {str(each.get("id")), str(each.get("label"))}]
    if len(items) != 1:
        raise ReconcilerError(f"{to.lookup} does not offer the {to.kind} that was made here")
    return {name: items[0].get(name) for name in ("type", "id")}


def find_updates(kind: Kind, fields: Fields) -> Iterator[tuple[str, str, Any, Any]]:
    """What an update can ask: the fact, the field, what is sent, and what is there then. REFUSED: it is not taken."""
    for each in kind.fields if kind.endpoints.update else ():
        name, schema, is_list = each.name, each.schema, isinstance(old := fields.get(each.name), list)
        if each.sub_endpoint or name == kind.identity.chosen_id or not old:
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
