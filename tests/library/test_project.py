"""`from reconciler import Project`: what the command line does, as calls and values."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from kinds.toys import NOTE, Collection, Toys, served
from world import KEY, World

from reconciler import (
    Action,
    Cause,
    ConfigurationInvalid,
    Event,
    KeyExposed,
    NotAuthorised,
    Plan,
    Project,
    Refused,
    Status,
    WrongUsage,
)
from reconciler.kinds import Kinds

DATA = "data: {platform: iOS, initiators: [{uid: '2', type: event}], actions: {push: p1}}"
TWO = f"""
automations:
  a: {{name: A, status: active, {DATA}}}
  b: {{name: B, status: active, {DATA}}}
"""


def test_a_plan_is_applied_and_the_next_is_empty(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole way: values with the names of the contract, events of each change, and no word on the streams."""
    world.write(TWO)
    events: list[Event] = []
    with Project.open(world.folder) as project:
        plan = project.plan()
        report = project.apply(plan, on_event=events.append)
        after = project.plan()
    assert [(each.address, each.action) for each in plan.changes] == [
        ("automation.a", Action.CREATE),
        ("automation.b", Action.CREATE),
    ]
    assert {each.path for each in plan.changes[0].fields} >= {"name", "status", "data.platform"}
    assert report.digest == plan.digest
    assert [each.status for each in report.outcomes] == [Status.DONE, Status.DONE]
    for address in ("automation.a", "automation.b"):
        assert [each.status for each in events if each.change and each.change.address == address] == [None, Status.DONE]
    assert after.changes == ()
    assert capsys.readouterr() == ("", "")
    assert world.plan().code == 0


def test_the_digest_is_that_of_the_command(world: World) -> None:
    """So a program and a person approve the same thing."""
    world.write(TWO)
    assert Project.open(world.folder).plan().digest == world.plan().document["digest"]


def test_drift_is_a_value(world: World) -> None:
    """What somebody changed, by address and path; the plan has it with its cause."""
    world.settle(TWO)
    world.edit("automations", world.id_of("automation.a"), name="Other")
    project = Project.open(world.folder)
    (drifted,) = project.drift().objects
    assert (drifted.address, [(each.path, each.live) for each in drifted.fields]) == (
        "automation.a",
        [("name", "Other")],
    )
    (change,) = project.plan().changes
    assert [each.cause for each in change.fields] == [Cause.DRIFT]


def test_validate_needs_no_key_and_raises_every_problem(world: World) -> None:
    """The errors are values with their places; a plan without a key says which variable lacks it."""
    project = Project.open(world.folder, env={})
    world.write(TWO)
    assert project.validate() == ()
    with pytest.raises(NotAuthorised, match="QONVERSION_SECRET is not set"):
        project.plan()
    world.write(TWO.replace("status: active", "status: on"))
    with pytest.raises(ConfigurationInvalid) as invalid:
        project.validate()
    assert [(Path(each.file).name, each.line) for each in invalid.value.problems] == [
        ("main.yaml", 3),
        ("main.yaml", 4),
    ]


def test_each_call_reads_the_files_anew(world: World) -> None:
    """A program that runs for days does not plan yesterday's configuration."""
    world.write(TWO)
    project = Project.open(world.folder)
    project.apply(project.plan())
    world.write(TWO.replace("name: B", "name: C"))
    assert [each.address for each in project.plan().changes] == ["automation.b"]


def test_a_plan_is_bound_to_what_it_was_made_for(world: World) -> None:
    """Another environment, another key, a plan that was edited: refused, nothing written."""
    world.write(TWO)
    world.write("environments: {one: {secret_env: ONE}, two: {secret_env: TWO}}", "reconciler.yaml")
    env = {"ONE": KEY, "TWO": "sk_another_key", "QONVERSION_API_URL": world.url}
    plan = Project.open(world.folder, "one", env=env).plan()
    cases = {
        "for the environment one": (Project.open(world.folder, "two", env=env), plan),
        "with another key": (Project.open(world.folder, "one", env=env | {"ONE": "sk_another_key"}), plan),
        "changed after it was made": (Project.open(world.folder, "one", env=env), replace(plan, changes=())),
    }
    for said, (project, given) in cases.items():
        with pytest.raises(Refused, match=said):
            project.apply(given)
    assert not world.writes()


def test_a_stale_plan_is_refused(world: World) -> None:
    """As `apply --plan` does: an object changed after the plan, and nothing is written."""
    world.settle(TWO)
    world.write(TWO.replace("name: A", "name: C"))
    project = Project.open(world.folder)
    plan = project.plan()
    world.edit("automations", world.id_of("automation.a"), name="D")
    world.requests()
    with pytest.raises(Refused, match="the plan is stale, and nothing was written"):
        project.apply(plan)
    assert not world.writes()


def test_a_guard_refuses_in_the_plan_and_in_apply(world: World) -> None:
    """What passes it is given to the plan, as on the command line."""
    world.settle(TWO)
    world.write("automations: {}")
    project = Project.open(world.folder)
    plan = project.plan()
    assert [each.guard for each in plan.refusals] == ["empty-configuration"]
    with pytest.raises(Refused, match="the configuration holds nothing"):
        project.apply(plan)
    assert project.apply(project.plan(allow=["empty-configuration"])).exit_code() == 0
    with pytest.raises(WrongUsage, match="expected names of behind"):
        project.plan(allow=["everything"])


