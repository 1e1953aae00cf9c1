"""Compares the lists of the API with the state. Not listed is not gone: such an object is asked for by its id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self

from reconciler.api import Reader
from reconciler.api.lists import Item, read_list, read_object, read_table
from reconciler.api.response import NOT_FOUND
from reconciler.errors import AnswerRefused, ListIncomplete, NotAuthorised
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.wire import decode_record, is_id, read_parts
from reconciler.model.addresses import ObjectRef, address_kind
from reconciler.model.inputs import Live, Record, State
from reconciler.threads import result, span


def find_state_lookups(state: State) -> set[str]:
    """The lists that were needed when what is remembered was applied, and so most likely are again."""
    paths = {path for name in set(map(address_kind, state.entries)) for path in KINDS[name].endpoints.lookups}
    referring = {address_kind(address) for address, entry in state.entries.items() if entry.depends_on}
    return paths | {each.lookup for name in referring for _, each in KINDS[name].lists}


def find_target_kinds(targets: Iterable[str]) -> list[Kind]:
    """The kinds of these addresses, those that they refer to, and those that refer to them. All kinds if there is no
    target, or if one is no address."""
    names = set(map(address_kind, targets))
    if not names or not names <= KINDS.keys():
        return list(KINDS.values())
    uses = {kind.name: {reference.kind for _, reference in kind.reference_fields} for kind in KINDS.values()}
    # A round adds what is one step away, and no way from kind to kind has more steps than there are kinds.
    for _ in KINDS:
        names |= {name for name, used in uses.items() if used & names}
        names |= {used for name in names for used in uses[name]}
    return [kind for kind in KINDS.values() if kind.name in names]


def find_kind_lookups(kinds: Iterable[Kind]) -> set[str]:
    """The lists beside the kinds' own that the planning of these kinds can ever need."""
    return {path for kind in kinds for path in (*kind.endpoints.lookups, *(each.lookup for _, each in kind.lists))}


Names = Iterable[str]
Refs = Iterable[ObjectRef]
Used = Iterable[str] | None
MOST_LOOKUPS = 4  # How many lookups are read at once, beside the lists of the kinds.


