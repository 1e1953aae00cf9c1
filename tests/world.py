"""A project as its user has it: a folder of YAML, the simulated API over real HTTP, and the command line between."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sqlite3
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import NO_TLS

from reconciler.cli.main import run
from reconciler.simulator import Simulator
from reconciler.simulator.server import Server

KEY = "sk_world"
Json = dict[str, Any]
Write = tuple[str, str, Any]

GRID_SECONDS = 1800
"""Reports are sent on this grid."""
_settled: dict[tuple[object, ...], Path] = {}
"""Configuration, what was inserted before and surroundings → a folder with the project and the data of a world in which
it is applied."""
_settled_by: dict[tuple[object, ...], str] = {}
"""The same → the test that had it last. A test has no world twice: two projects have no ids in common."""
_OF_ONE_TEST = frozenset({"PYTEST_CURRENT_TEST", "QONVERSION_API_URL"})
"""Variables that differ in each test, and change nothing of what is applied."""


@dataclass(frozen=True)
class Run:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Json:
        """What stdout holds, which must be one JSON document and nothing else."""
        assert self.out, self.err
        document: Json = json.loads(self.out)
        return document

    def change(self, address: str) -> Json:
        """The planned change of an address."""
        found: list[Json] = [each for each in self.document["changes"] if each["address"] == address]
        assert len(found) == 1, self.out
        return found[0]

    def actions(self) -> dict[str, str]:
        """Address → what is planned, or how it ended."""
        document = self.document
        changes = document.get("changes", []) + document.get("results", [])
        return {each["address"]: each.get("status", each["action"]) for each in changes}

    def causes(self, address: str) -> dict[str, str]:
        """Path → cause, of the planned change of an address."""
        return {each["path"]: each["cause"] for each in self.change(address)["fields"]}


def without_excerpts(text: str) -> list[str]:
    """The lines of a text, but for the lines of YAML files that it shows below problems."""
    return [line for line in text.splitlines() if not re.match(r" +(\d+ )?\| ", line)]


class World:
    """`folder` holds the configuration; `dashboard` is what only people can do; `log` has a line for each request."""

    def __init__(self, folder: Path, url: str, log: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.url = url
        self.data = folder.with_name("simulator.db")
        self._log = log
        self._read = 0
        self._capsys = capsys
        self.is_patched: Callable[[], bool] = lambda: True

    @cached_property
    def _client(self) -> httpx.Client:
        base = self.url.removesuffix("/v4")
        return httpx.Client(base_url=base, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False, verify=NO_TLS)

    @property
    def state(self) -> Path:
        """The state file of the only environment."""
        return self.folder / ".reconciler" / "default.json"

    def write(self, text: str, name: str = "main.yaml") -> None:
        """Put YAML into a file of the configuration; its indentation in the test means nothing."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")

    def run(self, command: str, *arguments: str) -> Run:
        """A command on the folder, unless the arguments name another path."""
        self._capsys.readouterr()
        code = run([command, str(self.folder), *arguments])
        captured = self._capsys.readouterr()
        return Run(code, captured.out, captured.err)

    def plan(self, *arguments: str) -> Run:
        """What a pipeline sees of a plan."""
        return self.run("plan", "--detailed-exitcode", "--format", "json", *arguments)

    def apply(self, *arguments: str) -> Run:
        """What a pipeline does with it."""
        return self.run("apply", "--auto-approve", "--format", "json", *arguments)

    def settle(self, text: str, *, anew: bool = False) -> None:
        """A configuration that is applied, and a log that begins after it. In a world in which nothing has happened,
        but for objects that were inserted by their ids, what an earlier test has applied is copied, if no report was
        due since, and if this test has replaced nothing of ours. `anew` says that it has, in another way."""
        is_new = _says_all(self._log.getvalue()) and not any(self.folder.iterdir())
        if is_new and not anew and not self.is_patched():
            self._settle_copied(text)
        else:
            self._settle_now(text)

    def _settle_copied(self, text: str) -> None:
        inserted = self._log.getvalue()
        key = text, inserted, *surroundings(self.folder.parent)
        test = os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")[0]  # without its phase
        if _settled_by.get(key) == test:
            self._settle_now(text)
            return
        _settled_by[key] = test
        if key not in _settled:
            self._settle_now(text)
            kept = self.folder.with_name("settled")
            shutil.copytree(self.folder, kept / "configuration")
            copy_database(self.data, kept / self.data.name)
            _settled[key] = kept
        else:
            shutil.copytree(_settled[key] / "configuration", self.folder, dirs_exist_ok=True)
            copy_database(_settled[key] / self.data.name, self.data)
            self.requests()

    def settle_once(self, text: str) -> None:
        """As `settle`, in a world in which nothing may have happened: what an earlier test has applied is copied."""
        assert not self._log.getvalue()
        assert not any(self.folder.iterdir())
        self._settle_copied(text)

    def _settle_now(self, text: str) -> None:
        self.write(text)
        done = self.apply()
        assert done.code == 0, done.err
        again = self.plan()
        assert again.code == 0, again.out
        self.requests()

    def requests(self) -> list[Json]:
        """The requests since the last call."""
        lines = self._log.getvalue().splitlines()
        fresh, self._read = lines[self._read :], len(lines)
        return [line for line in map(json.loads, fresh) if not line["path"].startswith("/_")]

    def writes(self) -> list[Write]:
        """The writes since the last call, as (method, path, body), in the order of their answers."""
        return [(each["method"], each["path"], each["body"]) for each in self.requests() if each["method"] != "GET"]

    def insert(self, collection: str, **fields: object) -> str:
        """Somebody makes an object in the dashboard; gives its id."""
        return str(self._send("POST", f"/_dashboard/{collection}", fields).json()["id"])

    def edit(self, collection: str, object_id: str, **fields: object) -> None:
        """Somebody changes an object in the dashboard, or the server does."""
        self._send("PATCH", f"/_dashboard/{collection}/{object_id}", fields)

    def remove(self, collection: str, object_id: str) -> None:
        """Somebody removes an object in the dashboard."""
        self._send("DELETE", f"/_dashboard/{collection}/{object_id}")

    def set_destinations_apart(self) -> None:
        """From now on a destination has another id than its integration."""
        self._send("PUT", "/_dashboard/destinations")

    def fault(self, *rules: str) -> None:
        """The API goes wrong by these rules from now on (the grammar is in examples/simulator/README.md)."""
        self._send("POST", "/_faults", {"rules": list(rules)})

    def listed(self, path: str, records: list[Json], *details: str) -> None:
        """From now on the list at a path is said to be these records, and all of them; `details` choose when."""
        body = json.dumps({"object": "list", "url": f"/v4{path}", "data": records, "has_more": False})
        assert "'" not in body
        self.fault(", ".join([f"GET {path}: status 200", f"body='{body}'", *details]))

    def end_faults(self) -> None:
        """Nothing goes wrong any more, and what was hidden shows."""
        self._send("DELETE", "/_faults")

    def live(self, collection: str) -> list[Json]:
        """The raw records, oldest first, as the API shows them (at most 100)."""
        found: list[Json] = self._client.get(f"/v4/{collection}", params={"limit": 100}).json()["data"]
        self.requests()
        return found

    def id_of(self, address: str) -> str:
        """The id that the state remembers of an address."""
        return str(json.loads(self.state.read_text(encoding="utf-8"))["resources"][address]["id"])

    def close(self) -> None:
        """Let the connections go."""
        if "_client" in vars(self):
            self._client.close()

    def _send(self, method: str, path: str, fields: Json | None = None) -> httpx.Response:
        answer = self._client.request(method, path, json=fields)
        assert answer.is_success, answer.text
        return answer


