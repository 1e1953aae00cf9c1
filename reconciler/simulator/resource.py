"""What the three resources have in common: finding, showing, and the envelope of a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from reconciler.simulator.store import Record, Transaction
from reconciler.simulator.wire import BASE, Call, Problem, Response, invalid, not_found

_MOST = 10**18


@dataclass(frozen=True, slots=True)
class Resource:
    """A collection by its path name: the noun its records carry, what a new one holds, how a stored one is shown."""

    name: str
    noun: str
    blank: Callable[[str], Record]
    show: Callable[[Transaction, Record], Record]

    @property
    def url(self) -> str:
        """The canonical path of the collection; it contains `/v4` [seed]."""
        return f"{BASE}/{self.name}"

    def make(self, call: Call, fields: Record) -> Record:
        """Store a new record and return it as stored; an `id` among the fields is kept, else one is given."""
        record_id = fields["id"] if "id" in fields else call.transaction.new_id()
        identity = {"object": self.noun, "id": record_id, "url": f"{self.url}/{record_id}"}
        record = {**identity, **self.blank(call.stamp), **fields}
        call.transaction.replace(self.name, record)
        return record

    def find(self, call: Call) -> Record:
        """The live record that the path names; a 404 when there is none."""
        record = call.transaction.get(self.name, call.id)
        if record is None:
            raise not_found(f"{self.noun} {call.id}")
        return record

    def change(self, call: Call, record: Record, fields: Record) -> Record:
        """Store the record with the fields put over it and `updated_at` moved, if it has one."""
        moved = {"updated_at": call.stamp} if "updated_at" in record else {}
        changed = {**record, **moved, **fields}
        call.transaction.replace(self.name, changed)
        return changed

    def answer(self, call: Call, record: Record, status: int = 200) -> Response:
        """The record as a read shows it."""
        return Response(status, self.show(call.transaction, record))

    def read(self, call: Call) -> Response:
        """`GET /…/{id}`."""
        return self.answer(call, self.find(call))

    def delete(self, call: Call) -> Response:
        """`DELETE /…/{id}`: 204 [guess], and 404 when it is already gone."""
        call.transaction.delete(self.name, self.find(call)["id"])
        return Response(204)

    def listing(self, call: Call, records: Iterable[Record], *, has_more: bool = False) -> dict[str, Any]:
        """The list envelope [docs]."""
        data = [self.show(call.transaction, record) for record in records]
        return {"object": "list", "url": self.url, "data": data, "has_more": has_more}


def whole_number(call: Call, name: str, default: int, lowest: int, highest: int = _MOST) -> int:
    """A query parameter; 422 with details when it is none (choice: the pages give the limits, not the status)."""
    given = (call.request.query or {}).get(name)
    if given is None:
        return default
    number = int(given) if re.fullmatch("[0-9]{1,18}", given) else -1
    if not lowest <= number <= highest:
        limits = f"at least {lowest}" if highest == _MOST else f"{lowest} to {highest}"
        problem: Problem = (name, f"must be a whole number, {limits}")
        raise invalid([problem])
    return number


def page_limit(call: Call) -> int:
    """`limit`: 1..100, 20 when left out [seed, docs]."""
    return whole_number(call, "limit", 20, 1, 100)
