"""The graph as SVG: a file of its own, or the picture in the HTML page, whose style sheet colours it there."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, tostring

from reconciler.model.plan import DESTROYS
from reconciler.model.reports import Graph, Node
from reconciler.output.graph.text import COLOURS, SMALL, excerpt, gravity, heading, state, states, subtitle
from reconciler.output.terminal import escape
from reconciler.text import columns

WIDTH, GAP, MARGIN, LINE = 264, 88, 12, 20
CHARACTERS = 32
SWEEPS = 2
LONE_COLUMNS = 3
Edge = tuple[str, str]
STYLE = """
text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; }
text.sub, text.said { font: 11px system-ui, sans-serif; fill: #59636e; }
rect { fill: #ffffff; stroke: #8c959f; } path { fill: none; stroke: #8c959f; }
path.tip { fill: #8c959f; } path.dropped { stroke: #cf222e; stroke-dasharray: 5 4; }
.unmanaged rect { stroke-dasharray: 4 3; }
"""


class SvgGraph:
    """A graph as a picture. `linked`: within a page, where what changes leads to its own description.
    `left_out`: what is not drawn, in a sentence; empty if all is."""

    def __init__(self, graph: Graph, *, linked: bool = False) -> None:
        self._graph, self.left_out = excerpt(graph)
        self._linked = linked
        self._two_lines = len(self._graph.nodes) <= SMALL
        self._height = 46 if self._two_lines else 26
        self._pitch = self._height + (14 if self._two_lines else 8)

    def __str__(self) -> str:
        return tostring(self._picture(), encoding="unicode")

    def _picture(self) -> Element:
        graph = self._graph
        placed = _layout([node.address for node in sorted(graph.nodes, key=gravity)], [*graph.edges, *graph.dropped])
        spots = {
            address: (MARGIN + column * (WIDTH + GAP), MARGIN + row * self._pitch)
            for address, (column, row) in placed.items()
        }
        across, down = (max(numbers) + 1 for numbers in zip((0, 0.0), *placed.values(), strict=True))
        notes = [] if self._linked else self._notes()
        width = 2 * MARGIN + across * (WIDTH + GAP) - GAP
        height = 2 * MARGIN + round(down * self._pitch) + len(notes) * LINE
        size = {"width": str(width), "height": str(height), "viewBox": f"0 0 {width} {height}"}
        svg = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": "graph", **size})
        if not self._linked:
            SubElement(svg, "title").text = "What refers to what"
            SubElement(svg, "style").text = STYLE + "".join(map(_colours, COLOURS))
            SubElement(svg, "rect", {"width": "100%", "height": "100%", "style": "stroke: none"})
        for source, target in graph.edges:
            self._edge(svg, spots[source], spots[target], "edge")
        for source, target in graph.dropped:
            self._edge(svg, spots[source], spots[target], "edge dropped")
        for node in graph.nodes:
            self._node(svg, node, spots[node.address])
        for number, line in enumerate(reversed(notes)):
            SubElement(svg, "text", _at(MARGIN, height - MARGIN - number * LINE) | {"class": "said"}).text = line
        return svg

    def _notes(self) -> list[str]:
        words = [f"{heading(node).split(' ')[0]} {node.action}" for node in self._graph.nodes if node.action]
        legend = sorted(set(words), key=lambda word: states(self._graph).index(word.split(" ")[1]))
        legend += ["dashed: not managed here"] * any(not node.managed for node in self._graph.nodes)
        legend += ["red, dashed: goes away"] * bool(self._graph.dropped)
        return [line for line in (" · ".join(legend), self.left_out) if line]

    def _node(self, svg: Element, node: Node, spot: tuple[float, float]) -> None:
        x, y = spot
        parent = svg
        if self._linked and node.action:
            parent = SubElement(svg, "a", {"href": f"#{quote(escape(node.address))}"})
        group = SubElement(parent, "g", {"class": f"node {state(node)}".strip()})
        about = "\n".join(text for text in (heading(node), subtitle(node)) if text)
        SubElement(group, "title").text = about
        size = {"width": str(WIDTH), "height": str(self._height), "rx": "6"}
        SubElement(group, "rect", {"x": f"{x:g}", "y": f"{y:g}", **size})
        SubElement(group, "text", _at(x + 12, y + (19 if self._two_lines else 17))).text = fit_columns(heading(node))
        if self._two_lines:
            text = fit_columns(subtitle(node), CHARACTERS + 4)
            SubElement(group, "text", _at(x + 12, y + 36) | {"class": "sub"}).text = text

    def _edge(self, svg: Element, start: tuple[float, float], end: tuple[float, float], style: str) -> None:
        x, y = start[0] + WIDTH, start[1] + self._height / 2
        to_x, to_y = end[0] - 6, end[1] + self._height / 2
        bend = max(GAP / 2, abs(to_x - x) / 2)
        curve = f"M{x:g} {y:g}C{x + bend:g} {y:g} {to_x - bend:g} {to_y:g} {to_x:g} {to_y:g}"
        SubElement(svg, "path", {"class": style, "d": curve})
        SubElement(svg, "path", {"class": f"{style} tip", "d": f"M{to_x + 6:g} {to_y:g}l-7 -4v8z"})


def _colours(word: str) -> str:
    stroke, fill, _ = COLOURS[word]
    return f".{word} rect {{ fill: {fill}; stroke: {stroke};{' stroke-width: 2;' if word in DESTROYS else ''} }}\n"


def fit_columns(text: str, room: int = CHARACTERS) -> str:
    """The text in `room` columns, of which a wide character takes two."""
    if columns(text) <= room:
        return text
    return text[: bisect_right([*accumulate(map(columns, text))], room - 1)] + "…"


def _at(x: float, y: float) -> dict[str, str]:
    return {"x": f"{x:g}", "y": f"{y:g}"}


def _layout(addresses: Sequence[str], edges: Sequence[Edge]) -> dict[str, tuple[int, float]]:
    """Address → its column and its row, both from 0; a row may lie between two. Columns by the longest way from what
    nothing refers to, so that every reference points to the right; few crossings; what has no reference stands below.
    """
    linked = {one for edge in edges for one in edge}
    beside: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        beside[source].append(target)
        beside[target].append(source)
    filled = _columns([address for address in addresses if address in linked], edges)
    _order_columns(filled, beside)
    spots = _rows(filled, beside)
    below = max((row for _, row in spots.values()), default=-1.0) + (1.5 if spots else 1.0)
    lone = [address for address in addresses if address not in linked]
    width = max(LONE_COLUMNS, len(filled)) if len(lone) > 1 else 1
    height = -(-len(lone) // width)
    for number, address in enumerate(lone):
        column, row = divmod(number, height)
        spots[address] = (column, below + row)
    return spots


def _columns(linked: Sequence[str], edges: Sequence[Edge]) -> list[list[str]]:
    depth = dict.fromkeys(linked, 0)
    # A cycle of references would push itself to the right for ever: as many rounds as there are nodes are enough.
    for _ in linked:
        pushed = {target: depth[source] + 1 for source, target in edges if depth[target] <= depth[source]}
        if not pushed or max(pushed.values()) >= len(linked):
            break
        depth |= pushed
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for address in linked:
        columns[depth[address]].append(address)
    return columns


def _order_columns(columns: list[list[str]], beside: Mapping[str, Sequence[str]]) -> None:
    """Orders each column by the rows of its neighbours, from right to left and back."""
    for way in (columns[::-1], columns) * SWEEPS:
        for column in way:
            order = {address: float(row) for each in columns for row, address in enumerate(each)}
            column.sort(key=lambda address: (_middle(order, beside[address]), address))


def _rows(columns: list[list[str]], beside: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, float]]:
    """The longest column row by row; the others as near to their neighbours as there is room."""
    if not columns:
        return {}
    longest = max(columns, key=len)
    rows = {address: float(row) for row, address in enumerate(longest)}
    middle = (len(longest) - 1) / 2
    for column in columns:
        if column is longest:
            continue
        wanted = {address: _middle(rows, beside[address], middle) for address in column}
        column.sort(key=lambda address: (wanted[address], address))
        rows |= _spread(column, wanted, len(longest))
    return {address: (number, rows[address]) for number, column in enumerate(columns) for address in column}


def _spread(column: Sequence[str], wanted: Mapping[str, float], height: int) -> dict[str, float]:
    rows: dict[str, float] = {}
    free = 0.0
    for left, address in zip(range(len(column), 0, -1), column, strict=True):
        rows[address] = max(free, min(wanted[address], float(height - left)))
        free = rows[address] + 1
    return rows


def _middle(rows: Mapping[str, float], neighbours: Sequence[str], otherwise: float = 0.0) -> float:
    known = [rows[each] for each in neighbours if each in rows]
    return sum(known) / len(known) if known else otherwise