def _says_all(log: str) -> bool:
    """Whether a world with this log is as any other one with it: somebody has inserted objects, and chosen the ids."""
    lines = [json.loads(line) for line in log.splitlines()]
    return all(
        each["method"] == "POST" and each["path"].startswith("/_dashboard/") and "id" in each["body"] for each in lines
    )


def surroundings(own: Path) -> tuple[object, ...]:
    """What may change how a world settles, but for the world: the time and the environment, but for what is set to a
    path of this test, such as a home."""
    variables = frozenset(
        each for each in os.environ.items() if each[0] not in _OF_ONE_TEST and str(own) not in each[1]
    )
    return int(time.time()) // GRID_SECONDS, variables


def copy_database(source: Path, target: Path) -> None:
    """Has a simulator's data at another path, too, also if one runs on either of them."""
    with closing(sqlite3.connect(source)) as begin, closing(sqlite3.connect(target)) as end:
        begin.backup(end)


@contextmanager
def opened(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    """An empty project below `path`, behind a simulator over real HTTP; the key and the address in the environment."""
    log = io.StringIO()
    folder = path / "configuration"
    folder.mkdir(parents=True)
    with Simulator(path / "simulator.db", log=log) as simulator, Server(simulator, port=0, threads=8) as server:
        thread = threading.Thread(target=server.run)
        thread.start()
        monkeypatch.setenv("QONVERSION_SECRET", KEY)
        monkeypatch.setenv("QONVERSION_API_URL", server.url)
        world = World(folder, server.url, log, capsys)
        # As pytest keeps it. If it does so in another way, each world is settled anew.
        world.is_patched = lambda: bool(getattr(monkeypatch, "_setattr", True))
        try:
            yield world
        finally:
            world.close()
            server.close()
            thread.join()


def integration(title: str = "Alerts", **fields: object) -> Json:
    """The fields of an integration for a dashboard's insert."""
    return {"title": title, "integration": "webhooks", "target_platform": "iOS", "active": 1, **fields}


def report(name: str = "Daily", *targets: str, **fields: object) -> Json:
    """The fields of a report for a dashboard's insert."""
    return {
        "report_name": name,
        "send_at": "09:00",
        "included_range_days": 1,
        "status": "active",
        "environment": "production",
        "destinations": [{"type": "target_integration", "id": target} for target in targets],
        **fields,
    }


def automation(name: str = "Welcome", **fields: object) -> Json:
    """The fields of an automation for a dashboard's insert."""
    data = {"platform": "iOS", "initiators": [{"uid": "2", "type": "event"}], "actions": {"push": "p1"}}
    return {"name": name, "caption": "", "status": "active", "data": data, **fields}
