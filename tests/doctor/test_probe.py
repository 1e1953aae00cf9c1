"""`doctor --probe`: it learns by objects of its own, and removes them however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import NO_TLS
from size import crossed, ends, first
from world import KEY, Run, World, report

from reconciler.kinds import KINDS
from reconciler.kinds.facts import list_questions
from reconciler.simulator import Simulator
from reconciler.simulator.server import Server
from reconciler.simulator.store import ASSUMPTIONS

Json = dict[str, Any]
SANDBOX = "test_sk_probe"
COLLECTIONS: tuple[str, ...] = (
    "integrations",
    "scheduled-reports",
    "automations",
    "segments",
    "products",
    "entitlements",
)
COLLECTIONS += ("remote-configurations",)
CLOSED = ("segment", "product", "entitlement", "remote_config")
ALLOWED = tuple(word for kind in CLOSED for word in ("--allow", f"delete:{kind}"))
LONGEST = 100.0
"""Seconds after which a run counts as one that hangs."""


class Sandbox:
    """The sandbox of the world's simulator, as people see it."""

    def __init__(self, world: World) -> None:
        self.world = world
        headers = {"Authorization": f"Bearer {SANDBOX}", "X-Project": "sandbox"}
        base = world.url.removesuffix("/v4")
        self._client = httpx.Client(base_url=base, headers=headers, trust_env=False, verify=NO_TLS)

    def live(self) -> dict[str, list[Json]]:
        """All objects, by collection."""
        found = {name: self._client.get(f"/v4/{name}", params={"limit": 100}).json()["data"] for name in COLLECTIONS}
        self.world.requests()
        return found

    def insert(self, collection: str, **fields: object) -> str:
        """Somebody makes an object in the dashboard."""
        return str(self._client.post(f"/_dashboard/{collection}", json=fields).raise_for_status().json()["id"])

    def assume(self, **answers: str) -> None:
        """What the documents leave open is so."""
        body = {name.replace("_", "-"): answer for name, answer in answers.items()}
        self._client.put("/_dashboard/assumptions", json=body).raise_for_status()

    def probe(self, *arguments: str) -> Run:
        """A probe that need not ask; its JSON."""
        return self.world.run("doctor", "--probe", "--auto-approve", "--format", "json", *arguments)

    def close(self) -> None:
        """Lets the connections go."""
        self._client.close()


