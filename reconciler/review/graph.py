"""What refers to what, and what happens to each."""

from __future__ import annotations

from reconciler.kinds import KINDS
from reconciler.model.desired import Desired, kind_of
from reconciler.model.live import Live
from reconciler.model.plan import Plan
from reconciler.model.review import Graph, Node


def graph_of(plan: Plan, desired: Desired, live: Live) -> Graph:
    """The managed addresses of a plan, those that go away among them, and the references between them."""
    changes = {change.address: change for change in plan.changes}
    nodes = [
        Node(
            address,
            kind_of(address),
            _name(address, desired, changes[address].name if address in changes else ""),
            changes[address].action.value if address in changes else None,
        )
        for address in sorted({*desired.resources, *changes})
    ]
    known = {node.address for node in nodes}
    edges = []
    for address, resource in sorted(desired.resources.items()):
        for name, reference in KINDS[resource.kind].reference_fields():
            for item in resource.fields.get(name) or ():
                target = f"{reference.kind}.{item.get(reference.key)}" if isinstance(item, dict) else ""
                if target in known:
                    edges.append((address, target))
    return Graph(tuple(nodes), tuple(edges))


def _name(address: str, desired: Desired, planned: str) -> str:
    resource = desired.resources.get(address)
    return str(resource.fields.get(KINDS[resource.kind].name_field, planned)) if resource else planned
