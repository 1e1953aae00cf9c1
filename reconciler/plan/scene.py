"""All that the planning of one resource may ask about the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.errors import IdentityAmbiguous
from reconciler.kinds import KINDS, Reference
from reconciler.kinds.offered import Offered
from reconciler.kinds.targets import Proof, Targets
from reconciler.kinds.usage import users
from reconciler.model.desired import Desired, Resource, kind_of
from reconciler.model.live import Live, Record
from reconciler.model.memory import Entry
from reconciler.plan.identity import PASTE, Match, ambiguous, natural_key


@dataclass(slots=True)
class Scene:
    """The three inputs and who is who.

    `replaced` are the addresses that are about to get another object: the one that a run which was cut off has made
    already, if there is one. `offered` are the lists of the API as far as they were asked. `deleted` are `kind[id]` of
    what we know to be gone.
    """

    desired: Desired
    entries: Mapping[str, Entry]
    live: Live
    matches: Mapping[str, Match]
    moved_from: Mapping[str, str]
    replaced: dict[str, Record | None] = field(default_factory=dict)
    offered: dict[str, Offered] = field(default_factory=dict)
    deleted: Collection[str] = ()
    _targets: dict[Reference, Targets] = field(default_factory=dict)

    def resolve(self, address: str, reference: Reference, used: list[Any]) -> dict[str, Any] | None:
        """What is sent in place of a reference, or None while it has no id yet (or is not offered).

        `used`: the items that the live object carries already; what works today is not doubted.
        """
        record = self.target(address)
        proof = self.proof(record, reference, used, address) if record else None
        return proof.item if proof else None

    def target(self, address: str) -> Record | None:
        """The live object that a reference to an address means, None while it is not made."""
        match = self.matches.get(address)
        return self.replaced.get(address, match.record if match else None)

    def proof(self, record: Record, reference: Reference, used: list[Any], address: str = "") -> Proof | None:
        """What stands for a live object in the lists of those that refer to it."""
        offered = self.offers(reference)
        return self.targets(reference).proof(record, Offered(used, also=offered) if used else offered, address)

    def offers(self, reference: Reference) -> Offered:
        """The list of the API in which a reference is looked up."""
        if reference.lookup not in self.offered:
            self.offered[reference.lookup] = Offered(self.live.lookups.get(reference.lookup, ()))
        return self.offered[reference.lookup]

    def targets(self, reference: Reference) -> Targets:
        """What a reference may mean. What is made by this plan must be known when this is asked for first."""
        if reference not in self._targets:
            kind = reference.kind
            known = [entry for address, entry in self.entries.items() if kind_of(address) == kind]
            taken = {object_id for entry in known for object_id in (entry.id, *entry.superseded)}
            taken |= {name.partition("[")[2].rstrip("]") for name in self.deleted if kind_of(name) == kind}
            coming = {
                address: resource.fields
                for address, resource in self.desired.resources.items()
                if resource.kind == kind and self.target(address) is None
            }
            live = self.live.records.get(kind, {})
            self._targets[reference] = Targets(reference, live.values(), taken, coming)
        return self._targets[reference]

    def users(self) -> dict[tuple[str, str], list[Record]]:
        """Who refers, or may refer, to a live object: (kind, id of what is referred to) → records."""
        return users(self.live, self.targets)

    def left_over(self, address: str) -> list[Record]:
        """The live objects that an interrupted replace of an address has put aside and not deleted."""
        entry = self.entries.get(address)
        live = self.live.records.get(kind_of(address), {})
        return [live[each] for each in entry.superseded if each in live] if entry else []

    def addresses(self) -> dict[tuple[str, str], str]:
        """(kind, id) → address, of every live object that is managed."""
        from_state = {(kind_of(address), entry.id): address for address, entry in self.entries.items()}
        from_state |= {
            (record.kind, record.id): f"{record.kind}[{record.id}]"
            for address, entry in self.entries.items()
            for record in (self.left_over(address) if entry.superseded else ())
        }
        from_state |= {(each.kind, each.id): address for address, each in self.replaced.items() if each is not None}
        return from_state | {(each.record.kind, each.record.id): address for address, each in self.matches.items()}

    def made_already(self, resource: Resource) -> Record | None:
        """What a replace would make, where a run that was lost before it could be remembered has made it already.

        IdentityAmbiguous where two objects could be that.
        """
        kind, managed = KINDS[resource.kind], self.addresses()
        wanted = natural_key(kind, resource.fields)
        found = [
            record
            for record in self.live.records[kind.name].values()
            if (kind.name, record.id) not in managed and natural_key(kind, record.fields) == wanted
        ]
        if len(found) > 1:
            raise IdentityAmbiguous(ambiguous(kind, resource, found), hint=PASTE)
        return found[0] if found else None
