"""The graph as SVG: a file of its own, or the picture in the HTML page, whose style sheet colours it there."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from reconciler.lazy import load
from reconciler.model.plan import DESTROYS, Action
from reconciler.model.reports import Graph
from reconciler.output.graph.text import COLOURS, SMALL, excerpt, gravity, heading, state, states, subtitle
from reconciler.output.labels import ACTIONS, UNMANAGED
from reconciler.output.terminal import escape
from reconciler.text import columns

WIDTH, GAP, MARGIN, LINE = 264, 88, 12, 20
CHARACTERS = 32
SWEEPS = 2
LONE_COLUMNS = 3
Edge = tuple[str, str]


def svg(graph: Graph) -> str:
    """A graph as a file of its own."""
    text: str = load("reconciler.output.page:render")("graph.svg", picture=picture(graph))
    return text


def picture(graph: Graph, *, is_linked: bool = False) -> dict[str, Any]:
    """A graph as the template draws it. `is_linked`: within a page, which has colours and a legend of its own, and
    where what changes leads to its own description. `left_out`: what is not drawn, in a sentence; empty if all is."""
    graph, left_out = excerpt(graph)
    has_names = len(graph.nodes) <= SMALL
    height, pitch = (46, 60) if has_names else (26, 34)
    placed = _layout([node.address for node in sorted(graph.nodes, key=gravity)], [*graph.edges, *graph.dropped])
    spots = {
        address: (MARGIN + column * (WIDTH + GAP), MARGIN + row * pitch) for address, (column, row) in placed.items()
    }
    across, down = (max(numbers) + 1 for numbers in zip((0, 0.0), *placed.values(), strict=True))
    legend = [f"{ACTIONS[Action(word)].sign} {word}" for word in states(graph) if word != UNMANAGED]
    legend += ["dashed: not managed here"] * any(not node.managed for node in graph.nodes)
    legend += ["red, dashed: goes away"] * bool(graph.dropped)
    notes = [] if is_linked else [line for line in (" · ".join(legend), left_out) if line]
    return {
        "width": 2 * MARGIN + across * (WIDTH + GAP) - GAP,
        "height": 2 * MARGIN + round(down * pitch) + len(notes) * LINE,
        "box": {"width": WIDTH, "height": height, "gap": GAP, "margin": MARGIN, "line": LINE, "has_name": has_names},
        "nodes": [(node, *spots[node.address]) for node in graph.nodes],
        "edges": [(*spots[source], *spots[target]) for source, target in graph.edges],
        "dropped": [(*spots[source], *spots[target]) for source, target in graph.dropped],
        "notes": notes,
        "left_out": left_out,
        "is_linked": is_linked,
        "colours": COLOURS,
        "bold": DESTROYS,
        "words": {"heading": heading, "subtitle": subtitle, "state": state, "fit": fit_columns, "escape": escape},
    }


def fit_columns(text: str, room: int = CHARACTERS) -> str:
    """The text in `room` columns, of which a wide character takes two."""
    if columns(text) <= room:
        return text
    return text[: bisect_right([*accumulate(map(columns, text))], room - 1)] + "…"


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
    # Each column in the order of its neighbours' rows, from right to left and back.
    for stack in (*filled[::-1], *filled) * SWEEPS:
        rows = {address: float(row) for each in filled for row, address in enumerate(each)}
        stack[:] = [address for _, address in sorted((_middle(rows, beside[address]), address) for address in stack)]
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


def _rows(columns: list[list[str]], beside: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, float]]:
    """The longest column row by row; the others as near to their neighbours as there is room."""
    longest = max(columns, key=len, default=[])
    rows = {address: float(row) for row, address in enumerate(longest)}
    middle = (len(longest) - 1) / 2
    for column in columns:
        if column is longest:
            continue
        wanted = sorted((_middle(rows, beside[address], middle), address) for address in column)
        free = 0.0
        for left, (row, address) in zip(range(len(column), 0, -1), wanted, strict=True):
            rows[address] = max(free, min(row, float(len(longest) - left)))
            free = rows[address] + 1
    return {address: (number, rows[address]) for number, column in enumerate(columns) for address in column}


def _middle(rows: Mapping[str, float], neighbours: Sequence[str], otherwise: float = 0.0) -> float:
    known = [rows[each] for each in neighbours if each in rows]
    return sum(known) / len(known) if known else otherwise
