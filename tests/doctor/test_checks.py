"""What `doctor` says of a project, of several, and of nothing yet. It sends no write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from observe.scripted import Script, served
from state.conftest import PERSON, git
from world import KEY, Run, World, integration, report

from reconciler.model.settings import Environment, StateSettings
from reconciler.state.backend import LockInfo
from reconciler.state.file import FileBackend
from reconciler.state.journal import Journal

Json = dict[str, Any]
NAMES = ["versions", "zone data", "configuration", "state store", "git", "address", "key", "clock", "lists", "rights"]
NAMES += ["destinations", "catalogue"]
SETTINGS = """
    environments:
      sandbox: {secret_env: SANDBOX}
      staging: {secret_env: STAGING}
      production: {secret_env: PRODUCTION}
    """
AUTOMATIONS = "automations: {a: {name: A, status: active, data: {actions: {push: p1}}}}"


def check(run: Run, name: str, environment: int | None = None) -> Json:
    """The one check of that name."""
    document = run.document if environment is None else run.document["environments"][environment]
    found: list[Json] = [each for each in document["checks"] if each["name"] == name]
    assert len(found) == 1, run.out
    return found[0]


def doctor(world: World, *arguments: str) -> Run:
    """Its JSON."""
    return world.run("doctor", "--format", "json", *arguments)


def test_a_sound_project_is_ok(world: World) -> None:
    """Each check by its name, in an order that does not change; exit code 0, and no request but GET."""
    world.settle(AUTOMATIONS)
    run = doctor(world)
    assert run.code == 0, run.out
    assert [each["name"] for each in run.document["checks"]] == NAMES
    assert {each["status"] for each in run.document["checks"]} == {"ok"}
    assert {each["method"] for each in world.requests()} == {"GET"}


def test_the_json_has_the_form_of_the_contract(world: World) -> None:
    """Checks with a message and what to do; facts that are confirmed, refuted or unknown."""
    world.insert("integrations", **integration())
    document = doctor(world).document
    assert document.keys() == {"format_version", "environment", "api", "checks", "facts"}
    assert all(each.keys() == {"name", "status", "message", "hint"} for each in document["checks"])
    assert all(each.keys() == {"fact", "status", "seen"} for each in document["facts"])
    assert {each["status"] for each in document["facts"]} == {"confirmed", "unknown"}, document["facts"]
    assert len({each["fact"] for each in document["facts"]}) == len(document["facts"])


def test_it_works_without_a_configuration(world: World) -> None:
    """A newcomer has a key and an empty folder; nothing is written into it."""
    run = doctor(world)
    assert run.code == 0
    assert "export" in check(run, "configuration")["hint"]
    assert list(world.folder.iterdir()) == []


def test_no_key_is_told_with_what_to_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked then, and the rest is told all the same."""
    monkeypatch.delenv("QONVERSION_SECRET")
    run = doctor(world)
    assert run.code == 4
    assert check(run, "key")["status"] == "failed"
    assert "QONVERSION_SECRET" in check(run, "key")["hint"]
    assert check(run, "git")["status"] == "ok"
    assert world.requests() == []


@pytest.mark.parametrize(
    ("key", "name", "code"),
    [("no-key-at-all", "key", 4), ("sk_forbidden_1", "rights", 4), ("sk_readonly_1", "rights", 0)],
)
def test_a_key_that_is_refused(world: World, monkeypatch: pytest.MonkeyPatch, key: str, name: str, code: int) -> None:
    """401 is of the key, 403 of its rights; that a key may not write is not seen by reading."""
    monkeypatch.setenv("QONVERSION_SECRET", key)
    run = doctor(world)
    assert run.code == code, run.out
    assert (check(run, name)["status"] == "failed") == bool(code)
    assert key not in run.out + run.err


