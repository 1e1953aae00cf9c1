"""Problems that no schema finds: references, natural keys, the paths of `ignore_changes`, and the blocks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any

from reconciler import kinds
from reconciler.config.merge import ConfigItem, Expansion
from reconciler.errors import Location, Problem, list_instances
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.comparison import get_value, join_keys
from reconciler.kinds.normalization import make_normal_form
from reconciler.kinds.references import references
from reconciler.kinds.resources import make_address_pattern
from reconciler.kinds.schema import DATE_PATTERN, LIFECYCLE, LOCAL_TIME
from reconciler.model.addresses import address_key, address_kind
from reconciler.serialization import to_json_text
from reconciler.text import Searches, add_article, cite, cut, find_misspelt, offer, suggest, suggest_similar
from reconciler.yaml import KeyPath

Items = Mapping[str, Sequence[ConfigItem]]
Keys = Mapping[str, Mapping[str, None]]
"""Kind → the keys of its resources."""
STEP = re.compile(r"[^.\[\]]+")


def check_semantics(
    entries: Iterable[ConfigItem], items: Items, policies: Iterable[ConfigItem], known: Expansion, *, is_complete: bool
) -> Iterator[Problem]:
    """Every such problem but those of natural keys. `known` has the resources. If it is not
    complete, a part was not read, so an unknown address may exist and is no problem."""
    searches = Searches()
    keys: dict[str, dict[str, None]] = {name: {} for name in KINDS}
    for address in known.resources:
        keys[address_kind(address)][address_key(address)] = None
    for entry in entries:
        if isinstance(entry.value, dict):
            kind = KINDS[address_kind(entry.name)]
            yield from _check_references(entry, kind, keys, searches, known, is_complete=is_complete)
            yield from _check_items(entry, ("lifecycle", "ignore_changes"), kind)
            yield from _check_spelling(entry, kind)
            yield from _check_local_times(entry, kind, searches)
    yield from _check_blocks(items, known)
    for policy in policies:
        yield from _check_items(policy, ("except",))


def _read_address(item: ConfigItem, key: str) -> str:
    """The address at a key of an item; empty if there is none, which the schema reports."""
    value = get_value(item.value, (key,))
    return value if isinstance(value, str) and re.fullmatch(make_address_pattern(), value) else ""


def _check_blocks(items: Items, known: Expansion) -> Iterator[Problem]:
    """Items of `moved`, `removed` and `imports` that contradict the configuration, themselves, or an item before."""
    first: dict[tuple[str, str, str], ConfigItem] = {}
    for item in chain(*items.values()):
        source, target = _read_address(item, "from"), _read_address(item, "to")
        if source in known.resources and source != target:
            expected = "expected it under `to` only" if item.name == "moved" else "expected it gone, or this item gone"
            location = known.resources[source].written.location
            message = f"from: {cut(source)} is still in the configuration, at {location}; {expected}"
            yield item.problem(("from",), message)
        if source and target and address_kind(source) != address_kind(target):
            message = f"to: {cut(source)} cannot become {cut(target)}; expected a key of the same kind"
            yield item.problem(("to",), message)
        elif source and source == target:
            yield item.problem(("to",), f"to: {cut(source)} moves to itself; expected another key")
        if target in known.definitions and target not in known.resources:
            yield item.problem(("to",), f"to: {list_instances(cut(target), known.definitions[target])}")
        object_id = get_value(item.value, ("id",))
        for key, what in (("from", source), ("to", target), ("id", object_id if isinstance(object_id, str) else "")):
            kind = address_kind(target) if key == "id" else ""  # Objects of two kinds may have the same id.
            other = first.setdefault((key, kind, what), item)
            if what and other is not item:
                message = f"{key}: {cite(what)} is in {other.name} at {other.written.location} already"
                yield item.problem((key,), f"{message}; expected it once")


def select_imports(
    items: Iterable[ConfigItem], name: str, environments: Collection[str], problems: list[Problem]
) -> Iterator[ConfigItem]:
    """The imports of the environment `name`, each with one id. `problems` gets those for unknown environments."""
    for item in items:
        ids = get_value(item.value, ("id",))
        for wrong in ids if isinstance(ids, dict) and environments else ():
            if wrong not in environments:
                expected = f"expected {offer(list(environments))}{suggest_similar(wrong, list(environments))}"
                message = f"id: there is no environment {cite(wrong)}; {expected}"
                problems.append(item.problem(("id", wrong), message, at_key=True))
        if not isinstance(ids, dict) or not ids:
            yield item
        elif name in ids:
            yield replace(item, value={**item.value, "id": ids[name]})


def _check_local_times(entry: ConfigItem, kind: Kind, searches: Searches) -> Iterator[Problem]:
    """Local times of an unknown zone, or whose UTC time is off the grid in a season. The schema reports other forms."""
    for name, (rule, grid) in kind.find_local_times(entry.value).items():
        zone = rule.partition(" ")[2]
        if not re.fullmatch(LOCAL_TIME, rule):
            continue
        if not kinds.local_time.is_zone(zone):
            close = searches.suggest_similar(zone, kinds.local_time.list_zones(name))
            message = f"{name}: {cite(zone)} is no time zone; expected Area/City, for example Europe/Berlin{close}"
            yield entry.problem((name,), message, f"zone {zone}")
        elif message := kinds.local_time.find_grid_problem(rule, grid, datetime.now(UTC)):
            yield entry.problem((name,), f"{name}: {message}")


def _check_spelling(entry: ConfigItem, kind: Kind) -> Iterator[Problem]:
    """Misspelt words in fields for which the API may take more words than its documents list; and bodies too large."""
    for field in kind.fields:
        value = entry.value.get(field.name)
        if field.most_bytes and field.sub_endpoint:
            size = len(to_json_text({field.sub_endpoint.key: value}).encode("utf-8", "surrogatepass"))
            message = f"{field.name}: the request for it has {size:,} bytes; expected at most {field.most_bytes:,}"
            yield from [entry.problem((field.name,), message)] if size > field.most_bytes else ()
        if isinstance(value, str) and field.known and value not in field.known:
            if option := find_misspelt(value, field.known):
                message = f"{field.name}: found the text {cite(value)}; expected one of {', '.join(field.known)}"
                yield entry.problem((field.name,), message + suggest([option]))
        elif isinstance(value, dict | list):
            yield from _check_key_spelling(entry, (field.name,), field.schema, value)


def _check_key_spelling(entry: ConfigItem, path: KeyPath, schema: Mapping[str, Any], value: Any) -> Iterator[Problem]:
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _check_key_spelling(entry, (*path, index), schema.get("items", {}), each)
    elif isinstance(value, dict) and schema.get("additionalProperties", True) and "properties" in schema:
        known = schema["properties"]
        for key, each in value.items():
            if key in known:
                yield from _check_key_spelling(entry, (*path, key), known[key], each)
            elif option := find_misspelt(key, (name for name in known if name not in value)):
                message = f"unknown key {cite(key)}; expected one of {', '.join(known)}{suggest([option])}"
                yield entry.problem((*path, key), f"{join_keys(path)}: {message}", at_key=True)


def _check_references(
    entry: ConfigItem, kind: Kind, keys: Keys, searches: Searches, known: Expansion, *, is_complete: bool
) -> Iterator[Problem]:
    for address, keys_to, reference in references(kind, entry.value):
        path = (*keys_to, reference.key)
        key = address_key(address)
        if key in keys[reference.kind]:
            continue
        others = [kind for kind in KINDS if key in keys[kind]]
        if place := known.left_out.get(address):
            message = f"only_in at {place} leaves {cut(address)} out of this environment; expected both in it, or none"
            yield entry.problem(path, f"{join_keys(path)}: {message}", f"left out {address}")
        elif made := known.definitions.get(address):
            message = list_instances(cite(key), [address_key(each) for each in made], "key")
            yield entry.problem(path, f"{join_keys(path)}: {message}", f"made of {address}")
        elif is_complete or others:
            what = f"{cite(key)} is {add_article(others[0])}" if others else f"there is no {reference.kind} {cite(key)}"
            expected = f"the key of {add_article(reference.kind)} of this configuration"
            message = f"{what}; expected {expected}{searches.suggest_similar(key, keys[reference.kind])}"
            name, _, rest = key.partition(".")
            if name == reference.kind and rest in keys[name]:
                message = f"found the address {cite(key)}; expected the key alone{suggest([rest])}"
            yield entry.problem(path, f"{join_keys(path)}: {message}", "" if others else f"{reference.kind}.{key}")


def _check_items(entry: ConfigItem, above: KeyPath, kind: Kind | None = None) -> Iterator[Problem]:
    """Items of a list with an `until` that is no day; and, if they name fields of a kind, those that do not exist."""
    written = get_value(entry.value, above)
    for index, each in enumerate(written if isinstance(written, list) else ()):
        key_path: KeyPath = (*above, index)
        item = each if isinstance(each, dict) else {"field": each}
        if reason := explain_bad_day(item.get("until")):
            yield entry.problem((*key_path, "until"), f"{join_keys((*key_path, 'until'))}: {reason}")
        path = item.get("field")
        if kind and isinstance(path, str) and path and (reason := _explain_bad_path(path, _map_schemas(kind))):
            at = (*key_path, "field") if item is each else key_path
            yield entry.problem(at, f"{join_keys(key_path)}: {cite(path)} {reason}")


def explain_bad_day(text: object) -> str:
    """Why a text in the form of a date is no day; empty if it is one. The schema reports other forms."""
    if not isinstance(text, str) or not re.fullmatch(DATE_PATTERN, text):
        return ""
    try:
        date.fromisoformat(text)
    except ValueError:
        return f"the calendar has no {cite(text)}; expected a day that is, for example 2027-01-31"
    return ""


def explain_bad_field(text: str) -> str:
    """Why FIELD or KIND.FIELD names no field; empty if it names one."""
    kind, _, path = text.partition(".")
    has_kind = path and kind in KINDS
    kinds = [KINDS[kind]] if has_kind else KINDS.values()
    return _explain_bad_path(path if has_kind else text, {**_map_schemas(*kinds), "lifecycle": LIFECYCLE})


def _map_schemas(*kinds: Kind) -> dict[str, Mapping[str, Any]]:
    return {field.name: field.schema for kind in kinds for field in kind.fields}


def _explain_bad_path(path: str, schemas: Mapping[str, Mapping[str, Any]]) -> str:
    """Why a path names no value of a resource; empty if it names one. `schemas`: field → its schema."""
    names = list(schemas)
    name, *steps = path.split(".")
    plain, bracket, _ = path.partition("[")
    if plain.split(".")[0] not in names:
        return f"is no field; expected one of {', '.join(names)}, or a path within one{suggest_similar(name, names)}"
    if bracket:
        return f"goes into a list; expected a path of keys{suggest([plain])}"
    schema = schemas[name]
    for step in steps:
        if schema.get("type", "object") != "object":
            close = suggest([path.removesuffix("." + ".".join(steps))])
            return f"goes into a value that is no map; expected a path of keys{close}"
        if not STEP.fullmatch(step):
            return "has an empty key; expected a path such as data.actions.push"
        known = schema.get("properties", {})
        if step not in known and schema.get("additionalProperties") is False:
            return f"has no key {cite(step)}; expected one of {', '.join(known)}{suggest_similar(step, list(known))}"
        schema = known.get(step, {})
    return ""


def check_natural_keys(entries: Iterable[ConfigItem], unknown: Collection[Location]) -> Iterator[Problem]:
    """Resources with the same natural key, by which the API's objects are found. Values at `unknown` do not count."""
    first: dict[tuple[str, ...], tuple[ConfigItem, list[Any]]] = {}
    maps = (each for each in entries if isinstance(each.value, dict))
    for entry in sorted(maps, key=lambda each: each.written.location):
        identity, key = KINDS[address_kind(entry.name)].identity, address_key(entry.name)
        values = [entry.value.get(name, key if name == identity.chosen_id else None) for name in identity.natural_key]
        if not all(isinstance(each, str) for each in values) or (
            unknown and any(entry.written.locate(name) in unknown for name in identity.natural_key)
        ):
            continue
        # Names that differ only in spaces at the ends are the same for an API that removes these.
        other, known = first.setdefault((address_kind(entry.name), *map(make_normal_form, values)), (entry, values))
        if other is not entry:
            same = ", ".join(f"{name} {cite(each)}" for name, each in zip(identity.natural_key, values, strict=True))
            if values != known:
                same += ", except for spaces at the ends or how letters are composed,"
            message = f"{entry.subject} has the same {same} as {other.subject} at {other.written.location}"
            message += "; expected a difference, since these tell two objects apart"
            yield Problem(*entry.written.location, message, subject=entry.subject, cause=f"same as {other.name}")
