"""The live project as YAML: all of it, with its state; or what is not managed, paired with the resources of other
environments."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Final

from reconciler.api import Reader
from reconciler.commands.session import Session
from reconciler.config.files import Disk
from reconciler.config.schema_problems import find_violations
from reconciler.errors import Refused, WrongUsage
from reconciler.git import find_repository_top
from reconciler.kinds import KINDS
from reconciler.kinds.normalization import find_natural_key, make_normal_form
from reconciler.kinds.references import find_reference_items
from reconciler.kinds.resources import make_schemas
from reconciler.lazy import frozen
from reconciler.model.addresses import ObjectRef, address_key, address_kind
from reconciler.model.inputs import Desired, Fields, Live, Record, State
from reconciler.model.plan import Change, Plan
from reconciler.model.redaction import KEY_FOUND, holds_key
from reconciler.observe import Lists, wait_remembered, with_parts
from reconciler.plan.build import make_context, make_plan
from reconciler.plan.export import Exported, Selection, choose_keys, export, find_expressible, find_pairs
from reconciler.plan.guards import Options
from reconciler.plan.identity import describe_deleted
from reconciler.state.operations import replay_state
from reconciler.state.recorder import Recorder, add_counts
from reconciler.system import make_relative_path
from reconciler.text import abridge, quote, suggest_close

CONFIGURATION = "configuration.schema.json"
SCHEMA = f"schemas/{CONFIGURATION}"
"""The file that editors are pointed to."""


def export_project(session: Session) -> Exported:
    """The live project as YAML, with entries for the state, and the schema for editors if there is none yet. Refused if
    something is managed already, or if `defaults` would change what is exported."""
    state = replay_state(session.backend, session.read_state()).state
    if session.configuration.merged.resources or state.entries:
        raise Refused(
            f"{session.configuration.path} already manages objects; an export would write over that",
            hint="export into an empty folder",
        )
    for each in session.configuration.merged.defaults:
        message = f"{each.location}: these defaults would change what is exported"
        raise Refused(message, hint="export into an empty folder, and write defaults after that")
    schema = _find_schema(session.configuration.folder)
    live, now = read_live(session, state), session.transport.clock()
    exported = export(live, find_objections, schema or SCHEMA)
    # A protected object that left the state is still protected when it is exported again.
    kept = {ObjectRef.parse(name) for name, each in state.tombstones.items() if each.protected}
    entries = {
        address: add_counts(address, replace(each, protected=ObjectRef.at(address, each.id) in kept), live, now)
        for address, each in exported.entries.items()
    }
    added = {} if schema else {SCHEMA: json.dumps(make_schemas()[CONFIGURATION], indent=2, ensure_ascii=False) + "\n"}
    return replace(exported, entries=entries, files={**exported.files, **added})


def find_objections(kind: str, fields: Fields) -> list[tuple[str, str]]:
    """The fields of a live object that no configuration may have, each with the reason."""
    keys = [name for name, value in fields.items() if holds_key(json.dumps(value, ensure_ascii=False))]
    return find_violations(kind, fields) + [(name, KEY_FOUND) for name in keys]


def read_live(session: Session, state: State, also: Iterable[ObjectRef] = (), used: Iterable[str] = ()) -> Live:
    """All that is live, with every list in which a reference is looked up. `also`: objects that no list may show.
    `used`: kinds that are asked for, so that it is an error if the project lacks one."""
    lookups = [reference.lookup for kind in KINDS.values() for _, reference in kind.lists]
    reader = Reader(session.transport)
    with Lists(reader, KINDS.values(), state.entries, used=None) as lists:
        lists.need_kinds({*session.find_written_kinds(), *used})
        lists.need(lookups)
        live = wait_remembered(lists, state, also)
    return with_parts(reader, live, [record.ref for records in live.records.values() for record in records.values()])


def _find_schema(folder: Path) -> str | None:
    """The relative path of the schema in the folder, or in one above it in the repository; None if there is none."""
    top = find_repository_top(folder)
    real = folder.resolve()
    above = [real, *(each for each in real.parents if top is not None and each.is_relative_to(top))]
    found = next((each / SCHEMA for each in above if (each / SCHEMA).is_file()), None)
    return make_relative_path(found, real) if found else None


def write_exported_state(session: Session, exported: Exported) -> None:
    """Writes the entries of an export to the state."""
    recorder = Recorder(session.backend, session.read_state())
    recorder.begin({}, exported.entries)
    recorder.finish()


NOTHING: Final = "nothing is written"


@frozen
class Unmanaged:
    """The selected objects that are not managed. `fields` and `keys`: those that can be written. `left`: a reason why
    an object, or a field of it, cannot → these objects. `pairs`: object → its address in other environments."""

    fields: Mapping[ObjectRef, dict[str, Any]]
    keys: Mapping[ObjectRef, str]
    left: Mapping[str, list[str]]
    pairs: Mapping[ObjectRef, str] = field(default_factory=dict)
    selection: Selection | None = None


class Project:
    """The live project of one environment, and the configuration that others share with it. `also`: objects that no
    list may show. `used`: kinds that are asked for. `kept` is the configuration without what is `unproven`: resources
    that others have too, of which only a name could say which object each is. `candidates` are these, and what an
    `only_in` leaves out here: an object may be one of them."""

    def __init__(self, session: Session, also: Iterable[ObjectRef] = (), used: Iterable[str] = ()) -> None:
        self.state = replay_state(session.backend, session.read_state()).state
        self.live = read_live(session, self.state, also, used)
        self.configuration = session.configuration
        self.name, self.environments = session.environment.name, session.configuration.environments
        self._options = Options(now=session.transport.clock(), api=session.transport.address, to_apply=False)
        files, problems = Disk(self.configuration.path).list_resources()
        # An empty folder is no configuration yet, and gets its first files.
        every = self.configuration.check() if files or problems else dict.fromkeys(self.environments, Desired({}))
        self.here = every[self.name]
        self.others = {name: each for name, each in every.items() if name != self.name}
        elsewhere = {address: each for desired in self.others.values() for address, each in desired.resources.items()}
        self._known = {each.target for each in self.here.imports} | self.state.entries.keys()
        self._known |= {each.target for each in self.here.moved if each.source in self.state.entries}
        unproven = (self.here.resources.keys() & elsewhere.keys()) - self._known
        self.unproven = {name: each for name, each in self.here.resources.items() if name in unproven}
        kept = {address: each for address, each in self.here.resources.items() if address not in self.unproven}
        self.kept = replace(self.here, resources=kept)
        self.managed = make_context(self.kept, self.state, self.live, self._options.now).addresses()
        left_out = self.here.left_out.keys() - self.state.entries.keys()
        lifted = {name: each for name, each in elsewhere.items() if name in left_out and not each.instance}
        self.candidates = self.unproven | lifted

    def plan(self, desired: Desired) -> Plan:
        """The plan of this environment for another configuration."""
        return make_plan(desired, self.state, self.live, self._options)

    def find_record(self, ref: ObjectRef) -> Record:
        """A live object."""
        return self.live.records[ref.kind][ref.id]

    def find_sides(self, address: str) -> dict[str, Fields]:
        """The fields of a resource in the other environments that have it, by environment."""
        return {name: each.resources[address].fields for name, each in self.others.items() if address in each.resources}

    def find_unmanaged(self, selection: Selection) -> Unmanaged:
        """The selected objects that are not managed."""
        fields: dict[ObjectRef, dict[str, Any]] = {}
        keys: dict[ObjectRef, str] = {}
        found: dict[str, list[str]] = defaultdict(list)
        named = (self.configuration.list_addresses(each) for each in self.environments.values())
        taken = {*self.configuration.merged.resources, *self.state.entries}.union(*named)
        for kind in KINDS.values():
            known = (each for each in self.kept.resources.values() if each.kind == kind.name)
            written = [find_natural_key(kind, each.fields, make_normal_form) for each in known]
            records = [each for each in self.live.records[kind.name].values() if each.ref not in self.managed]
            chosen, left = find_expressible(kind, records, find_objections, written)
            given = {address_key(each) for each in taken if address_kind(each) == kind.name}
            keyed = choose_keys(map(self.find_record, chosen), given)
            for record, why in left:
                if selection.has(record.kind, record.name):
                    found[why].append(describe(record))
            keys |= {ref: keyed[ref.id] for ref in chosen}
            fields |= {ref: each for ref, each in chosen.items() if selection.has(ref.kind, self.find_record(ref).name)}
        pairs, unclear = find_pairs(self.candidates, [*map(self.find_record, keys)], is_first=not self.state.entries)
        for same, addresses in unclear:
            why = f" has a block of its own: {abridge(addresses)} could be it, and that is not clear"
            found[why] += [describe(each) for each in same if each.ref in fields]
        return Unmanaged(fields, keys, {why: objects for why, objects in found.items() if objects}, pairs, selection)

    def find_one(self, ref: ObjectRef, key: str) -> Unmanaged:
        """The object with that key. Refused if it is managed, or was deleted; WrongUsage if it is not live."""
        if ref in self.managed:
            raise Refused(f"{ref.id} is managed already, as {self.managed[ref]}")
        records, tombstone = self.live.records[ref.kind], self.state.tombstones.get(str(ref))
        if ref.id not in records and tombstone is not None and tombstone.deleted:
            raise Refused(f"{describe_deleted(ref.id, tombstone)}, and the API never uses an id again")
        if ref.id not in records:
            hint = "`reconciler plan --format json` lists the objects that are not managed, with their ids"
            raise WrongUsage(f"there is no live {ref.kind} {ref.id}{suggest_close(ref.id, records)}", hint=hint)
        chosen, left = find_expressible(KINDS[ref.kind], [records[ref.id]], find_objections)
        return Unmanaged(chosen, {ref: key}, {why: [describe(record)] for record, why in left})

    def require_free(self, address: str, object_id: str) -> None:
        """Refused if an address is written already; with the line to write, if it is an instance of a `for_each`."""
        every = (each.resources[address] for each in (self.here, *self.others.values()) if address in each.resources)
        resource = next(every, None)
        hint = "choose another key, or change what is written there"
        if resource is not None and resource.instance is not None:
            hint = f"to adopt the object, write: imports: [{{to: {address}, id: {object_id}}}]"
        written = resource or self.configuration.merged.resources.get(address)
        if written is not None:
            raise Refused(f"{written.location}: {address} is written already", hint=hint)

    def find_raw(self, blocks: Mapping[str, Fields]) -> str:
        """The live objects that have their ids in blocks, since no resource is one of them."""
        items = (
            each for name, fields in blocks.items() for each in find_reference_items(KINDS[address_kind(name)], fields)
        )
        found = (self.live.records[to.kind].get(item.get("id", "")) for *_, item, to in items if isinstance(item, dict))
        return ", ".join(dict.fromkeys(describe(each) for each in found if each))

    def require_adopts(
        self, after: Desired, changes: Iterable[Change], found: Unmanaged, why: Mapping[ObjectRef, str]
    ) -> None:
        """Refused if one of the changes is of a selected object that neither the state nor an `imports` line knows."""
        pairs = {address: ref.id for ref, address in found.pairs.items() if ref in why}
        lines: dict[str, str] = {}
        for change in changes:
            record = self.live.records[change.kind].get(change.id or pairs.get(change.address, ""))
            if (
                record
                and found.selection
                and found.selection.has(record.kind, record.name)
                and change.address not in self._known
            ):
                resource = after.resources[change.address]
                places = (f"{each.path}: {resource.locate_field(each.path)}" for each in change.fields if change.id)
                text = (
                    f"{resource.location}: {change.address} is {describe(record)}: {why.get(record.ref, 'it differs')}"
                )
                ids = f"{{{self.name}: {record.id}}}" if self.others else record.id
                lines[f"{text} ({', '.join(places) or change.action})"] = f"  - {{to: {change.address}, id: {ids}}}"
        if lines:
            hint = f"{NOTHING}; write a variable or `only_in`, or narrow with --match; if a plan may change them, add:"
            text = "a plan would change live objects that the configuration has already, and not only adopt them:"
            raise Refused("\n".join([text, *lines]), hint="\n".join([hint, "imports:", *lines.values()]))


def describe(record: Record) -> str:
    """What an object without an address is called."""
    return f"{record.kind} {record.id} ({quote(record.name)})"
