"""An API on loopback that answers as the documents say, after a set latency: fast enough to measure others with it.

`python -m tests.bench.server MILLISECONDS` prints its port. Beside `/v4` it has a door for the benchmark:
`/_latency/MS`, `/_save/NAME` and `/_load/NAME` (`empty` is always there), `/_count` (requests since the last one).
"""

from __future__ import annotations

import asyncio
import json
import sys
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]
KINDS = {"integrations": "int", "scheduled-reports": "rep", "automations": "aut", "jobs": "job"}
KINDS |= {"segments": "seg", "remote-configurations": "rc", "entitlements": "ent", "products": "pro"}
PARTS = {"payload": "remote_config_payload", "payload-mapping": "payload_mapping"}
JOBS_PAGE = 100
PROVIDERS = (("Webhooks", "webhooks"), ("Slack", "slack"), ("Amazon S3", "amazon_s3"))
STATUS = {200: "OK", 201: "Created", 204: "No Content", 404: "Not Found"}


class Live:
    """What is live: collections of records by id, and how many requests there were."""

    def __init__(self) -> None:
        self.latency = 0.0
        self.count = 0
        self._saved: dict[str, tuple[dict[str, dict[str, Json]], dict[tuple[str, str], Json]]] = {
            "empty": ({name: {} for name in KINDS}, {})
        }
        self.load("empty")

    def save(self, name: str) -> None:
        """Keeps what is live under a name."""
        self._saved[name] = deepcopy((self._records, self._parts))

    def load(self, name: str) -> None:
        """Makes live what is kept under a name."""
        self._records, self._parts = deepcopy(self._saved[name])
        self._next = sum(map(len, self._records.values()))
        self._keys: dict[str, str] = {}
        # A page costs the same however often it is asked for: what is measured is not this server.
        self._pages: dict[str, bytes] = {}

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to a request below /v4."""
        self.count += 1
        if method == "GET" and target in self._pages:
            return 200, self._pages[target]
        url = urlsplit(target)
        if url.path.startswith("/api/"):
            return self._jobs(method, url.path, dict(parse_qsl(url.query)), body)
        _, _, collection, *rest = url.path.split("/")
        if method == "GET":
            found = self._read(collection, rest, dict(parse_qsl(url.query)))
            if found is None:
                return 404, b'{"error": {"type": "resource", "code": "not_found", "message": "not found"}}'
            page = json.dumps(found).encode()
            if not rest or rest[0] in ("meta", "destinations"):
                self._pages[target] = page
            return 200, page
        self._pages.clear()
        return self._write(method, collection, rest, headers, json.loads(body) if body else {})

    def _read(self, collection: str, rest: list[str], query: dict[str, str]) -> Json | None:
        records = self._records[collection]
        if rest == ["meta"]:
            items = [{"title": title, "slug": slug, "allowedStores": ["iOS", "Android"]} for title, slug in PROVIDERS]
            return {"object": "integrations_meta", "url": "", "data": [{"title": "All", "items": items}]}
        if rest == ["destinations"]:
            offered = [
                {"type": "target_integration", "id": each["id"], "label": f"{each['integration']}: {each['title']}"}
                for each in self._records["integrations"].values()
            ]
            return {"object": "list", "url": "", "data": offered, "has_more": False}
        if rest[1:]:
            return {"object": PARTS[rest[1]], "config_id": rest[0], "data": self._parts.get((rest[0], rest[1]), {})}
        if rest:
            record, payload = records.get(rest[0]), self._parts.get((rest[0], "payload"))
            return record if record is None or payload is None else {**record, "payload": payload}
        every = list(records.values())
        if collection == "integrations":
            return {"object": "list", "url": "", "data": every, "has_more": False}
        limit, start = int(query.get("limit", 20)), int(query.get("offset", 0))
        if "starting_after" in query:
            start = list(records).index(query["starting_after"]) + 1
        page = every[start : start + limit]
        more = start + limit < len(every)
        cursor = {"next_cursor": page[-1]["id"]} if more and collection != "scheduled-reports" else {}
        return {"object": "list", "url": "", "data": page, "has_more": more, **cursor}

    def _write(
        self, method: str, collection: str, rest: list[str], headers: dict[str, str], body: Json
    ) -> tuple[int, bytes]:
        records = self._records[collection]
        if method == "POST" and not rest:
            key = headers.get("idempotency-key", "")
            object_id = self._keys.get(key) or self._create(collection, body)
            if key:
                self._keys[key] = object_id
            return 201, json.dumps(records[object_id]).encode()
        record = records.get(rest[0])
        if record is None:
            return 404, b"{}"
        if method == "DELETE":
            del records[rest[0]]
            return 204, b""
        if rest[1:] and rest[1] in PARTS:
            self._parts[rest[0], rest[1]] = body["data"]
            return 200, json.dumps({"object": PARTS[rest[1]], "config_id": rest[0], "data": body["data"]}).encode()
        if rest[1:] == ["status"]:
            record["active" if collection == "integrations" else "status"] = body["status"]
        else:
            record.update(self._labelled(body))
        return (
            (204, b"")
            if method == "PATCH" and collection == "scheduled-reports"
            else (200, json.dumps(record).encode())
        )

    def _jobs(self, method: str, path: str, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """As dbt Cloud has it: jobs by offset, and the variables of a job, of which there are none."""
        jobs, (last, *_) = self._records["jobs"], path.rstrip("/").split("/")[::-1]
        if path.startswith("/api/v3/"):
            return 200, b'{"data": {}}'
        if method == "GET":
            start = int(query.get("offset", 0))
            page = {"limit": JOBS_PAGE, "offset": start}
            extra = {"filters": page, "pagination": {"count": JOBS_PAGE, "total_count": len(jobs)}}
            return 200, json.dumps({"data": list(jobs.values())[start : start + JOBS_PAGE], "extra": extra}).encode()
        number = len(jobs) + 1 if last == "jobs" else int(last)
        jobs[str(number)] = json.loads(body) | {"id": number}
        return 200, json.dumps({"data": jobs[str(number)]}).encode()

    def _create(self, collection: str, body: Json) -> str:
        self._next += 1
        object_id = body.get("id") or f"{KINDS[collection]}{self._next:06d}"
        record = {
            "object": collection[:-1].replace("-", "_"),
            "id": object_id,
            "url": f"/v4/{collection}/{object_id}",
            **self._labelled(body),
        }
        if collection == "remote-configurations":
            record["status"] = "draft"
        if collection == "segments":
            record["is_system"] = False
        if collection == "integrations":
            titles = {slug: title for title, slug in PROVIDERS}
            record |= {"integration": titles[body["integration"]], "active": 0, "delivery_error_count": 0}
        if collection != "automations":
            record |= {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
        self._records[collection][object_id] = record
        return object_id

    def _labelled(self, body: Json) -> Json:
        labels = self._records["integrations"]
        if "destinations" not in body:
            return body
        return body | {
            "destinations": [
                each | {"label": labels.get(each["id"], {}).get("title", "")} for each in body["destinations"]
            ]
        }


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive: one request after the other, each answered when its latency is over."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        method, target, _ = first.split(" ")
        if target.startswith("/_"):
            self._reply(200, self._steer(target[2:]))
            return
        # The work is done when the request comes, and the answer leaves when the latency is over.
        status, body = self._live.answer(method, target, headers, rest[:length])
        asyncio.get_running_loop().call_later(self._live.latency, self._reply, status, body)

    def _reply(self, status: int, body: bytes) -> None:
        head = f"HTTP/1.1 {status} {STATUS[status]}\r\nContent-Type: application/json\r\n"
        self._transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def _steer(self, order: str) -> bytes:
        what, _, name = order.partition("/")
        if what == "latency":
            self._live.latency = float(name) / 1000
        elif what == "save":
            self._live.save(name)
        elif what == "load":
            self._live.load(name)
        count, self._live.count = self._live.count, 0
        return str(count).encode()


async def _serve(milliseconds: float) -> None:
    live = Live()
    live.latency = milliseconds / 1000
    server = await asyncio.get_running_loop().create_server(lambda: Connection(live), "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
