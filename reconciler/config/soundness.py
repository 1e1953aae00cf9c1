"""What no schema can say of resources: references, natural keys, and paths that `ignore_changes` names."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from reconciler.config.closest import Searches, closest, meant
from reconciler.config.entry import Entry
from reconciler.config.findings import Spot
from reconciler.config.merge import Written, keys_by_kind
from reconciler.config.wording import cut, quoted, with_article
from reconciler.errors import Problem
from reconciler.kinds import KINDS, Reference
from reconciler.kinds.normalization import normal_form
from reconciler.kinds.references import references
from reconciler.kinds.schema import DATE_PATTERN
from reconciler.model.desired import kind_of

STEP = re.compile(r"[^.\[\]]+")


def soundness(
    entries: Iterable[Entry], known: Mapping[str, Written], unknown: Container[Spot], *, whole: bool
) -> Iterator[Problem]:
    """Every such problem of a configuration, in which `known` are the addresses. Values at `unknown` spots say nothing.

    Not `whole`: part of it could not be read, so an address that is not known may still be there.
    """
    maps = [entry for entry in entries if isinstance(entry.value, dict)]
    keys = keys_by_kind(known)
    searches = Searches()
    for entry in maps:
        yield from _references(entry, keys, unknown, searches, whole=whole)
        yield from _ignored(entry, unknown)
    yield from _natural_keys((entry for entry in maps if known.get(entry.name) is entry.written), unknown)


def _references(
    entry: Entry, keys: Mapping[str, Mapping[str, None]], unknown: Container[Spot], searches: Searches, *, whole: bool
) -> Iterator[Problem]:
    for address, name, index, reference in references(KINDS[kind_of(entry.name)], entry.value):
        path = (name, index, reference.key)
        key = address.partition(".")[2]
        if key in keys[reference.kind] or entry.spot(*path) in unknown:
            continue
        others = [kind for kind in KINDS if key in keys[kind]]
        if whole or others:
            said = _dangling(key, reference, others, keys[reference.kind], searches)
            yield entry.problem(path, f"{cut(entry.name)}: {name}[{index}].{reference.key}: {said}")


def _dangling(key: str, reference: Reference, others: list[str], known: Mapping[str, None], searches: Searches) -> str:
    kind, dot, rest = key.partition(".")
    what = f"{quoted(key)} is {with_article(others[0])}" if others else f"there is no {reference.kind} {quoted(key)}"
    if dot and kind == reference.kind and rest in known:
        return f"found the address {quoted(key)}; expected the key alone{meant([rest])}"
    expected = f"the key of {with_article(reference.kind)} of this configuration"
    return f"{what}; expected {expected}{searches.closest(key, known)}"


def _ignored(entry: Entry, unknown: Container[Spot]) -> Iterator[Problem]:
    lifecycle = entry.value.get("lifecycle")
    paths = lifecycle.get("ignore_changes") if isinstance(lifecycle, dict) else None
    for index, written in enumerate(paths if isinstance(paths, list) else ()):
        spot: tuple[str | int, ...] = ("lifecycle", "ignore_changes", index)
        path = written
        if isinstance(written, dict):
            if (said := _no_day(written.get("until"))) and entry.spot(*spot, "until") not in unknown:
                what = f"{cut(entry.name)}: lifecycle.ignore_changes[{index}].until"
                yield entry.problem((*spot, "until"), f"{what}: {said}")
            path, spot = written.get("field"), (*spot, "field")
        said = _no_path(path, kind_of(entry.name)) if isinstance(path, str) and path else ""
        if said and entry.spot(*spot) not in unknown:
            yield entry.problem(spot, f"{cut(entry.name)}: lifecycle.ignore_changes[{index}]: {quoted(path)} {said}")


def _no_day(text: object) -> str:
    """Why a text of the form of a date is no day; empty if it is one. The schema tells of other forms."""
    if not isinstance(text, str) or not re.fullmatch(DATE_PATTERN, text):
        return ""
    try:
        date.fromisoformat(text)
    except ValueError:
        return f"the calendar has no {quoted(text)}; expected a day that is, for example 2027-01-31"
    return ""


def _no_path(path: str, kind: str) -> str:
    """Why a path names nothing that could be ignored, or nothing where it does."""
    names = list(KINDS[kind].field_names())
    name, *steps = path.split(".")
    plain, bracket, _ = path.partition("[")
    if plain.split(".")[0] not in names:
        return f"is no field; expected one of {', '.join(names)}, or a path within one{closest(name, names)}"
    if bracket:
        return f"goes into a list; expected a path of keys{meant([plain])}"
    schema: Mapping[str, Any] = KINDS[kind].field_named(name).schema
    for step in steps:
        if schema.get("type", "object") != "object":
            return (
                f"goes into what is no map; expected a path of keys{meant([path.removesuffix('.' + '.'.join(steps))])}"
            )
        if not STEP.fullmatch(step):
            return "has an empty key; expected a path such as data.actions.push"
        schema = schema.get("properties", {}).get(step, {})
    return ""


def _natural_keys(entries: Iterable[Entry], unknown: Container[Spot]) -> Iterator[Problem]:
    first: dict[tuple[str, ...], Entry] = {}
    for entry in sorted(entries, key=lambda each: each.key_spot):
        kind = KINDS[kind_of(entry.name)]
        values = [entry.value.get(name) for name in kind.natural_key]
        if not all(isinstance(each, str) for each in values) or any(
            entry.spot(name) in unknown for name in kind.natural_key
        ):
            continue
        # An API that takes spaces at the ends away makes one of two names that differ in these.
        other = first.setdefault((kind.name, *map(normal_form, values)), entry)
        if other is not entry:
            same = ", ".join(f"{name} {quoted(each)}" for name, each in zip(kind.natural_key, values, strict=True))
            if values != [other.value.get(name) for name in kind.natural_key]:
                same += ", but for spaces at the ends or how letters are composed,"
            message = f"{cut(entry.name)} has the same {same} as {cut(other.name)} at {other.written.place}"
            yield Problem(*entry.key_spot, f"{message}; expected a difference, since these tell two objects apart")
