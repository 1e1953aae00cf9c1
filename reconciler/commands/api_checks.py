"""The checks of the API: what it answers, and which facts about it hold. The client has no verb that writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from reconciler.api import Reader, Transport
from reconciler.api.address import base_url, is_local, proxy_for
from reconciler.api.lists import Item, read_list, read_object, read_table
from reconciler.api.response import FORBIDDEN, NOT_FOUND, Response
from reconciler.commands.session import NOW, Session, written_kinds
from reconciler.errors import (
    AnswerRefused,
    AnswerUnreadable,
    CertificateUntrusted,
    ListIncomplete,
    NotAuthorised,
    ReconcilerError,
    some_of,
)
from reconciler.kinds import KINDS, Kind, Reference
from reconciler.kinds.facts import find_facts
from reconciler.model.diagnosis import WARNING, Check, Diagnosis, Fact
from reconciler.model.inputs import State, address_kind
from reconciler.model.redaction import without_credentials
from reconciler.model.settings import VENDOR_URL
from reconciler.threads import Threads

MOST_SKEW = timedelta(seconds=60)
MOST_AT_ONCE = 16


class Watch(Reader):
    """Reads lists, and notes by path what came: `items` or `errors`, `statuses`, `seconds`. `skew`: how far our clock
    is ahead of that of the API, None if that does not tell its time."""

    def __init__(self, door: Transport) -> None:
        super().__init__(door)
        self.items: dict[str, list[Item]] = {}
        self.errors: dict[str, ReconcilerError] = {}
        self.statuses: dict[str, int] = {}
        self.seconds: dict[str, float] = {}
        self.skew: timedelta | None = None

    def _once(self, method: str, path: str, **rest: Any) -> Response:
        answer = super()._once(method, path, **rest)
        self.statuses[path] = answer.status
        with suppress(ValueError, TypeError):
            self.skew = datetime.now(UTC) - parsedate_to_datetime(answer.headers.get("date", ""))
        return answer

    def note(self, path: str, read: Callable[[], list[Item]]) -> None:
        """Reads a list, and notes how that ends."""
        began = time.monotonic()
        try:
            self.items[path] = read()
        except ReconcilerError as error:
            self.errors[path] = error
        self.seconds[path] = time.monotonic() - began

    def note_kind(self, kind: Kind) -> None:
        """Reads the list of a kind."""
        self.note(kind.path, lambda: read_list(self, kind.path, kind.pages.value))


def ask_api(session: Session, state: State) -> Diagnosis:
    """The checks of the API, and the facts. If it does not take the key, nothing more is asked."""
    door, watch = session.door, Watch(session.door)
    first, *others = sorted(KINDS.values(), key=lambda kind: kind.on_demand)
    watch.note_kind(first)
    checks = list(_check_answer(door, watch, first))
    found = Diagnosis(session.environment.name, tuple(checks), api=door.address, is_sandbox=door.secret.sandbox)
    if any(each.exit_code for each in checks):
        return found
    with Threads(MOST_AT_ONCE) as threads:
        for kind in others:
            threads.submit(watch.note_kind, kind)
        for path in {*(path for kind in KINDS.values() for path in kind.lookups), *_references()}:
            threads.submit(watch.note, path, partial(read_table, watch, path))
    used = written_kinds(session) | set(map(address_kind, state.entries))
    checks += [*_check_lists(watch, used), *_check_catalogue(watch)]
    checks += [_check_offered(watch, each) for each in _references().values()]
    checks += _check_project(watch, state)
    facts = tuple(fact for kind in KINDS.values() for fact in _find_facts(kind, watch))
    ids = {kind.name: frozenset(str(each["id"]) for each in watch.items.get(kind.path, ())) for kind in KINDS.values()}
    return replace(found, checks=tuple(checks), facts=facts, ids=ids)


def _references() -> dict[str, Reference]:
    """The references that are looked up in a list of the API, by the path of that."""
    return {reference.lookup: reference for kind in KINDS.values() for _, reference in kind.lists()}


def _check_answer(door: Transport, watch: Watch, kind: Kind) -> Iterator[Check]:
    """Address, proxy, certificate, key and clock, by the answer to the first request."""
    secret, error, status = door.secret, watch.errors.get(kind.path), watch.statuses.get(kind.path)
    if status is None and error is not None:
        yield Check.failed("certificate" if isinstance(error, CertificateUntrusted) else "address", error)
        return
    yield Check("address", f"{door.address} answers" + ("" if door.address == VENDOR_URL else "; not the vendor's"))
    if not is_local(door.address):
        proxy = proxy_for(urlsplit(base_url(door.address)).hostname or "")
        yield Check("proxy", without_credentials(proxy) if proxy else "none")
        yield Check("certificate", "trusted")
    if isinstance(error, NotAuthorised) and status != FORBIDDEN:
        yield Check.failed("key", error)
        return
    said = f"{secret.source}: a {'sandbox' if secret.sandbox else 'production'} key, accepted"
    is_like_one = secret.value.removeprefix("test_").startswith("sk_")
    hint = "" if is_like_one else "it begins with neither sk_ nor test_sk_: is it the Secret Key of the project?"
    yield Check("key", said, hint) if is_like_one else Check("key", said, hint, WARNING)
    seconds = round(watch.skew.total_seconds()) if watch.skew is not None else None
    if door.now is None and seconds is not None and abs(seconds) > MOST_SKEW.total_seconds():
        said = f"{abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} the clock of the API"
        yield Check("clock", said, "set the clock of this machine: local times are judged by it", WARNING)
    else:
        is_same = "the API does not tell its time" if seconds is None else "as that of the API"
        yield Check("clock", f"set by {NOW}" if door.now else is_same)


def _check_lists(watch: Watch, used: Collection[str]) -> Iterator[Check]:
    read, absent = [], []
    failed: dict[bool, list[ReconcilerError]] = {True: [], False: []}
    for kind in KINDS.values():
        error, status = watch.errors.get(kind.path), watch.statuses.get(kind.path)
        if error is None:
            read.append(f"{len(watch.items[kind.path])} {kind.section} in {watch.seconds[kind.path]:.1f} s")
        elif kind.on_demand and kind.name not in used and status in (FORBIDDEN, NOT_FOUND):
            absent.append(kind.section)
        else:
            failed[isinstance(error, NotAuthorised)].append(error)
    told = ", ".join(read) + (f"; the project has no {', '.join(absent)}" if absent else "")
    yield Check.failed("lists", *failed[False]) if failed[False] else Check("lists", f"read whole: {told}")
    if failed[True]:
        yield Check.failed("rights", *failed[True])
    else:
        yield Check("rights", "the key may read; whether it may write shows only if something is written")


def _check_catalogue(watch: Watch) -> Iterator[Check]:
    for path in dict.fromkeys(path for kind in KINDS.values() for path in kind.lookups):
        if error := watch.errors.get(path):
            yield Check.failed("catalogue", error)
        elif watch.items[path]:
            yield Check("catalogue", f"{path} has {len(watch.items[path])} categories")
        else:
            yield Check("catalogue", f"{path} is empty, so names cannot be checked", "tell the vendor", WARNING)


def _check_offered(watch: Watch, reference: Reference) -> Check:
    """Whether what a reference is looked up in has the ids of its targets."""
    name = reference.lookup.rpartition("/")[2]
    if error := watch.errors.get(reference.lookup):
        return Check.failed(name, error)
    items, rows = watch.items[reference.lookup], watch.items.get(KINDS[reference.kind].path, ())
    ids, labels = {each["id"] for each in rows}, {reference.label(each) for each in rows}
    foreign = [each for each in items if each.get("id") not in ids]
    astray = [str(each["id"]) for each in foreign if each.get("id") and each.get("label") in labels]
    told = f"{len(items)} offered, {len(foreign)} of them with the id of no {reference.kind}"
    if astray:
        hint = "`reconciler destinations` shows which is which; references go by the label then"
        return Check(name, f"{told}, although {some_of(astray)} has the label of one", hint, WARNING)
    return Check(name, told)


def _check_project(watch: Watch, state: State) -> Iterator[Check]:
    """Whether any object of the state is live, if all lists could be read."""
    live = {(kind.name, each["id"]) for kind in KINDS.values() for each in watch.items.get(kind.path, ())}
    known = {(address_kind(address), entry.id) for address, entry in state.entries.items()}
    if known and not watch.errors and not known & live:
        hint = "is the key of another project? `reconciler plan` says more"
        yield Check("project", f"none of the {len(known)} objects in the state is live", hint, WARNING)


def _find_facts(kind: Kind, watch: Watch) -> Iterator[Fact]:
    error, rows = watch.errors.get(kind.path), watch.items.get(kind.path, [])
    is_lie = isinstance(error, (ListIncomplete, AnswerUnreadable))
    text = f"{kind.section}: the list ends, has each object once, and is read by the style `{kind.pages.value}`"
    yield Fact(text, error is None if error is None or is_lie else None, str(error) if is_lie else "")
    yield from find_facts(kind, rows, watch.items)
    text = f"{kind.section}: GET by an id {'shows what the list shows' if kind.readable else 'does not exist'}"
    if not rows:
        yield Fact(text, None)
        return
    try:
        item = read_object(watch, kind.path, str(rows[0]["id"]))
        lacks = [name for name in rows[0] if name not in (item or {})]
        yield Fact(text, not lacks if kind.readable else item is None, some_of(lacks) if kind.readable else "")
    except AnswerRefused as refused:
        yield Fact(text, not kind.readable, f"it answers {refused.status}" if kind.readable else "")
    except ReconcilerError as unclear:
        yield Fact(text, None, str(unclear))
