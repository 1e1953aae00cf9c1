"""What holds across the API: keys, errors, bodies, routes, the request log; and the walls of the package."""

from __future__ import annotations

import ast
import io
import sqlite3
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

import reconciler.simulator
from reconciler.simulator import Simulator
from reconciler.simulator.wire import Call

from .conftest import Clock, Dashboard, Make, client_of, problems


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer sk_", "Bearer pk_x", "Bearer a sk_x", "Basic sk_x", "sk_x"]
)
def test_without_a_secret_key_there_is_a_401(simulator: Simulator, header: str | None) -> None:
    """Missing, malformed, another kind of key; before anything else is looked at, unknown paths included."""
    client = client_of(simulator, None)
    headers = {} if header is None else {"Authorization": header}
    for path in ("/integrations", "/nothing-here"):
        assert problems(client.get(path, headers=headers), 401, "control_unauthorized") == []


@pytest.mark.parametrize("prefix", ["", "test_"])
def test_keys_that_may_not_do_everything(simulator: Simulator, prefix: str) -> None:
    """A read-only key may only GET, a forbidden one nothing."""
    reader = client_of(simulator, f"{prefix}sk_readonly_1")
    assert reader.get("/automations").status_code == 200
    assert problems(reader.post("/automations", json={}), 403, "control_forbidden") == []
    assert problems(reader.delete("/automations/x"), 403, "control_forbidden") == []
    outcast = client_of(simulator, f"{prefix}sk_forbidden_1")
    assert problems(outcast.get("/automations"), 403, "control_forbidden") == []


def test_the_key_names_the_project(
    simulator: Simulator, api: httpx.Client, sandbox: httpx.Client, automation: Make
) -> None:
    """Production and sandbox are apart in one file; any key of a project sees the project."""
    made = automation()
    assert sandbox.get("/automations").json()["data"] == []
    assert sandbox.get(f"/automations/{made['id']}").status_code == 404
    assert client_of(simulator, "sk_rotated").get("/automations").json()["data"] == [made]


@pytest.mark.parametrize("content", [b"", b"{", b"not json", b"\xff", b'{"a": NaN}', b'{"a": 1e999}', b'"\\ud800"'])
def test_a_body_that_is_not_json_is_a_400(api: httpx.Client, content: bytes) -> None:
    """Strictly: no NaN, no infinity, nothing that is no text."""
    assert problems(api.post("/automations", content=content), 400, "invalid_request") == []


def test_a_body_nested_without_end_is_a_400(api: httpx.Client) -> None:
    """Deeper than the parser goes."""
    assert problems(api.post("/automations", content=b"[" * 200_000), 400, "invalid_request") == []


@pytest.mark.parametrize("body", [[], "text", 7, None, True])
def test_a_body_that_is_no_object_is_a_400(api: httpx.Client, body: object) -> None:
    """On every door that takes one."""
    assert problems(api.post("/integrations", json=body), 400, "invalid_request") == []


def test_a_body_over_the_bound_is_a_413(api: httpx.Client) -> None:
    """1 MiB is the most."""
    assert problems(api.post("/automations", content=b" " * (1024 * 1024 + 1)), 413, "invalid_request") == []


def test_text_comes_back_as_it_was_sent(api: httpx.Client, automation: Make) -> None:
    """Any script, control characters and numbers of any size."""
    data = {"—": "日本\x00\u2028😀", "big": 10**30, "deep": {"a": [None, 1.5]}}
    made = automation(name="Ünïcödé 😀", data=data)
    assert api.get(f"/automations/{made['id']}").json() == made
    assert (made["name"], made["data"]) == ("Ünïcödé 😀", data)


@pytest.mark.parametrize(
    "path",
    ["/", "", "/nothing", "/integrations/", "/integrations/a/b", "/automations/a b", "/automations/" + "x" * 257],
)
def test_an_unknown_path_is_a_404(api: httpx.Client, path: str) -> None:
    """Ids that cannot be one included."""
    assert problems(api.get(path), 404, "not_found") == []


