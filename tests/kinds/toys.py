"""Kinds of a made-up API, and a server that plays that API by what a test says of each collection."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from reconciler.kinds import Endpoints, Field, Identity, Kind, Messages, Pages
from reconciler.kinds.schema import text

Json = dict[str, Any]
Answer = tuple[int, Json | None]

NOTE = Kind(
    name="sticky_note",
    section="sticky_notes",
    identity=Identity(object_name="note", natural_key=("name",), name_field="name"),
    endpoints=Endpoints("/notes", Pages.CURSOR, partial_update=True),
    fields=(
        Field("name", text("Its name.", "A", minLength=1)),
        Field("colour", text("Its colour.", "red"), required=False),
    ),
    server_fields=frozenset({"object", "id", "url", "is_system", "updated_at"}),
    example={"name": "A", "colour": "red"},
    messages=Messages(
        title="Sticky notes",
        description="A toy.",
        source="the toys",
        lost_on_delete="its id",
        manual_step="change it by hand",
    ),
)
"""The simplest toy. A test declares what it is about with `variant`."""


def variant(kind: Kind, **changes: Any) -> Kind:
    """The kind with other values, each in the group that has it."""
    for name in ("identity", "endpoints", "messages"):
        group = getattr(kind, name)
        own = {each.name: changes.pop(each.name) for each in fields(group) if each.name in changes}
        changes[name] = replace(group, **own)
    return replace(kind, **changes)


@dataclass
class Collection:
    """A list of the toy API. `parts`: path below an object → the field that it tells and sets, and the key of the value
    in bodies; `apart`: these fields are in no record, and `forgets` keeps nothing of these. `defaults`: what a create
    lacks, and `resets`: so does an update. `adds`: what each item of a list field gets. `refuses`: every request."""

    object_name: str = "note"
    parts: dict[str, tuple[str, str]] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()
    defaults: Json = field(default_factory=dict)
    resets: bool = False
    adds: Json = field(default_factory=dict)
    forgets: frozenset[str] = frozenset()
    creates: str = "POST"
    method: str = "PUT"
    deletes: str = "DELETE"
    refuses: int = 0
    records: dict[str, Json] = field(default_factory=dict)
    made: int = 0

    def shown(self, record: Json) -> Json:
        """A record as lists and answers have it."""
        return {name: value for name, value in record.items() if name not in self.apart}

    def create(self, path: str, body: Json) -> Answer:
        """A new record."""
        self.made += 1
        object_id = str(body.get("id", f"n{self.made}"))
        if object_id in self.records:
            return 409, {"error": {"code": "already_exists", "message": "taken"}}
        record = {"object": self.object_name, "id": object_id, "url": f"/v4/{path}/{object_id}"}
        self.records[object_id] = record | self.defaults | self._stored(body)
        return 201, self.shown(self.records[object_id])

    def update(self, method: str, record: Json, body: Json) -> Answer:
        """An update of a record, if it has the method that this collection takes."""
        if method != self.method:
            return 405, {"error": {"message": f"expected {self.method}"}}
        record.update((self.defaults if self.resets else {}) | self._stored(body))
        return 200, self.shown(record)

    def _stored(self, body: Json) -> Json:
        return {
            name: [{**self.adds, **each} if isinstance(each, dict) else each for each in value]
            if isinstance(value, list)
            else value
            for name, value in body.items()
        }


@dataclass
class Toys:
    """The made-up API: collections by their path, and a line of the log for each request."""

    collections: dict[str, Collection]
    log: io.StringIO
    url: str = ""

    def answer(self, method: str, target: str, content: bytes) -> Answer:
        """What is said to a request."""
        parts = [unquote(each) for each in urlsplit(target).path.strip("/").split("/")]
        body = json.loads(content) if content else {}
        if parts[0] == "_dashboard":
            return self._dashboard(method, parts[1:], body)
        status, said = self._answer(method, parts[1:], body)
        path = "/" + "/".join(parts)
        line = {"method": method, "path": path, "status": status, "body": body or None}
        self.log.write(json.dumps(line) + "\n")
        return status, said

    def _answer(self, method: str, parts: list[str], body: Json) -> Answer:
        collection = self.collections.get(parts[0])
        if collection is None or collection.refuses:
            return (collection.refuses if collection else 404), {"error": {"message": "not here"}}
        if len(parts) == 1:
            data = [collection.shown(each) for each in collection.records.values()]
            listed = {"object": "list", "url": f"/v4/{parts[0]}", "data": data, "has_more": False}
            return collection.create(parts[0], body) if method == collection.creates else (200, listed)
        record = collection.records.get(parts[1])
        if record is None:
            return 404, {"error": {"message": "no such object"}}
        if len(parts) == 3:
            return self._part(collection, method, record, parts[2], body)
        if method == collection.deletes:
            del collection.records[parts[1]]
            return 204, None
        return (200, collection.shown(record)) if method == "GET" else collection.update(method, record, body)

    def _part(self, collection: Collection, method: str, record: Json, part: str, body: Json) -> Answer:
        name, key = collection.parts[part]
        if method != "GET" and name not in collection.forgets:
            record[name] = body[key]
        return 200, collection.shown(record) if name not in collection.apart else {key: record.get(name)}

    def _dashboard(self, method: str, parts: list[str], body: Json) -> Answer:
        collection = self.collections[parts[0]]
        if method == "POST":
            return collection.create(parts[0], body)
        if method == "DELETE":
            return 200, collection.records.pop(parts[1])
        collection.records[parts[1]].update(body)
        return 200, collection.records[parts[1]]


@contextmanager
def served(toys: Toys) -> Iterator[None]:
    """The made-up API on a free port of the loopback."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _go(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            with lock:
                status, said = toys.answer(self.command, self.path, content)
            answer = b"" if said is None else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _go  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: object) -> None:
            """No talk."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        toys.url = f"http://127.0.0.1:{server.server_address[1]}/v4"
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
