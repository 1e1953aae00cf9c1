"""The extra `otel`: a span for each run, environment, stage, change and request, and nothing else of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from environments.conftest import NAMES, Fleet, report_line
from size import ends
from slow import serving
from world import KEY, World

from reconciler.cli.main import run
from reconciler.simulator import Simulator
from reconciler.simulator.server import Server

from .collector import Collector, Span, collecting

FLOW = "{name: %s, status: active, caption: Confidential, data: {actions: {push: p}}}"
FLOWS = f"automations: {{a: {FLOW % 'Alpha'}, b: {FLOW % 'Beta'}}}"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-%s"
NOT_ALL = "warning: the OpenTelemetry collector did not take all spans of this run\n"
NOT_AT_ONCE = {"OTEL_BSP_SCHEDULE_DELAY": "3600000"}
"""Nothing is sent before the end of a run."""
PATIENT = """
from reconciler.output import spans
spans.SECONDS = 600.0
from reconciler.__main__ import main
main()
"""
"""The program, which waits for the collector as long as it takes."""


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("OTEL_", "TRACE"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch, uses_network: None) -> Iterator[Collector]:
    """A collector that the environment names. A run of this process waits for it as long as it takes."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra `otel` is not installed")
    monkeypatch.setattr("reconciler.output.spans.SECONDS", 60.0)
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        yield collector


def above(span: Span, spans: Iterable[Span]) -> list[str]:
    """The names of the spans that it is within, the nearest first."""
    by_id = {each.id: each for each in spans}
    names = []
    while span := by_id.get(span.parent):  # type: ignore[assignment] # None ends it
        names.append(span.name)
    return names


def one(spans: Iterable[Span], name: str) -> Span:
    """The only span of a name."""
    (found,) = [each for each in spans if each.name == name]
    return found


