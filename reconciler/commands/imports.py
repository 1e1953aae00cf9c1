"""A live object written into the YAML, with the `imports` line that says which object it means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reconciler.api import Reader
from reconciler.commands.adopt import find_differing
from reconciler.commands.edits import Texts, Written, evaluate, read_texts, write_edits
from reconciler.commands.session import Session
from reconciler.config.load import Configuration
from reconciler.config.schema_problems import violations
from reconciler.errors import Refused, WrongUsage, some_of
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.comparison import alike
from reconciler.model.inputs import Desired, ObjectRef, address_kind
from reconciler.observe import observe_remembered
from reconciler.plan.export import make_blocks, writable
from reconciler.plan.identity import deleted_before
from reconciler.state.operations import load_state
from reconciler.text import did_you_mean
from reconciler.yaml.edit import Edit


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
    fields, alone, _ = writable(kind, record, violations)
    left = tuple(f"its {name} is left alone: {message}" for name, message in alone.items())
    block = make_blocks({ref: fields}, live, addresses)[ref]
    edits, said = _block(session, address, object_id, block, file)
    return Written(write_edits(edits), left + said)


def _block(
    session: Session, address: str, object_id: str, fields: Mapping[str, Any], file: Path | None
) -> tuple[list[Edit], tuple[str, ...]]:
    """The edit that adds the block and its `imports` line, for this environment only; and what is said of it."""
    found = {path.resolve(): text for path, text in read_texts(session).items()}
    # An empty folder is no configuration yet, and gets its first file.
    before = session.configuration.check() if found else dict.fromkeys(session.opened.environments, Desired({}))
    _require_free(session.configuration, address, object_id, before.values())
    name, section = session.environment.name, KINDS[address_kind(address)].section
    target, texts = (file or session.configuration.folder / f"{section}.yaml").resolve(), Texts(found)
    only, ids = ({"only_in": [name]}, {name: object_id}) if len(before) > 1 else ({}, object_id)
    texts.add(target, section, {address.partition(".")[2]: {**only, **fields}})
    lines = (each.node for each in session.configuration.merged.blocks["imports"])
    if not any(each["to"] == address and each["id"] in (object_id, ids) for each in lines):
        texts.add(target, "imports", [{"to": address, "id": ids}])
    after = evaluate(session.configuration.path, texts.edits())
    if address not in after[name].resources:
        raise Refused(f"{target} is no file of this configuration", hint="choose a file below its folder")
    return texts.edits(), _more(address, fields, before, after, name)


def _require_free(configuration: Configuration, address: str, object_id: str, environments: Iterable[Desired]) -> None:
    """Refused if the address is written already; with the line to write, if it is an instance of a `for_each`."""
    for desired in environments:
        resource = desired.resources.get(address)
        if resource is not None and resource.instance is not None:
            said = (
                f"{resource.location}: {address} is written already, by the for_each of {resource.instance.definition}"
            )
            raise Refused(said, hint=f"to adopt the object, write: imports: [{{to: {address}, id: {object_id}}}]")
    if written := configuration.merged.resources.get(address):
        hint = "choose another key, or change what is written there"
        raise Refused(f"{written.location}: {address} is written already", hint=hint)


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
