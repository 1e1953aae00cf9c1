"""Desired fields against live ones, by what the kind declares. The only importer of deepdiff, and only when needed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from reconciler.json_text import canonical
from reconciler.kinds.declaration import Field, Kind
from reconciler.model.desired import Fields

PLAIN_KEY = re.compile(r"[\w-]+")


class Difference(NamedTuple):
    """One spot where live is not as desired: its field, the way into the field's value, and both values there."""

    field: Field
    keys: tuple[str | int, ...]
    before: Any
    after: Any

    @property
    def path(self) -> str:
        """The spot in a word: `data.initiators[0].uid`."""
        return dotted(self.field.name, self.keys)


def alike(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: 1 and 1.0 are, 1 and true are not."""
    if type(one) is str:
        return bool(one == other)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other)


def overlaid(live: Any, desired: Any) -> Any:
    """`desired` laid over `live`: keys that are not written keep their live value, at every depth of maps."""
    if not (isinstance(live, dict) and isinstance(desired, dict)):
        return desired
    return {**live, **{key: overlaid(live.get(key), value) for key, value in desired.items()}}


def without_nulls(value: Any) -> Any:
    """A null and a missing key mean the same, so neither is compared."""
    if not isinstance(value, dict):
        return value
    return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}


def without_path(fields: Fields, path: str) -> dict[str, Any]:
    """The fields with what stands at a dotted path left out, as if it had not been written."""
    name, _, rest = path.partition(".")
    if name not in fields:
        return dict(fields)
    if not rest:
        return {key: value for key, value in fields.items() if key != name}
    inner = fields[name]
    return {**fields, name: without_path(inner, rest)} if isinstance(inner, dict) else dict(fields)


def written(kind: Kind, fields: Fields, ignored: Iterable[str] = ()) -> dict[str, Any]:
    """The fields that are managed: without what is ignored and without what the API derives."""
    result = dict(fields)
    for path in ignored:
        result = without_path(result, path)
    for each in kind.fields:
        if each.derived and isinstance(result.get(each.name), dict):
            result[each.name] = {key: value for key, value in result[each.name].items() if key not in each.derived}
    return result


def differences(kind: Kind, desired: Fields, live: Fields) -> list[Difference]:
    """Where `live` is not as `desired`, in the order of the kind's fields; what is not written is not compared."""
    found: list[Difference] = []
    for each in kind.fields:
        if each.name in desired:
            found.extend(_field_differences(each, desired[each.name], live.get(each.name)))
    return found


def _field_differences(each: Field, desired: Any, live: Any) -> list[Difference]:
    if alike(desired, live):
        return []
    if each.unordered and isinstance(live, list):
        same = set(map(canonical, desired)) == set(map(canonical, live))
        return [] if same else [Difference(each, (), live, desired)]
    before, after = without_nulls(live), without_nulls(overlaid(live, desired))
    if alike(before, after):
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        return _nested_differences(each, before, after)
    return [Difference(each, (), before, after)]


def _nested_differences(each: Field, before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    from deepdiff import DeepDiff  # noqa: PLC0415 - a plan without changes need not pay for its import

    # Lists are held against each other item by item, so that an item's cause can be told by its place.
    tree = DeepDiff(before, after, view="tree", zip_ordered_iterables=True, ignore_private_variables=False)
    found = [
        Difference(each, tuple(level.path(output_format="list")), _present(level.t1), _present(level.t2))
        for levels in tree.values()
        for level in levels
        if not alike(level.t1, level.t2)
    ]
    return sorted(found, key=lambda difference: difference.path)


def _present(value: Any) -> Any:
    return None if type(value).__name__ == "NotPresent" else value


def dotted(name: str, keys: Iterable[str | int]) -> str:
    """`data`, `["initiators", 0, "uid"]` give `data.initiators[0].uid`; an unusual key stands in quotes."""
    path = name
    for key in keys:
        if isinstance(key, int):
            path += f"[{key}]"
        else:
            path += f".{key}" if PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"
    return path


def flattened(kind: Kind, fields: Fields) -> list[tuple[str, Any]]:
    """Every written value with its path, maps opened, in the order of the kind's fields: what a create shows."""
    found: list[tuple[str, Any]] = []
    for name in kind.field_names():
        if name in fields:
            _flatten(name, fields[name], found)
    return found


def _flatten(path: str, value: Any, found: list[tuple[str, Any]]) -> None:
    if not isinstance(value, dict) or not value:
        found.append((path, value))
        return
    for key, inner in value.items():
        _flatten(dotted(path, [key]), inner, found)
