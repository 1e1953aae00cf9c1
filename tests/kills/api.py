"""The test's hand on the simulator's process: what is held there, what was done there, what is live there."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from loopback import NO_TLS

KEY = "sk_kills"
COLLECTIONS = ("integrations", "scheduled-reports", "automations")
LONGEST_WAIT = 60.0
"""Seconds after which what should have happened counts as failed."""

Json = dict[str, Any]


class Api:
    """A simulator in a process of its own, with a gate (see gate.py)."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url = ""

    def open(self, data: Path) -> None:
        """Serves the data in a file from now on, and counts from nothing."""
        self.url = str(self._tell(open=str(data))["url"])

    def close(self) -> None:
        """Has the data whole in its file."""
        self._tell(close=True)

    def hold(self, when: str, write: int, read: int | None = None) -> None:
        """Will hold the write of that number, or the read of that number after so many writes."""
        self._tell(hold=when, write=write, **({} if read is None else {"read": read}))

    def held(self, process: subprocess.Popen[str]) -> str:
        """Waits until a request of a process is held, and says which."""
        assert self._process.stdout
        for _ in range(int(10 * LONGEST_WAIT)):
            if select.select([self._process.stdout], [], [], 0.1)[0]:
                break
            assert process.poll() is None, f"it ended before: {process.communicate()}"
        else:
            raise AssertionError("nothing came")
        return str(self._heard()["held"])

    def drop(self) -> None:
        """The held request ends, and is not worked on where it was not yet."""
        self._tell(drop=True)

    def let_go(self) -> None:
        """The held request goes on."""
        self._tell(**{"pass": True})

    def writes(self) -> list[tuple[str, str, Any]]:
        """The writes that were done since the data was opened: method, path, body."""
        return [(method, path, body) for method, path, body in self._tell(writes=True)["writes"]]

    def live(self) -> dict[str, list[Json]]:
        """Collection → raw records, oldest first."""
        with self._client() as client:
            return {
                name: client.get(f"/v4/{name}", params={"limit": 100}).raise_for_status().json()["data"]
                for name in COLLECTIONS
            }

    def dashboard(self, method: str, path: str, fields: Json | None = None) -> Json:
        """What only people can do."""
        with self._client() as client:
            answer = client.request(method, f"/_dashboard/{path}", json=fields).raise_for_status()
        return dict(answer.json()) if answer.content else {}

    def _client(self) -> httpx.Client:
        base = self.url.removesuffix("/v4")
        return httpx.Client(base_url=base, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False, verify=NO_TLS)

    def _tell(self, **order: object) -> Json:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> Json:
        assert self._process.stdout
        # Never more than one line is under way, so none hides in the buffer
        ready, _, _ = select.select([self._process.stdout], [], [], LONGEST_WAIT)
        assert ready, "the simulator's process says nothing"
        return dict(json.loads(self._process.stdout.readline()))


@contextmanager
def started() -> Iterator[Api]:
    """A simulator's process, ended at the end."""
    command = [sys.executable, str(Path(__file__).with_name("gate.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Api(process)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait()