def test_a_key_of_another_form_is_a_warning(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """A server that takes any key tells nothing of its form."""
    with served(Script()) as script:
        monkeypatch.setenv("QONVERSION_SECRET", "pk_public_12345")
        run = doctor(world, "--api-url", script.url)
    assert run.code == 0
    assert check(run, "key")["status"] == "warning"
    assert "sk_" in check(run, "key")["hint"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v4", "ftp://example.org", "http://example.org/v4"])
def test_an_address_that_is_none(world: World, no_waiting: None, url: str) -> None:
    """Nobody listens there, or the key is not sent there at all."""
    run = doctor(world, "--api-url", url)
    assert run.code in (1, 5, 64)
    assert check(run, "address")["status"] == "failed"
    assert check(run, "address")["hint"]
    assert not [each for each in run.document["checks"] if each["name"] == "lists"]


@pytest.mark.parametrize(("seconds", "said"), [(600, "ahead of"), (-600, "behind")])
def test_a_clock_that_is_wrong_is_a_warning(world: World, seconds: int, said: str) -> None:
    """By the date that the API answers with."""
    assert check(doctor(world), "clock")["status"] == "ok"
    date = format_datetime(datetime.now(UTC) - timedelta(seconds=seconds), usegmt=True)
    body = '{"object": "list", "data": [], "has_more": false}'
    world.fault(f"GET /integrations: status 200, body='{body}', header='Date: {date}'")
    found = check(doctor(world), "clock")
    assert found["status"] == "warning"
    assert said in found["message"]


def test_a_list_that_fails_is_told_and_the_others_are_read(world: World, no_waiting: None) -> None:
    """The exit code is that of the failure."""
    world.fault("GET /automations: status 500")
    run = doctor(world)
    assert run.code == 1
    assert "/automations" in check(run, "lists")["message"]
    assert check(run, "catalogue")["status"] == "ok"


def test_a_list_that_lies_has_the_code_of_a_guard(world: World) -> None:
    """A page that does not say whether it ends."""
    world.fault("GET /automations: status 200, body='{\"data\": []}'")
    run = doctor(world)
    assert run.code == 5
    assert fact(run, "automations: the list can be read whole") == "refuted"


def fact(run: Run, text: str) -> str:
    """How a fact stands."""
    found = [each["status"] for each in run.document["facts"] if each["fact"].startswith(text)]
    assert len(found) == 1, (text, run.out)
    return str(found[0])


@pytest.mark.parametrize(("status", "code"), [("403", 4), ("404", 1)])
def test_a_kind_that_the_project_lacks(world: World, status: str, code: int) -> None:
    """Nothing, if nobody uses it; else the code that a plan would have."""
    world.fault(f"GET /segments: status {status}")
    run = doctor(world)
    assert run.code == 0
    assert "the project has no segments" in check(run, "lists")["message"]
    world.write("segments: {s: {name: S}}")
    assert doctor(world).code == code


def test_destinations_with_ids_of_their_own_are_a_warning(world: World) -> None:
    """The label is that of an integration, and the id is not."""
    world.insert("integrations", **integration())
    assert check(doctor(world), "destinations")["status"] == "ok"
    world.set_destinations_apart()
    run = doctor(world)
    assert run.code == 0
    assert check(run, "destinations")["status"] == "warning"
    assert fact(run, "reports: /scheduled-reports/destinations has the id") == "refuted"


def test_an_empty_catalogue_is_a_warning(world: World) -> None:
    """No provider can be checked by it."""
    world.fault("GET /integrations/meta: status 200, body='{\"data\": []}'")
    assert check(doctor(world), "catalogue")["status"] == "warning"


def test_an_invalid_configuration_hides_nothing(world: World) -> None:
    """It has the code of `validate`, and the API is looked at all the same."""
    world.write("reports: {a: {}}")
    run = doctor(world)
    assert run.code == 3
    assert check(run, "configuration")["status"] == "failed"
    assert check(run, "lists")["status"] == "ok"


def test_a_damaged_state_has_the_code_of_a_guard(world: World) -> None:
    """It is read, and never written."""
    world.settle(AUTOMATIONS)
    world.state.write_text("{")
    run = doctor(world)
    assert run.code == 5
    assert check(run, "state store")["hint"]
    assert world.state.read_text() == "{"


def test_a_state_that_somebody_applies_to_is_a_warning(world: World) -> None:
    """It says who, and how a lock of a dead run is broken; it waits for nobody."""
    world.settle(AUTOMATIONS)
    environment = Environment("default", StateSettings("file", world.state))
    with FileBackend(environment, world.folder, Journal(world.state)).lock(LockInfo("run1", "Ada", "today")):
        run = doctor(world)
    assert run.code == 0
    assert check(run, "state store")["status"] == "warning"
    assert "Ada" in check(run, "state store")["message"]
    assert "state unlock run1" in check(run, "state store")["hint"]


def test_doctor_leaves_the_folder_as_it_is(world: World) -> None:
    """No file appears, changes or goes."""
    world.settle(AUTOMATIONS)
    before = {path: path.read_bytes() for path in world.folder.rglob("*") if path.is_file()}
    doctor(world)
    assert {path: path.read_bytes() for path in world.folder.rglob("*") if path.is_file()} == before


@pytest.mark.git
@pytest.mark.process
def test_a_shallow_clone_is_a_warning(world: World, tmp_path: Path) -> None:
    """A file that git keeps off the disk is one, too."""
    world.write(AUTOMATIONS)
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "One"], ["commit", "-qm", "Two", "--allow-empty"]):
        git(world.folder, *PERSON, *command)
    assert check(doctor(world), "git")["status"] == "ok"
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth", "1", world.folder.as_uri(), str(clone))
    run = _run(world, clone)
    assert check(run, "git")["status"] == "warning"
    assert "shallow" in check(run, "git")["message"]
    git(clone, "update-index", "--skip-worktree", "main.yaml")
    (clone / "main.yaml").unlink()
    assert "main.yaml" in check(_run(world, clone), "git")["message"]


