"""What was written is read back, each kind as soon as nothing more is written to it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import pytest
from world import World

from reconciler.simulator import Simulator
from reconciler.simulator.server import Server

TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
    automations:
      flow: {name: Flow, status: active, data: {actions: {push: p1}}}
    """


class Patient:
    """The API, which does not create the report before the automations were read for the second time."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._read_back = threading.Event()
        self.asked: list[tuple[str, str]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One exchange."""
        request = environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix("/v4")
        if request == ("POST", "/scheduled-reports"):
            assert self._read_back.wait(60)
        self.asked.append(request)
        if self.asked.count(("GET", "/automations")) == 2:
            self._read_back.set()
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer


def test_a_kind_is_read_back_while_others_are_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The automation is done long before the report, which waits for its integration; each list is read once after."""
    world.write(TEAM)
    with Simulator(world.data) as simulator:
        api = Patient(simulator)
        with Server(api, port=0, threads=8) as server:
            thread = threading.Thread(target=server.run)
            thread.start()
            monkeypatch.setenv("QONVERSION_API_URL", server.url)
            done = world.apply()
            server.close()
            thread.join()
    assert {each["verification"] for each in done.document["results"]} == {"verified"}
    last_write = max(number for number, (method, _) in enumerate(api.asked) if method != "GET")
    lists = {
        path: [number for number, request in enumerate(api.asked) if request == ("GET", path)]
        for path in ("/automations", "/integrations", "/scheduled-reports")
    }
    assert {path: len(numbers) for path, numbers in lists.items()} == dict.fromkeys(lists, 2)
    assert lists["/automations"][1] < last_write
    assert lists["/scheduled-reports"][1] > last_write


def test_what_failed_is_no_reason_not_to_read_back_the_rest(world: World) -> None:
    """A kind is done with when its last change ended, however it ended."""
    world.write(TEAM)
    world.fault("POST /scheduled-reports: status 422, code=invalid_request, message=no, n=1")
    done = world.apply()
    results = {each["address"]: each.get("verification") for each in done.document["results"]}
    assert done.code == 6
    assert results["automation.flow"] == results["integration.hook"] == "verified"
    assert results["report.daily"] is None