@pytest.fixture
def sandbox(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox in which others have objects that look like those of a probe."""
    monkeypatch.setenv("QONVERSION_SECRET", SANDBOX)
    sandbox = Sandbox(world)
    data = {"platform": "iOS", "actions": {"push": "p1"}}
    sandbox.insert("automations", name="reconciler-probe-theirs", caption="", status="active", data=data)
    sandbox.insert("integrations", title="reconciler-probe-theirs", integration="webhooks", target_platform="iOS")
    world.requests()
    yield sandbox
    sandbox.close()


def learned(run: Run) -> dict[str, str]:
    """Fact → how it stands, of those that are not unknown."""
    return {each["fact"]: each["status"] for each in run.document["facts"] if each["status"] != "unknown"}


def ended(run: Run) -> Json:
    """How the probe ended."""
    found: list[Json] = [each for each in run.document["checks"] if each["name"] == "probe"]
    assert len(found) == 1, run.out + run.err
    return found[0]


def test_it_learns_what_the_documents_leave_open(sandbox: Sandbox) -> None:
    """Of the three kinds whose deletes are open; all else is as before."""
    before = sandbox.live()
    run = sandbox.probe()
    assert run.code == 0, run.out
    assert ended(run)["status"] == "ok"
    facts = learned(run)
    for fact in (
        "integrations: a create answers 201",
        "integrations: the same Idempotency-Key makes no second object",
        "integrations: POST /status takes the status that it has",
        "reports: a new object is in the list at once",
        "reports: PUT keeps what is left out",
        "reports: a name keeps a letter of two code points",
        "automations: PUT resets what is left out",
        "automations: a delete answers 204",
        "automations: a deleted object is gone at once",
    ):
        assert facts[fact] == "confirmed", run.out
    assert sandbox.live() == before
    assert not list(sandbox.world.folder.rglob("*.journal"))


def test_kinds_that_are_closed_are_named(sandbox: Sandbox) -> None:
    """With what opens them; once all are open, there is nothing to say."""
    assert "--allow delete:segment --allow delete:product" in ended(sandbox.probe())["hint"]
    assert "delete:segment" not in ended(sandbox.probe("--allow", "delete:segment"))["hint"]
    assert not ended(sandbox.probe(*ALLOWED))["hint"]


def test_nothing_that_it_makes_delivers(sandbox: Sandbox) -> None:
    """No body sets a word at which something is sent to people."""
    sandbox.probe(*ALLOWED)
    bodies = [body for _, _, body in sandbox.world.writes() if body]
    assert bodies
    assert not [body for body in bodies if body.get("status") in ("active", 1)]
    assert {body["environment"] for body in bodies if "environment" in body} == {"sandbox"}


def test_no_app_asks_for_what_it_makes(sandbox: Sandbox) -> None:
    """The API may start a new remote configuration as active, in production too: then its key must be of nobody. One
    that has ended is there for good, which the end of a probe says."""
    sandbox.assume(config_status="active")
    run = sandbox.probe(*ALLOWED)
    keys = [body["context_key"] for _, _, body in sandbox.world.writes() if body and "context_key" in body]
    assert {key for key in keys if key} == {key for key in keys if key and key.startswith("reconciler-probe-")} != set()
    assert "removed, but the remote_config, which has ended" in ended(run)["message"]


def test_a_question_that_fails_after_a_delete_is_no_delete_that_failed(sandbox: Sandbox, no_waiting: None) -> None:
    """The answer to a create of the deleted id is lost, so it may be back: that is what is said, and no more."""
    sandbox.world.fault("POST /products: status 500, n=5")
    run = sandbox.probe(*ALLOWED)
    assert run.code == 6
    assert "may be left: POST /products" in ended(run)["message"]


def test_it_touches_only_what_it_made(sandbox: Sandbox) -> None:
    """Each write names an object that a create of the same run answered with."""
    theirs = {each["id"] for rows in sandbox.live().values() for each in rows}
    sandbox.probe(*ALLOWED)
    paths = [path for _, path, _ in sandbox.world.writes()]
    assert len(paths) > 20
    assert not [path for path in paths for each in theirs if f"/{each}" in path]


def test_closed_kinds_are_probed_if_they_are_opened(sandbox: Sandbox) -> None:
    """A remote configuration can only be archived; all others are gone."""
    before = sandbox.live()
    run = sandbox.probe(*ALLOWED)
    assert run.code == 0, run.out
    assert ended(run)["status"] == "ok", run.out
    facts = learned(run)
    assert facts["segments: the same Idempotency-Key makes no second object"] == "confirmed"
    assert facts["entitlements: a create answers with the record"] == "confirmed"
    after = sandbox.live()
    assert {each["status"] for each in after.pop("remote-configurations")} == {"archived"}
    before.pop("remote-configurations")
    assert after == before


@pytest.mark.parametrize(
    ("assumed", "fact"),
    [
        ({"create_answer": "identity"}, "products: a create answers with the record"),
        ({"segment_put": "keep"}, "segments: PUT resets what is left out"),
        ({"config_put": "keep"}, "remote_configs: PUT resets what is left out"),
        ({"same_status": "409"}, "remote_configs: PATCH /status takes the status that it has"),
    ],
)
def test_each_answer_to_an_open_question_is_told(sandbox: Sandbox, assumed: dict[str, str], fact: str) -> None:
    """The fact that does not hold then is refuted."""
    sandbox.assume(**assumed)
    run = sandbox.probe(*ALLOWED)
    assert run.code == 0, run.out
    assert learned(run)[fact] == "refuted"


OPEN: list[tuple[str, str, dict[str, bool]]] = [
    (
        "config-create",
        "remote_configs: a create with payload_mapping and payload in its body is taken (unsure)",
        {"ignore": True, "422": False},
    ),
    (
        "payload-check",
        "remote_configs: PUT /payload takes what a plan warns of (unsure)",
        {"none": True, "mapping": False},
    ),
    (
        "entitlement-ids",
        "entitlements: a create with a blank and a colon in its id is taken (unsure)",
        {"narrow": False, "wide": True},
    ),
    (
        "product-duration",
        "products: a create without duration is taken (unsure)",
        {"optional": True, "required": False},
    ),
    ("delete-in-use", "segments: what another object uses is not deleted (unsure)", {"204": False, "409": True}),
    (
        "same-status",
        "remote_configs: PATCH /status takes the status that it has",
        {"200": True, "409": False, "422": False},
    ),
    ("create-answer", "products: a create answers with the record", {"record": True, "identity": False}),
    (
        "deleted-ids",
        "products: a deleted id cannot be used again: it answers 409 (unsure)",
        {"taken": True, "free": False},
    ),
    (
        "deleted-ids",
        "entitlements: a deleted id cannot be used again: it answers 409 (unsure)",
        {"taken": True, "free": False},
    ),
    ("delete-in-use", "products: what another object uses is not deleted (unsure)", {"204": False, "409": True}),
    ("segment-put", "segments: PUT resets what is left out", {"keep": False, "clear": True}),
    ("config-put", "remote_configs: PUT resets what is left out", {"reset": True, "keep": False}),
    ("stale-cursor", "segments: a header says that a cursor is gone (unsure)", {"restart": True, "quiet": False}),
    ("stale-cursor", "products: a header says that a cursor is gone (unsure)", {"restart": True, "422": False}),
    ("segment-ids", "segments: an id is not its name (unsure)", {"opaque": True, "slug": False}),
    ("archived-configs", "remote_configs: the list has archived ones (unsure)", {"listed": True, "left-out": False}),
    ("config-status", "remote_configs: a new object is draft (unsure)", {"draft": True, "active": False}),
    ("config-payload", "remote_configs: GET by an id has payload (unsure)", {"record": True, "apart": False}),
    (
        "wrong-status",
        "remote_configs: archived cannot become draft: it answers 409 (unsure)",
        {"409": True, "422": False},
    ),
    (
        "unknown-product",
        "entitlements: PATCH refuses product_ids that do not exist (unsure)",
        {"400": True, "accepted": False},
    ),
    ("null-products", "entitlements: PATCH clears product_ids by null (unsure)", {"clear": True, "ignore": False}),
    ("product-type", "products: PATCH does not change type (unsure)", {"changes": False, "fixed": True}),
    ("product-type", "products: PATCH does not change duration (unsure)", {"changes": False, "fixed": True}),
]
"""Each open question that objects of a probe answer: the fact, and whether it holds by the assumed answer."""
WORLDS = {
    "as the simulator assumes": {question: next(iter(answers)) for question, _, answers in reversed(OPEN)},
    "otherwise": {question: list(answers)[-1] for question, _, answers in OPEN},
    "otherwise again": {"stale-cursor": "quiet", "deleted-ids": "free", "config-status": "active"},
}
BY_LOOKING = {
    **dict.fromkeys(("segments", "remote-configurations", "entitlements", "products"), "the list can be read whole"),
    "sandbox-scope": "segments: a sandbox and a production key see objects of their own",
    "segments-list": "segments: the list lacks the rows of the vendor",
    "segments-order": "segments: the list has the newest first",
}
"""Each open question that `doctor` answers without a probe: tests of its facts have each answer."""


def test_each_open_question_is_answered() -> None:
    """By looking or by a probe. A row of the vendor is written to by nobody."""
    assert {name for name, *_ in OPEN} | BY_LOOKING.keys() == ASSUMPTIONS.keys() - {"system-segment"}
    assert {(name, answer) for name, _, answers in OPEN for answer in answers} >= {
        (name, answer) for name in {name for name, *_ in OPEN} for answer in ASSUMPTIONS[name][0][:2]
    } - {("stale-cursor", "quiet"), ("unknown-product", "422")}


def test_a_probe_answers_all_that_it_can_ask(sandbox: Sandbox) -> None:
    """Before it, each of these facts is unknown, and after it none is."""
    asked = {f"{kind.section}: {text}" for kind in KINDS.values() for text in list_questions(kind).values()}
    run = sandbox.world.run("doctor", "--format", "json")
    assert {each["fact"] for each in run.document["facts"] if each["status"] == "unknown"} >= asked
    run = sandbox.probe(*ALLOWED)
    assert learned(run).keys() >= asked
    assert len({each["fact"] for each in run.document["facts"]}) == len(run.document["facts"])


@pytest.mark.parametrize("assumed", WORLDS.values(), ids=WORLDS)
def test_it_answers_open_questions(sandbox: Sandbox, assumed: dict[str, str]) -> None:
    """By objects of its own, which are gone then, or archived. Those of others are as before."""
    before = sandbox.live()
    sandbox.assume(**assumed)
    run = sandbox.probe(*ALLOWED)
    assert run.code == 0, run.out
    assert ended(run)["status"] == "ok", run.out
    expected = {fact: answers[assumed[name]] for name, fact, answers in OPEN if assumed.get(name) in answers}
    found = learned(run)
    assert {fact: found.get(fact) for fact in expected} == {
        fact: "confirmed" if holds else "refuted" for fact, holds in expected.items()
    }
    after = sandbox.live()
    assert {each["status"] for each in after.pop("remote-configurations")} <= {"archived"}
    assert after == {name: rows for name, rows in before.items() if name in after}


@pytest.mark.parametrize(
    "rule",
    ends(
        [
            "POST /products: drop after, n=2",
            "POST /entitlements: status 500 after, n=2",
            "DELETE /products/*: status 500, n=2",
            "PATCH /remote-configurations/*/status: drop after, n=3",
            "PATCH /products/*: status 500",
            "PUT /remote-configurations/*/payload: status 403",
            "GET /segments: status 403, n=4",
        ]
    ),
)
def test_a_question_that_fails_leaves_nothing(sandbox: Sandbox, no_waiting: None, rule: str) -> None:
    """What it made is removed by this run, or by the next one."""
    before = sandbox.live()
    sandbox.assume(**{"deleted-ids": "free", "same-status": "409"})
    sandbox.world.fault(rule)
    assert sandbox.probe(*ALLOWED).code in (0, 6)
    sandbox.world.end_faults()
    assert sandbox.probe(*ALLOWED).code == 0
    after = sandbox.live()
    assert {each["status"] for each in after.pop("remote-configurations")} == {"archived"}
    assert after == {name: rows for name, rows in before.items() if name in after}
    assert not list(sandbox.world.folder.rglob("*.probe.journal"))


@pytest.mark.parametrize(
    ("rule", "fact"),
    ends(
        [
            ("PUT /scheduled-reports/*: normalise trim", "reports: a name keeps a blank at its end"),
            ("PUT /automations/*: normalise nfc", "automations: a name keeps a letter of two code points"),
            ("POST /automations: normalise lower", "automations: a new object has all that was sent"),
            ("POST /scheduled-reports: hide 1", "reports: a new object is in the list at once"),
            ("POST /automations: hide 3", "automations: a new object is in the list at once"),
        ]
    ),
)
def test_faults_are_told(sandbox: Sandbox, no_waiting: None, rule: str, fact: str) -> None:
    """An API that changes texts, or shows a new object late."""
    before = sandbox.live()
    sandbox.world.fault(rule)
    run = sandbox.probe()
    assert run.code == 0, run.out
    assert learned(run)[fact] == "refuted"
    sandbox.world.end_faults()
    assert sandbox.live() == before


def test_an_order_that_the_api_changes_is_told(sandbox: Sandbox) -> None:
    """Both orders of two conditions are tried."""
    assert learned(sandbox.probe(*ALLOWED))["segments: PUT keeps the order of conditions (unsure)"] == "confirmed"
    sandbox.world.fault("PUT /segments/*: normalise sort")
    assert learned(sandbox.probe(*ALLOWED))["segments: PUT keeps the order of conditions (unsure)"] == "refuted"


def test_production_is_refused(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of the sandbox only, whatever is approved."""
    monkeypatch.setenv("QONVERSION_SECRET", KEY)
    run = sandbox.probe()
    assert run.code == 5
    assert "test_sk_" in run.err
    assert sandbox.world.writes() == []


def test_without_a_terminal_it_refuses_to_guess(sandbox: Sandbox) -> None:
    """As apply does."""
    run = sandbox.world.run("doctor", "--probe")
    assert run.code == 5
    assert "--auto-approve" in run.err
    assert sandbox.world.writes() == []


def test_nothing_is_probed_if_a_check_failed(sandbox: Sandbox, no_waiting: None) -> None:
    """What is wrong is told instead."""
    sandbox.world.fault("GET /automations: status 500")
    assert sandbox.probe().code == 1
    assert sandbox.world.writes() == []


def test_a_delete_that_fails_is_told_with_its_id(sandbox: Sandbox, no_waiting: None) -> None:
    """The next probe removes it."""
    before = sandbox.live()
    sandbox.world.fault("DELETE /automations/*: status 409")
    run = sandbox.probe()
    assert run.code == 6
    left = [each["id"] for each in sandbox.live()["automations"] if each not in before["automations"]]
    assert len(left) == 1
    assert left[0] in ended(run)["message"]
    sandbox.world.end_faults()
    assert sandbox.probe().code == 0
    assert sandbox.live() == before


def test_a_kind_that_cannot_be_made_does_not_stop_the_others(sandbox: Sandbox) -> None:
    """It is told what could not be learned, as a warning."""
    sandbox.world.fault("POST /automations: status 422, message='no such push'")
    run = sandbox.probe()
    assert run.code == 0
    assert ended(run)["status"] == "warning"
    assert "no such push" in ended(run)["message"]
    assert learned(run)["reports: a create answers 201"] == "confirmed"


def test_a_create_whose_answer_is_lost_is_found(sandbox: Sandbox, no_waiting: None) -> None:
    """By a name that nobody can guess, and by all that was sent."""
    before = sandbox.live()
    sandbox.world.fault("POST /automations: drop after")
    run = sandbox.probe()
    assert run.code == 0, run.out
    assert sandbox.live() == before


@pytest.mark.parametrize(
    ("collection", "number"), crossed(["integrations", "scheduled-reports", "automations"], [1, 2])
)
def test_an_answer_that_names_an_object_of_others_is_not_believed(
    sandbox: Sandbox, no_waiting: None, collection: str, number: int
) -> None:
    """It is neither changed nor deleted, whatever a create answers: it lacks the name that nobody can guess."""
    data = {"platform": "iOS", "actions": {"push": "p1"}}
    fields = {
        "integrations": {"title": "Other", "integration": "webhooks", "target_platform": "iOS"},
        "scheduled-reports": report("Other", "int-email-01"),
        "automations": {"name": "Other", "caption": "", "status": "active", "data": data},
    }
    other = sandbox.insert(collection, **fields[collection])
    before = sandbox.live()
    sandbox.world.fault(f"POST /{collection}: status 201, body='{json.dumps({'id': other})}', n={number}")
    run = sandbox.probe()
    writes = sandbox.world.writes()
    assert not [path for method, path, _ in writes if f"/{other}" in path]
    assert run.code == 0, run.out
    assert sandbox.live() == before


@pytest.mark.parametrize("body", ends(["", "{}", '{"id": null}', '{"id": "meta"}', "<html>"]))
def test_a_create_without_an_id_is_found_by_its_name(sandbox: Sandbox, no_waiting: None, body: str) -> None:
    """The API did it, and does not say what it made."""
    before = sandbox.live()
    sandbox.world.fault(f"POST /automations: status 201 after, body='{body}'")
    run = sandbox.probe()
    assert run.code == 0, run.out
    assert ended(run)["status"] == "warning"
    assert sandbox.live() == before


def test_a_second_object_of_one_idempotency_key_is_removed_too(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API need not keep its word: here it does not look at the header."""
    before = sandbox.live()
    answer = Simulator.__call__

    def forgetful(self: Simulator, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ.pop("HTTP_IDEMPOTENCY_KEY", None)
        return answer(self, environ, start_response)

    monkeypatch.setattr(Simulator, "__call__", forgetful)
    run = sandbox.probe()
    assert run.code == 0, run.out
    assert learned(run)["integrations: the same Idempotency-Key makes no second object"] == "refuted"
    assert sandbox.live() == before


Counts = Callable[[str, str], bool]
"""Whether a request counts, by its method and its path."""


def is_write(method: str, _path: str) -> bool:
    """All that may change something."""
    return method != "GET"


class FieldValue:
    """The API, which does a request and keeps its answer until it is told to go on: the one of that number among those
    that count. If `number` is 0, it keeps none. `seen` is how many have come that count."""

    def __init__(self, application: Any, number: int, counts: Counts) -> None:
        self._application, self._number, self._counts, self.seen = application, number, counts, 0
        self._lock, self.arrived, self.go_on = threading.Lock(), threading.Event(), threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One exchange."""
        answer: Iterable[bytes] = self._application(environ, start_response)
        with self._lock:
            self.seen += self._counts(environ["REQUEST_METHOD"], environ["PATH_INFO"])
            is_held = self.seen == self._number and not self.arrived.is_set()
        if is_held:
            self.arrived.set()
            assert self.go_on.wait(60)
        return answer


@contextmanager
def cut_off(
    world: World, path: Path, number: int, *arguments: str, counts: Counts = is_write
) -> Iterator[tuple[FieldValue, subprocess.Popen[str]]]:
    """A probe in a process of its own, in the middle of its request of that number among those that count."""
    with Simulator(path / "simulator.db") as simulator:
        api = FieldValue(simulator, number, counts)
        with Server(api, port=0, threads=8) as server:
            thread = threading.Thread(target=server.run)
            thread.start()
            command = [sys.executable, "-m", "reconciler", "doctor", str(world.folder), "--probe", "--auto-approve"]
            command += ["--format", "json", "--api-url", server.url, *arguments]
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            with subprocess.Popen(command, text=True, env=os.environ, **pipes) as process:  # type: ignore[call-overload]
                hanging = threading.Timer(LONGEST, process.kill)
                hanging.start()
                try:
                    assert api.arrived.wait(60), process.communicate()
                    yield api, process
                finally:
                    hanging.cancel()
                    process.kill()
                    api.go_on.set()
            server.close()
            thread.join()


WRITES = {
    "the first create": 1,
    "the create of a report": 4,
    "an update": 6,
    "a reference to nothing": 9,
    "the create of an automation": 11,
    "the delete of what is in use": 17,
    "the first delete": 18,
    "the last delete": 20,
}


@pytest.mark.process
@pytest.mark.parametrize("number", ends(WRITES.values()), ids=WRITES)
def test_what_a_kill_leaves_is_removed_by_the_next_run(
    sandbox: Sandbox, tmp_path: Path, no_waiting: None, number: int
) -> None:
    """kill -9 after the API did a write, before the answer came."""
    before = sandbox.live()
    with cut_off(sandbox.world, tmp_path, number) as (_, process):
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert list(sandbox.world.folder.rglob("*.probe.journal"))
    run = sandbox.probe()
    assert run.code == 0, run.out
    assert sandbox.live() == before
    assert not list(sandbox.world.folder.rglob("*.probe.journal"))


def nothing_is_left(sandbox: Sandbox, before: dict[str, list[Json]]) -> None:
    """Of others, all is as before; of a probe, there is nothing but remote configurations that are archived."""
    after = sandbox.live()
    configs = after.pop("remote-configurations")
    assert {each["status"] for each in configs if each not in before["remote-configurations"]} <= {"archived"}
    assert after == {name: rows for name, rows in before.items() if name in after}
    assert not list(sandbox.world.folder.rglob("*.probe.journal"))


class Probing:
    """Counts the requests of a probe, from its first create on: what it asks before leaves nothing."""

    def __init__(self) -> None:
        self._is_on = False

    def __call__(self, method: str, _path: str) -> bool:
        """Whether the first write has come."""
        self._is_on = self._is_on or method != "GET"
        return self._is_on


REQUESTS = {"as the simulator assumes": 176, "otherwise": 179}
"""Requests of a probe of all kinds from its first create on, by what the documents leave open."""
KILLS = {
    f"request {number}, {assumed}": (assumed, number)
    for number in range(1, max(REQUESTS.values()) + 1)
    for at, (assumed, most) in enumerate(REQUESTS.items())
    if number <= most and (number % 2 == at or assumed == "otherwise")
}
"""Each request, if what the documents leave open is otherwise; and each second one of the simulator's choice."""


@pytest.mark.parametrize("assumed", REQUESTS)
def test_every_request_is_known(sandbox: Sandbox, assumed: str) -> None:
    """So that the kills below come at each of them."""
    sandbox.assume(**WORLDS[assumed])
    sandbox.probe(*ALLOWED)
    counts = Probing()
    assert sum(counts(each["method"], each["path"]) for each in sandbox.world.requests()) == REQUESTS[assumed]


@pytest.mark.process
@pytest.mark.parametrize("kill", ends(KILLS))
def test_a_kill_at_any_request_leaves_nothing(sandbox: Sandbox, tmp_path: Path, no_waiting: None, kill: str) -> None:
    """kill -9 after the API did what was asked, before its answer came. The next probe removes what that left."""
    before = sandbox.live()
    assumed, number = KILLS[kill]
    sandbox.assume(**WORLDS[assumed])
    with cut_off(sandbox.world, tmp_path, number, *ALLOWED, counts=Probing()) as (_, process):
        process.send_signal(signal.SIGKILL)
        process.wait()
    run = sandbox.probe()
    assert run.code == 0, run.out
    assert ended(run)["status"] == "ok", run.out
    nothing_is_left(sandbox, before)


@pytest.mark.process
@pytest.mark.parametrize("answer", first(["200", "409", "422"]))
def test_one_that_a_kill_left_archived_is_not_archived_again(
    sandbox: Sandbox, tmp_path: Path, no_waiting: None, answer: str
) -> None:
    """The kill came between the answer and the note of it. An archived one cannot be deleted, and counts as deleted."""
    before = sandbox.live()
    sandbox.assume(same_status=answer, config_status="draft")

    def archives(method: str, path: str) -> bool:
        return method == "PATCH" and path.endswith("/status") and "/remote-configurations/" in path

    # The first such request sets the status that it has.
    with cut_off(sandbox.world, tmp_path, 2, *ALLOWED, counts=archives) as (_, process):
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert list(sandbox.world.folder.rglob("*.probe.journal"))
    run = sandbox.probe()
    assert run.code == 0, run.out
    assert ended(run)["status"] == "ok"
    nothing_is_left(sandbox, before)


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_removes_what_was_made(sandbox: Sandbox, tmp_path: Path, number: signal.Signals) -> None:
    """What is under way is waited for; nothing more is made."""
    before = sandbox.live()
    with cut_off(sandbox.world, tmp_path, 8) as (api, process):
        process.send_signal(number)
        api.go_on.set()
        out, _ = process.communicate()
    assert process.returncode == 1, out
    assert "interrupted" in ended(Run(1, out, ""))["message"]
    assert sandbox.live() == before


def test_a_journal_that_somebody_else_wrote_is_not_believed(sandbox: Sandbox) -> None:
    """It is sealed with the key: nobody can name an object for the probe to delete."""
    before = sandbox.live()
    theirs = before["automations"][0]
    path = sandbox.world.folder / ".reconciler" / "default.probe.journal"
    path.parent.mkdir()
    head = {"format_version": 3, "key": "x", "base": ["", 0], "lineage": "", "plan": ""}
    entry = {"address": "automation.x", "entry": {"id": theirs["id"], "applied": {}, "protected": False}}
    path.write_text("".join(json.dumps({**line, "seal": "0" * 32}) + "\n" for line in (head, entry)))
    run = sandbox.probe()
    assert run.code == 5
    assert sandbox.world.writes() == []
    assert sandbox.live() == before


def test_objects_that_look_alike_are_left_alone(sandbox: Sandbox, no_waiting: None) -> None:
    """The answer of a create was lost, and somebody has copied the object since: nothing proves which it is."""
    sandbox.world.fault("POST /automations: drop after", "DELETE /automations/*: status 500")
    sandbox.probe()
    sandbox.world.end_faults()
    names = [each["name"] for each in sandbox.live()["automations"]]
    assert len([name for name in names if name != "reconciler-probe-theirs"]) == 1
    assert sandbox.probe().code == 0


def test_the_key_is_in_no_file_and_no_output(sandbox: Sandbox, no_waiting: None) -> None:
    """Also if the API repeats it."""
    sandbox.world.fault(f"DELETE /automations/*: status 409, message='{SANDBOX}'")
    run = sandbox.probe()
    assert run.code == 6
    assert SANDBOX not in run.out + run.err
    assert not [path for path in sandbox.world.folder.rglob("*") if path.is_file() and SANDBOX in path.read_text()]
