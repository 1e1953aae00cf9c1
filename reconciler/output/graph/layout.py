"""Where each node of a graph stands: in columns from left to right, so that every reference points to the right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Edge = tuple[str, str]
SWEEPS = 2
LONE_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Layout:
    """Address → its column and its row, both from 0; a row may lie between two. `rows` is how many there are."""

    spots: Mapping[str, tuple[int, float]]
    columns: int
    rows: float


def layout(addresses: Sequence[str], edges: Sequence[Edge]) -> Layout:
    """Columns by the longest way from what nothing refers to; few crossings; what has no reference stands below."""
    linked = {one for edge in edges for one in edge}
    columns = _columns([address for address in addresses if address in linked], edges)
    _order_columns(columns, edges)
    spots = _rows(columns, edges)
    below = max((row for _, row in spots.values()), default=-1.0) + (1.5 if spots else 1.0)
    lone = [address for address in addresses if address not in linked]
    width = max(LONE_COLUMNS, len(columns)) if len(lone) > 1 else 1
    height = -(-len(lone) // width)
    for number, address in enumerate(lone):
        column, row = divmod(number, height)
        spots[address] = (column, below + row)
    return Layout(
        spots,
        max((column for column, _ in spots.values()), default=0) + 1,
        max((row for _, row in spots.values()), default=0.0) + 1,
    )


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


def _beside(edges: Sequence[Edge]) -> dict[str, list[str]]:
    beside = defaultdict(list)
    for source, target in edges:
        beside[source].append(target)
        beside[target].append(source)
    return beside


def _order_columns(columns: list[list[str]], edges: Sequence[Edge]) -> None:
    """Orders each column by the rows of its neighbours, from right to left and back."""
    beside = _beside(edges)
    for way in (columns[::-1], columns) * SWEEPS:
        for column in way:
            order = {address: float(row) for each in columns for row, address in enumerate(each)}
            column.sort(key=lambda address: (_middle(order, beside[address]), address))


def _rows(columns: list[list[str]], edges: Sequence[Edge]) -> dict[str, tuple[int, float]]:
    """The longest column row by row; the others as near to their neighbours as there is room."""
    if not columns:
        return {}
    beside, longest = _beside(edges), max(columns, key=len)
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
