"""A write to what exists whose answer is lost or lies: the object is read again, and what it shows is what counts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import NO_TLS
from size import crossed
from world import World

from reconciler.api import rate_limiter
from reconciler.simulator import Simulator
from reconciler.simulator.server import Server

pytestmark = pytest.mark.usefixtures("no_waiting")

CONFIGURATION = """
    automations:
      flow:
        name: Flow
        caption: one
        status: active
        data: {actions: {push: p1}}
    integrations:
      alerts: {title: Alerts, integration: webhooks, target_platform: iOS, status: active}
      spare: {title: Spare, integration: slack, target_platform: iOS}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: alerts}]
    """
SPARE = "      spare: {title: Spare, integration: slack, target_platform: iOS}\n"
REPORTS = CONFIGURATION[CONFIGURATION.index("    reports:") :]
FLOWS = CONFIGURATION[: CONFIGURATION.index("    integrations:")]
EDITS = {
    "full-put": ("automation.flow", "PUT /automations/*", ("caption: one", "caption: two")),
    "status-by-patch": (
        "automation.flow",
        "PATCH /automations/*",
        ("status: active\n        data", "status: paused\n        data"),
    ),
    "partial-put": ("report.daily", "PUT /scheduled-reports/*", ("included_range_days: 1", "included_range_days: 7")),
    "status-by-post": ("integration.alerts", "POST /integrations/*", ("iOS, status: active", "iOS, status: paused")),
    "delete-automation": ("automation.flow", "DELETE /automations/*", (FLOWS, "")),
    "delete-report": ("report.daily", "DELETE /scheduled-reports/*", (REPORTS, "")),
    "delete-integration": ("integration.spare", "DELETE /integrations/*", (SPARE, "")),
}
HTML = """header="Content-Type: text/html", body="<html>sign in</html>\""""
ERROR = """body='{"error": {"code": "storage_error", "message": "try later"}}'"""
LIES = {
    "504": "status 504 {when}",
    "drop": "drop {when}",
    "html": f"status 200 {{when}}, {HTML}",
    "error-in-200": "status 200 {when}, " + ERROR.replace("{", "{{").replace("}", "}}"),
    "a-list": "status 200 {when}, body=[]",
}
each_lie = pytest.mark.parametrize(("change", "lie"), crossed(EDITS, LIES))


@pytest.fixture(autouse=True)
def _in_no_hurry(monkeypatch: pytest.MonkeyPatch, no_waiting: None) -> None:
    """Nobody waits between attempts, or for what shows up late."""
    monkeypatch.setattr(rate_limiter, "FIRST_WAIT", 0.0)


def rehearse(world: World, *rules: str) -> None:
    """These faults, from now on, and no others."""
    address = world.url.removesuffix("/v4") + "/_faults"
    assert httpx.delete(address, trust_env=False, verify=NO_TLS).is_success
    if rules:
        answer = httpx.post(address, json={"rules": rules}, trust_env=False, verify=NO_TLS)
        assert answer.is_success, answer.text


def edited(world: World, edit: tuple[str, str]) -> None:
    """The configuration is live, and edited since."""
    world.settle_once(CONFIGURATION)
    assert edit[0] in CONFIGURATION
    world.write(CONFIGURATION.replace(*edit, 1))
    assert world.plan().code == 2
    world.requests()


def sent(world: World, write: str) -> int:
    """How often the write left."""
    method, path = write.split()
    return sum(each[0] == method and each[1].startswith(path.removesuffix("*")) for each in world.writes())


@each_lie
def test_what_was_done_is_done(world: World, change: str, lie: str) -> None:
    """Whatever became of the answers: live is as wanted, so the change is done, verified and remembered."""
    address, write, edit = EDITS[change]
    edited(world, edit)
    rehearse(world, f"{write}: {LIES[lie].format(when='after')}")
    done = world.apply()
    assert (done.code, done.actions()[address]) == (0, "done"), done.out + done.err
    rehearse(world)
    assert world.plan().code == 0


@each_lie
def test_what_was_not_done_is_a_failure(world: World, change: str, lie: str) -> None:
    """An answer that says or looks like success changes nothing: exit 1, what a look showed, and it is still to do."""
    address, write, edit = EDITS[change]
    edited(world, edit)
    rehearse(world, f"{write}: {LIES[lie].format(when='before')}")
    failed = world.apply()
    assert (failed.code, failed.actions()[address]) == (1, "failed"), failed.out + failed.err
    (reason,) = [each["reason"] for each in failed.document["results"] if each["address"] == address]
    assert "is not as it was sent" in reason or "is still there" in reason
    rehearse(world)
    again = world.plan()
    assert again.code == 2
    assert set(again.actions()) == {address}
    assert world.apply().code == 0
    assert world.plan().code == 0


@pytest.mark.parametrize("edit", ["full-put", "status-by-patch", "partial-put"])
def test_what_was_done_is_not_sent_again(world: World, edit: str) -> None:
    """Where the object can be read by itself, a look comes before the second attempt."""
    _, write, change = EDITS[edit]
    edited(world, change)
    rehearse(world, f"{write}: status 502 after, n=1")
    assert world.apply().code == 0
    assert sent(world, write) == 1


@pytest.mark.parametrize("edit", EDITS)
def test_what_was_not_done_is_sent_again(world: World, edit: str) -> None:
    """After a look in vain, by the one retry policy: at most five times in all."""
    _, write, change = EDITS[edit]
    edited(world, change)
    rehearse(world, f"{write}: status 502, times=4")
    done = world.apply()
    assert done.code == 0, done.err
    assert sent(world, write) == 5
    assert world.plan().code == 0


