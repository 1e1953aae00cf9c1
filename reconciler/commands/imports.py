"""A live object written into the YAML, with the `imports` line that says which object it means."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reconciler.api import Reader
from reconciler.commands.edits import Written, read_text, read_texts, write_edits
from reconciler.commands.session import Session
from reconciler.config.schema_problems import violations
from reconciler.errors import Refused, WrongUsage
from reconciler.kinds import KINDS, Kind
from reconciler.model.inputs import Live, ObjectRef, Record, address_kind
from reconciler.observe import observe_remembered
from reconciler.plan.export import make_block
from reconciler.plan.identity import deleted_before
from reconciler.state.operations import load_state
from reconciler.text import did_you_mean
from reconciler.yaml.edit import Edit, add_import, add_resource


def import_object(session: Session, address: str, object_id: str, file: Path | None) -> Written:
    """Writes the block of YAML for a live object, and the `imports` line that says which object it means.

    Refused where the key is written already or the object is managed; WrongUsage where it is not live.
    """
    kind = _kind(address)
    state = load_state(session.store, session.read_state())[1]
    addresses, ref = ObjectRef.managed(state.entries), ObjectRef(kind.name, object_id)
    if ref in addresses:
        raise Refused(f"{object_id} is managed already, as {addresses[ref]}")
    lookups = [each.lookup for _, each in kind.reference_fields()]
    live = observe_remembered(Reader(session.door), KINDS.values(), state, lookups, also=[ref])
    record = live.records[kind.name].get(object_id)
    tombstone = state.tombstones.get(str(ref))
    if record is None and tombstone is not None and tombstone.deleted:
        raise Refused(f"{deleted_before(object_id, tombstone)}, and the API never uses an id again")
    if record is None:
        raise WrongUsage(f"there is no live {kind.name} {object_id}{did_you_mean(object_id, live.records[kind.name])}")
    fields, left = _writable(kind, record, live, addresses)
    texts = {path.resolve(): text for path, text in read_texts(session).items()}
    target = (file or session.configuration.folder / f"{kind.section}.yaml").resolve()
    texts.setdefault(target, read_text(target) if target.exists() else "")
    added = add_resource(texts, target, kind.section, address.partition(".")[2], fields)
    edit = add_import(target, added.after, address, object_id)
    return Written(write_edits([Edit(target, added.before, edit.after)]), left)


def _kind(address: str) -> Kind:
    kind = KINDS.get(address_kind(address))
    if kind is None or not address.partition(".")[2]:
        raise WrongUsage(f"{address} is no address", hint="expected KIND.KEY, for example report.daily-revenue")
    return kind


def _writable(
    kind: Kind, record: Record, live: Live, addresses: Mapping[ObjectRef, str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The object's fields without those that may be read and not be written, and what is said of these."""
    fields, left = make_block(record, live, addresses), []
    for name, message in violations(kind.name, record.fields):
        if name in fields and not kind.field_named(name).required:
            left.append(f"its {name} is left alone: {message}")
            del fields[name]
    return fields, tuple(left)
