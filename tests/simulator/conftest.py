"""A simulator over a file of its own, called in the process; and over real HTTP for the tests that need the wire."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import NO_TLS

from reconciler.simulator import Faults, Simulator
from reconciler.simulator.server import Server

KEY = "sk_test"
Json = dict[str, Any]
Make = Callable[..., Json]
# How a broken connection shows itself: httpx does not translate what comes out of an application in its own process.
BROKEN = {"http": httpx.RemoteProtocolError, "in process": ConnectionResetError}


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 4, 23, 11, 44, 36, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def client_of(simulator: Simulator, key: str | None = KEY) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(
        transport=httpx.WSGITransport(app=simulator), base_url="http://simulator/v4", headers=headers, trust_env=False
    )


class Dashboard:
    """The door for what only people do: seed, change and remove records raw."""

    def __init__(self, simulator: Simulator) -> None:
        self.client = httpx.Client(
            transport=httpx.WSGITransport(app=simulator), base_url="http://simulator/_dashboard", trust_env=False
        )

    def insert(self, collection: str, **fields: object) -> Json:
        return self._send("POST", collection, fields)

    def change(self, collection: str, record_id: str, **fields: object) -> Json:
        return self._send("PATCH", f"{collection}/{record_id}", fields)

    def remove(self, collection: str, record_id: str) -> None:
        assert self.client.delete(f"{collection}/{record_id}").status_code == 204

    def _send(self, method: str, path: str, fields: Json) -> Json:
        answer = self.client.request(method, path, json=fields)
        assert answer.is_success, answer.text
        record: Json = answer.json()
        return record


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def simulator(tmp_path: Path, clock: Clock, log: io.StringIO) -> Iterator[Simulator]:
    with Simulator(tmp_path / "simulator.db", clock=clock, log=log) as simulator:
        yield simulator


@pytest.fixture
def api(simulator: Simulator) -> httpx.Client:
    return client_of(simulator)


@pytest.fixture
def sandbox(simulator: Simulator) -> httpx.Client:
    return client_of(simulator, "test_sk_x")


@pytest.fixture
def dashboard(simulator: Simulator) -> Dashboard:
    return Dashboard(simulator)


@pytest.fixture
def lines(log: io.StringIO) -> Callable[[], list[Json]]:
    """The request log so far."""
    return lambda: [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.fixture
def server(simulator: Simulator, uses_network: None) -> Iterator[Server]:
    """The same simulator over real HTTP, on a free port, in a thread."""
    with Server(simulator, port=0, threads=4) as server:
        thread = threading.Thread(target=server.run)
        thread.start()
        yield server
        server.close()
        thread.join()


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False, verify=NO_TLS
    ) as client:
        yield client


@pytest.fixture
def faults(simulator: Simulator) -> Faults:
    return simulator.faults


@pytest.fixture(params=["in process", pytest.param("http", marks=pytest.mark.network)])
def door(request: pytest.FixtureRequest) -> str:
    """Both ways to the simulator."""
    return str(request.param)


@pytest.fixture
def broken(door: str) -> type[Exception]:
    return BROKEN[door]


@pytest.fixture
def client(request: pytest.FixtureRequest, door: str) -> httpx.Client:
    client: httpx.Client = request.getfixturevalue("http" if door == "http" else "api")
    return client


@pytest.fixture
def integration(api: httpx.Client) -> Make:
    """Create an integration; what is not given is a webhook for iOS."""
    return _maker(
        api, "/integrations", {"title": "Release alerts", "integration": "webhooks", "target_platform": "iOS"}
    )


@pytest.fixture
def report(api: httpx.Client, integration: Make) -> Make:
    """Create a report; what is not given is the documents' example, delivering to a fresh integration."""
    example = {
        "report_name": "Daily Revenue",
        "send_at": "09:00",
        "included_range_days": 1,
        "status": "active",
        "environment": "production",
    }

    def make(**fields: object) -> Json:
        if "destinations" not in fields:
            fields["destinations"] = [{"type": "target_integration", "id": integration()["id"]}]
        return _maker(api, "/scheduled-reports", example)(**fields)

    return make


@pytest.fixture
def automation(api: httpx.Client) -> Make:
    """Create an automation; what is not given is the documents' example without its caption."""
    return _maker(api, "/automations", {"name": "Welcome Flow", "status": "active", "data": {}})


@pytest.fixture
def segment(api: httpx.Client) -> Make:
    """Create a segment."""
    return _maker(api, "/segments", {"name": "Renewing"})


@pytest.fixture
def config(api: httpx.Client) -> Make:
    """Create a remote configuration."""
    return _maker(api, "/remote-configurations", {"name": "Paywall"})


@pytest.fixture
def product(api: httpx.Client) -> Make:
    """Create a product by its id; a subscription if no other type is given."""
    return lambda record_id, **fields: _maker(api, "/products", {"type": "subscription"})(id=record_id, **fields)


@pytest.fixture
def entitlement(api: httpx.Client) -> Make:
    """Create an entitlement definition by its id."""
    return lambda record_id, **fields: _maker(api, "/entitlements", {})(id=record_id, **fields)


def _maker(api: httpx.Client, path: str, defaults: Json) -> Make:
    def make(**fields: object) -> Json:
        answer = api.post(path, json={**defaults, **fields})
        assert answer.status_code == 201, answer.text
        record: Json = answer.json()
        return record

    return make


def problems(answer: httpx.Response, status: int = 422, code: str = "invalid_data") -> list[str]:
    """The fields that an error names, after checking the envelope."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert answer.json().keys() == {"error"}
    assert error["code"] == code
    assert isinstance(error["type"], str)
    assert error["message"]
    assert all(detail.keys() == {"field", "message"} and detail["message"] for detail in error.get("details", []))
    return [detail["field"] for detail in error.get("details", [])]


def names(client: httpx.Client, **query: str | int) -> list[str]:
    answer = client.get("/automations", params=query)
    assert answer.status_code == 200, answer.text
    return [record["name"] for record in answer.json()["data"]]


def fired(faults: Faults) -> list[tuple[int, int]]:
    """Of each rule: how often it matched, how often it fired."""
    return [(each["matched"], each["fired"]) for each in faults.report()["rules"]]


def statuses(client: httpx.Client, count: int, path: str = "/automations") -> list[int]:
    return [client.get(path).status_code for _ in range(count)]