def _run(world: World, folder: Path) -> Run:
    before, world.folder = world.folder, folder
    try:
        return doctor(world)
    finally:
        world.folder = before


@pytest.fixture
def three(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Three environments: a sandbox key, none, and one of production."""
    world.write(SETTINGS, "reconciler.yaml")
    monkeypatch.setenv("SANDBOX", "test_sk_three")
    monkeypatch.setenv("PRODUCTION", KEY)
    return world


def test_one_that_fails_does_not_hide_the_others(three: World) -> None:
    """Each environment has its own checks; the code is that of the worst."""
    run = doctor(three, "--all")
    assert run.code == 4
    assert [each["environment"] for each in run.document["environments"]] == ["sandbox", "staging", "production"]
    assert [check(run, "key", number)["status"] for number in range(3)] == ["ok", "failed", "ok"]
    assert check(run, "lists", 2)["status"] == "ok"


def test_three_environments_fit_a_screen(three: World, no_waiting: None) -> None:
    """At most 60 lines, whatever fails; what they share is told once."""
    three.write("reports: {a: {}, b: {}}")
    for path in ("automations", "segments", "products", "entitlements", "remote-configurations", "integrations/meta"):
        three.fault(f"GET /{path}: status 500")
    run = three.run("doctor", "--all")
    lines = run.out.splitlines()
    assert run.code == 4
    assert len(lines) <= 60
    assert sum(line.split()[1] == "versions" for line in lines if len(line.split()) > 1) == 1
    assert {line.split()[0] for line in lines if not line.endswith(":")} <= {"ok", "warning", "failed"}


@pytest.mark.parametrize("status", [403, 500])
def test_three_environments_fit_a_narrow_screen(
    three: World, no_waiting: None, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """At most 60 lines of 80 columns, if nothing can be read."""
    monkeypatch.setenv("STAGING", KEY)
    monkeypatch.setenv("COLUMNS", "80")
    three.fault(f"GET /*: status {status}")
    run = three.run("doctor", "--all")
    assert "read whole: ;" not in run.out
    assert len(run.out.splitlines()) <= 60, run.out


def test_sandbox_and_production_keys_that_see_the_same(three: World) -> None:
    """The same ids refute that a sandbox key has objects of its own."""
    text = "integrations: a sandbox and a production key see objects of their own"
    selected = ("-e", "sandbox", "-e", "production")
    assert {each["status"] for each in _facts(doctor(three, *selected), text)} == {"unknown"}
    record = {"object": "integration", "id": "i1", "url": "/v4/integrations/i1"}
    three.listed("/integrations", [record])
    assert {each["status"] for each in _facts(doctor(three, *selected), text)} == {"refuted"}


def _facts(run: Run, text: str) -> list[Json]:
    return [each for one in run.document["environments"] for each in one["facts"] if each["fact"] == text]


def test_the_key_is_never_shown(world: World) -> None:
    """A server may put it into its answers."""
    world.fault(f"GET /automations: status 422, message='{KEY} is bad'")
    run = doctor(world)
    assert run.code == 1
    assert KEY not in run.out + run.err


def test_a_key_among_the_records_is_told_and_not_shown(world: World) -> None:
    """As every command does that reads."""
    world.insert("scheduled-reports", **report(f"Daily {KEY}"))
    run = doctor(world)
    assert run.code != 0
    assert KEY not in run.out + run.err


def test_options_of_the_probe_need_it(world: World) -> None:
    """None of them means anything to a run that only reads."""
    assert doctor(world, "--auto-approve").code == 64
    assert doctor(world, "--allow", "delete:segment").code == 64


def test_the_probe_is_allowed_kinds_alone(world: World) -> None:
    """A policy or a guard has no meaning there."""
    for word in ("policy:names", "drift"):
        done = world.run("doctor", "--probe", "--allow", word)
        assert (done.code, f"--allow {word}: expected one of delete:" in done.err) == (64, True)
