"""Faults of an answer: each does what it says, over real HTTP and in the process, and stands in the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.simulator import Faults

from .conftest import Make, fired, names, problems, statuses

Lines = Callable[[], list[dict[str, Any]]]
AUTOMATION = {"name": "Welcome Flow", "status": "active", "data": {}}


def test_a_status_is_answered_instead_of_the_work(
    client: httpx.Client, faults: Faults, lines: Lines, api: httpx.Client
) -> None:
    """With the envelope, and the next request is as ever."""
    faults.add('POST /automations: status 429, header="Retry-After: 5", header="X-Trace: a, b=c", n=1')
    answer = client.post("/automations", json=AUTOMATION)
    assert problems(answer, 429, "rate_limit_exceeded") == []
    assert (answer.headers["Retry-After"], answer.headers["X-Trace"]) == ("5", "a, b=c")
    assert names(api) == []
    assert client.post("/automations", json=AUTOMATION).status_code == 201
    assert [(line["status"], line.get("fault")) for line in lines()] == [(429, "status 429"), (200, None), (201, None)]
    assert fired(faults) == [(2, 1)]


def test_a_status_after_the_work_hides_that_it_was_done(
    client: httpx.Client, faults: Faults, api: httpx.Client
) -> None:
    """Code and message are the rule's."""
    faults.add('POST /automations: status 500 after, code=storage_error, message="Try again"')
    answer = client.post("/automations", json=AUTOMATION)
    assert problems(answer, 500, "storage_error") == []
    assert answer.json()["error"]["message"] == "Try again"
    assert answer.json()["error"]["type"] == "internal"
    assert names(api) == ["Welcome Flow"]


@pytest.mark.parametrize(
    ("details", "content", "media"),
    [
        (', body="<h1>Bad gateway</h1>", header="content-type: text/html"', b"<h1>Bad gateway</h1>", "text/html"),
        (', body=\'{"error": {"code": 7}}\'', b'{"error": {"code": 7}}', "application/json"),
        (', body="oops, sorry"', b"oops, sorry", "text/plain; charset=utf-8"),
        (', body=""', b"", "text/plain; charset=utf-8"),
    ],
)
def test_a_body_need_not_be_an_envelope(
    client: httpx.Client, faults: Faults, details: str, content: bytes, media: str
) -> None:
    """What proxies answer, or an API on a bad day."""
    faults.add(f"GET /automations: status 502{details}")
    answer = client.get("/automations")
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (502, content, media)


@pytest.mark.parametrize("status", [200, 204, 302, 304])
def test_a_status_that_is_no_error_has_no_body(client: httpx.Client, faults: Faults, status: int) -> None:
    """A connection that is kept stays in step."""
    faults.add(f'GET /automations: status {status}, header="Location: /elsewhere", n=1')
    answer = client.get("/automations")
    assert (answer.status_code, answer.content, answer.headers["Location"]) == (status, b"", "/elsewhere")
    assert statuses(client, 2) == [200, 200]


def test_a_status_nobody_has_a_phrase_for(client: httpx.Client, faults: Faults) -> None:
    """It leaves all the same."""
    faults.add("GET /*: status 599")
    assert problems(client.get("/integrations"), 599, "unknown_error") == []


@pytest.mark.parametrize(("when", "left"), [("before", []), ("after", ["Welcome Flow"])])
def test_a_connection_breaks_before_or_after_the_work(
    client: httpx.Client,
    broken: type[Exception],
    faults: Faults,
    lines: Lines,
    api: httpx.Client,
    when: str,
    left: list[str],
) -> None:
    """The client hears nothing, and cannot know which; the log says that no status left."""
    faults.add(f"POST /automations: drop {when}, n=1")
    with pytest.raises(broken):
        client.post("/automations", json=AUTOMATION)
    assert names(api) == left
    assert [(line["status"], line.get("fault")) for line in lines()] == [(None, f"drop {when}"), (200, None)]


def test_a_dropped_connection_says_nothing_on_stderr(
    http: httpx.Client, faults: Faults, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """It is what was asked for, no failure of the server; the other connections live."""
    faults.add("GET /automations: drop before, n=1", "GET /automations: truncate 20, n=2")
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            http.get("/automations")
    assert http.get("/automations").status_code == 200
    assert capfd.readouterr().err == ""
    assert not [record for record in caplog.records if record.name.startswith("waitress")]


@pytest.mark.parametrize("when", ["", " before", " after"])
def test_a_delay_passes_before_or_after_the_work(
    client: httpx.Client, faults: Faults, monkeypatch: pytest.MonkeyPatch, api: httpx.Client, when: str
) -> None:
    """Nothing but time is lost; what others see meanwhile differs."""
    seen: list[tuple[float, list[str]]] = []
    monkeypatch.setattr(time, "sleep", lambda seconds: seen.append((seconds, names(api))))
    faults.add(f"POST /automations: delay 0.01{when}, n=1")
    assert client.post("/automations", json=AUTOMATION).status_code == 201
    assert seen == [(0.01, ["Welcome Flow"] if when == " after" else [])]


def test_a_client_that_does_not_wait_has_done_its_work(http: httpx.Client, faults: Faults, api: httpx.Client) -> None:
    """A timeout is an unknown outcome, over a real connection."""
    faults.add("POST /automations: delay 0.2 after")
    with pytest.raises(httpx.ReadTimeout):
        http.post("/automations", json=AUTOMATION, timeout=0.1)
    assert names(api) == ["Welcome Flow"]


def test_a_truncated_body_breaks_the_connection(
    client: httpx.Client, broken: type[Exception], faults: Faults, lines: Lines
) -> None:
    """The whole length is announced."""
    faults.add("GET /automations: truncate 20, n=1")
    with client.stream("GET", "/automations") as answer:
        assert int(answer.headers["Content-Length"]) > 20
        with pytest.raises(broken):
            answer.read()
    assert statuses(client, 1) == [200]
    assert [line.get("fault") for line in lines()] == ["truncate 20", None]


def test_a_quietly_truncated_body_is_just_no_json(client: httpx.Client, faults: Faults) -> None:
    """The length fits what came."""
    faults.add("GET /automations: truncate 20 quietly")
    answer = client.get("/automations")
    assert (answer.content, answer.headers["Content-Length"]) == (b'{"object": "list", "', "20")


def test_what_is_short_enough_is_not_cut(client: httpx.Client, faults: Faults, automation: Make) -> None:
    """An empty answer has nothing to cut, and `times` waits for one that has."""
    made = automation()
    faults.add("* /automations*: truncate 20 quietly, times=1")
    assert client.patch(f"/automations/{made['id']}/status", json={"status": "paused"}).status_code == 204
    assert fired(faults) == [(1, 0)]
    assert len(client.get("/automations").content) == 20
    assert len(client.get("/automations").content) > 20
    assert fired(faults) == [(3, 1)]
