"""A live object written into the YAML, with the `imports` line that says which object it means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reconciler.api import Reader
from reconciler.commands.adopt import find_differing
from reconciler.commands.edits import Written, evaluate, read_text, read_texts, write_edits
from reconciler.commands.session import Session
from reconciler.config.schema_problems import violations
from reconciler.errors import Refused, WrongUsage, some_of
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.comparison import alike
from reconciler.model.inputs import Desired, Live, Record, address_kind, object_name
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
    addresses = {(address_kind(name), entry.id): name for name, entry in state.entries.items()}
    if (kind.name, object_id) in addresses:
        raise Refused(f"{object_id} is managed already, as {addresses[kind.name, object_id]}")
    lookups = [each.lookup for _, each in kind.reference_fields()]
    asked = [(kind.name, object_id)]
    live = observe_remembered(Reader(session.door), KINDS.values(), state, lookups, also=asked)
    record = live.records[kind.name].get(object_id)
    tombstone = state.tombstones.get(object_name(kind.name, object_id))
    if record is None and tombstone is not None and tombstone.deleted:
        raise Refused(f"{deleted_before(object_id, tombstone)}, and the API never uses an id again")
    if record is None:
        raise WrongUsage(f"there is no live {kind.name} {object_id}{did_you_mean(object_id, live.records[kind.name])}")
    fields, left = _writable(kind, record, live, addresses)
    edit, said = _block(session, address, object_id, fields, file)
    return Written(write_edits([edit]), left + said)


def _block(
    session: Session, address: str, object_id: str, fields: Mapping[str, Any], file: Path | None
) -> tuple[Edit, tuple[str, ...]]:
    """The edit that adds the block and its `imports` line, for this environment only; and what is said of it."""
    texts = {path.resolve(): text for path, text in read_texts(session).items()}
    # A folder without YAML is no configuration yet.
    before = session.configuration.check() if texts else {session.environment.name: Desired({})}
    _require_free(address, object_id, before.values())
    only = {"only_in": [session.environment.name]} if len(session.configuration.environments) > 1 else {}
    section = KINDS[address_kind(address)].section
    target = (file or session.configuration.folder / f"{section}.yaml").resolve()
    texts.setdefault(target, read_text(target) if target.exists() else "")
    added = add_resource(texts, target, section, address.partition(".")[2], {**only, **fields})
    edit = Edit(target, added.before, add_import(target, added.after, address, object_id).after)
    after = evaluate(session.configuration.path, [edit])
    if address not in after[session.environment.name].resources:
        raise Refused(f"{target} is no file of this configuration", hint="choose a file below its folder")
    return edit, _more(address, fields, before, after, session.environment.name)


def _require_free(address: str, object_id: str, environments: Iterable[Desired]) -> None:
    """Refused, with the line to write, if the address is an instance of a `for_each`."""
    for desired in environments:
        resource = desired.resources.get(address)
        if resource is not None and resource.instance is not None:
            said = (
                f"{resource.location}: {address} is written already, by the for_each of {resource.instance.definition}"
            )
            raise Refused(said, hint=f"to adopt the object, write: imports: [{{to: {address}, id: {object_id}}}]")


def _more(
    address: str, fields: Mapping[str, Any], before: Mapping[str, Desired], after: Mapping[str, Desired], name: str
) -> tuple[str, ...]:
    """What is said of fields that `defaults` add. Refused if the new block changes anything else."""
    spots = {spot for each in before for spot in find_differing(before[each], after[each])}
    if others := {each for each, _ in spots if each != address}:
        raise Refused(f"the block of {address} would change {some_of(sorted(others))} too; nothing is written")
    found = after[name].resources[address]
    added = [each for each in found.fields if not alike(found.fields[each], fields.get(each))]
    return tuple(f"its {each} is not as it is live: {found.field_location(each)} says otherwise" for each in added)


def _kind(address: str) -> Kind:
    kind = KINDS.get(address_kind(address))
    if kind is None or not address.partition(".")[2]:
        raise WrongUsage(f"{address} is no address", hint="expected KIND.KEY, for example report.daily-revenue")
    return kind


def _writable(
    kind: Kind, record: Record, live: Live, addresses: Mapping[tuple[str, str], str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The object's fields without those that may be read and not be written, and what is said of these."""
    fields, left = make_block(record, live, addresses), []
    for name, message in violations(kind.name, record.fields):
        if name in fields and not kind.field_named(name).required:
            left.append(f"its {name} is left alone: {message}")
            del fields[name]
    return fields, tuple(left)
