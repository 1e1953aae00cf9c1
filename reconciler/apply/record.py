"""What an apply keeps of each step: in the state's journal before the next one, and for the report at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Protocol

from reconciler.api.response import Response
from reconciler.kinds import Kind
from reconciler.kinds.wire import is_id, record_from
from reconciler.model.desired import Fields
from reconciler.model.plan import Request
from reconciler.model.state import NO_TOMBSTONES, Entry, Tombstone

REQUEST_ID_HEADERS = ("x-request-id", "request-id")
"""Documented nowhere; common, and worth keeping for a question to the vendor [guess]."""


class StateRecorder(Protocol):
    """The state that an apply writes to. Each call is on disk, or in the remote journal, when it returns."""

    def entry(self, address: str) -> Entry | None:
        """The entry of an address now."""

    def entries(self) -> dict[str, Entry]:
        """All entries now, by address."""

    def begin(self, moved: Mapping[str, str], refresh: Mapping[str, Entry]) -> None:
        """Takes over what has moved and what does not change."""

    def tombstones(self) -> dict[str, Tombstone]:
        """The tombstones now, by `kind[id]`."""

    def record(self, address: str, entry: Entry, tombstones: Mapping[str, Tombstone] = NO_TOMBSTONES) -> None:
        """Sets the entry of an address, and the tombstones of the object that it had until then."""

    def forget(self, address: str, object_id: str, tombstones: Mapping[str, Tombstone] = NO_TOMBSTONES) -> None:
        """Removes an entry and all that is known of its object but these tombstones. The object stays as it is."""

    def deleted(self, address: str, kind: str, object_id: str) -> None:
        """Records that an object was deleted, and removes its entry."""

    def intent(self, address: str, what: str) -> None:
        """Records that a write is about to leave: after a crash it may have been done."""

    def idempotency_key(self, address: str, body: object) -> str:
        """A key for a create: the same for the same create of this run, also after a crash."""


class ResponseRecord:
    """What the API answered to the writes of an apply. Each address is written by one thread at a time."""

    def __init__(self) -> None:
        self._request_ids: dict[str, list[str]] = defaultdict(list)
        self.answered: dict[str, Fields] = {}

    def request_ids(self, address: str) -> tuple[str, ...]:
        """The ids that the API gave the writes for an address."""
        return tuple(self._request_ids.get(address, ()))

    def add_request_id(self, address: str, response: Response) -> None:
        """Keeps the id of a request, if the response has one."""
        name = next((response.headers[each] for each in REQUEST_ID_HEADERS if response.headers.get(each)), None)
        if name:
            self._request_ids[address].append(name)

    def add_fields(self, kind: Kind, address: str, request: Request, raw: object) -> None:
        """Keeps what a response shows of the fields that the request sent: the read-back compares with it.

        Of a field that was not sent, the response shows what somebody else may have written meanwhile.
        """
        if isinstance(raw, dict) and is_id(raw.get("id")):
            shown = record_from(kind, raw, {}).fields
            sent = {name: value for name, value in shown.items() if name in request.sets}
            self.answered[address] = {**self.answered.get(address, {}), **sent}
