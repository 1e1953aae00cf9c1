"""The graph of references as a picture: Mermaid, which GitHub and GitLab draw by themselves, DOT, and SVG.

SVG is a file of its own, or the picture in the HTML page, whose style sheet colours it there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from reconciler.lazy import load
from reconciler.model.plan import DESTROYS, Action
from reconciler.model.reports import Graph, Node
from reconciler.output.labels import ACTIONS, NEUTRAL, UNMANAGED
from reconciler.output.terminal import escape
from reconciler.text import count_columns, format_count, truncate

WIDTH, GAP, MARGIN, LINE = 264, 88, 12, 20  # pixels of a box, between columns, around the picture, of a line of text
CHARACTERS = 32  # of the heading's font, in a box of WIDTH
SWEEPS = 2  # over the columns, there and back, so that fewer edges cross
LONE_COLUMNS = 3  # boxes without a reference stand below the others, in at least so many columns
Edge = tuple[str, str]
LONGEST_NAME = 60
SMALL = 30  # nodes: of so many each has a box of its own, with its name; of more, alike ones have one together
FEW = 2  # nodes that are alike, and have a box each all the same
DRAWN = 100  # nodes that are drawn at most: two columns of fifty can still be read
COLOURS = {action.value: label.colours for action, label in ACTIONS.items()}


def find_state(node: Node) -> str:
    """What happens to a node: the name of an action, `unmanaged`, or empty if nothing happens."""
    return node.action or ("" if node.managed else UNMANAGED)


def name_node(node: Node) -> tuple[str, str, str]:
    """The sign of what happens to a node, its address or how many objects it stands for, and below these what happens
    and what people call it: `+ `, `report.daily-revenue`, `create · Daily Revenue`."""
    sign = f"{ACTIONS[Action(node.action)].sign} " if node.action else ""
    address = node.address if node.alike == 1 else format_count(node.alike, node.kind.replace("_", " "))
    name = truncate(node.name, LONGEST_NAME)
    below = (find_state(node), "" if name == node.address else name)
    return sign, escape(address), escape(" · ".join(filter(None, below)))


def list_states(graph: Graph) -> list[str]:
    """The states that the nodes of a graph have, the gravest first."""
    used = {find_state(node) for node in graph.nodes}
    return [word for word in (*(action.value for action in ACTIONS), UNMANAGED) if word in used]


def fold(graph: Graph) -> Graph:
    """The graph, with fewer nodes if it is not small: one stands for several that nothing refers to, that refer to the
    same nodes and to which the same happens."""
    uses: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for goes, edges in enumerate((graph.edges, graph.dropped)):
        for source, target in edges:
            uses[source].add((target, goes))
    referred = {target for targets in uses.values() for target, _ in targets}
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
    return _select_nodes(graph, shown)


def _select_nodes(graph: Graph, nodes: Mapping[str, Node]) -> Graph:
    """These nodes, by address, and the edges between them."""
    edges, dropped = ([edge for edge in each if nodes.keys() >= {*edge}] for each in (graph.edges, graph.dropped))
    return Graph(tuple(nodes.values()), tuple(edges), tuple(dropped))


def make_excerpt(graph: Graph) -> tuple[Graph, str]:
    """The part of the graph that is drawn, and a sentence about the rest, empty if there is none. A graph of more than
    DRAWN nodes loses some: first come the gravest changes with what they refer to, then what refers to these."""
    graph = fold(graph)
    if len(graph.nodes) <= DRAWN:
        return graph, ""
    edges = {*graph.edges, *graph.dropped}
    changing = [node.address for node in sorted(graph.nodes, key=rank_node) if node.action]
    uses, users = defaultdict(set), defaultdict(set)
    for source, target in edges:
        uses[source].add(target)
        users[target].add(source)
    kept: set[str] = set()
    for address in changing:
        kept |= group if len(kept | (group := {address, *uses[address]})) <= DRAWN else set()
    beside = {user for address in kept.intersection(changing) for user in users[address]} - kept
    kept |= set(sorted(beside)[: DRAWN - len(kept)])
    drawn = _select_nodes(graph, {node.address: node for node in graph.nodes if node.address in kept})
    left = len(set(changing) - kept)
    what = "what changes" if not left else f"the gravest changes ({left:,} more are not)"
    return drawn, f"{len(kept):,} of {len(graph.nodes):,} boxes are drawn: {what}, and what is beside them."


def rank_node(node: Node) -> tuple[int, str]:
    """The key to sort nodes by: the gravest change first, what does not change last."""
    return (list(ACTIONS).index(Action(node.action)) if node.action else len(ACTIONS)), node.address


def render_dot(graph: Graph) -> str:
    """A graph as DOT, references from left to right."""
    names = {node.address: f"n{number}" for number, node in enumerate(graph.nodes)}
    style = '[shape=box, style="rounded,filled", fontname="sans-serif", fontsize=11]'
    goes = '[style=dashed, color="#cf222e", label="goes away"]'
    lines = ["digraph reconciler {", "  rankdir=LR;", f"  node {style};"]
    # Between DOT's quotes, Graphviz also reads HTML's entities.
    escapes = str.maketrans({"&": "&amp;", "\\": "\\\\", '"': '\\"'})
    for node in graph.nodes:
        sign, address, below = name_node(node)
        label = "\\n".join(text.translate(escapes) for text in (sign + address, below) if text)
        word = find_state(node)
        stroke, fill, _ = COLOURS.get(word, NEUTRAL)
        more = ", penwidth=2" if word in DESTROYS else ', style="rounded,filled,dashed"' if word == UNMANAGED else ""
        lines.append(f'  {names[node.address]} [label="{label}", color="{stroke}", fillcolor="{fill}"{more}];')
    lines += [f"  {names[source]} -> {names[target]};" for source, target in graph.edges]
    lines += [f"  {names[source]} -> {names[target]} {goes};" for source, target in graph.dropped]
    return "\n".join([*lines, "}"])


# Mermaid reads more than quotes: directives (%%{…}%%), Markdown between backticks, HTML, its own entities.
_UNSURE = re.compile(r"[^\w .,/()+~=±·…\u00a0-\U0010ffff-]", re.ASCII)
_ITEM = re.compile(r"\A\s*(?:[-+*•]|\d+[.)])(?=\s|$)")


def render_mermaid(graph: Graph) -> str:
    """A graph as a Mermaid flowchart, references from left to right."""
    graph, left_out = make_excerpt(graph)
    names = {node.address: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart LR", *([f'  rest["{_escape_entities(left_out)}"]'] if left_out else [])]
    for node in graph.nodes:
        texts = [_escape_entities(text) for text in name_node(node)[1:] if text]
        lines.append(f'  {names[node.address]}["{"<br/>".join(texts)}"]')
    lines += [f"  {names[source]} --> {names[target]}" for source, target in graph.edges]
    lines += [f"  {names[source]} -. goes away .-> {names[target]}" for source, target in graph.dropped]
    for word in list_states(graph):
        members = ",".join(names[node.address] for node in graph.nodes if find_state(node) == word)
        stroke, fill, text = COLOURS.get(word, NEUTRAL)
        more = ",stroke-width:2px" if word in DESTROYS else ",stroke-dasharray:4 3" if word == UNMANAGED else ""
        lines += [f"  classDef {word} fill:{fill},stroke:{stroke},color:{text}{more}", f"  class {members} {word}"]
    return "\n".join(lines)


def _escape_entities(text: str) -> str:
    """The text for Mermaid's quotes: each character that could be markup becomes one of its entities (`#34;`)."""
    # Some versions of Mermaid take a line that begins like an item of a list for one, and show an error in its place.
    return _UNSURE.sub(lambda found: f"#{ord(found[0])};", _ITEM.sub(r"· \g<0>", text))


