"""The graph in Mermaid's language, which GitHub and GitLab draw by themselves."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.model.plan import Action
from reconciler.model.review import Graph, Node
from reconciler.output.terminal import escape
from reconciler.output.text import SIGNS
from reconciler.output.values import ORDER

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
    return escape(f"{sign(node)} {node.address}".strip())


def subtitle(node: Node) -> str:
    """What happens and what people call it: `create · Daily Revenue`."""
    name = node.name if len(node.name) <= LONGEST_NAME else node.name[:LONGEST_NAME] + "…"
    name = "" if name == node.address else name
    return escape(" · ".join(part for part in (state(node), name) if part))


def states(graph: Graph) -> list[str]:
    """Those that a graph's nodes are in, the gravest first."""
    used = {state(node) for node in graph.nodes}
    return [word for word in (*(action.value for action in ORDER), UNMANAGED) if word in used]


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


PLAIN = 'color="#8c959f", fillcolor="#ffffff"'
COLOURS = {
    "delete": 'color="#cf222e", fillcolor="#ffebe9", penwidth=2',
    "replace": 'color="#bc4c00", fillcolor="#fff1e5", penwidth=2',
    "create": 'color="#1a7f37", fillcolor="#dafbe1"',
    "update": 'color="#9a6700", fillcolor="#fff8c5"',
    "manual": 'color="#8250df", fillcolor="#fbefff"',
    "adopt": 'color="#0969da", fillcolor="#ddf4ff"',
    "forget": 'color="#57606a", fillcolor="#eaeef2"',
    "unmanaged": 'color="#8c959f", fillcolor="#ffffff", style="rounded,filled,dashed"',
}


class DotGraph:
    """A graph as DOT, references from left to right."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        names = {node.address: f"n{number}" for number, node in enumerate(self._graph.nodes)}
        yield "digraph reconciler {"
        yield "  rankdir=LR;"
        yield '  node [shape=box, style="rounded,filled", fontname="sans-serif", fontsize=11];'
        for node in self._graph.nodes:
            label = "\\n".join(_escaped_dot(text) for text in (heading(node), subtitle(node)) if text)
            yield f'  {names[node.address]} [label="{label}", {COLOURS.get(state(node), PLAIN)}];'
        for source, target in self._graph.edges:
            yield f"  {names[source]} -> {names[target]};"
        for source, target in self._graph.dropped:
            yield f'  {names[source]} -> {names[target]} [style=dashed, color="#cf222e", label="goes away"];'
        yield "}"


def _escaped_dot(text: str) -> str:
    """A text between DOT's quotes; Graphviz also reads HTML's entities there."""
    return text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


STYLES = {
    "delete": "fill:#ffebe9,stroke:#cf222e,color:#82071e,stroke-width:2px",
    "replace": "fill:#fff1e5,stroke:#bc4c00,color:#762c00,stroke-width:2px",
    "create": "fill:#dafbe1,stroke:#1a7f37,color:#044f1e",
    "update": "fill:#fff8c5,stroke:#9a6700,color:#4d2d00",
    "manual": "fill:#fbefff,stroke:#8250df,color:#512a97",
    "adopt": "fill:#ddf4ff,stroke:#0969da,color:#0a3069",
    "forget": "fill:#eaeef2,stroke:#57606a,color:#24292f",
    "unmanaged": "fill:#ffffff,stroke:#8c959f,color:#57606a,stroke-dasharray:4 3",
}
# Mermaid reads more than quotes: directives (%%{…}%%), Markdown between backticks, HTML, its own entities.
_UNSURE = re.compile(r"[^\w .,/()+~=±·…\u00a0-\U0010ffff-]", re.ASCII)


class MermaidGraph:
    """A graph as a Mermaid flowchart, references from left to right."""

    def __init__(self, graph: Graph) -> None:
        self._drawn = excerpt(graph)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        graph = self._drawn.graph
        names = {node.address: f"n{number}" for number, node in enumerate(graph.nodes)}
        yield "flowchart LR"
        if self._drawn.left_out:
            yield f'  rest["{_escaped(self._drawn.left_out)}"]'
        for node in graph.nodes:
            lines = [text for text in (heading(node), subtitle(node)) if text]
            yield f'  {names[node.address]}["{"<br/>".join(map(_escaped, lines))}"]'
        for source, target in graph.edges:
            yield f"  {names[source]} --> {names[target]}"
        for source, target in graph.dropped:
            yield f"  {names[source]} -. goes away .-> {names[target]}"
        for word in states(graph):
            yield f"  classDef {word} {STYLES[word]}"
            yield f"  class {','.join(names[node.address] for node in graph.nodes if state(node) == word)} {word}"


def _escaped(text: str) -> str:
    """A text between Mermaid's quotes: all that could mean something becomes an entity of its own kind (`#34;`)."""
    return _UNSURE.sub(lambda found: f"#{ord(found[0])};", text)
