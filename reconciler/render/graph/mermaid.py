"""The graph in Mermaid's language, which GitHub and GitLab draw by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.model.review import Graph
from reconciler.render.graph.excerpt import excerpt
from reconciler.render.graph.labels import heading, state, states, subtitle

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
