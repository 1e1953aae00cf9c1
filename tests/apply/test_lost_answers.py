"""A create whose answer is lost: looked for by what it holds, sent again only where it was not done, never guessed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from world import World, automation

from reconciler.simulator import Simulator
from reconciler.simulator.server import Server

pytestmark = pytest.mark.usefixtures("no_waiting")

FLOW = """
    automations:
      flow:
        name: Flow
        status: paused
        data: {actions: {push: p1}}
    """
ALERTS = """
    integrations:
      alerts: {title: Alerts, integration: webhooks, target_platform: iOS}
    """


class Proxy:
    """Between the tool and the API: answers 504 to the next creates, the work done or not, as a proxy would."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.lose: list[str] = []
        self.creates = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One exchange. `lose` holds what becomes of the next creates: done, undone or twice."""
        creates = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].count("/") == 2
        self.creates += creates and environ["PATH_INFO"].startswith("/v4")
        how = self.lose.pop(0) if self.lose and creates and environ["PATH_INFO"].startswith("/v4") else ""
        if not how:
            answer: Iterable[bytes] = self._application(environ, start_response)
            return answer
        if how != "undone":
            list(self._application(environ, lambda *_: None))
        start_response("504 Gateway Timeout", [("Content-Type", "text/html")])
        return [b"<html>504</html>"]


@pytest.fixture
def proxy(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_waiting: None) -> Iterator[Proxy]:
    """The world's API behind a proxy; nobody waits for what shows up late."""
    with Simulator(tmp_path / "simulator.db") as simulator:
        between = Proxy(simulator)
        with Server(between, port=0, threads=8) as server:
            thread = threading.Thread(target=server.run)
            thread.start()
            monkeypatch.setenv("QONVERSION_API_URL", server.url)
            yield between
            server.close()
            thread.join()


def test_what_was_done_is_found(world: World, proxy: Proxy) -> None:
    """The answer to a create is lost, the object is there: it is taken over, and what remains is done to it."""
    world.write(FLOW)
    proxy.lose = ["done"]
    done = world.apply()
    assert (done.code, done.actions()) == (0, {"automation.flow": "done"}), done.err
    assert proxy.creates == 1
    assert [each["status"] for each in world.live("automations")] == ["paused"]
    assert world.plan().code == 0


def test_what_was_not_done_is_sent_again(world: World, proxy: Proxy) -> None:
    """The create did not arrive: after looking in vain it is sent once more."""
    world.write(FLOW)
    proxy.lose = ["undone"]
    done = world.apply()
    assert (done.code, proxy.creates) == (0, 2), done.err
    assert len(world.live("automations")) == 1
    assert world.plan().code == 0


def test_what_stays_lost_is_reported(world: World, proxy: Proxy) -> None:
    """Two creates that both did not arrive are a failure, and the next apply does it."""
    world.write(FLOW)
    proxy.lose = ["undone", "undone"]
    failed = world.apply()
    assert (failed.code, failed.actions()) == (1, {"automation.flow": "failed"})
    assert world.live("automations") == []
    assert world.apply().code == 0
    assert len(world.live("automations")) == 1


def test_what_was_there_before_is_not_taken_for_it(world: World, proxy: Proxy) -> None:
    """An object that was live before the plan cannot be what a create has made, however alike it is."""
    world.insert("automations", **automation("Other", caption="", data={"actions": {"push": "p1"}}))
    world.write(FLOW)
    proxy.lose = ["done"]
    assert world.apply().code == 0
    assert sorted(each["name"] for each in world.live("automations")) == ["Flow", "Other"]


def test_an_integration_is_asked_for_by_its_key(world: World, proxy: Proxy) -> None:
    """Its idempotency key is documented: the same request again gives the original object, and no second one."""
    world.write(ALERTS)
    proxy.lose = ["done", "done"]
    done = world.apply()
    assert (done.code, proxy.creates) == (0, 3), done.err
    assert [each["title"] for each in world.live("integrations")] == ["Alerts"]


MORE = f"""{FLOW}
      other: {{name: Other, status: active, data: {{actions: {{push: p1}}}}}}
    """
EMPTY = '{"object": "list", "data": [], "has_more": false}'


def creates(world: World) -> int:
    """How many requests for a new automation there were since the last call."""
    return sum(each["method"] == "POST" and each["path"] == "/automations" for each in world.requests())


@pytest.mark.parametrize("look", [2, 3, 4, 5])
def test_a_list_that_was_short_for_a_moment_proves_nothing(world: World, look: int) -> None:
    """One look gets an empty list, the others come too early: they are no proof that nothing was made."""
    world.settle(FLOW)
    world.write(MORE)
    world.fault("POST /automations: hide 3")
    world.fault("POST /automations: drop after, n=1")
    world.fault(f"GET /automations: status 200, body='{EMPTY}', n={look}")
    failed = world.apply()
    assert failed.actions() == {"automation.other": "failed"}, failed.err
    assert "is not whole" in failed.out
    assert creates(world) == 1
    world.end_faults()
    assert world.apply().code == 0
    assert sorted(each["name"] for each in world.live("automations")) == ["Flow", "Other"]
    assert world.plan().code == 0


@pytest.mark.parametrize("answer", ["truncate 20 quietly, n=1", 'status 201 after, body="<html>", n=1'])
def test_a_create_that_the_api_acknowledged_is_not_sent_again(world: World, answer: str) -> None:
    """The status says that it was made, and the lists show it late: once more would make a second one."""
    world.write(FLOW)
    world.fault("POST /automations: hide 9")
    world.fault(f"POST /automations: {answer}")
    failed = world.apply()
    assert failed.actions() == {"automation.flow": "failed"}, failed.err
    assert "plan again" in failed.out
    assert creates(world) == 1
    world.end_faults()
    assert world.apply().code == 0
    assert [each["name"] for each in world.live("automations")] == ["Flow"]


def test_a_success_that_nobody_meant_is_made_up_for_by_the_next_apply(world: World) -> None:
    """A proxy answers 200 for an API that never heard of it: that run fails, and the next one creates."""
    world.write(FLOW)
    world.fault('POST /automations: status 200, body="<html>", n=1')
    assert world.apply().actions() == {"automation.flow": "failed"}
    assert world.live("automations") == []
    assert world.apply().code == 0
    assert [each["name"] for each in world.live("automations")] == ["Flow"]