def test_a_path_outside_the_base_is_a_404(simulator: Simulator) -> None:
    """Everything is below `/v4`."""
    assert problems(client_of(simulator).get("http://simulator/integrations"), 404, "not_found") == []


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/integrations", "GET, POST"),
        ("DELETE", "/integrations/meta", "GET"),
        ("GET", "/integrations/x/status", "POST"),
        ("PATCH", "/scheduled-reports/x", "GET, PUT, DELETE"),
        ("POST", "/scheduled-reports/destinations", "GET"),
        ("GET", "/scheduled-reports/x/send-test", "POST"),
        ("POST", "/automations/x/status", "PATCH"),
    ],
)
def test_a_wrong_method_is_a_405(api: httpx.Client, method: str, path: str, allowed: str) -> None:
    """With the envelope, and the methods that would do."""
    answer = api.request(method, path)
    assert problems(answer, 405, "invalid_request") == []
    assert answer.headers["Allow"] == allowed


def test_a_head_request_gets_no_body(api: httpx.Client) -> None:
    """Or a kept connection would go out of step."""
    answer = api.head("/automations")
    assert (answer.status_code, answer.content) == (405, b"")


@pytest.mark.parametrize(
    ("error", "code"), [(KeyError("x"), "unknown_error"), (sqlite3.OperationalError("disk"), "storage_error")]
)
def test_an_unexpected_failure_is_a_500_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: Exception, code: str
) -> None:
    """The client gets the envelope, people get the traceback; nothing half-done stays; the next request works."""

    def broken() -> datetime:
        raise error

    with Simulator(tmp_path / "s.db", clock=broken) as simulator:
        answer = client_of(simulator).get("/automations")
        assert problems(answer, 500, code) == []
        assert "Traceback" not in answer.text
        assert "Traceback" in capsys.readouterr().err
        assert client_of(simulator, None).get("/automations").status_code == 401


def test_a_write_that_fails_half_way_leaves_nothing(
    simulator: Simulator, api: httpx.Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The work of a request is one transaction."""

    def broken(_: Call) -> str:
        raise KeyError

    body = {"title": "T", "integration": "slack", "target_platform": "iOS"}
    with monkeypatch.context() as patch:
        patch.setattr("reconciler.simulator.store.Transaction.write_note", broken)
        assert api.post("/integrations", json=body, headers={"Idempotency-Key": "k"}).status_code == 500
    assert "Traceback" in capsys.readouterr().err
    assert api.get("/integrations").json()["data"] == []
    assert api.post("/integrations", json=body, headers={"Idempotency-Key": "k"}).status_code == 201


def test_the_log_has_a_line_per_request(
    api: httpx.Client, dashboard: Dashboard, lines: Callable[[], list[dict[str, Any]]], log: io.StringIO
) -> None:
    """Number, method, path without `/v4`, query, status and body; the idempotency key; never the secret one."""
    api.get("/automations?limit=2&starting_after=x")
    api.post("/integrations", json={"title": ""}, headers={"Idempotency-Key": "k1"})
    api.post("/automations", content=b"{")
    dashboard.insert("automations", name="x")
    assert lines() == [
        {
            "n": 1,
            "method": "GET",
            "path": "/automations",
            "query": "limit=2&starting_after=x",
            "status": 200,
            "body": None,
        },
        {
            "n": 2,
            "method": "POST",
            "path": "/integrations",
            "query": "",
            "status": 422,
            "body": {"title": ""},
            "idempotency_key": "k1",
        },
        {"n": 3, "method": "POST", "path": "/automations", "query": "", "status": 400, "body": None},
        {
            "n": 4,
            "method": "POST",
            "path": "/_dashboard/automations",
            "query": "",
            "status": 201,
            "body": {"name": "x"},
        },
    ]
    assert "sk_" not in log.getvalue()
    assert log.getvalue().endswith("\n")


def test_times_are_utc_in_whole_seconds(clock: Clock, integration: Make) -> None:
    """As the documents write them."""
    clock.move(0.75)
    assert integration()["created_at"] == "2026-04-23T11:44:36Z"


def test_the_simulator_stands_alone() -> None:
    """It imports the standard library, waitress and itself: nothing that knows the kinds."""
    folder = Path(str(reconciler.simulator.__file__)).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                own = name == "reconciler.simulator" or name.startswith("reconciler.simulator.")
                assert own or name.split(".")[0] in {*sys.stdlib_module_names, "waitress"}, (path.name, name)
