"""The live project as YAML, and its state."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from reconciler.api import Reader
from reconciler.commands.session import Session, written_kinds
from reconciler.config.schema_problems import violations
from reconciler.config.text import KEY_FOUND, holds_key
from reconciler.errors import Refused
from reconciler.git import repository_top
from reconciler.kinds import KINDS
from reconciler.kinds.published import published
from reconciler.model.inputs import Fields, Live, ObjectRef, State
from reconciler.observe import Lists, counted_by_kind, wait_remembered, with_parts
from reconciler.plan.export import Exported, export
from reconciler.state.operations import load_state
from reconciler.state.recorder import Recorder, with_counts

CONFIGURATION = "configuration.schema.json"
SCHEMA = f"schemas/{CONFIGURATION}"
"""The file that editors are pointed to."""


def export_project(session: Session) -> Exported:
    """The live project as YAML, with its memory for the state, and the schema for editors if there is none yet. Refused
    where something is managed already."""
    state = load_state(session.store, session.read_state())[1]
    if session.configuration.merged.resources or state.entries:
        raise Refused(
            f"{session.configuration.path} already manages objects; an export would write over that",
            hint="export into an empty folder",
        )
    for each in session.configuration.merged.defaults:
        said = f"{each.location}: these defaults would change what is exported"
        raise Refused(said, hint="export into an empty folder, and write defaults after that")
    schema = _find_schema(session.opened.folder)
    live, now = read_live(session, state), session.door.clock()
    exported = export(live, find_objections, schema or SCHEMA)
    kept = {ObjectRef.parse(name) for name, each in state.tombstones.items() if each.protected}
    entries = {
        address: with_counts(address, replace(each, protected=ObjectRef.at(address, each.id) in kept), live, now)
        for address, each in exported.entries.items()
    }
    added = {} if schema else {SCHEMA: json.dumps(published()[CONFIGURATION], indent=2, ensure_ascii=False) + "\n"}
    return replace(exported, entries=entries, files={**exported.files, **added})


def find_objections(kind: str, fields: Fields) -> list[tuple[str, str]]:
    """The fields of a live object that no configuration may have, each with the reason."""
    keys = [name for name, value in fields.items() if holds_key(json.dumps(value, ensure_ascii=False))]
    return violations(kind, fields) + [(name, KEY_FOUND) for name in keys]


def read_live(session: Session, state: State, also: Iterable[ObjectRef] = (), used: Iterable[str] = ()) -> Live:
    """All that is live, with every list in which a reference is looked up. `also`: objects that no list may show.
    `used`: kinds that are asked for, so that it is an error if the project lacks one."""
    lookups = [reference.lookup for kind in KINDS.values() for _, reference in kind.lists()]
    reader = Reader(session.door)
    with Lists(reader, KINDS.values(), counted_by_kind(state.entries), used=None) as lists:
        lists.need_kinds({*written_kinds(session), *used})
        lists.need(lookups)
        live = wait_remembered(lists, state, also)
    return with_parts(reader, live, [record.ref for records in live.records.values() for record in records.values()])


def _find_schema(folder: Path) -> str | None:
    """The way to the schema in the folder, or in one above it in the repository; None if there is none."""
    top = repository_top(folder)
    real = folder.resolve()
    above = [real, *(each for each in real.parents if top is not None and each.is_relative_to(top))]
    found = next((each / SCHEMA for each in above if (each / SCHEMA).is_file()), None)
    return os.path.relpath(found, real).replace(os.sep, "/") if found else None


def write_exported_state(session: Session, exported: Exported) -> None:
    """Writes the memory of an export to the state."""
    recorder = Recorder(session.store, session.read_state())
    recorder.begin({}, exported.entries)
    recorder.finish()
