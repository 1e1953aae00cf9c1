"""Learns what the documents of the API leave open, with objects of its own.

Each is in a journal on the disk before it is made, and until it is removed. It is removed by its id. If a create was
cut off before its id was known, it is the one object with a name that nobody can guess and with all that was sent.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from reconciler.api import Poll, Writer
from reconciler.api.lists import Item, read_list, read_object, read_table
from reconciler.api.response import NOT_FOUND, Response
from reconciler.commands.session import Session
from reconciler.errors import DELETE, Exit, ReconcilerError, Refused, StateUnusable
from reconciler.kinds import KINDS, Field, Kind, Put, Reference
from reconciler.kinds.wire import create_requests, delete_requests, is_id, object_path, record_from
from reconciler.model.diagnosis import Check, Fact
from reconciler.model.inputs import Fields
from reconciler.model.plan import Request
from reconciler.model.settings import StateSettings
from reconciler.state.backend import LockInfo
from reconciler.state.document import JournalFile
from reconciler.state.journal import LARGEST, Chain
from reconciler.state.operations import open_backend
from reconciler.system import Unreadable, read_regular, replace_atomically
from reconciler.threads import on_interrupt

NAME = "reconciler-probe-"
TEXTS = {"a blank at its end": "{} ", "two blanks in a row": "{}  x", "a letter of two code points": "{}e\u0301"}
SAFE = "sandbox"
CREATED, NO_CONTENT = 201, 204


def probe(session: Session, allowed: Collection[str]) -> tuple[list[Fact], Check]:
    """What was learned, and how it ended. `allowed`: closed kinds that are probed too, as --allow names them."""
    require_sandbox(session)
    file = session.store.journal
    file = replace(file, path=file.path.with_suffix(".probe.journal"), older=None)
    here = replace(session.environment, state=StateSettings("file", file.path))
    with open_backend(here, session.opened.folder, "").lock(LockInfo.this_run()):
        run = Probe(Writer(session.door), Journal(file))
        with on_interrupt(run.stop):
            run.remove()
            run.learn(kind for kind in KINDS.values() if not kind.closed or DELETE + kind.name in allowed)
            run.remove()
    return run.facts, run.check()


def require_sandbox(session: Session) -> None:
    """Refused if the key is not one of the sandbox."""
    if not session.door.secret.sandbox:
        hint = "name an environment whose key begins with test_sk_"
        raise Refused(f"{session.environment.name}: --probe takes a sandbox key only", hint=hint)


class Journal:
    """The objects that a probe makes, by number: kind, fields, and id (None if it is not known yet). It is sealed with
    the key, so that nobody can name an object for it to delete."""

    def __init__(self, file: JournalFile) -> None:
        self.path, self._file, chain = file.path, file, Chain(file)
        self.open: dict[int, dict[str, Any]] = {}
        for line in self._lines():
            if not chain.is_next(line):
                hint = "run it with the key that the last probe had, or remove its objects by hand and then this file"
                raise StateUnusable(f"{self.path}: this journal of a probe was not written with this key", hint=hint)
            self._take(json.loads(line))
        self._chain = Chain(file)
        replace_atomically(self.path, b"".join(map(self._chain.sealed, self.open.values())))

    def _lines(self) -> list[bytes]:
        """The whole lines: one that is torn was never acted on."""
        try:
            return read_regular(self.path, LARGEST).split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        except Unreadable as error:
            raise StateUnusable(f"{self.path}: {error}", hint="see what it is") from error

    def _take(self, entry: dict[str, Any]) -> None:
        self.open[entry["number"]] = entry
        if entry.get("is_gone"):
            del self.open[entry["number"]]

    def write(self, number: int | None = None, **known: Any) -> int:
        """Notes what is known of an object, on the disk before this returns; a new one if it has no number."""
        number = max(self.open, default=0) + 1 if number is None else number
        entry = {**self.open.get(number, {}), **known, "number": number}
        with self.path.open("ab") as file:
            file.write(self._chain.sealed(entry))
            file.flush()
            os.fsync(file.fileno())
        self._take(entry)
        if not self.open:
            self.path.unlink()
            self._chain = Chain(self._file)
        return number


class Probe:
    """One run. `facts`: what was learned; `left`: why something could not be removed."""

    def __init__(self, writer: Writer, journal: Journal) -> None:
        self.facts: list[Fact] = []
        self.left: list[str] = []
        self._writer, self._journal = writer, journal
        self._made: dict[str, Item] = {}
        self._signals = 0

    def stop(self) -> None:
        """Ends learning before the next request; what was made is removed. A second call leaves at once."""
        self._signals += 1
        if self._signals > 1:
            raise KeyboardInterrupt

    def check(self) -> Check:
        """How it ended."""
        if self.left:
            error = ReconcilerError("; ".join(self.left), hint="the next --probe removes it, or a person does")
            return replace(Check.failed("probe", error), exit_code=Exit.PARTIAL)
        if self._signals:
            return Check.failed("probe", ReconcilerError("interrupted; all that it made is removed"))
        return Check("probe", f"{len(self.facts)} facts learned; all that it made is removed")

    def learn(self, kinds: Iterable[Kind]) -> None:
        """Makes an object of each kind and changes it."""
        for kind in kinds:
            try:
                fields = self._fields(kind)
                self._made[kind.name] = raw = self._create(kind, fields)
                self._update(kind, fields, raw["id"])
                self._repeat_status(kind, fields, raw["id"])
            except ReconcilerError as error:
                self.facts.append(
                    Fact(f"{kind.section}: an object of its own tells what a write does", None, str(error))
                )

    def _say(self, kind: Kind, text: str, holds: bool | None, seen: object = "") -> None:
        self.facts.append(Fact(f"{kind.section}: {text}", holds, "" if holds else str(seen)))

    def _send(self, request: Request, key: str | None = None) -> Response:
        """The answer to a write; its error is raised."""
        if self._signals:
            raise ReconcilerError("the run was interrupted")
        answer = self._writer.send(
            *(request.method, request.path, request.body),
            idempotent=key is not None or not request.creates,
            idempotency_key=key,
        )
        if not answer.ok:
            raise answer.error(self._writer.source)
        return answer

    def _fields(self, kind: Kind) -> dict[str, Any]:
        """What is sent for a new object: the example of the kind, delivering nothing, with references to ours."""
        apart = {name for name, each in kind.sub_endpoints() if each.reads or not kind.field_named(name).required}
        named = [each for each in kind.fields if each.name in kind.example.keys() - apart]
        own = dict.fromkeys(filter(None, (kind.name_field, kind.chosen_id)), f"{NAME}{uuid.uuid4().hex}")
        return {**{each.name: self._value(kind, each) for each in named}, **own}

    def _value(self, kind: Kind, each: Field) -> Any:
        words, value = each.schema.get("enum", ()), kind.example[each.name]
        if kind.delivery and each.name == kind.delivery.status:
            return next(word for word in words if word != kind.delivery.on)
        if each.follows_key and SAFE in words:
            return SAFE
        return self._filled(value, each.reference) if each.reference else value

    def _filled(self, value: Any, reference: Reference) -> Any:
        """A value with what is sent for an object of ours in place of each reference."""
        if isinstance(value, list):
            return [self._filled(each, reference) for each in value]
        if not isinstance(value, dict) or reference.key not in value:
            return value
        made = self._made.get(reference.kind)
        if made is None:
            raise ReconcilerError(f"it needs a {reference.kind} that was made here")
        if not reference.lookup:
            return made["id"]
        ours = {made["id"], reference.label(made)} - {None}
        items = [
            each for each in read_table(self._writer, reference.lookup) if {each.get("id"), each.get("label")} & ours
        ]
        if len(items) != 1:
            raise ReconcilerError(f"{reference.lookup} does not offer the {reference.kind} that was made")
        return {"type": items[0].get("type"), "id": items[0].get("id")}

    def _create(self, kind: Kind, fields: Fields) -> Item:
        request = create_requests(kind, fields)[0]
        key = fields[kind.name_field] if kind.idempotent_create else None
        number = self._journal.write(kind=kind.name, fields=fields, id=fields.get(kind.chosen_id))
        answer = self._send(request, key)
        raw = answer.record()
        if not is_id(kind, raw.get("id")):
            raise ReconcilerError("a create answers without an id")
        self._journal.write(number, id=raw["id"])
        self._say(kind, "a create answers 201", answer.status == CREATED, answer.status)
        lacks = [name for name in request.body or {} if name not in raw]
        self._say(kind, "a create answers with the record", not lacks, f"without {', '.join(lacks)}")
        self._say(kind, "a new object is in the list at once", raw["id"] in self._rows(kind), "not in the next reading")
        if key is not None:
            again = self._send(request, key).record().get("id")
            if again != raw["id"] and is_id(kind, again):
                self._journal.write(kind=kind.name, fields=fields, id=again)
            self._say(kind, "the same Idempotency-Key makes no second object", again == raw["id"], again)
        return raw

    def _rows(self, kind: Kind) -> dict[str, Item]:
        return {each["id"]: each for each in read_list(self._writer, kind.path, kind.pages.value)}

    def _read(self, kind: Kind, object_id: str) -> Item | None:
        if kind.readable:
            return read_object(self._writer, kind.path, object_id)
        return self._rows(kind).get(object_id)

    def _rename(self, kind: Kind, fields: Fields, object_id: str, name: str) -> Item:
        """The record after an update with this name. An optional field is left out, of a partial update all others."""
        needed = {each.name for each in kind.fields if each.required or each.setter} if kind.put is Put.FULL else ()
        sent = {**{each: fields[each] for each in fields if each in needed}, kind.name_field: name}
        self._send(Request(kind.method, object_path(kind, object_id), kind.to_wire(sent)))
        return self._read(kind, object_id) or {}

    def _update(self, kind: Kind, fields: Fields, object_id: str) -> None:
        if kind.put is Put.NONE or kind.name_field == kind.chosen_id:
            return
        name, before = fields[kind.name_field], self._read(kind, object_id) or {}
        after = self._rename(kind, fields, object_id, f"{name}-changed")
        needed = {each.name for each in kind.fields if each.required} | {kind.name_field}
        left = [each for each in fields if each not in needed or (kind.put is Put.PARTIAL and each != kind.name_field)]
        lost = [each for each in left if before.get(each) != after.get(each)]
        if kind.put is Put.PARTIAL:
            self._say(kind, f"{kind.method} keeps what is left out", not lost, f"it lost {', '.join(lost)}")
        elif left:
            kept = [each for each in left if each not in lost]
            self._say(kind, f"{kind.method} resets what is left out", not kept, f"it kept {', '.join(kept)}")
        for what, form in TEXTS.items():
            text = form.format(name)
            found = self._rename(kind, fields, object_id, text).get(kind.name_field)
            self._say(kind, f"a name keeps {what}", found == text, repr(found).replace(name, "…"))

    def _repeat_status(self, kind: Kind, fields: Fields, object_id: str) -> None:
        """Sets the word that a new object has already, unless that delivers something."""
        for name, each in kind.sub_endpoints():
            word = fields.get(name, each.initial)
            if word in each.words and not each.reads and not (kind.delivery and word == kind.delivery.on):
                path = f"{object_path(kind, object_id)}{each.path}"
                answer = self._send(Request(each.method, path, {each.key: each.words[str(word)]}))
                said = f"{each.method} {each.path} takes the {name} that it has, and answers with the record"
                self._say(kind, said, bool(answer.content), "without a body")

    def remove(self) -> None:
        """Deletes what the journal names, the last first. What cannot be deleted stays in the journal."""
        for number, entry in reversed([*self._journal.open.items()]):
            kind, object_id = KINDS[entry["kind"]], entry["id"]
            try:
                object_id = object_id or self._find(kind, entry["fields"])
                if object_id is not None:
                    self._journal.write(number, id=object_id)
                    self._delete(kind, object_id)
                self._journal.write(number, is_gone=True)
            except ReconcilerError as error:
                name = object_id or entry["fields"][kind.name_field]
                self.left.append(f"{kind.name} {name} could not be deleted: {error}")

    def _delete(self, kind: Kind, object_id: str) -> None:
        for each in delete_requests(kind, object_id):
            answer = self._writer.send(each.method, each.path, each.body, idempotent=True)
            if not answer.ok and answer.status != NOT_FOUND:
                raise answer.error(self._writer.source)
            if answer.ok and not each.body:
                self._say(kind, "a delete answers 204", answer.status == NO_CONTENT, answer.status)
                is_gone = self._read(kind, object_id) is None
                self._say(kind, "a deleted object is gone at once", is_gone, "it still answers")

    def _find(self, kind: Kind, fields: Fields) -> str | None:
        """The id of the object that a create may have made before it was cut off."""
        for _ in Poll():
            records = [record_from(kind, each, {}) for each in self._rows(kind).values()]
            named = [each for each in records if each.fields.get(kind.name_field) == fields[kind.name_field]]
            if len(named) == 1 and all(named[0].fields.get(name, value) == value for name, value in fields.items()):
                return named[0].id
            if named:
                ids = ", ".join(each.id for each in named)
                raise ReconcilerError(f"nothing proves that it was made here ({ids})", hint="remove it by hand")
        return None
