"""The graph of references as a picture: Mermaid, DOT and SVG, made of what a review says."""

from reconciler.render.graph.dot import DotGraph
from reconciler.render.graph.mermaid import MermaidGraph
from reconciler.render.graph.svg import SvgGraph

__all__ = ["DotGraph", "MermaidGraph", "SvgGraph"]
