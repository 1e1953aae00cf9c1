"""The graph of references as a picture: Mermaid, DOT and SVG, made of what a review says."""

from reconciler.output.graph.svg import SvgGraph
from reconciler.output.graph.text import DotGraph, MermaidGraph, excerpt

__all__ = ["DotGraph", "MermaidGraph", "SvgGraph", "excerpt"]