def render_svg(graph: Graph) -> str:
    """A graph as a file of its own."""
    return str(load("reconciler.output.page:render")("graph.svg", picture=draw_picture(graph)))


def draw_picture(graph: Graph, *, is_linked: bool = False) -> dict[str, Any]:
    """What the template draws of a graph. `is_linked`: it stands in a page, which has colours and a legend of its own,
    and a change is a link to its card. `left_out` in the result is a sentence about what is not drawn, or empty."""
    graph, left_out = make_excerpt(graph)
    has_names = len(graph.nodes) <= SMALL
    height, pitch = (46, 60) if has_names else (26, 34)
    placed = _lay_out([node.address for node in sorted(graph.nodes, key=rank_node)], [*graph.edges, *graph.dropped])
    positions = {
        address: (MARGIN + column * (WIDTH + GAP), MARGIN + row * pitch) for address, (column, row) in placed.items()
    }
    across, down = (max(numbers) + 1 for numbers in zip((0, 0.0), *placed.values(), strict=True))
    legend = [f"{ACTIONS[Action(word)].sign} {word}" for word in list_states(graph) if word != UNMANAGED]
    legend += ["dashed: not managed here"] * any(not node.managed for node in graph.nodes)
    legend += ["red, dashed: goes away"] * bool(graph.dropped)
    notes = [] if is_linked else [line for line in (" · ".join(legend), left_out) if line]
    return {
        "width": 2 * MARGIN + across * (WIDTH + GAP) - GAP,
        "height": 2 * MARGIN + round(down * pitch) + len(notes) * LINE,
        "box": {"width": WIDTH, "height": height, "gap": GAP, "margin": MARGIN, "line": LINE, "has_name": has_names},
        "nodes": [(node, *name_node(node), find_state(node), *positions[node.address]) for node in graph.nodes],
        "edges": [(*positions[source], *positions[target]) for source, target in graph.edges],
        "dropped": [(*positions[source], *positions[target]) for source, target in graph.dropped],
        "notes": notes,
        "left_out": left_out,
        "is_linked": is_linked,
        "colours": COLOURS,
        "bold": DESTROYS,
        "fit": fit_columns,
    }


