"""Reads everything that a plan must know of the API, the lists of all kinds side by side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from reconciler.api import Reader
from reconciler.api.lists import read_list, read_table
from reconciler.kinds import Kind
from reconciler.kinds.records import record_from
from reconciler.model.live import Live, Record
from reconciler.threads import Threads, result

MOST_LOOKUPS = 4
"""At once, beside the lists of the kinds."""
NOTHING: Mapping[str, int] = {}
Lookups = Callable[[], Iterable[str]]


def observe(
    reader: Reader,
    kinds: Collection[Kind],
    lookups: Lookups = tuple,
    expected: Mapping[str, int] = NOTHING,
    likely: Collection[str] = (),
) -> Live:
    """The live objects of those kinds, and the lists at `lookups` (paths). `expected`: about how many, by kind.

    `lookups` is asked once the lists are on their way, so that what it takes to tell goes on while the network answers,
    and each of them is read as soon as it is told; `likely` are those that are worth asking for before that.

    A list that a kind needs to be understood (the catalogue of providers) is read as well, once there is an object of
    that kind. Raises what reading a list raises: an incomplete list is an error and never a shorter truth.
    """
    with Threads(len(kinds) + MOST_LOOKUPS) as pool:
        lists = {
            kind.name: pool.submit(read_list, reader, kind.path, kind.pages.value, expected.get(kind.name, 0))
            for kind in kinds
        }
        asked = {path: pool.submit(read_table, reader, path) for path in likely}
        needed: set[str] = set()
        try:
            for path in lookups():
                needed.add(path)
                if path not in asked:
                    asked[path] = pool.submit(read_table, reader, path)
        except BaseException:
            # Nobody waits for lists that nobody will read.
            reader.give_up()
            raise
        records: dict[str, dict[str, Record]] = {}
        # One after the other, so that the first are understood while the last ones come.
        for kind in kinds:
            items = result(lists[kind.name])
            for path in kind.lookups if items else ():
                needed.add(path)
                if path not in asked:
                    asked[path] = pool.submit(read_table, reader, path)
            tables = {path: result(asked[path]) for path in kind.lookups if path in needed}
            records[kind.name] = {record.id: record for record in (record_from(kind, raw, tables) for raw in items)}
        tables = {path: result(future) for path, future in asked.items() if path in needed}
    return Live(records, tables, tuple(_not_understood(kinds, records)))


def _not_understood(kinds: Collection[Kind], records: dict[str, dict[str, Record]]) -> list[str]:
    """Each thing that was read and not understood, said once for a kind."""
    warnings = []
    for kind in kinds:
        for name in kind.natural_key:
            unclear = [record for record in records[kind.name].values() if name not in record.fields]
            if unclear:
                first = unclear[0]
                warnings.append(
                    f"the {name} of {len(unclear)} {kind.section} is not understood, such as {first.id} ({first.name})"
                )
    return warnings
