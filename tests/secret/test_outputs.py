"""A value that holds the key, however spelled, is written nowhere: not to a file, not to a remote."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from world import World, automation, integration, report

from reconciler.cli.main import run
from reconciler.simulator import Simulator

from .served import Quoting, serving

pytestmark = pytest.mark.usefixtures("no_waiting")

KEY = "sk_Zq81fT0mPb6xYw3Kd9~+/x=="
FLOW = "automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n"
SPELLED = {
    "plain": KEY,
    "beside other text": f"mine is {KEY}, ok",
    "as JSON within a text": json.dumps({"key": KEY}).replace("/", "\\/"),
    "every letter escaped": "".join(f"\\u{ord(each):04X}" for each in KEY),
    "percent-encoded": quote(f"?key={KEY}&", ""),
    "percent-encoded letters": KEY.replace("_", "%5f").replace("Z", "%5a"),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "a header of basic authorisation": "Basic " + base64.b64encode(f":{KEY}".encode()).decode(),
    "base64 at the third place": base64.b64encode(f"me:::{KEY}!".encode()).decode(),
    "base64 for addresses": base64.urlsafe_b64encode(f"\xff\xfe?{KEY}".encode("latin-1")).decode().rstrip("="),
}


@pytest.fixture(autouse=True)
def real_key(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """A key as it may be, with every sign that it may have."""
    monkeypatch.setenv("QONVERSION_SECRET", KEY)
    world.write(FLOW)


def traces(world: World) -> list[str]:
    """The files in which it stands in any form."""
    forms = [each.encode() for each in SPELLED.values()] + [KEY.encode(), KEY.encode()[:12]]
    return [
        str(each) for each in world.folder.rglob("*") if each.is_file() if any(f in each.read_bytes() for f in forms)
    ]


def insert(world: World, value: str) -> str:
    """An object whose data holds it, made in the dashboard of the project of that key."""
    return world.insert(
        "automations", **automation("Other", data={"actions": {"webhook": [{"headers": {"x": value}}]}})
    )


@pytest.mark.parametrize("value", SPELLED.values(), ids=SPELLED.keys())
def test_a_live_object_that_holds_it(world: World, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever would write is refused by the object's name and field, exit 5, and has written nothing."""
    identity = insert(world, value)
    saved, page = world.folder / "saved.plan", world.folder / "page.html"
    for command in (
        ["plan", str(world.folder), "--out", str(saved), "--report", f"html={page}"],
        ["plan", str(world.folder), "--format", "json"],
        ["apply", "--auto-approve", str(world.folder)],
        ["drift", "--adopt", str(world.folder)],
        ["import", "automation.other", identity, str(world.folder)],
        ["export", str(world.folder / "export")],
    ):
        assert run(command) == 5
        told = "".join(capsys.readouterr())
        assert f"automations {identity}: its data.actions.webhook[0].headers.x holds the secret key from" in told
        assert "make a new one" in told
        assert KEY not in told
        assert value not in told
    assert traces(world) == []
    assert not saved.exists()
    assert not (world.state.exists() or list((world.folder / "export").iterdir()))
    assert world.writes() == []


def test_every_object_is_named(world: World) -> None:
    """One in a title, one in a name, one in a label that is no object's: all are said at once, list by list."""
    hook = world.insert("integrations", **integration(f"mine is {KEY}"))
    refused = world.plan()
    assert refused.code == 5
    assert f"integrations {hook}: its title holds the secret key from QONVERSION_SECRET" in refused.err
    world.remove("integrations", hook)
    first, second = (world.insert("scheduled-reports", **report(f"{name} {KEY}")) for name in "ab")
    refused = world.plan()
    assert refused.code == 5
    assert f"scheduled-reports {first}: its report_name" in refused.err
    assert f"scheduled-reports {second}: its report_name" in refused.err


def test_it_came_after_the_plan(world: World) -> None:
    """Saved when it was not there yet: the apply that looks again refuses, and the state is as it was."""
    world.settle(FLOW)
    world.write(FLOW.replace("p1", "p2"))
    saved = world.folder.with_name("saved.plan")
    assert world.run("plan", "--out", str(saved)).code == 0
    world.edit("automations", world.id_of("automation.flow"), caption=SPELLED["base64"])
    before = world.state.read_bytes()
    assert world.run("apply", "--auto-approve", "--plan", str(saved)).code == 5
    assert world.state.read_bytes() == before
    assert [each for each in traces(world) if "simulator" not in each] == []


@pytest.mark.parametrize("name", ["plain", "beside other text", "percent-encoded", "base64", "base64 for addresses"])
@pytest.mark.parametrize("through", ["written", "a variable"])
def test_a_configuration_that_holds_it(world: World, name: str, through: str) -> None:
    """It is in git by then; it goes no further: exit 3 or 5 with the place, before anything is sent."""
    value = SPELLED[name]
    if through == "a variable":
        world.write(f"environments: {{default: {{variables: {{v: {json.dumps(value)}}}}}}}\n", "reconciler.yaml")
        value = "${var.v}"
    world.write(FLOW.replace("name: Flow", f"name: Flow, caption: {json.dumps(value)}"))
    saved = world.folder / "saved.plan"
    for refused in (world.run("plan", "--out", str(saved)), world.apply()):
        assert refused.code in (3, 5)
        assert "secret key" in refused.err
        assert KEY not in refused.err
    assert not saved.exists()
    assert not world.state.exists()
    assert world.writes() == []


@pytest.mark.parametrize(
    ("status", "form"),
    [
        ("422 No", '{"error": {"code": "bad", "message": "not with SPELLED"}}'),
        ("200 Yes", '{"object": "automation", "id": "SPELLED"}'),
        ("200 Yes", '{"object": "automation", "id": "auto-1", "name": "SPELLED"}'),
        ("200 Yes", '{"error": {"code": "bad", "message": "not with SPELLED"}}'),
        ("200 Yes", "no JSON, but SPELLED"),
    ],
)
@pytest.mark.parametrize("name", ["plain", "percent-encoded", "base64"])
def test_an_answer_to_a_write(world: World, tmp_path: Path, status: str, form: str, name: str) -> None:
    """A server that quotes it in any spelling: no report, no receipt and no journal has it."""
    form = form.replace("SPELLED", SPELLED[name])
    with Simulator(tmp_path / "quoting.db") as simulator, serving(Quoting(simulator, status, form)) as port:
        ended = world.run("apply", "--auto-approve", "--debug", "--api-url", f"http://127.0.0.1:{port}/v4")
    assert ended.code in (0, 1, 4, 6), ended.err
    assert SPELLED[name] not in ended.out + ended.err
    assert traces(world) == []


def test_a_project_without_it_is_not_suspected(world: World) -> None:
    """Texts that are full of escapes, percent signs and base64, and the beginning of the key: all is well."""
    odd = "%73%6b_ \\u0073\\u006b_ " + base64.b64encode(KEY[:12].encode()).decode() + KEY[:14] + "% \\u00 %7"
    insert(world, odd)
    assert world.plan().code == 2
    assert world.apply().code == 0
    assert world.plan().code == 0