def fit_columns(text: str, limit: int = CHARACTERS) -> str:
    """The text in `limit` columns, of which a wide character takes two."""
    if count_columns(text) <= limit:
        return text
    return text[: bisect_right([*accumulate(map(count_columns, text))], limit - 1)] + "…"


def _lay_out(addresses: Sequence[str], edges: Sequence[Edge]) -> dict[str, tuple[int, float]]:
    """Address → its column and its row, both from 0; a row may lie between two. Columns by the longest way from what
    nothing refers to, so that every reference points to the right; few crossings; what has no reference stands below.
    """
    linked = {one for edge in edges for one in edge}
    beside: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        beside[source].append(target)
        beside[target].append(source)
    filled = _fill_columns([address for address in addresses if address in linked], edges)
    # Each column in the order of its neighbours' rows, from right to left and back.
    for stack in (*filled[::-1], *filled) * SWEEPS:
        rows = {address: float(row) for each in filled for row, address in enumerate(each)}
        stack.sort(key=lambda address: (_find_middle(rows, beside[address]), address))
    positions = _assign_rows(filled, beside)
    below = max((row for _, row in positions.values()), default=-1.0) + (1.5 if positions else 1.0)
    lone = [address for address in addresses if address not in linked]
    width = max(LONE_COLUMNS, len(filled)) if len(lone) > 1 else 1
    height = -(-len(lone) // width)
    for number, address in enumerate(lone):
        column, row = divmod(number, height)
        positions[address] = (column, below + row)
    return positions


def _fill_columns(linked: Sequence[str], edges: Sequence[Edge]) -> list[list[str]]:
    depth = dict.fromkeys(linked, 0)
    # A cycle of references would push itself to the right for ever: as many rounds as there are nodes are enough.
    for _ in linked:
        pushed = {target: depth[source] + 1 for source, target in edges if depth[target] <= depth[source]}
        if not pushed or max(pushed.values()) >= len(linked):
            break
        depth |= pushed
    count_columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for address in linked:
        count_columns[depth[address]].append(address)
    return count_columns


def _assign_rows(count_columns: list[list[str]], beside: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, float]]:
    """The longest column row by row; the others as near to their neighbours as there is room."""
    longest = max(count_columns, key=len, default=[])
    rows = {address: float(row) for row, address in enumerate(longest)}
    middle = (len(longest) - 1) / 2
    for column in count_columns:
        if column is longest:
            continue
        wanted = sorted((_find_middle(rows, beside[address], middle), address) for address in column)
        free = 0.0
        for left, (row, address) in zip(range(len(column), 0, -1), wanted, strict=True):
            rows[address] = max(free, min(row, float(len(longest) - left)))
            free = rows[address] + 1
    return {address: (number, rows[address]) for number, column in enumerate(count_columns) for address in column}


def _find_middle(rows: Mapping[str, float], neighbours: Sequence[str], otherwise: float = 0.0) -> float:
    known = [rows[each] for each in neighbours if each in rows]
    return sum(known) / len(known) if known else otherwise


PICTURES: Mapping[str, Callable[[Graph], str]] = {"mermaid": render_mermaid, "dot": render_dot, "svg": render_svg}
