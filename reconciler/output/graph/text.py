"""The graph in Mermaid's language, which GitHub and GitLab draw by themselves."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.plan import DESTROYS, Action
from reconciler.model.reports import Graph, Node
from reconciler.output.labels import ACTIONS, NEUTRAL, UNMANAGED
from reconciler.output.terminal import escape
from reconciler.text import counted, truncate

LONGEST_NAME = 60
SMALL = 30
"""Up to so many nodes each has a box of its own, with its name; beyond, alike ones have one together."""
FEW = 2


def state(node: Node) -> str:
    """What happens to it in a word: an action, `unmanaged`, or nothing at all."""
    return node.action or ("" if node.managed else UNMANAGED)


def called(node: Node) -> str:
    """The address, or how many objects it stands for."""
    return escape(node.address if node.alike == 1 else counted(node.alike, node.kind.replace("_", " ")))


def heading(node: Node) -> str:
    """The address with its sign before it: `+ report.daily-revenue`."""
    return f"{ACTIONS[Action(node.action)].sign} {called(node)}" if node.action else called(node)


def subtitle(node: Node) -> str:
    """What happens and what people call it: `create · Daily Revenue`."""
    name = truncate(node.name, LONGEST_NAME)
    name = "" if name == node.address else name
    return escape(" · ".join(part for part in (state(node), name) if part))


def states(graph: Graph) -> list[str]:
    """Those that a graph's nodes are in, the gravest first."""
    used = {state(node) for node in graph.nodes}
    return [word for word in (*(action.value for action in ACTIONS), UNMANAGED) if word in used]


DRAWN = 100
"""As many nodes are drawn, and no more: two columns of fifty can still be read."""


def folded(graph: Graph) -> Graph:
    """The graph if it is small; else with one node for several that nothing refers to and that refer to the same, if
    the same happens to them."""
    referred = {target for _, target in (*graph.edges, *graph.dropped)}
    uses: dict[str, set[tuple[str, bool]]] = defaultdict(set)
    for edges, goes in ((graph.edges, False), (graph.dropped, True)):
        for source, target in edges:
            uses[source].add((target, goes))
    alike: dict[object, list[Node]] = defaultdict(list)
    for node in graph.nodes if len(graph.nodes) > SMALL else ():
        if node.address not in referred:
            alike[node.kind, node.action, node.managed, frozenset(uses[node.address])].append(node)
    shown = {node.address: node for node in graph.nodes}
    for nodes in alike.values():
        if len(nodes) > FEW:
            names = ", ".join(node.name or node.address for node in nodes[:FEW])
            shown[nodes[0].address] = replace(nodes[0], alike=len(nodes), name=f"{names}, …")
            for node in nodes[1:]:
                del shown[node.address]
    return _part(graph, shown)


def _part(graph: Graph, nodes: Mapping[str, Node]) -> Graph:
    """These nodes, by address, and the edges between them."""
    edges, dropped = (
        tuple(edge for edge in every if nodes.keys() >= set(edge)) for every in (graph.edges, graph.dropped)
    )
    return Graph(tuple(nodes.values()), edges, dropped)


def excerpt(graph: Graph, limit: int = DRAWN) -> tuple[Graph, str]:
    """The whole graph if it is small, or can be folded; else what changes, the gravest first, each with what it refers
    to, and then what refers to these. And what is not drawn, in a sentence; empty if all is."""
    graph = folded(graph)
    if len(graph.nodes) <= limit:
        return graph, ""
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
    drawn = _part(graph, {node.address: node for node in graph.nodes if node.address in kept})
    left = len(set(changing) - kept)
    what = "what changes" if not left else f"the gravest changes ({left:,} more are not)"
    return drawn, f"{len(kept):,} of {len(graph.nodes):,} boxes are drawn: {what}, and what is beside them."


def gravity(node: Node) -> tuple[int, str]:
    """Sorts nodes: the gravest change first, what does not change last."""
    return (list(ACTIONS).index(Action(node.action)) if node.action else len(ACTIONS)), node.address


COLOURS = {action.value: label.colours for action, label in ACTIONS.items()}


def dot(graph: Graph) -> str:
    """A graph as DOT, references from left to right."""
    names = {node.address: f"n{number}" for number, node in enumerate(graph.nodes)}
    style = '[shape=box, style="rounded,filled", fontname="sans-serif", fontsize=11]'
    goes = '[style=dashed, color="#cf222e", label="goes away"]'
    lines = ["digraph reconciler {", "  rankdir=LR;", f"  node {style};"]
    for node in graph.nodes:
        label = "\\n".join(_escaped_dot(text) for text in (heading(node), subtitle(node)) if text)
        word = state(node)
        stroke, fill, _ = COLOURS.get(word, NEUTRAL)
        more = ", penwidth=2" if word in DESTROYS else ', style="rounded,filled,dashed"' if word == UNMANAGED else ""
        lines.append(f'  {names[node.address]} [label="{label}", color="{stroke}", fillcolor="{fill}"{more}];')
    lines += [f"  {names[source]} -> {names[target]};" for source, target in graph.edges]
    lines += [f"  {names[source]} -> {names[target]} {goes};" for source, target in graph.dropped]
    return "\n".join([*lines, "}"])


def _escaped_dot(text: str) -> str:
    """A text between DOT's quotes; Graphviz also reads HTML's entities there."""
    return text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


# Mermaid reads more than quotes: directives (%%{…}%%), Markdown between backticks, HTML, its own entities.
_UNSURE = re.compile(r"[^\w .,/()+~=±·…\u00a0-\U0010ffff-]", re.ASCII)

_ITEM = re.compile(r"\A\s*(?:[-+*•]|\d+[.)])(?=\s|$)")


def mermaid(graph: Graph) -> str:
    """A graph as a Mermaid flowchart, references from left to right."""
    graph, left_out = excerpt(graph)
    names = {node.address: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart LR", *([f'  rest["{_escaped(left_out)}"]'] if left_out else [])]
    for node in graph.nodes:
        texts = [_escaped(text) for text in (called(node), subtitle(node)) if text]
        lines.append(f'  {names[node.address]}["{"<br/>".join(texts)}"]')
    lines += [f"  {names[source]} --> {names[target]}" for source, target in graph.edges]
    lines += [f"  {names[source]} -. goes away .-> {names[target]}" for source, target in graph.dropped]
    for word in states(graph):
        members = ",".join(names[node.address] for node in graph.nodes if state(node) == word)
        stroke, fill, text = COLOURS.get(word, NEUTRAL)
        more = ",stroke-width:2px" if word in DESTROYS else ",stroke-dasharray:4 3" if word == UNMANAGED else ""
        lines += [f"  classDef {word} fill:{fill},stroke:{stroke},color:{text}{more}", f"  class {members} {word}"]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """A text between Mermaid's quotes: all that could mean something becomes an entity of its own kind (`#34;`)."""
    # Some versions of Mermaid take a line that begins like an item of a list for one, and show an error in its place.
    return _UNSURE.sub(lambda found: f"#{ord(found[0])};", _ITEM.sub(r"· \g<0>", text))
