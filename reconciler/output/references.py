"""What refers to what, and what happens to each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.kinds import KINDS
from reconciler.kinds.references import ReferenceResolver, find_address, find_reference_items
from reconciler.model.addresses import ObjectRef, address_kind
from reconciler.model.inputs import Desired, Fields, Live
from reconciler.model.plan import Action, Plan
from reconciler.model.reports import Graph, Node


def make_graph(plan: Plan, desired: Desired, live: Live) -> Graph:
    """The graph of a plan: its addresses, also those that go away, the unmanaged objects that these refer to, and all
    references. An edge of `dropped` is a live reference that the plan removes."""
    changes = {change.address: change for change in plan.changes}
    objects = plan.objects()
    targets = _Targets(plan, live, {ref: address for address, ref in objects.items()})
    wanted = {
        (address, target)
        for address, resource in desired.resources.items()
        for target in targets.find(resource.kind, resource.fields)
    }
    existing = {
        (address, target)
        for address, ref in objects.items()
        if (record := live.find(ref.kind, ref.id)) is not None
        for target in targets.find(record.kind, record.fields)
    }
    # Live references of an object go away if it is deleted, or if its references are changed.
    dropping = set()
    for address, change in changes.items():
        names = {name for name, _ in KINDS[change.kind].reference_fields}
        changed = {each.path.split("[")[0].split(".")[0] for each in change.fields}
        if change.action is Action.DELETE or (change.action is Action.UPDATE and names & changed):
            dropping.add(address)
    dropped = {edge for edge in existing - wanted if edge[0] in dropping}
    nodes = dict(targets.unmanaged)
    for address in {*desired.resources, *changes}:
        kind, planned = address_kind(address), changes.get(address)
        name, action = (planned.name, planned.action.value) if planned else ("", None)
        if resource := desired.resources.get(address):
            name = str(resource.fields.get(KINDS[kind].identity.name_field, name))
        nodes[address] = Node(address, kind, name, action)

    def within(edges: set[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        return tuple(sorted(edge for edge in edges if nodes.keys() >= {*edge}))

    ordered = sorted(nodes.values(), key=lambda node: (not node.managed, node.address))
    return Graph(tuple(ordered), within((wanted | existing) - dropped), within(dropped))


class _Targets:
    """Finds what the fields of an object refer to. `unmanaged` collects the nodes for what is not managed."""

    def __init__(self, plan: Plan, live: Live, addresses: Mapping[ObjectRef, str]) -> None:
        self.plan, self.live, self.addresses = plan, live, addresses
        self.unmanaged: dict[str, Node] = {}
        self.references = ReferenceResolver(live)

    def find(self, kind: str, fields: Fields) -> Iterator[str]:
        """The addresses and nodes that the fields refer to."""
        for _, item, to in find_reference_items(KINDS[kind], fields):
            target = find_address(to, item) or self._find_by_id(to.kind, self.references.as_sent(to, item))
            if target is not None:
                yield target

    def _find_by_id(self, kind: str, item: Any) -> str | None:
        """The target of an item with an id: an address, or a node of its own for what is not managed.

        The API's documents do not say that the id of a destination is that of its integration. If it is another, and no
        managed integration is proven to be behind it, the node has the label that the API gives. If the id is not
        known, it has the label that is written.
        """
        object_id = item.get("id", item.get("label")) if isinstance(item, dict) else item
        if not isinstance(object_id, str):
            return None
        if managed := self.addresses.get(ObjectRef(kind, object_id)) or self.plan.behind.get(object_id):
            return managed
        record = self.live.find(kind, object_id)
        name = record.name if record else self.plan.labels.get(object_id, "")
        of = item.get("type", kind) if isinstance(item, dict) and not record else kind
        address = f"{of}[{object_id}]"
        self.unmanaged[address] = Node(address, kind, name, managed=False)
        return address
