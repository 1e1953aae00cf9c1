"""What the resources have in common: each is a declaration, and its records are found, shown, listed and written here.

Choices where the pages are silent: an update moves `updated_at` even when it changes nothing; a repeated
`Idempotency-Key` answers the stored response word for word, also after the record changed or went; with another body it
is a 409 `conflict`; a refused create is not remembered, and keys never expire.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reconciler.simulator.store import ASSUMPTIONS, Record, Transaction, Where
from reconciler.simulator.wire import BASE, ID, ApiError, Call, Check, Response, accept, invalid, refusal

_MOST = 10**18  # SQLite has integers of 64 bits.
_NAMED = 5  # Users of an object in one refusal.
STAMPS = ("created_at", "updated_at")
_RESTARTED = {"X-Qon-Pagination-Restarted": "true"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A collection by its path name, and the noun that its records carry. `blank`: what a new record holds, in its
    order. `checks`: the fields of a body. `required`: those of a create, and `restated` those of an update. `complete`
    gets the fields of a body, and of an update the record; it checks what needs more than one field, and gives what is
    stored. `users`: what forbids a delete. `where`: what the list shows. `ids`: what an id looks like. `ends_in_null`:
    the last page of a list has a `next_cursor`, which is null."""

    name: str
    noun: str
    blank: Record
    checks: Mapping[str, Check]
    required: Sequence[str] = ()
    restated: Sequence[str] = ()
    complete: Callable[[Call, Record, Record | None], Record] = lambda _, fields, __: fields
    show: Callable[[Transaction, Record], Record] = lambda _, record: record
    identify: Callable[[Transaction, Record], str] = lambda transaction, _: transaction.new_id()
    users: Callable[[Call, Record], Sequence[str]] = lambda *_: ()
    where: Callable[[Transaction], Where] = lambda _: ("",)
    is_newest_first: Callable[[Transaction], bool] = lambda _: False
    ids: re.Pattern[str] = ID
    is_idempotent: bool = False
    ends_in_null: bool = False

    @property
    def url(self) -> str:
        """The canonical path of the collection; it contains `/v4` [seed]."""
        return f"{BASE}/{self.name}"

    def make(self, call: Call, fields: Record) -> Record:
        """Store a new record and return it as stored; an `id` among the fields is kept, else one is given."""
        record_id = fields["id"] if "id" in fields else self.identify(call.transaction, fields)
        identity = {"object": self.noun, "id": record_id, "url": f"{self.url}/{quote(record_id)}"}
        stamps = {name: call.stamp for name in STAMPS if name in self.blank}
        record = {**identity, **self.blank, **stamps, **fields}
        call.transaction.replace(self.name, record)
        return record

    def require_free(self, call: Call, record_id: str) -> None:
        """A 409 for an id that is in use; or was, unless it is assumed that it can be used again."""
        is_given_again = "id" in self.checks and call.assumption("deleted-ids") == "free"
        if (call.transaction.get if is_given_again else call.transaction.is_known)(self.name, record_id):
            raise ApiError(409, "already_exists", f"The id {record_id} is or was in use")

    def find(self, call: Call) -> Record:
        """The live record that the path names; a 404 when there is none."""
        record = call.transaction.get(self.name, call.id)
        if record is None:
            raise refusal(404, f"{self.noun} {call.id} not found")
        return record

    def change(self, call: Call, record: Record, fields: Record) -> Record:
        """Updates a record with these fields, and sets its `updated_at`, if it has one."""
        moved = {"updated_at": call.stamp} if "updated_at" in record else {}
        changed = {**record, **moved, **fields}
        call.transaction.replace(self.name, changed)
        return changed

    def answer(self, call: Call, record: Record, status: int = 200) -> Response:
        """The record as a read shows it."""
        return Response(status, self.show(call.transaction, record))

    def create(self, call: Call) -> Response:
        """`POST /…`: the fields in, the record out; 201 [seed: of reports; guess: of the others]."""
        body, topic = call.request.fields(), f"idempotency/{self.name}"
        key = call.request.idempotency_key if self.is_idempotent else None
        kept = call.transaction.read_note(topic, key) if key else None
        if kept is not None:
            if kept["request"] != body:
                raise refusal(409, "The Idempotency-Key was used with another body")
            return Response(201, kept["response"])
        fields = self.complete(call, accept(body, self.checks, self.required), None)
        if "id" in fields:
            self.require_free(call, fields["id"])
        answer = self.answer(call, self.make(call, fields), 201)
        if self.name in ASSUMPTIONS and call.assumption("create-answer") == "identity":
            answer = Response(201, {name: answer.body[name] for name in ("object", "id", "url")})
        if key:
            call.transaction.write_note(topic, key, {"request": body, "response": answer.body})
        return answer

    def read(self, call: Call) -> Response:
        """`GET /…/{id}`."""
        return self.answer(call, self.find(call))

    def update(self, call: Call) -> Response:
        """`PUT` or `PATCH /…/{id}`: the fields in, the record out; an `id` is ignored like any unknown field."""
        record, checks = self.find(call), {name: check for name, check in self.checks.items() if name != "id"}
        fields = self.complete(call, accept(call.request.fields(), checks, self.restated), record)
        return self.answer(call, self.change(call, record, fields))

    def delete(self, call: Call) -> Response:
        """`DELETE /…/{id}`: refused while it is used (choice)."""
        record = self.find(call)
        if users := self.users(call, record):
            some = ", ".join(users[:_NAMED]) + (", …" if len(users) > _NAMED else "")
            raise refusal(409, f"{self.noun} {record['id']} is used by {len(users)}: {some}")
        return self.remove(call)

    def remove(self, call: Call) -> Response:
        """204 [guess], and 404 when it is already gone."""
        call.transaction.delete(self.name, self.find(call)["id"])
        return Response(204)

    def pages(self, call: Call) -> Response:
        """`GET /…`: pages by `limit` and `starting_after`, `next_cursor` only while there is more, or else null [docs].
        A cursor that is no longer live restarts from the top and says so in a header [docs, of another resource]."""
        limit, records = read_whole_number(call, "limit", 20, 1, 100), call.transaction  # [seed, docs]
        cursor, newest = call.request.query.get("starting_after"), self.is_newest_first(records)
        position = records.find_position(self.name, cursor) if cursor else None
        stale = call.assumption("stale-cursor") if cursor and position is None else ""
        if stale == "422":
            raise invalid([("starting_after", "is no object of this list")])
        sql, *values = self.where(records)
        if position is not None:
            sql, values = f"{sql} AND ? {'>' if newest else '<'} seq", [*values, position]
        found = records.page(self.name, limit=limit + 1, newest=newest, where=(sql, *values))
        page, has_more = found[:limit], len(found) > limit
        body = self.listing(call, page, has_more=has_more)
        if has_more or self.ends_in_null:
            body["next_cursor"] = page[-1]["id"] if has_more else None
        return Response(200, body, _RESTARTED if stale == "restart" else None)

    def listing(self, call: Call, records: Iterable[Record], *, has_more: bool = False) -> dict[str, Any]:
        """The list envelope [docs]."""
        data = [self.show(call.transaction, record) for record in records]
        return {"object": "list", "url": self.url, "data": data, "has_more": has_more}


def read_whole_number(call: Call, name: str, default: int, lowest: int, highest: int = _MOST) -> int:
    """A query parameter; 422 with details when it is none (choice: the pages give the limits, not the status)."""
    given = call.request.query.get(name)
    if given is None:
        return default
    number = int(given) if re.fullmatch("[0-9]{1,18}", given) else -1
    if not lowest <= number <= highest:
        limits = f"at least {lowest}" if highest == _MOST else f"{lowest} to {highest}"
        raise invalid([(name, f"must be a whole number, {limits}")])
    return number
