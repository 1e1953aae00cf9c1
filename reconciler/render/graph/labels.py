"""What a node says of itself, the same in every language of pictures."""

from __future__ import annotations

from reconciler.model.plan import Action
from reconciler.model.review import Graph, Node
from reconciler.render.terminal import visible
from reconciler.render.text import SIGNS
from reconciler.render.wording import ORDER

LONGEST_NAME = 60
UNMANAGED = "unmanaged"


def sign(node: Node) -> str:
    """The sign of what happens to it, empty where nothing does."""
    return SIGNS[Action(node.action)][0] if node.action else ""


def state(node: Node) -> str:
    """What happens to it in a word: an action, `unmanaged`, or nothing at all."""
    return node.action or ("" if node.managed else UNMANAGED)


def heading(node: Node) -> str:
    """The address with its sign before it: `+ report.daily-revenue`."""
    return visible(f"{sign(node)} {node.address}".strip())


def subtitle(node: Node) -> str:
    """What happens and what people call it: `create · Daily Revenue`."""
    name = node.name if len(node.name) <= LONGEST_NAME else node.name[:LONGEST_NAME] + "…"
    name = "" if name == node.address else name
    return visible(" · ".join(part for part in (state(node), name) if part))


def states(graph: Graph) -> list[str]:
    """Those that a graph's nodes are in, the gravest first."""
    used = {state(node) for node in graph.nodes}
    return [word for word in (*(action.value for action in ORDER), UNMANAGED) if word in used]
