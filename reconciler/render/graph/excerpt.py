"""What of a large graph is drawn: a picture of thousands shows nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from reconciler.model.plan import Action
from reconciler.model.review import Graph, Node
from reconciler.render.wording import ORDER

DRAWN = 100
"""As many nodes are drawn, and no more: two columns of fifty can still be read."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What is drawn of a graph. `left_out` says in a sentence what is not, empty where all is there."""

    graph: Graph
    left_out: str = ""


def excerpt(graph: Graph, limit: int = DRAWN) -> Excerpt:
    """The whole graph where it is small; else what changes, the gravest first, each with what it refers to, and then
    what refers to these."""
    if len(graph.nodes) <= limit:
        return Excerpt(graph)
    edges = {*graph.edges, *graph.dropped}
    changing = [node.address for node in sorted(graph.nodes, key=gravity) if node.action]
    uses, users = defaultdict(set), defaultdict(set)
    for source, target in edges:
        uses[source].add(target)
        users[target].add(source)
    kept: set[str] = set()
    for address in changing:
        kept |= group if len(kept | (group := {address, *uses[address]})) <= limit else set()
    beside = {user for address in kept.intersection(changing) for user in users[address]} - kept
    kept |= set(sorted(beside)[: limit - len(kept)])
    drawn = Graph(
        nodes=tuple(node for node in graph.nodes if node.address in kept),
        edges=tuple(edge for edge in graph.edges if kept.issuperset(edge)),
        dropped=tuple(edge for edge in graph.dropped if kept.issuperset(edge)),
    )
    left = len(set(changing) - kept)
    what = "what changes" if not left else f"the gravest changes ({left:,} more are not)"
    return Excerpt(drawn, f"{len(kept):,} of {len(graph.nodes):,} objects are drawn: {what}, and what is beside them.")


def gravity(node: Node) -> tuple[int, str]:
    """Sorts nodes: the gravest change first, what does not change last."""
    return (ORDER.index(Action(node.action)) if node.action else len(ORDER)), node.address