def process(world: World, *arguments: str, url: str = "", code: str = "", **variables: str) -> subprocess.Popen[str]:
    """A command in a process of its own. `code`: what runs in place of the program."""
    program = ["-c", code] if code else ["-m", "reconciler"]
    named = {"OTEL_EXPORTER_OTLP_ENDPOINT": url} if url else {}
    return subprocess.Popen(
        [sys.executable, *program, arguments[0], str(world.folder), *arguments[1:]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | named | variables,
    )


def ended(running: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    with running:
        out, err = running.communicate()
    return running.returncode, out, err


@contextmanager
def served(application: Any) -> Iterator[str]:
    """The address of an API that is this application, during the block."""
    with Server(application, port=0, threads=8) as server:
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield server.url
        finally:
            server.close()
            thread.join()


def test_a_plan_is_one_trace(world: World, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request has one span, within its environment and the run. Output and exit code are as without it."""
    world.write(FLOWS)
    done = world.plan()
    spans = collector.spans
    asked = sorted((each["method"], f"/v4{each['path']}") for each in world.requests())
    (root,) = [each for each in spans if not each.parent]
    assert (root.name, root.fields) == ("run plan", {"reconciler.command": "plan", "process.exit.code": 2})
    assert len({each.trace for each in spans}) == 1
    assert {(above(each, spans) or [each.name])[-1] for each in spans} == {"run plan"}
    requests = [each for each in spans if each.is_client]
    told = [(each.fields["http.request.method"], each.fields["url.path"]) for each in requests]
    assert sorted(told) == asked
    assert {each.name for each in requests} == {"GET"}
    assert all("environment" in above(each, spans) for each in requests)
    assert {each.fields["http.response.status_code"] for each in requests} == {200}
    assert {each.fields["server.address"] for each in requests} == {"127.0.0.1"}
    assert one(spans, "environment").fields == {"reconciler.environment": "default"}
    assert {"stage config", "stage observe", "stage plan", "stage review"} <= {each.name for each in spans}
    assert not any(each.has_failed for each in spans)
    assert root.resource["service.name"] == "reconciler"
    collector.bodies.clear()
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT")
    without = world.plan()
    assert (without.code, without.out, without.err) == (done.code, done.out, done.err)
    assert not collector.bodies


def test_the_writes_of_an_apply_are_within_their_changes(world: World, collector: Collector) -> None:
    """Also those of other threads."""
    world.write(FLOWS)
    assert world.apply("--parallelism", "8").code == 0
    spans = collector.spans
    writes = [each for each in spans if each.name == "POST"]
    assert len(writes) == len(world.writes())
    chain = ["change create", "stage apply", "environment", "run apply"]
    assert {tuple(above(each, spans)) for each in writes} == {tuple(chain)}
    changes = {each.fields["reconciler.address"]: each.fields for each in spans if each.name == "change create"}
    assert {address: each["reconciler.id"] for address, each in changes.items()} == {
        f"automation.{key}": world.id_of(f"automation.{key}") for key in "ab"
    }
    assert len([each for each in spans if each.parent == one(spans, "stage apply").id]) >= 2
    assert above(one(spans, "stage verify"), spans) == ["environment", "run apply"]


def test_a_run_is_the_child_of_traceparent(world: World, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its state. A value that is none is ignored, and a trace that is not sampled is not sent."""
    world.write(FLOWS)
    monkeypatch.setenv("TRACEPARENT", PARENT % "01")
    monkeypatch.setenv("TRACESTATE", "vendor=x")
    world.plan()
    spans = collector.spans
    assert {(each.trace, each.state) for each in spans} == {("0af7651916cd43dd8448eb211c80319c", "vendor=x")}
    assert one(spans, "run plan").parent == "b7ad6b7169203331"
    collector.bodies.clear()
    monkeypatch.setenv("TRACEPARENT", "nonsense")
    assert world.plan().err == ""
    assert not one(collector.spans, "run plan").parent
    collector.bodies.clear()
    monkeypatch.setenv("TRACEPARENT", PARENT % "00")
    assert (world.plan().err, collector.bodies) == ("", [])


def test_the_api_gets_no_header_of_a_trace(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vendor has no part in it."""
    monkeypatch.setenv("QONVERSION_SECRET", KEY)
    monkeypatch.setenv("TRACEPARENT", PARENT % "01")
    (tmp_path / "main.yaml").write_text(FLOWS, encoding="utf-8")
    headers = set[str]()
    with Simulator(tmp_path / "simulator.db") as simulator:

        def record(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            headers.update(name for name in environ if name.startswith("HTTP_"))
            answer: Iterable[bytes] = simulator(environ, start_response)
            return answer

        with served(record) as url:
            assert run(["apply", str(tmp_path), "--auto-approve", "--api-url", url]) == 0
    assert collector.bodies
    assert "HTTP_AUTHORIZATION" in headers
    assert not [name for name in headers if "TRACE" in name or "BAGGAGE" in name]


def test_neither_key_nor_body_nor_message_nor_query_is_sent(world: World, collector: Collector) -> None:
    """Even if a server repeats them in an error."""
    world.write(FLOWS)
    world.fault(f"POST /automations: status 422, code=invalid_request, message={KEY} Refusal, n=1")
    assert world.apply("--parallelism", "1").code == 6
    assert len([each for each in collector.spans if each.name == "POST"]) == 2
    sent = b"".join(collector.bodies) + json.dumps(collector.headers).encode()
    for secret in (KEY, "Bearer", "Confidential", "Alpha", "Beta", "Refusal", "invalid_request", "limit="):
        assert secret.encode() not in sent, secret
    allowed = {f"reconciler.{name}" for name in ("action", "address", "command", "environment", "id", "stage")}
    allowed |= {"error.type", "process.exit.code", "server.address", "url.path"}
    allowed |= {"http.request.method", "http.response.status_code"}
    assert set().union(*(each.fields for each in collector.spans)) == allowed
    assert not any("events {" in each.text or "message:" in each.text for each in collector.spans)


def test_what_failed_has_its_type(world: World, collector: Collector) -> None:
    """The request, its change and the run. The other change has not failed."""
    world.write(FLOWS)
    world.fault("POST /automations: status 422, code=invalid_request, message=no, n=1")
    assert world.apply("--parallelism", "1").code == 6
    spans = collector.spans
    types = {each.name: each.fields["error.type"] for each in spans if each.has_failed}
    assert (types["POST"], types["run apply"]) == ("422", "PARTIAL")
    changes = {each.fields["reconciler.address"]: each.has_failed for each in spans if each.name == "change create"}
    assert changes == {"automation.a": True, "automation.b": False}
    assert all(each.has_failed == ("error.type" in each.fields) for each in spans)


def test_each_request_is_within_its_environment(fleet: Fleet, collector: Collector) -> None:
    """They are planned side by side."""
    fleet.write(report_line("a"))
    assert fleet.plan().code == 2
    spans = collector.spans
    environments = {each.id: each.fields["reconciler.environment"] for each in spans if each.name == "environment"}
    assert sorted(environments.values()) == sorted(NAMES)
    by_id = {each.id: each for each in spans}
    counted = dict.fromkeys(NAMES, 0)
    for span in [each for each in spans if each.is_client]:
        at = span
        while at.id not in environments:
            at = by_id[at.parent]
        counted[environments[at.id]] += 1
    assert counted == fleet.requests()


def test_spans_and_json_lines_at_once(world: World, collector: Collector) -> None:
    """One does not take from the other."""
    world.write(FLOWS)
    done = world.plan("--log-format", "json")
    lines = [json.loads(line) for line in done.err.splitlines()]
    ends = [each for each in lines if each["event"].endswith(".end")]
    assert len(ends) == len(collector.spans)
    assert lines[-1]["event"] == "run.end"


def test_the_variables_name_the_service_and_the_address(
    world: World, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of OpenTelemetry hold: the address of traces alone, headers, and what describes the service."""
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{collector.url}/mine")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=growth")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=growth")
    world.write(FLOWS)
    assert world.run("validate").code == 0
    resource = collector.spans[0].resource
    assert (resource["service.name"], resource["team"]) == ("nightly", "growth")
    assert collector.headers[0]["x-team"] == "growth"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
        ("OTEL_TRACES_SAMPLER", "always_off"),
    ],
)
def test_a_variable_turns_it_off(
    world: World, collector: Collector, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Nothing is sent, and nothing is said."""
    monkeypatch.setenv(name, value)
    world.write(FLOWS)
    done = world.plan()
    assert (done.code, done.err, collector.headers) == (2, "", [])


def test_help_sends_nothing(collector: Collector) -> None:
    """Neither does what is no command."""
    assert [run(["plan", "--help"]), run(["--version"]), run(["nope"])] == [0, 0, 64]
    assert collector.headers == []


def test_a_value_that_cannot_be_is_told(world: World, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence, and the run goes on."""
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "-1")
    world.write(FLOWS)
    done = world.plan()
    assert done.code == 2
    assert done.err.splitlines() == [
        "warning: no spans are sent, because OpenTelemetry does not start",
        "hint: check the variables OTEL_…",
    ]


@pytest.mark.process
@pytest.mark.parametrize("fault", ends(["away", "answers 500", "answers 503", "hangs"]))
def test_a_collector_that_fails_costs_one_sentence(world: World, collector: Collector, fault: str) -> None:
    """Output and exit code are as without it. The run ends while the collector still waits."""
    world.write(FLOWS)
    plan = ("plan", "--detailed-exitcode")
    code, out, err = ended(process(world, *plan, OTEL_SDK_DISABLED="true"))
    assert (code, err) == (2, "")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens, and nobody else can
        url = f"http://127.0.0.1:{closed.getsockname()[1]}" if fault == "away" else collector.url
        if fault == "hangs":
            collector.go_on.clear()
        elif fault != "away":
            collector.status = int(fault.removeprefix("answers "))
        assert ended(process(world, *plan, url=url, OTEL_EXPORTER_OTLP_TIMEOUT="3600")) == (code, out, NOT_ALL)
    assert collector.asked.is_set() == (fault != "away")


@pytest.mark.process
def test_ctrl_c_ends_the_wait_for_the_collector(world: World, collector: Collector) -> None:
    """The run is over then, and its exit code stays."""
    world.write(FLOWS)
    collector.go_on.clear()
    running = process(world, "plan", "--detailed-exitcode", code=PATIENT, url=collector.url, **NOT_AT_ONCE)
    assert collector.asked.wait(60)
    running.send_signal(signal.SIGINT)
    code, _, err = ended(running)
    assert (code, err) == (2, NOT_ALL)


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_an_apply_in_order(
    world: World, collector: Collector, tmp_path: Path, number: signal.Signals
) -> None:
    """The run has its exit code, and each request its parents. How many changes begin is a matter of time."""
    world.write(f"automations: {{a: {FLOW % 'A'}, b: {FLOW % 'B'}, c: {FLOW % 'C'}}}")
    with serving(tmp_path / "slow.db") as (api, url):
        arguments = ("apply", "--auto-approve", "--parallelism", "1", "--api-url", url)
        running = process(world, *arguments, code=PATIENT, url=collector.url)
        assert api.arrived.wait(60)
        running.send_signal(number)
        api.go_on.set()
        code, _, err = ended(running)
    assert NOT_ALL not in err
    spans = collector.spans
    root = one(spans, "run apply")
    assert root.fields["process.exit.code"] == code
    assert root.has_failed == (code != 0)
    assert all((above(each, spans) or [each.name])[-1] == "run apply" for each in spans)
    assert len([each for each in spans if each.name == "POST"]) in {2, 3}


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_plan_that_waits(world: World, collector: Collector, number: signal.Signals) -> None:
    """The run and what the main thread was in are sent."""
    arrived, go_on = threading.Event(), threading.Event()

    def hold(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        arrived.set()
        go_on.wait()
        start_response("500 Late", [])
        return []

    world.write(FLOWS)
    with served(hold) as url:
        running = process(world, "plan", "--api-url", url, code=PATIENT, url=collector.url)
        assert arrived.wait(60)
        running.send_signal(number)
        code, out, err = ended(running)
        go_on.set()
    assert (code, out, NOT_ALL in err) == (1, "", False)
    ends = {each.name: each.fields.get("error.type") for each in collector.spans}
    assert (ends["run plan"], ends["environment"]) == ("API_FAILED", "KeyboardInterrupt")
    assert all(each.has_failed for each in collector.spans if each.is_client)


@pytest.mark.process
def test_the_library_writes_nothing_by_itself(world: World, collector: Collector) -> None:
    """It falls back to what works, and its log, a traceback, is not for stderr."""
    world.write(FLOWS)
    code, _, err = ended(process(world, "validate", url=collector.url, OTEL_PYTHON_CONTEXT="nope"))
    # A slow machine may not reach the collector in time.
    assert (code, err.replace(NOT_ALL, "")) == (0, "default: 2 resources are valid\n")


@pytest.mark.process
def test_without_the_library_the_line_to_install_it_is_told(world: World) -> None:
    """Output and exit code are as without the variables. Without them, the library is not asked for."""
    world.write(FLOWS)
    without = "import sys; sys.modules['opentelemetry'] = None; from reconciler.cli.main import run; "
    plan = ("plan", "--detailed-exitcode")
    code, out, err = ended(process(world, *plan, code=without + "sys.exit(run(sys.argv[1:]))"))
    assert (code, err) == (2, "")
    running = process(world, *plan, code=without + "sys.exit(run(sys.argv[1:]))", url="http://127.0.0.1:9")
    told = ended(running)
    assert told[:2] == (code, out)
    assert told[2].splitlines() == [
        "warning: no spans are sent, because OpenTelemetry does not start",
        "hint: pip install 'qonversion-reconciler[otel]'",
    ]