class Lists:
    """Lists that were requested and are on their way: those of the kinds, and their lookups. Used as a context. If its
    block fails before `wait`, the requests are cancelled: nobody will read these lists."""

    def __init__(
        self, reader: Reader, kinds: Collection[Kind], known: Names = (), likely: Names = (), used: Used = ()
    ) -> None:
        """`known`: the addresses of the state: their kinds are needed, and their number says how many pages are asked
        for at once. `likely`: lookups (paths) that are worth asking for at once. `used`: other kinds that are needed;
        None: all that the project has, and a kind that it lacks (403, 404) has no objects."""
        self.reader = reader
        self.kinds = kinds
        self.counts = Counter(map(address_kind, known))
        self.needed: set[str] = set()
        self.used = {*self.counts}
        self.reads_all_kinds = used is None
        self._pool = reader.threads(len(kinds) + MOST_LOOKUPS)
        self._lists: dict[str, Future[list[Item]]] = {}
        self.need_kinds(used or ())
        self._tables = {path: self._pool.submit(read_table, reader, path) for path in likely}
        self._awaited = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None and not self._awaited:
            self.reader.cancel()
        self._pool.__exit__(kind, error, at)

    def need_kinds(self, names: Iterable[str]) -> None:
        """Asks for the lists of these kinds too, if they are read at all and not on their way already."""
        self.used.update(names)
        for kind in self.kinds:
            at = kind.endpoints
            is_read = self.reads_all_kinds or not at.on_demand or kind.name in self.used
            if is_read and kind.name not in self._lists:
                ask = partial(read_list, self.reader, at.path, at.pages.value, self.counts[kind.name])
                self._lists[kind.name] = self._pool.submit(ask)

    def need(self, lookups: Iterable[str]) -> None:
        """Asks for these lookups (paths) too, if they are not on their way already."""
        for path in lookups:
            self.needed.add(path)
            if path not in self._tables:
                self._tables[path] = self._pool.submit(read_table, self.reader, path)

    def wait(self) -> Live:
        """The live objects, and the lookups that were needed. A lookup that a kind needs to be understood (the
        catalogue of providers) is read too, if there is an object of that kind. Rows of the vendor are left out. An
        object in a state that it cannot leave is gone. Raises what reading a list raises: an incomplete list is an
        error, and never taken for a shorter one."""
        self._awaited = True
        records: dict[str, dict[str, Record]] = {}
        gone: set[ObjectRef] = set()
        warnings: list[str] = []
        # One after the other, so that the first are understood while the last ones come.
        for kind in self.kinds:
            items = [item for item in self._read_items(kind) if item.get(kind.identity.vendor_flag) is not True]
            self.need(kind.endpoints.lookups if items else ())
            tables = {path: result(self._tables[path]) for path in kind.endpoints.lookups if path in self.needed}
            found = [decode_record(kind, raw, tables) for raw in items]
            ended = {record.id for record in found if kind.has_ended(record.fields)}
            gone.update(ObjectRef(kind.name, each) for each in ended)
            records[kind.name] = {record.id: record for record in found if record.id not in ended}
            for name in kind.identity.natural_key:
                if unclear := [record for record in records[kind.name].values() if name not in record.fields]:
                    such_as = f"such as {unclear[0].id} ({unclear[0].name})"
                    warnings.append(f"the {name} of {len(unclear)} {kind.section} is not understood, {such_as}")
        tables = {path: result(future) for path, future in self._tables.items() if path in self.needed}
        return Live(records, tables, tuple(warnings), frozenset(gone))

    def _read_items(self, kind: Kind) -> list[Item]:
        try:
            return result(self._lists[kind.name]) if kind.name in self._lists else []
        except (NotAuthorised, AnswerRefused) as error:
            # A project that lacks a kind answers 403 (NotAuthorised, which has no status) or 404.
            is_needed = not kind.endpoints.on_demand or kind.name in self.used
            if is_needed or getattr(error, "status", NOT_FOUND) != NOT_FOUND:
                raise
            return []


def observe(reader: Reader, kinds: Collection[Kind], lookups: Names, known: Names = (), used: Used = ()) -> Live:
    """The live objects of those kinds, and the lookups at these paths. `known` and `used`: see `Lists`. Raises what
    `Lists.wait` raises."""
    with Lists(reader, kinds, known, used=used) as lists:
        lists.need(lookups)
        return lists.wait()


SAMPLE = 8
"""How many of a kind are asked for first: a list that is cut off lacks many objects, and one of them proves it."""
MOST_AT_ONCE = 16
"""Requests at once, unless the run's parallelism is lower."""


def observe_remembered(
    reader: Reader, kinds: Collection[Kind], state: State, lookups: Names = (), also: Refs = (), used: Used = ()
) -> Live:
    """The live objects as `wait_remembered` gives them, and the lookups at these paths. `used`: see `Lists`."""
    with Lists(reader, kinds, state.entries, used=used) as lists:
        lists.need(lookups)
        return wait_remembered(lists, state, also)


