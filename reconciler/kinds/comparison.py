"""Paths within fields, and the comparison of desired fields with live ones. The only importer of deepdiff."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from reconciler.kinds.declaration import Field, Kind
from reconciler.kinds.schema import Schema
from reconciler.lazy import load
from reconciler.model.inputs import Entry, Fields
from reconciler.model.plan import Cause
from reconciler.serialization import to_canonical

Keys = Sequence[str | int]
INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")  # Within 64 bits, and one text for each number.
PLAIN_KEY = re.compile(r"[\w-]+")
STEP = re.compile(r'\.?([\w-]+)|\[(\d{1,9})\]|\[("(?:[^"\\]|\\.)*")\]')


def join_keys(keys: Iterable[str | int], path: str = "") -> str:
    """The path of these keys: `["data", "initiators", 0, "uid"]` gives `data.initiators[0].uid`, and an unusual key is
    quoted: `data["a b"]`. The first key is the name of a field, unless `path` is that of what they are within."""
    for key in keys:
        if isinstance(key, int):
            path += f"[{key}]"
        elif not path:
            path = key
        else:
            path += f".{key}" if PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"
    return path


def is_within(path: str, outer: str) -> bool:
    """Whether a path is that of `outer`, or of something in it."""
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))


def parse_path(path: str) -> tuple[str | int, ...] | None:
    """The keys of a path; None if the text is no path."""
    steps = list(STEP.finditer(path))
    if "".join(step[0] for step in steps) != path or path.startswith("."):
        return None
    groups = (step.groups() for step in steps)
    try:
        return tuple(name or (int(number) if number else json.loads(quoted)) for name, number, quoted in groups)
    except ValueError:
        return None


def get_value(value: Any, keys: Keys) -> Any:
    """The value at these keys of nested maps and lists; None if there is none."""
    for key in keys:
        if isinstance(key, int):
            value = value[key] if isinstance(value, list) and key < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def with_value(value: Any, keys: Keys, new: Any) -> Any:
    """A copy of nested maps and lists with another value at these keys; unchanged if a key leads to neither."""
    if not keys:
        return new
    head, *rest = keys
    if isinstance(head, int) and isinstance(value, list):
        return [*value[:head], with_value(value[head], rest, new), *value[head + 1 :]]
    if value is not None and not isinstance(value, dict):
        return value
    return {**(value or {}), head: with_value((value or {}).get(head), rest, new)}


class Difference(NamedTuple):
    """A value that is not as desired: its field, the keys within the field, the live value and the desired one."""

    field: Field
    keys: tuple[str | int, ...]
    before: Any
    after: Any

    @property
    def key_path(self) -> tuple[str | int, ...]:
        """The keys from the fields on: the field's name, and those within it."""
        return (self.field.name, *self.keys)

    @property
    def path(self) -> str:
        """The path as people read it: `data.initiators[0].uid`."""
        return join_keys(self.key_path)

    @property
    def outer_keys(self) -> tuple[str, ...]:
        """The keys of the value that is judged as a whole: of the list around the difference, or of itself."""
        return outer_keys(self.key_path)


def outer_keys(keys: Keys) -> tuple[str, ...]:
    """The keys up to the first list: a list is managed as a whole."""
    return tuple(str(key) for key in takewhile(lambda key: not isinstance(key, int), keys))