@pytest.mark.parametrize("arguments", [{"targets": "segment.a"}, {"targets": ""}, {"allow": "behind"}])
def test_a_text_in_place_of_a_list_is_refused(world: World, arguments: dict[str, str]) -> None:
    """It would be read letter by letter, and an empty one would mean everything."""
    world.write(TWO)
    with pytest.raises(WrongUsage, match="lists of texts"):
        Project.open(world.folder).plan(**arguments)  # type: ignore[arg-type]


def test_an_environment_that_does_not_exist_is_told_at_once(world: World) -> None:
    """Before anything is read from the API."""
    with pytest.raises(WrongUsage, match="there is no environment prod"):
        Project.open(world.folder, "prod")


@pytest.mark.parametrize("number", [0, -1, 65])
def test_a_number_of_requests_that_cannot_be_is_refused(world: World, number: int) -> None:
    """With the bounds of the option --parallelism."""
    with pytest.raises(WrongUsage, match="expected 1 to 64"):
        Project.open(world.folder, parallelism=number)


def test_the_key_is_in_no_text(world: World) -> None:
    """Neither in the repr of a project and a plan, nor in an error that quotes the configuration."""
    world.write(TWO)
    project = Project.open(world.folder, env={"QONVERSION_SECRET": KEY, "QONVERSION_API_URL": world.url})
    assert KEY not in f"{project!r} {project.plan()!r}"
    # What begins with sk_ is not quoted in any case.
    key = "another-form-of-a-key"
    world.write(TWO.replace("status: active", f"status: {key}"))
    with pytest.raises(KeyExposed) as exposed:
        Project.open(world.folder, env={"QONVERSION_SECRET": key, "QONVERSION_API_URL": world.url}).plan()
    assert key not in f"{exposed.value} {exposed.value.hint}"


def test_no_handler_of_signals_is_installed(world: World) -> None:
    """Not even while an apply runs in the main thread: the program that calls has its own."""
    world.write(TWO)
    before, seen = signal.getsignal(signal.SIGINT), set()
    project = Project.open(world.folder)
    environment = dict(os.environ)
    project.apply(project.plan(), on_event=lambda _event: seen.add(signal.getsignal(signal.SIGINT)))
    assert seen == {before}
    assert dict(os.environ) == environment


class Stop(Exception):
    """Raised by a callback."""


def test_a_callback_that_fails_stops_the_run_in_order(world: World) -> None:
    """What began is ended and recorded, nothing new begins, and the next apply does the rest."""
    world.write(TWO.replace("b: {", "b: {lifecycle: {prevent_destroy: true}, "))
    project = Project.open(world.folder, env=dict(os.environ), parallelism=1)
    names: list[str] = []

    def stop(event: Event) -> None:
        if event.status is Status.DONE:
            raise Stop

    with pytest.raises(Stop):
        project.apply(project.plan(), on_event=stop)
    report = project.apply(
        project.plan(), on_event=lambda event: names.append(event.change.address if event.change else "")
    )
    assert report.exit_code() == 0
    assert project.plan().changes == ()
    assert sorted(each["name"] for each in world.live("automations")) == ["A", "B"]


def test_ctrl_c_ends_the_call_and_loses_nothing(world: World) -> None:
    """KeyboardInterrupt comes once what runs has ended; no object is made twice."""
    world.write(TWO)
    project = Project.open(world.folder, parallelism=1)
    pressed: list[Event] = []

    def press(event: Event) -> None:
        if not pressed:
            pressed.append(event)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        project.apply(project.plan(), on_event=press)
    project.apply(project.plan())
    assert project.plan().changes == ()
    assert sorted(each["name"] for each in world.live("automations")) == ["A", "B"]


@pytest.mark.network
def test_two_projects_side_by_side_have_kinds_of_their_own(tmp_path: Path) -> None:
    """In threads, each with its registry, its key and its server; a third one keeps the built-in kinds."""
    servers = [Toys({"notes": Collection()}, StringIO()) for _ in range(2)]
    kinds = [NOTE, replace(NOTE, name="card", section="cards")]
    together = threading.Barrier(2)

    def work(at: int) -> Plan:
        folder = tmp_path / str(at)
        folder.mkdir()
        (folder / "main.yaml").write_text(f"{kinds[at].section}: {{a: {{name: A{at}, colour: red}}}}", encoding="utf-8")
        env = {"QONVERSION_SECRET": f"sk_project_{at}"}
        with Project.open(folder, env=env, api_url=servers[at].url, kinds=Kinds(kinds[at])) as project:
            together.wait()
            project.apply(project.plan())
            return project.plan()

    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        for each in servers:
            stack.enter_context(served(each))
        assert [each.changes for each in pool.map(work, range(2))] == [(), ()]
    names = [[record["name"] for record in each.collections["notes"].records.values()] for each in servers]
    assert names == [["A0"], ["A1"]]
    with pytest.raises(ConfigurationInvalid, match="sticky_notes"):
        Project.open(tmp_path / "0").validate()
