"""The lowest bound for the same work in Python: raw sockets, the C loader with the collector held off, `==`.

`python bound.py COMMAND FOLDER PORT`, COMMAND one of validate, plan, apply, recheck. Nothing is validated, nothing
remembered, nothing refused: what is left is what no program in this language can save. The lists are read side by side,
each page after the one before; the writes leave ten at once. `recheck` is an apply that looks as often as the tool: it
reads an automation again before its full PUT, and the lists after the writes.
"""

from __future__ import annotations

import gc
import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

PARALLELISM = 10
SLUGS = {"Webhooks": "webhooks", "Slack": "slack", "Amazon S3": "amazon_s3"}
Json = dict[str, Any]
OTHERS = {
    "segments": ("segments", "name"),
    "remote_configs": ("remote-configurations", "name"),
    "entitlements": ("entitlements", "id"),
    "products": ("products", "id"),
}
"""Section → the path of the list, and the field that tells two objects apart."""


class Line:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} /v4{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n"
        self._socket.sendall(head.encode() + content)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._socket.recv(65536)
        head_bytes, _, rest = data.partition(b"\r\n\r\n")
        length = int(head_bytes.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        parts, have = [rest], len(rest)
        while have < length:
            parts.append(self._socket.recv(1 << 20))
            have += len(parts[-1])
        return json.loads(b"".join(parts)) if length else None


def load(folder: Path) -> Json:
    """The configuration as the C loader gives it."""
    gc.disable()
    merged: Json = {}
    for path in sorted(folder.glob("*.yaml")):
        merged.update(yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader))
    gc.enable()
    return merged


def pages(port: int, path: str, style: str) -> list[Json]:
    """A whole list."""
    line, found, query = Line(port), [], "" if style == "whole" else "?limit=100"
    while True:
        page = line.ask("GET", path + query)
        found += page["data"]
        if not page.get("has_more"):
            return found
        query = (
            f"?limit=100&offset={len(found)}" if style == "offset" else f"?limit=100&starting_after={found[-1]['id']}"
        )


def read(port: int, *, every: bool = False) -> dict[str, dict[str, Json]]:
    """The three lists, side by side, by name; with `every`, those of all kinds, and the parts of what has them."""
    with ThreadPoolExecutor(3 + 4 * every) as pool:
        more = {name: pool.submit(pages, port, f"/{path}", "cursor") for name, (path, _) in OTHERS.items() if every}
        integrations = pool.submit(pages, port, "/integrations", "whole")
        reports = pool.submit(pages, port, "/scheduled-reports", "offset")
        automations = pool.submit(pages, port, "/automations", "cursor")
    others = {name: {each[OTHERS[name][1]]: each for each in found.result()} for name, found in more.items()}
    if every:
        complete(port, others["remote_configs"])
    return others | {
        "integrations": {each["title"]: each for each in integrations.result()},
        "reports": {each["report_name"]: each for each in reports.result()},
        "automations": {each["name"]: each for each in automations.result()},
    }


def complete(port: int, configs: dict[str, Json]) -> None:
    """Reads what only the object itself and its parts tell, ten at once."""
    lines = [Line(port) for _ in range(PARALLELISM)]

    def fill(config: Json) -> None:
        line = lines.pop()
        path = f"/remote-configurations/{config['id']}"
        config["payload"] = line.ask("GET", f"{path}/payload")["data"]
        config["payload_mapping"] = line.ask("GET", f"{path}/payload-mapping")["data"]
        lines.append(line)

    with ThreadPoolExecutor(PARALLELISM) as pool:
        list(pool.map(fill, configs.values()))


def wanted(config: Json, live: dict[str, dict[str, Json]]) -> dict[str, list[tuple[Json | None, Json]]]:
    """What differs: (the live record or None, the fields to send), by section."""
    ids = {key: live["integrations"].get(each["title"], {}).get("id") for key, each in config["integrations"].items()}
    differing: dict[str, list[tuple[Json | None, Json]]] = {"integrations": [], "reports": [], "automations": []}
    for each in config["integrations"].values():
        record = live["integrations"].get(each["title"])
        if record is None or record["active"] != 1 or SLUGS[record["integration"]] != each["integration"]:
            differing["integrations"].append((record, each))
    for each in config["reports"].values():
        record = live["reports"].get(each["report_name"])
        targets = [{"type": "target_integration", "id": ids[item["integration"]]} for item in each["destinations"]]
        fields = each | {"destinations": targets}
        if (
            record is None
            or any(record[name] != value for name, value in fields.items() if name != "destinations")
            or [item["id"] for item in record["destinations"]] != [item["id"] for item in targets]
        ):
            differing["reports"].append((record, each))
    for each in config["automations"].values():
        record = live["automations"].get(each["name"])
        if record is None or any(record[name] != value for name, value in each.items()):
            differing["automations"].append((record, each))
    return differing | wanted_others(config, live)


def wanted_others(config: Json, live: dict[str, dict[str, Json]]) -> dict[str, list[tuple[Json | None, Json]]]:
    """The same of the four other kinds."""
    differing: dict[str, list[tuple[Json | None, Json]]] = {}
    for section, (_, name) in OTHERS.items():
        differing[section] = []
        for key, each in config.get(section, {}).items():
            fields = {"id": key, **each} if name == "id" else each
            if "product_ids" in fields:
                fields = {**fields, "product_ids": [item["product"] for item in fields["product_ids"]]}
            record = live[section].get(fields[name])
            if record is None or any(record.get(field) != value for field, value in fields.items()):
                differing[section].append((record, fields))
    return differing


def write(port: int, config: Json, live: dict[str, dict[str, Json]], *, rechecks: bool) -> None:
    """Sends what differs, ten at once: integrations, then what may refer to them."""
    lines = [Line(port) for _ in range(PARALLELISM)]
    differing = wanted(config, live)

    def integration(work: tuple[Json | None, Json]) -> None:
        record, fields = work
        line = lines.pop()
        body = {name: fields[name] for name in ("title", "integration", "target_platform")}
        made = record or line.ask("POST", "/integrations", body)
        line.ask("POST", f"/integrations/{made['id']}/status", {"status": 1})
        live["integrations"][fields["title"]] = made
        lines.append(line)

    def other(work: tuple[str, Json | None, Json]) -> None:
        path, record, fields = work
        line = lines.pop()
        if "destinations" in fields:
            titles = [config["integrations"][item["integration"]]["title"] for item in fields["destinations"]]
            targets = [{"type": "target_integration", "id": live["integrations"][title]["id"]} for title in titles]
            fields = fields | {"destinations": targets}
        if rechecks and record and path == "/automations":
            line.ask("GET", f"{path}/{record['id']}")
        line.ask("PUT", f"{path}/{record['id']}", fields) if record else line.ask("POST", path, fields)
        lines.append(line)

    with ThreadPoolExecutor(PARALLELISM) as pool:
        list(pool.map(integration, differing["integrations"]))
        reports = [("/scheduled-reports", *each) for each in differing["reports"]]
        automations = [("/automations", *each) for each in differing["automations"]]
        list(pool.map(other, [*reports, *automations]))


def main(command: str, folder: str, port: str) -> None:
    """Does the work of one command."""
    if command == "validate":
        load(Path(folder))
        return
    live = read(int(port), every=(Path(folder) / "products.yaml").exists())
    config = load(Path(folder))
    if command == "plan":
        wanted(config, live)
    else:
        write(int(port), config, live, rechecks=command == "recheck")
        if command == "recheck":
            read(int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