def is_equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: 1 and 1.0 are, 1 and true are not."""
    if type(one) is str:  # Most values are texts: the quick way first.
        return bool(one == other)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_equal, one, other))
    return bool(one == other)


def is_same_value(field: Field, one: Any, other: Any) -> bool:
    """Whether two values of a field are the same. The order of an unordered list does not count."""
    if field.unordered and isinstance(one, list) and isinstance(other, list):
        return set(map(to_canonical, one)) == set(map(to_canonical, other))
    return is_equal(one, other)


def overlay(live: Any, desired: Any) -> Any:
    """`live` updated with `desired`, at every depth of maps."""
    if not (isinstance(live, dict) and isinstance(desired, dict)):
        return desired
    return {**live, **{key: overlay(live.get(key), value) for key, value in desired.items()}}


def without_nulls(value: Any) -> Any:
    """The value without keys that are null: for the API a null and a missing key are the same."""
    if not isinstance(value, dict):
        return value
    return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}


def without_path(fields: Fields, path: str) -> dict[str, Any]:
    """The fields without the value at a dotted path."""
    name, _, rest = path.partition(".")
    if not rest:
        return {key: value for key, value in fields.items() if key != name}
    inner = fields.get(name)
    return {**fields, name: without_path(inner, rest)} if isinstance(inner, dict) else dict(fields)


def select_managed(kind: Kind, fields: Fields, ignored: Iterable[str] = ()) -> dict[str, Any]:
    """The managed fields: without those in `ignored` (paths), without what the API derives, and with what it adds."""
    result = dict(fields)
    for path in ignored:
        result = without_path(result, path)
    for each in kind.rewritten:
        if each.derived and isinstance(result.get(each.name), dict):
            result[each.name] = {key: value for key, value in result[each.name].items() if key not in each.derived}
        if each.name in result and "items" in each.schema:
            result[each.name] = as_declared(each.schema, result[each.name])
    return result


def as_declared(schema: Schema, value: Any) -> Any:
    """The value with each scalar in the type of the schema, if nothing is lost by that, and with the `default` of each
    property that an item of a list lacks."""
    types = schema.get("type", ())  # One name or a list of them: no name is a part of another one.
    if isinstance(value, str):
        return int(value) if "integer" in types and INTEGER.fullmatch(value) else value
    if isinstance(value, dict) and "properties" in schema:
        known: Mapping[str, Schema] = schema["properties"]
        return {key: as_declared(known[key], inner) if key in known else inner for key, inner in value.items()}
    if isinstance(value, list) and "items" in schema:
        item = schema["items"]
        added = {key: each["default"] for key, each in item.get("properties", {}).items() if "default" in each}
        return [as_declared(item, {**one, **added, **one} if added and isinstance(one, dict) else one) for one in value]
    return str(value) if type(value) is int and "string" in types and "integer" not in types else value


def find_differences(kind: Kind, desired: Fields, live: Fields, known: Entry | None = None) -> list[Difference]:
    """The differences of `live` from `desired`, in the order of the kind's fields. Fields that `desired` lacks are not
    compared. `known` is the entry of the object: a value that the API has normalized is no difference while it is
    desired."""
    stored = find_stored(desired, live, known) if known is not None else {}
    # Live is compared with what the API showed last in place of such a value. A difference has the value itself.
    shown = with_values(desired, stored)
    present = [each for each in kind.fields if each.name in desired]
    # Nearly all values are the same.
    changed = [each for each in present if not is_equal(shown[each.name], live.get(each.name))]
    found = [one for each in changed for one in _find_field_differences(each, shown[each.name], live.get(each.name))]
    if not stored:
        return found
    wanted = [each._replace(after=get_value(desired, each.key_path)) for each in found]
    return [each for each in wanted if not is_equal(each.before, each.after)]


def find_stored(desired: Fields, live: Fields, known: Entry) -> dict[str, Any]:
    """Path → stored value, of what the API normalized, if what was sent is still desired and is not live."""
    stored = {}
    for path, value in known.stored.items():
        keys = parse_path(path) or ()
        sent = get_value(known.applied, keys)
        if keys and is_equal(get_value(desired, keys), sent) and not is_equal(get_value(live, keys), sent):
            stored[path] = value
    return stored


def with_values(fields: Fields, values: Mapping[str, Any]) -> Fields:
    """The fields with these values, by path."""
    for path, value in values.items():
        fields = with_value(fields, parse_path(path) or (path,), value)
    return fields


def _find_field_differences(each: Field, desired: Any, live: Any) -> list[Difference]:
    if each.unordered and isinstance(live, list):
        return [] if is_same_value(each, desired, live) else [Difference(each, (), live, desired)]
    before, after = without_nulls(live), without_nulls(overlay(live, desired))
    if is_equal(before, after):
        return []
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [Difference(each, (), before, after)]
    # Lists are compared item by item, because the cause of a difference is found by the item's index. "Private" are
    # keys that begin with two underscores, which the library would leave out.
    compare = load("deepdiff:DeepDiff")
    tree = compare(before, after, view="tree", zip_ordered_iterables=True, ignore_private_variables=False)
    found = []
    for level in (level for levels in tree.values() for level in levels if not is_equal(level.t1, level.t2)):
        values = (None if type(value).__name__ == "NotPresent" else value for value in (level.t1, level.t2))
        found.append(Difference(each, tuple(level.path(output_format="list")), *values))
    return sorted(found, key=lambda difference: difference.path)


def flatten(kind: Kind, fields: Fields) -> list[tuple[str, Any]]:
    """Path → value of all leaves of the fields, in the order of the kind's fields, as a list."""
    whole = {join_keys((name, *each.path)) for name, each in kind.reference_fields if each.path}
    return [leaf for name in kind.field_names if name in fields for leaf in list_leaves(name, fields[name], whole)]


def list_leaves(path: str, value: Any, whole: Collection[str] = ()) -> Iterator[tuple[str, Any]]:
    """Path → value of all that is within a value, or the value itself, unless it is a map with keys. What stands at the
    paths in `whole` is one value."""
    if not isinstance(value, dict) or not value or path in whole:
        yield path, value
        return
    for key, inner in value.items():
        yield from list_leaves(join_keys([key], path), inner, whole)


def find_cause(difference: Difference, entry: Entry | None, rule: str = "") -> Cause:
    """Who changed a value since the last apply: `config`, `drift` or `both`; `unknown` without an entry. `rule`: the
    local time that it is written as; while that is the same, a UTC time that we have set is changed by the `clock`."""
    if entry is None:
        return Cause.UNKNOWN
    known = entry.rules.get(difference.path, "")
    if rule and known == rule:
        is_ours = is_equal(entry.applied.get(difference.path), difference.before)
        return Cause.CLOCK if is_ours else Cause.DRIFT
    sources = (entry.applied, with_values(entry.applied, entry.stored))  # As we sent it, and as the API showed it.
    around = [get_value(each, difference.outer_keys[:-1]) for each in sources]
    # The field, or the key within it, was not managed when it was last applied.
    if not all(isinstance(each, dict) and difference.outer_keys[-1] in each for each in around):
        return Cause.CONFIG
    applied, shown = (get_value(each, difference.key_path) for each in sources)
    ours = known == rule and is_same_value(difference.field, applied, difference.after)
    theirs = any(is_same_value(difference.field, each, difference.before) for each in (applied, shown))
    if ours and not theirs:
        return Cause.DRIFT
    return Cause.CONFIG if theirs else Cause.BOTH
