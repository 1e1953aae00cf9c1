"""What the plan of one resource needs to know about the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.errors import IdentityAmbiguous
from reconciler.kinds import KINDS, Reference
from reconciler.kinds.normalization import bearing
from reconciler.kinds.references import ReferenceResolver, known_objects
from reconciler.model.desired import Desired, Fields, Resource, address_kind
from reconciler.model.live import Live, Record
from reconciler.model.state import Entry, Tombstone, object_name, parse_object_name
from reconciler.plan.identity import PASTE, Match, ambiguous


@dataclass(slots=True)
class PlanContext:
    """The inputs of a plan, and which object each address means.

    `unread` are the addresses that an interrupted apply wrote and did not read back. `replaced` are the addresses that
    get another object: the one that an interrupted apply has created already, or None.
    """

    desired: Desired
    entries: Mapping[str, Entry]
    live: Live
    matches: Mapping[str, Match]
    moved_from: Mapping[str, str]
    tombstones: Mapping[str, Tombstone]
    unread: frozenset[str] = frozenset()
    replaced: dict[str, Record | None] = field(default_factory=dict)
    references: ReferenceResolver = field(init=False)
    _protected: frozenset[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        held = {(address_kind(address), each.id) for address, each in self.entries.items() if each.protected}
        kept = {parse_object_name(name) for name, each in self.tombstones.items() if each.protected}
        self._protected = frozenset(held | kept)
        taken = known_objects(self.entries) | set(map(parse_object_name, self.tombstones))
        self.references = ReferenceResolver(self.live, taken, self._planned)

    def is_protected(self, kind: str, object_id: str) -> bool:
        """Whether the state protects an object, by an entry or a tombstone."""
        return (kind, object_id) in self._protected

    def kept_protection(self, address: str) -> dict[str, Tombstone]:
        """The tombstone of a protected object that its address loses; {} if the object is known to be gone."""
        entry = self.entries.get(address)
        if entry is None or not entry.protected or (address_kind(address), entry.id) in self.live.gone:
            return {}
        return {object_name(address_kind(address), entry.id): Tombstone(address, protected=True)}

    def put_aside(self, address: str) -> tuple[str, ...]:
        """The ids that an interrupted replace has left to delete, without those that are known to be gone."""
        entry, kind = self.entries.get(address), address_kind(address)
        return tuple(each for each in entry.superseded if (kind, each) not in self.live.gone) if entry else ()

    def resolve(self, address: str, reference: Reference, used: list[Any]) -> dict[str, Any] | None:
        """The item for a reference, or None if its target has no id yet or is not offered. `used`: the items that the
        live object holds already."""
        record = self.target(address)
        proof = self.references.proof(record, reference, used, address) if record else None
        return proof.item if proof else None

    def target(self, address: str) -> Record | None:
        """The live object that a reference to an address means, None if it is still to be created."""
        match = self.matches.get(address)
        return self.replaced.get(address, match.record if match else None)

    def _planned(self, kind: str) -> dict[str, Fields]:
        return {
            address: resource.fields
            for address, resource in self.desired.resources.items()
            if resource.kind == kind and self.target(address) is None
        }

    def addresses(self) -> dict[tuple[str, str], str]:
        """(kind, id) → address, of every live object that is managed."""
        from_state = {(address_kind(address), entry.id): address for address, entry in self.entries.items()}
        from_state |= {
            (address_kind(address), object_id): object_name(address_kind(address), object_id)
            for address, entry in self.entries.items()
            for object_id in (self.put_aside(address) if entry.superseded else ())
        }
        from_state |= {(each.kind, each.id): address for address, each in self.replaced.items() if each is not None}
        return from_state | {(each.record.kind, each.record.id): address for address, each in self.matches.items()}

    def made_already(self, resource: Resource) -> Record | None:
        """The object that an interrupted apply has created for a replace and did not record, or None.

        IdentityAmbiguous if it could be two objects.
        """
        kind, managed = KINDS[resource.kind], self.addresses()
        unmanaged = [
            record
            for record in self.live.records[kind.name].values()
            if (kind.name, record.id) not in managed and object_name(kind.name, record.id) not in self.tombstones
        ]
        found = bearing(kind, resource.fields, unmanaged)
        if len(found) > 1:
            raise IdentityAmbiguous(ambiguous(kind, resource, found), hint=PASTE)
        return found[0] if found else None
