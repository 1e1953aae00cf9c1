"""What is live and not managed, as it would be written, and which resources of other environments it may be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from reconciler.commands.edits import read_texts
from reconciler.commands.export import find_objections, read_live
from reconciler.commands.session import Session
from reconciler.config.instances import lift
from reconciler.config.load import Configuration
from reconciler.kinds import KINDS
from reconciler.kinds.normalization import natural_key, normal_form
from reconciler.model.inputs import Desired, Fields, ObjectRef, Record, Resource
from reconciler.model.plan import Plan
from reconciler.plan.build import make_context, make_plan
from reconciler.plan.export import find_expressible, keys_of
from reconciler.plan.guards import Options
from reconciler.plan.pairing import Selection
from reconciler.state.operations import load_state
from reconciler.text import quote
from reconciler.yaml.edit_changes import documents_of

RESTORED: Final = " is left out: an earlier apply deleted it; `reconciler import ADDRESS ID` takes it back"


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """Of the objects that are selected and not managed: `fields` and `keys` of those that can be written, and `left`:
    why one cannot, or a field of one → which ones."""

    fields: Mapping[ObjectRef, dict[str, Any]]
    keys: Mapping[ObjectRef, str]
    left: Mapping[str, list[str]]


class Project:
    """The live project of one environment, and the configuration that others share with it."""

    def __init__(self, session: Session) -> None:
        self.state = load_state(session.store, session.read_state())[1]
        self.live = read_live(session, self.state)
        self.configuration: Configuration = session.configuration
        self.name, self.environments = session.environment.name, session.opened.environments
        self._options = Options(now=session.door.clock(), api=session.door.address, to_apply=False)
        self.texts = {path.resolve(): text for path, text in read_texts(session).items()}
        # An empty folder is no configuration yet, and gets its first files.
        every = self.configuration.check() if self.texts else dict.fromkeys(self.environments, Desired({}))
        self.here = every[self.name]
        self.others = {name: each for name, each in every.items() if name != self.name}
        self.unproven = self._find_unproven()
        kept = {address: each for address, each in self.here.resources.items() if address not in self.unproven}
        self.kept = replace(self.here, resources=kept)
        self.managed = make_context(self.kept, self.state, self.live, self._options.now).addresses()
        self.candidates = self.unproven | self._lifted()

    def plan(self, desired: Desired) -> Plan:
        """The plan of this environment, if it were to be so."""
        return make_plan(desired, self.state, self.live, self._options)

    def record(self, ref: ObjectRef) -> Record:
        """A live object."""
        return self.live.records[ref.kind][ref.id]

    def sides(self, address: str) -> dict[str, Fields]:
        """The fields of a resource in the other environments that have it, by environment."""
        return {name: each.resources[address].fields for name, each in self.others.items() if address in each.resources}

    def find_unmanaged(self, selection: Selection) -> Unmanaged:
        """The selected objects that are not managed."""
        fields: dict[ObjectRef, dict[str, Any]] = {}
        keys: dict[ObjectRef, str] = {}
        found: dict[str, list[str]] = defaultdict(list)
        for kind in KINDS.values():
            known = (each for each in self.kept.resources.values() if each.kind == kind.name)
            named = [natural_key(kind, each.fields, normal_form) for each in known]
            records = [each for each in self.live.records[kind.name].values() if each.ref not in self.managed]
            chosen, left = find_expressible(kind, records, find_objections, named)
            keyed = keys_of(map(self.record, chosen), self._taken[kind.name])
            left += [(self.record(ref), RESTORED) for ref in chosen if self._is_restored(ref)]
            for record, why in left:
                if selection.has(record):
                    found[why].append(call(record))
            whole = {ref: each for ref, each in chosen.items() if not self._is_restored(ref)}
            fields |= {ref: each for ref, each in whole.items() if selection.has(self.record(ref))}
            keys |= {ref: keyed[ref.id] for ref in whole}
        return Unmanaged(fields, keys, found)

    def _is_restored(self, ref: ObjectRef) -> bool:
        tombstone = self.state.tombstones.get(str(ref))
        return tombstone is not None and tombstone.deleted

    @cached_property
    def _taken(self) -> dict[str, set[str]]:
        """Kind → the keys that are in use in any environment."""
        addresses = {address for each in self.environments.values() for address in self.configuration.named(each)}
        taken: dict[str, set[str]] = defaultdict(set)
        for address in (*addresses, *self.configuration.merged.resources, *self.state.entries):
            kind, _, key = address.partition(".")
            taken[kind].add(key)
        return taken

    @cached_property
    def import_lines(self) -> dict[str, tuple[Path, int, Any]]:
        """The lines of `imports`: address → file, index in the list, and what is written as the id."""
        written = self.configuration.merged.blocks["imports"]
        found: dict[str, tuple[Path, int, Any]] = {}
        for file in {Path(each.location.file).resolve() for each in written}:
            for document in documents_of(file, self.texts[file]):
                items = document.value.get("imports") if isinstance(document.value, dict) else None
                found |= {each["to"]: (file, index, each["id"]) for index, each in enumerate(items or ())}
        return found

    def _find_unproven(self) -> dict[str, Resource]:
        """The resources that other environments have too, and of which only a name could say which object they are."""
        known = {each.target for each in self.here.imports} | self.state.entries.keys()
        known |= {each.target for each in self.here.moved if each.source in self.state.entries}
        elsewhere = {address for each in self.others.values() for address in each.resources}
        return {name: each for name, each in self.here.resources.items() if name in elsewhere and name not in known}

    def _lifted(self) -> dict[str, Resource]:
        """The resources that `only_in` leaves out of this environment, as they would be in it."""
        found = lift(self.configuration.merged.resources, self.environments[self.name])
        result = {}
        for address in sorted(found.keys() & self.here.left_out.keys() - self.state.entries.keys()):
            desired = next((each for each in self.others.values() if address in each.resources), None)
            if desired is not None:
                known = desired.resources[address]
                fields = {name: found[address][name] for name in known.fields if name in found[address]}
                result[address] = replace(known, fields=fields)
        return result


def call(record: Record) -> str:
    """What an object without an address is called."""
    return f"{record.kind} {record.id} ({quote(record.name)})"
