"""The live project as YAML, and its state."""

from __future__ import annotations

from dataclasses import replace

from reconciler.api import Reader
from reconciler.commands.session import Session
from reconciler.config.schema_problems import violations
from reconciler.errors import Refused
from reconciler.kinds import KINDS
from reconciler.model.inputs import address_kind, parse_object_name
from reconciler.observe import observe_remembered
from reconciler.plan.export import Exported, export
from reconciler.state.operations import load_state
from reconciler.state.recorder import Recorder


def export_project(session: Session) -> Exported:
    """The live project as YAML, and its memory written to the state. Refused where something is managed already."""
    state = load_state(session.store, session.read_state())[1]
    if session.configuration.merged.resources or state.entries:
        raise Refused(
            f"{session.configuration.path} already manages objects; an export would write over that",
            hint="export into an empty folder",
        )
    lookups = [reference.lookup for kind in KINDS.values() for _, reference in kind.reference_fields()]
    exported = export(observe_remembered(Reader(session.door), KINDS.values(), state, lookups), violations)
    kept = {parse_object_name(name) for name, each in state.tombstones.items() if each.protected}
    entries = {
        address: replace(entry, protected=(address_kind(address), entry.id) in kept)
        for address, entry in exported.entries.items()
    }
    return replace(exported, entries=entries)


def write_exported_state(session: Session, exported: Exported) -> None:
    """Writes the memory of an export to the state."""
    recorder = Recorder(session.store, session.read_state())
    recorder.begin({}, exported.entries)
    recorder.finish()