@span("stage", stage="observe")
def wait_remembered(lists: Lists, state: State, also: Refs = ()) -> Live:
    """The live objects of lists that were requested, with proof of what is gone, and without what we deleted.

    Each remembered object that no list shows is requested by its id, if its kind allows that. So are the objects in
    `also`. A 404 proves that it is gone. An object that answers, and stays out of its list for a while, proves that the
    list is incomplete: ListIncomplete. An object that we deleted and that is still listed is left out, unless it
    answers by its id: then somebody has restored it.
    """
    reader, kinds = lists.reader, lists.kinds
    live = lists.wait()
    for attempt in reader.poll():
        if attempt:
            live = observe(reader, kinds, lists.needed, state.entries, None if lists.reads_all_kinds else lists.used)
        missing = _find_missing(state, live, also)
        deleted = {ObjectRef.parse(name) for name, each in state.tombstones.items() if each.deleted}
        # A kind that cannot be asked for by id has nothing that was restored.
        listed = [each for each in deleted if _is_readable(each, live) and each.id in live.records[each.kind]]
        # If any of a sample answers, the list is not whole, and no more is asked for.
        names = dict.fromkeys(each.kind for each in missing)
        sample = [each for name in names for each in [ref for ref in missing if ref.kind == name][:SAMPLE]]
        unlisted = _find_answering(reader, sample)
        unlisted = unlisted or _find_answering(reader, [each for each in missing if each not in sample])
        if not unlisted:
            deleted.difference_update(_find_answering(reader, listed))
            records = {kind: dict(each) for kind, each in live.records.items()}
            for ref in deleted:
                records.get(ref.kind, {}).pop(ref.id, None)
            return replace(live, records=records, gone=live.gone | missing.keys() | deleted)
    lines = []
    for ref in {each.kind: each for each in reversed(unlisted)}.values():
        path, count = KINDS[ref.kind].endpoints.path, sum(each.kind == ref.kind for each in missing)
        others = f"; it lacks {count} objects that the state knows" if count > 1 else ""
        what = f"{missing[ref]} ({ref.id})" if missing[ref] else ref.id
        lines.append(f"GET {path} is not whole: {what} is not in it, and GET {path}/{ref.id} answers with it{others}")
    raise ListIncomplete(
        "\n".join(lines),
        hint="nothing was concluded from it, and no flag passes this; plan again later, or tell Qonversion if it stays",
    )


def _is_readable(ref: ObjectRef, live: Live) -> bool:
    return ref.kind in live.records and KINDS[ref.kind].endpoints.readable


def _find_missing(state: State, live: Live, also: Iterable[ObjectRef]) -> dict[ObjectRef, str]:
    """The objects that no list shows, of the kinds that were read and can be asked for by id, with their addresses."""
    named = [
        (ObjectRef.at(address, object_id), address)
        for address, entry in state.entries.items()
        for object_id in (entry.id, *entry.superseded)
        if object_id not in live.records.get(address_kind(address), ())
    ]
    missing: dict[ObjectRef, str] = {}
    for ref, address in (*named, *((ref, "") for ref in also)):
        is_missing = _is_readable(ref, live) and ref.id not in live.records[ref.kind] and ref not in live.gone
        if is_missing and is_id(KINDS[ref.kind], ref.id):
            missing.setdefault(ref, address)
    return missing


def _find_answering(reader: Reader, asked: list[ObjectRef]) -> list[ObjectRef]:
    """Those that answer by their id. AnswerUnreadable if an answer is no record of its kind."""

    def is_there(ref: ObjectRef) -> bool:
        kind = KINDS[ref.kind]
        item = read_object(reader, kind.endpoints.path, ref.id)
        if item is None or item.get(kind.identity.vendor_flag) is True:
            return False
        return not kind.has_ended(decode_record(kind, item, {}).fields)

    with reader.threads(MOST_AT_ONCE) as pool:
        answers = [pool.submit(is_there, each) for each in asked]
        try:
            return [each for each, answer in zip(asked, answers, strict=True) if result(answer)]
        except BaseException:
            # Nobody waits for answers that nobody will read.
            reader.cancel()
            raise


def with_parts(reader: Reader, live: Live, refs: Iterable[ObjectRef]) -> Live:
    """The live objects, these ones with the values that only an endpoint of their own tells."""
    asked = [ref for ref in refs if KINDS[ref.kind].parts and live.find(ref.kind, ref.id) is not None]
    with reader.threads(MOST_AT_ONCE) as pool:
        answers = {
            ref: pool.submit(read_parts, KINDS[ref.kind], ref.id, lambda path: reader.get(path).record())
            for ref in asked
        }
        records = {kind: dict(each) for kind, each in live.records.items()}
        for ref, answer in answers.items():
            values = result(answer)
            raw = {**records[ref.kind][ref.id].raw, **values}
            records[ref.kind][ref.id] = decode_record(KINDS[ref.kind], raw, live.lookups)
    return replace(live, records=records)
