"""The graph of references as a picture: Mermaid, DOT and SVG, made of what a review says."""

from collections.abc import Callable, Mapping

from reconciler.model.reports import Graph
from reconciler.output.graph.svg import svg
from reconciler.output.graph.text import dot, excerpt, mermaid

PICTURES: Mapping[str, Callable[[Graph], object]] = {"mermaid": mermaid, "dot": dot, "svg": svg}

__all__ = ["PICTURES", "dot", "excerpt", "mermaid", "svg"]