def test_a_look_that_fails_is_told(world: World) -> None:
    """Nobody knows, so nobody says that it was not done."""
    edited(world, EDITS["status-by-patch"][2])
    rehearse(world, "PATCH /automations/*: status 504 after", "GET /automations/*: status 500, n=2, times=99")
    failed = world.apply()
    assert failed.code == 1
    assert "could not be read: GET /automations/" in failed.out
    rehearse(world)
    assert world.plan().code == 0


def test_a_delete_of_what_is_gone_is_done(world: World) -> None:
    """404 is what a delete wants: the first one was done, and its answer was lost."""
    edited(world, EDITS["delete-integration"][2])
    rehearse(world, "DELETE /integrations/*: drop after, n=1")
    done = world.apply()
    assert (done.code, done.actions()) == (0, {"integration.spare": "done"}), done.err
    answers = [each["status"] for each in world.requests() if each["method"] == "DELETE"]
    assert answers[-1] == 404
    assert "integration.spare" not in json.loads(world.state.read_text(encoding="utf-8"))["resources"]


class Between:
    """Stands before the API. `meet` is asked about each write, and may answer in the API's place."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.meet: Callable[[dict[str, Any], Callable[[], None]], tuple[str, bytes] | None] = lambda *_: None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One exchange."""

        def do_it() -> None:
            list(self._application(environ, lambda *_: None))

        said = None
        if environ["REQUEST_METHOD"] != "GET" and environ["PATH_INFO"].startswith("/v4"):
            said = self.meet(environ, do_it)
        if said is None:
            answer: Iterable[bytes] = self._application(environ, start_response)
            return answer
        start_response(said[0], [("Content-Type", "application/json")])
        return [said[1]]


@pytest.fixture
def between(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterable[Between]:
    """The world's API, with somebody between."""
    with Simulator(tmp_path / "simulator.db") as simulator:
        stands = Between(simulator)
        with Server(stands, port=0, threads=8) as server:
            thread = threading.Thread(target=server.run)
            thread.start()
            monkeypatch.setenv("QONVERSION_API_URL", server.url)
            yield stands
            server.close()
            thread.join()


@pytest.mark.parametrize("answer", ["503 Service Unavailable", "429 Too Many Requests"])
def test_a_replace_does_not_go_over_an_edit_made_between(world: World, between: Between, answer: str) -> None:
    """The first PUT of a whole record is turned away, and somebody edits it: the second would lose that."""
    without_caption = CONFIGURATION.replace("        caption: one\n", "")
    world.settle(without_caption)
    flow = world.id_of("automation.flow")
    world.write(without_caption.replace("push: p1", "push: p2"))
    puts: list[str] = []

    def edit_meanwhile(environ: dict[str, Any], do_it: Callable[[], None]) -> tuple[str, bytes] | None:
        puts.append(environ["PATH_INFO"])
        if len(puts) > 1:
            return None
        world.edit("automations", flow, caption="by hand")
        return answer, b""

    between.meet = edit_meanwhile
    refused = world.apply()
    assert refused.code == 5, refused.out + refused.err
    assert "changed by somebody else" in refused.out
    assert len(puts) == 1
    (live,) = world.live("automations")
    assert (live["caption"], live["data"]["actions"]["push"]) == ("by hand", "p1")


def test_an_answer_about_another_object_is_no_answer(world: World, between: Between) -> None:
    """The PUT is answered with somebody else's record: a look shows that nothing was done."""
    world.settle(CONFIGURATION)
    world.write(CONFIGURATION.replace("included_range_days: 1", "included_range_days: 7"))
    between.meet = lambda environ, do_it: ("200 OK", b'{"id": "another", "included_range_days": 7}')
    failed = world.apply()
    assert failed.code == 1
    assert "another object: another" in failed.out
    assert "included_range_days is not as it was sent" in failed.out


TWO = """
    automations:
      one: {name: One, status: active, data: {actions: {push: p1}}}
      two: {name: Two, status: active, data: {actions: {push: p1}}}
    """


@pytest.mark.parametrize(
    "answer", [b'{"id": "was-there"}', b"[]", b"{}", b'{"id": ".."}', b"<html>", b'{"error": {"code": 5}}']
)
def test_a_create_that_answers_nonsense_is_looked_for(world: World, between: Between, answer: bytes) -> None:
    """The object is taken over by what it holds; one that was there before the run is never taken for a new one."""
    world.insert(
        "automations", id="was-there", name="Mine", status="active", caption="", data={"actions": {"push": "p"}}
    )
    world.write(TWO)

    def done_and_said(environ: dict[str, Any], do_it: Callable[[], None]) -> tuple[str, bytes]:
        do_it()
        return "201 Created", answer

    between.meet = done_and_said
    assert world.apply().code == 0
    live = {each["name"]: each["id"] for each in world.live("automations")}
    assert set(live) == {"Mine", "One", "Two"}
    assert {world.id_of("automation.one"), world.id_of("automation.two")} == {live["One"], live["Two"]}


def test_two_creates_are_never_one_object(world: World, between: Between) -> None:
    """Both are done, both are answered with the same id: the second is looked for, and found."""
    world.write(TWO)
    first: list[bytes] = []

    def the_first_again(environ: dict[str, Any], do_it: Callable[[], None]) -> tuple[str, bytes]:
        do_it()
        if not first:
            first.append(world.live("automations")[0]["id"].encode())
        return "201 Created", b'{"id": "%s"}' % first[0]

    between.meet = the_first_again
    assert world.apply("--parallelism", "1").code == 0
    assert world.id_of("automation.one") != world.id_of("automation.two")
    between.meet = lambda *_: None
    assert world.plan().code == 0
