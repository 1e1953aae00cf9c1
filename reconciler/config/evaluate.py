"""What is written, for one environment: its variables put in, held against the schemas, and sound as a whole."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.config.locations import Marks, Sources
from reconciler.config.merge import Entry, Merged, Written
from reconciler.config.schema_problems import problems_of
from reconciler.config.semantics import block_problems, semantic_problems
from reconciler.config.text import cut
from reconciler.config.unread import Position, Unread, position_of_problem
from reconciler.config.variables import Substitution
from reconciler.errors import Problem
from reconciler.kinds import KINDS
from reconciler.model.desired import (
    Desired,
    Ignored,
    Import,
    Lifecycle,
    Location,
    Moved,
    Removed,
    Resource,
    address_kind,
)
from reconciler.model.settings import Environment


def evaluate(
    merged: Merged, environment: Environment | None, doubt: Unread, folder: Path
) -> tuple[Desired, list[Problem]]:
    """What an environment wants, and every problem of it. Without an environment only the problems mean something."""
    substitution = Substitution(environment)
    resources = _entries(merged.resources.items(), substitution)
    misplaced = _entries(merged.misplaced, substitution)
    items = {
        name: _entries(((name, each) for each in written), substitution) for name, written in merged.blocks.items()
    }
    unknown = {*doubt.unread, *substitution.unknown}
    entries = [*resources, *misplaced]
    gaps = _with_gaps(entries, doubt.unread_aliases)
    found = [
        *_schema_problems([*entries, *(item for each in items.values() for item in each)], unknown, gaps),
        *semantic_problems(entries, merged.resources, unknown, whole=doubt.whole),
        *block_problems(items, merged.resources, unknown),
    ]
    # What stands in for a value that could not be read is none, and has its problem already.
    if found or substitution.problems or unknown:
        return Desired({}), [*substitution.problems, *found]
    return _desired(resources, items, folder, environment.set_at if environment else {}), []


def _entries(written: Iterable[tuple[str, Written]], substitution: Substitution) -> list[Entry]:
    return [Entry(name, substitution.plain(each.node, each.place.file, each.mark), each) for name, each in written]


def _with_gaps(entries: Iterable[Entry], unread_aliases: Iterable[Position]) -> set[Position]:
    """The keys of resources in which an alias brings nothing, so what is missing there may only be misspelled."""
    keys = sorted(entry.key_spot for entry in entries)
    before = ((keys[at - 1], hole) for hole in unread_aliases if (at := bisect(keys, hole)))
    return {key for key, hole in before if key[0] == hole[0]}


def _schema_problems(entries: Iterable[Entry], unknown: set[Position], gaps: set[Position]) -> Iterator[Problem]:
    for entry in entries:
        if entry.spot() in unknown:
            continue
        written, file = entry.written, entry.written.place.file
        subject = f"{cut(entry.name)}: "
        for problem in problems_of(
            address_kind(entry.name), entry.value, written.node, file, written.mark, subject, entry.key_spot[1:]
        ):
            # What is missing is missed at the resource's key, and nothing stands in for that.
            spot = position_of_problem(problem)
            if spot not in gaps if spot == entry.key_spot else spot not in unknown:
                yield problem


def _desired(
    resources: Iterable[Entry], items: Mapping[str, Iterable[Entry]], folder: Path, set_at: Mapping[str, Location]
) -> Desired:
    @cache
    def relative(file: str) -> str:
        return Path(file).relative_to(folder).as_posix()

    ordered = sorted(resources, key=lambda each: each.name)
    return Desired(
        resources={entry.name: _resource(entry, relative(entry.written.place.file), set_at) for entry in ordered},
        moved=tuple(Moved(each.value["from"], each.value["to"], each.written.place) for each in items["moved"]),
        removed=tuple(
            Removed(each.value["from"], each.value["destroy"], each.written.place) for each in items["removed"]
        ),
        imports=tuple(Import(each.value["to"], each.value["id"], each.written.place) for each in items["imports"]),
    )


def _resource(entry: Entry, file: str, set_at: Mapping[str, Location]) -> Resource:
    kind = address_kind(entry.name)
    fields = {name: entry.value[name] for name in KINDS[kind].field_names() if name in entry.value}
    lifecycle = _lifecycle(entry.value.get("lifecycle", {}))
    node = entry.written.node
    sources = Sources(node, set_at)
    return Resource(entry.name, kind, fields, entry.written.place, lifecycle, Marks(node), file, sources)


def _lifecycle(written: Mapping[str, Any]) -> Lifecycle:
    return Lifecycle(
        prevent_destroy=written.get("prevent_destroy"),
        ignore_changes=tuple(
            Ignored(**each) if isinstance(each, dict) else Ignored(each) for each in written.get("ignore_changes", ())
        ),
        replace=written.get("replace") == "allow",
    )
