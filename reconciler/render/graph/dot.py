"""The graph in the DOT language, for Graphviz and programs: always whole."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.review import Graph
from reconciler.render.graph.labels import heading, state, subtitle

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
            label = "\\n".join(_escaped(text) for text in (heading(node), subtitle(node)) if text)
            yield f'  {names[node.address]} [label="{label}", {COLOURS.get(state(node), PLAIN)}];'
        for source, target in self._graph.edges:
            yield f"  {names[source]} -> {names[target]};"
        for source, target in self._graph.dropped:
            yield f'  {names[source]} -> {names[target]} [style=dashed, color="#cf222e", label="goes away"];'
        yield "}"


def _escaped(text: str) -> str:
    """A text between DOT's quotes; Graphviz also reads HTML's entities there."""
    return text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
