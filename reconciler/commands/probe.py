"""Learns what the documents of the API leave open, with objects of its own.

The journal on the disk names each object before it is created and until it is removed. Objects are removed by id. If a
create was cut off before its id was known, the object is found by its random name and by all that was sent. Rows of the
vendor are never written. A remote configuration stays archived: the probe does not try a DELETE of one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

from reconciler.api import Writer
from reconciler.api.lists import RESTARTED, Item, read_list, read_object, read_table
from reconciler.api.response import NOT_FOUND, Response
from reconciler.commands.session import Session
from reconciler.errors import DELETE, Exit, ReconcilerError, Refused
from reconciler.kinds import KINDS, Kind, Pages
from reconciler.kinds.facts import REFUSED, fill, find_creates, find_updates, list_questions, make_facts
from reconciler.kinds.wire import decode_record, is_id, make_create_requests, make_delete_requests, make_object_path
from reconciler.model.addresses import address_kind
from reconciler.model.inputs import Entry, Fields, State
from reconciler.model.plan import Request
from reconciler.model.results import Check, Fact
from reconciler.model.settings import StateSettings
from reconciler.state.backend import LockInfo
from reconciler.state.journal import Journal
from reconciler.state.operations import open_backend
from reconciler.threads import on_interrupt

TEXTS = {"a blank at its end": "{} ", "two blanks in a row": "{}  x", "a letter of two code points": "{}e\u0301"}
CREATED, NO_CONTENT, CONFLICT, REFUSALS = 201, 204, 409, (400, 409, 422)


def probe(session: Session, allowed: Collection[str], confirm: Callable[[], None]) -> tuple[list[Fact], Check]:
    """The facts, and a check that says how it ended. `allowed` as in --allow. Refused if the key is no sandbox key."""
    if not session.transport.secret.sandbox:
        raise Refused("--probe takes a sandbox key only", hint="name an environment whose key begins with test_sk_")
    confirm()
    closed = [name for name, kind in KINDS.items() if kind.endpoints.closed and DELETE + name not in allowed]
    of_state = session.backend.journal
    journal = Journal(of_state.path.with_suffix(".probe.journal"), of_state.environment, of_state.key)
    own = replace(session.environment, state=StateSettings("file", journal.path))
    with open_backend(own, session.configuration.folder, "").lock(LockInfo.this_run()), closing(journal) as steps:
        run = _Probe(Writer(session.transport), steps, own.name)
        with on_interrupt(run.stop):
            run.remove()  # what an earlier run has left
            run.learn(kind for name, kind in KINDS.items() if name not in closed)
            run.remove()
    check, passes = run.check(), "".join(f" --allow {DELETE}{name}" for name in closed)
    hint = check.hint or (f"not asked of kinds whose deletes are closed:{passes}" if closed else "")
    return list(run.facts.values()), replace(check, hint=hint)


class _Probe:
    """One run. `facts`: what was learned. `_left` and `_unclear`: why something could not be removed, or learned.
    `_entries`: the objects that are not removed yet, by address; an id is empty until it is known."""

    def __init__(self, writer: Writer, journal: Journal, environment: str) -> None:
        self.facts, self._used, self._left, self._unclear = dict[str, Fact](), set[str](), list[str](), list[str]()
        self._writer, self._journal, self._signals, self._made = writer, journal, 0, dict[str, Item]()
        found = journal.replay(State(environment)).state
        self._entries = dict(found.entries)
        journal.start(State(environment), found)

    def stop(self) -> None:
        """Learns no more, and removes what was made. A second call leaves at once."""
        self._signals += 1
        if self._signals > 1:
            raise KeyboardInterrupt

    def check(self) -> Check:
        """How it ended. The journal goes if it names nothing."""
        if not self._entries:
            self._journal.clear()
        if self._left:
            return Check("probe", "; ".join(self._left), "the next --probe tries again", "failed", Exit.PARTIAL)
        if self._signals:
            return Check.failed("probe", ReconcilerError("interrupted; all that it made is removed"))
        stay = "".join(f", but the {each}, which has ended" for each in self._made if not KINDS[each].endpoints.delete)
        texts = [f"{len(self.facts)} facts learned; all that it made is removed{stay}", *self._unclear]
        return Check("probe", "; not learned: ".join(texts), status="warning" if self._unclear else "ok")

    def _record(self, address: str, object_id: str | None, fields: Fields) -> None:
        """Notes an object (None: it is removed), on the disk before this returns."""
        self._entries.pop(address, None)
        if object_id is not None:
            self._entries[address] = Entry(object_id, fields)
        self._journal.outcome(address, self._entries.get(address))
        self._journal.intent(address, "probe")

    def learn(self, kinds: Iterable[Kind]) -> None:
        """Makes an object of each kind and changes it. Then it deletes those that others refer to."""
        for kind in kinds:
            self._attempt(self._learn, kind)
        for kind in (KINDS[name] for name in self._made if name in self._used):
            self._attempt(self._delete, kind, self._made[kind.name]["id"], REFUSALS)

    def _attempt(self, work: Callable[..., None], kind: Kind, *rest: Any) -> None:
        try:
            if not self._signals:
                work(kind, *rest)
        except ReconcilerError as error:
            self._unclear.append(f"{kind.section}: {error}")

    def _learn(self, kind: Kind) -> None:
        """Makes an object like the kind's example, with a status that delivers nothing and references to ours; then
        changes it."""
        fields, read = dict[str, Any](), partial(read_table, self._writer)
        name = f"reconciler-probe-{uuid.uuid4().hex}"
        for each in kind.fields:
            words, own = each.schema.get("enum", ()), each.sub_endpoint
            is_apart = own and (own.reads or not each.required)
            if each.name == kind.delivery.status and not is_apart:
                fields[each.name] = next(word for word in words if word != kind.delivery.on)
            elif each.name in kind.example and not is_apart:
                value = "sandbox" if each.follows_key and "sandbox" in words else kind.example[each.name]
                is_free = "null" in each.schema.get("type", ()) and isinstance(value, str) and not words
                # Such as the key that apps ask for: nobody asks for this one.
                fields[each.name] = name if is_free else fill(value, each.reference, self._made, read)
        fields[kind.identity.chosen_id or kind.identity.name_field] = name
        self._made[kind.name] = made = self._create(kind, fields)
        self._used |= {to.kind for name, to in kind.reference_fields if fields.get(name) != kind.example.get(name)}
        for work in (self._check_created, self._update, self._set_sub_endpoints, self._set_and_restore):
            self._attempt(work, kind, fields, made["id"])

    def _add(self, kind: Kind, word: str, holds: bool, seen: object) -> None:
        (fact,) = make_facts(kind.section, [(list_questions(kind).get(word, word), [] if holds else [seen])])
        if fact.text not in self.facts or not holds:
            self.facts[fact.text] = fact

    def _send(self, request: Request, key: str | None = None, refusals: Collection[int] = ()) -> Response:
        """The answer to a write; its error is raised, but for a status in `refusals`."""
        if self._signals:
            raise ReconcilerError("not asked any more")
        sent = (request.method, request.path, request.body)
        answer = self._writer.send(*sent, idempotent=bool(key) or not request.creates, idempotency_key=key)
        if not answer.ok and answer.status not in refusals:
            raise answer.error(self._writer.source)
        return answer

    def _create(self, kind: Kind, fields: Fields) -> Item:
        name, request = fields[kind.identity.name_field], make_create_requests(kind, fields)[0]
        parts = {name: kind.example[name] for name, _ in kind.parts}
        key, address = name if kind.endpoints.idempotent_create else None, f"{kind.name}.{name}"
        self._record(address, fields.get(kind.identity.chosen_id, ""), fields)
        first = self._send(replace(request, body={**(request.body or {}), **parts}), key, REFUSALS if parts else ())
        answer = first if first.ok else self._send(request, key)
        if parts:
            self._add(kind, "parts", first.ok, first.status)
        if not is_id(kind, (made := answer.record()).get("id")):
            raise ReconcilerError("a create answers without an id")
        self._record(address, made["id"], fields)
        self._add(kind, "a create answers 201", answer.status == CREATED, answer.status)
        lacks = [each for each in request.body or {} if each not in made]
        self._add(kind, "answered", not lacks, f"without {', '.join(lacks)}")
        seen_at = next((attempt for attempt in self._writer.poll() if made["id"] in self._list(kind)), None)
        self._add(kind, "a new object is in the list at once", seen_at == 0, "later" if seen_at else "not at all")
        if not self._is_ours(kind, made["id"], fields):
            raise ReconcilerError("a create answers with another object")
        return made

    def _check_created(self, kind: Kind, fields: Fields, object_id: str) -> None:
        if kind.endpoints.idempotent_create:
            key, request = fields[kind.identity.name_field], make_create_requests(kind, fields)[0]
            self._record(address := f"{kind.name}.{key}-again", "", fields)
            again = self._send(request, key).record().get("id")
            self._record(address, again if again != object_id and is_id(kind, again) else None, fields)
            self._add(kind, "the same Idempotency-Key makes no second object", again == object_id, again)
        raw = self._read(kind, object_id)
        lookups = {path: read_table(self._writer, path) for path in kind.endpoints.lookups}
        found = {**raw, **decode_record(kind, raw, lookups).fields}
        lost = [name for name, value in fields.items() if found.get(name) != value]
        self._add(kind, "a new object has all that was sent", not lost, f"but not {', '.join(lost)}")
        for name, word in ((name, each.initial) for name, each in kind.sub_endpoints if each.initial):
            self._add(kind, f"{name} first", found.get(name) == word, found.get(name))
        if not kind.identity.chosen_id:
            self._add(kind, "named", fields[kind.identity.name_field] not in object_id, object_id)

    def _list(self, kind: Kind) -> dict[str, Item]:
        return {each["id"]: each for each in read_list(self._writer, kind.endpoints.path, kind.endpoints.pages.value)}

    def _read(self, kind: Kind, object_id: str) -> Item:
        at = kind.endpoints
        return (read_object(self._writer, at.path, object_id) if at.readable else self._list(kind).get(object_id)) or {}

    def _is_ours(self, kind: Kind, object_id: str, fields: Fields) -> bool:
        """Whether an object has the name that nobody can guess, or is gone."""
        found = self._read(kind, object_id)
        return not found or fields[kind.identity.name_field] in str(found.get(kind.identity.name_field))

    def _update(self, kind: Kind, fields: Fields, object_id: str) -> None:
        if not kind.endpoints.update or (field := kind.identity.name_field) == kind.identity.chosen_id:
            return
        name, before, is_full = fields[field], self._read(kind, object_id), kind.endpoints.has_full_update
        sent = {each.name: fields[each.name] for each in kind.fields if is_full and each.required}
        omitted = {each for each in fields if fields[each]} - sent.keys() - {field}
        for what, form in {"": "{}-changed", **TEXTS}.items():
            sent[field] = text = form.format(name)
            self._send(Request(kind.endpoints.update, make_object_path(kind, object_id), kind.to_wire(sent)))
            after = self._read(kind, object_id)
            wrong = sorted(each for each in omitted if (before.get(each) == after.get(each)) is is_full)
            if what:
                found = after.get(field)
                self._add(kind, f"a name keeps {what}", found == text, repr(found).replace(name, "…"))
            elif omitted:
                self._add(kind, "omitted", not wrong, f"but not {', '.join(wrong)}")

    def _set_sub_endpoints(self, kind: Kind, _fields: Fields, object_id: str) -> None:
        live = decode_record(kind, self._read(kind, object_id), {}).fields
        for name, each in kind.sub_endpoints:
            value = each.words.get(str(live.get(name))) if each.words else kind.example.get(name)
            if value is None:
                continue
            request = Request(each.method, f"{make_object_path(kind, object_id)}{each.path}", {each.key: value})
            answer = self._send(request, refusals=REFUSALS if each.words else ())
            holds = answer.ok if each.words else bool(self._read(kind, object_id).get(name)) is each.by_id
            word = f"{name} {'again' if each.words else 'by id'}"
            self._add(kind, word, holds, answer.status if each.words else "it is the other way")
            if each.by_id:
                swapped = dict(zip(value, [*value.values()][::-1], strict=True))
                answer = self._send(replace(request, body={each.key: swapped}), refusals=REFUSALS)
                self._add(kind, f"{name} unlike", answer.ok, answer.status)

    def _set_and_restore(self, kind: Kind, fields: Fields, object_id: str) -> None:
        rest, method = fields if kind.endpoints.has_full_update else {}, str(kind.endpoints.update)
        for text, name, value, expected in find_updates(kind, fields):
            request = Request(method, make_object_path(kind, object_id), kind.to_wire({**rest, name: value}))
            answer, after = self._send(request, refusals=REFUSALS), self._read(kind, object_id).get(name)
            holds = not answer.ok if expected is REFUSED else (after or None) == expected
            self._add(kind, text, holds, after if answer.ok else answer.status)
            self._send(replace(request, body=kind.to_wire({**rest, name: fields[name]})), refusals=REFUSALS)
        for text, sent, expected in find_creates(kind, fields):
            self._record(f"{kind.name}.{sent[kind.identity.chosen_id]}", sent[kind.identity.chosen_id], sent)
            answer = self._send(make_create_requests(kind, sent)[0], refusals=REFUSALS)
            self._add(kind, text, answer.ok is expected, answer.status)

    def remove(self) -> None:
        """Deletes what the journal names, what refers to others first. What cannot be deleted stays in the journal."""
        for address in sorted(self._entries, key=lambda each: list(KINDS).index(address_kind(each)), reverse=True):
            entry, kind = self._entries[address], KINDS[address_kind(address)]
            try:
                is_known = entry.id and self._is_ours(kind, entry.id, entry.applied)
                if object_id := entry.id if is_known else self._find(kind, entry.applied):
                    self._record(address, object_id, entry.applied)
                    self._delete(kind, object_id)
                    if object_id == self._made.get(kind.name, {}).get("id") and not self._signals:
                        self._ask_again(kind, object_id, entry.applied)
                self._record(address, None, {})
            except ReconcilerError as error:
                self._left.append(f"{kind.name} {self._entries[address].id or address} may be left: {error}")

    def _delete(self, kind: Kind, object_id: str, kept_in_use: Collection[int] = ()) -> None:
        for each in make_delete_requests(kind, object_id):
            answer = self._writer.send(each.method, each.path, each.body, idempotent=True)
            if kept_in_use:
                self._add(kind, "in use", not answer.ok, answer.status)
                if answer.status in kept_in_use:
                    return
            found = {} if answer.ok else self._read(kind, object_id)
            has_ended = found and kind.has_ended(decode_record(kind, found, {}).fields)
            if not (answer.ok or has_ended or (answer.status == NOT_FOUND and not found)):
                raise answer.error(self._writer.source)
            if answer.ok and not each.body:
                self._add(kind, "a delete answers 204", answer.status == NO_CONTENT, answer.status)
                self._add(kind, "a deleted object is gone at once", not self._read(kind, object_id), "it still answers")

    def _ask_again(self, kind: Kind, object_id: str, fields: Fields) -> None:
        """Reads what is deleted, and tries to get it back. If that works, deletes it again."""
        own = {name: value for name, value in fields.items() if name not in dict(kind.reference_fields)}
        tries = {"reused": make_create_requests(kind, own)[0]} if kind.identity.chosen_id else {}
        for name, each in ((name, each) for name, each in kind.sub_endpoints if each.terminal and each.initial):
            self._add(kind, f"{name} ended", object_id in self._list(kind), "none")
            path, body = f"{make_object_path(kind, object_id)}{each.path}", {each.key: each.words[str(each.initial)]}
            tries[f"{name} back"] = Request(each.method, path, body)
        for text, request in tries.items():
            answer = self._send(request, refusals=REFUSALS)
            self._add(kind, text, answer.status == CONFLICT, answer.status)
            if answer.ok:
                self._delete(kind, object_id)
        if kind.endpoints.pages is Pages.CURSOR and not self._read(kind, object_id):
            request = Request("GET", f"{kind.endpoints.path}?starting_after={quote(object_id, safe='')}")
            header = self._send(request, refusals=REFUSALS).headers.get(RESTARTED, "none")
            self._add(kind, "stale", header.lower() == "true", header)

    def _find(self, kind: Kind, fields: Fields) -> str:
        """The id of the object that a create may have made before it was cut off; empty if there is none."""
        for _ in self._writer.poll():
            records = [decode_record(kind, each, {}) for each in self._list(kind).values()]
            named = [each for each in records if each.name == fields[kind.identity.name_field]]
            if len(named) == 1 and all(named[0].fields.get(name, value) == value for name, value in fields.items()):
                return named[0].id
            if named:
                raise ReconcilerError(f"nothing proves that {', '.join(each.id for each in named)} was made here")
        return ""
