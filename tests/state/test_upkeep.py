"""`reconciler state`: what a person may look at and put right by hand, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from world import Run, World

from reconciler.cli.main import run

TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
        lifecycle: {prevent_destroy: true}
    automations:
      flow: {name: Flow, status: active, data: {actions: {push: p1}}}
    """
State = Callable[..., Run]


@pytest.fixture
def state(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> State:
    """A settled project, and `reconciler state …` on it: without a key, and without asking the API."""
    world.settle(TEAM)

    def command(*arguments: str) -> Run:
        capsys.readouterr()
        world.requests()
        with monkeypatch.context() as keyless:
            keyless.delenv("QONVERSION_SECRET")
            code = run(["state", *arguments, str(world.folder)])
        assert world.requests() == []
        captured = capsys.readouterr()
        return Run(code, captured.out, captured.err)

    return command


def test_list(world: World, state: State) -> None:
    """A line an address, in order, with its id and whether it is protected; nothing where there is no state."""
    flow, hook, daily = (world.id_of(each) for each in ("automation.flow", "integration.hook", "report.daily"))
    listed = state("list")
    assert listed == Run(0, f"automation.flow {flow}\nintegration.hook {hook}\nreport.daily {daily} protected\n", "")
    world.state.unlink()
    assert state("list") == Run(0, "", "")


def test_show(world: World, state: State) -> None:
    """One entry as JSON; exit 64 for an address that is not there, with the nearest."""
    shown = state("show", "report.daily")
    assert shown.code == 0
    assert shown.document == json.loads(world.state.read_text(encoding="utf-8"))["resources"]["report.daily"]
    wrong = state("show", "report.dayly")
    assert (wrong.code, wrong.out) == (64, "")
    assert 'did you mean "report.daily"' in wrong.err


def test_mv(world: World, state: State) -> None:
    """The entry whole under its new address, and who referred to it follows; with the YAML's key nothing is left."""
    before = json.loads(world.state.read_text(encoding="utf-8"))
    moved = state("mv", "integration.hook", "integration.alerts")
    assert (moved.code, moved.out) == (0, "")
    after = json.loads(world.state.read_text(encoding="utf-8"))
    assert after["resources"]["integration.alerts"] == before["resources"]["integration.hook"]
    assert set(after["resources"]) == {"integration.alerts", "automation.flow", "report.daily"}
    assert after["resources"]["report.daily"]["depends_on"] == ["integration.alerts"]
    assert (after["serial"], after["lineage"], after["plan"]) == (2, before["lineage"], "")
    world.write(TEAM.replace("hook:", "alerts:").replace("integration: hook", "integration: alerts"))
    assert world.plan().code == 0


@pytest.mark.parametrize(
    ("source", "target", "word"),
    [
        ("automation.none", "automation.b", "not in the state"),
        ("automation.flow", "report.flow", "different kinds"),
        ("automation.flow", "flow", "different kinds"),
        ("automation.flow", "automation", "no address"),
        ("automation.flow", "automation.", "no address"),
        ("automation.flow", "automation.Bad Key", "no address"),
        ("automation.flow", "automation.b\n", "no address"),
        ("automation.flow", "automation.flow", "in the state already"),
        ("otto.a", "otto.b", "no address"),
    ],
)
def test_mv_refused(world: World, state: State, source: str, target: str, word: str) -> None:
    """Exit 64 with the reason, and the state as it was."""
    before = world.state.read_bytes()
    refused = state("mv", source, target)
    assert (refused.code, refused.out) == (64, "")
    assert word in refused.err
    assert world.state.read_bytes() == before


def test_mv_onto_another(world: World, state: State) -> None:
    """Neither of the two is lost."""
    world.settle(TEAM + "  other: {name: Other, status: active, data: {actions: {push: p1}}}\n")
    before = world.state.read_bytes()
    refused = state("mv", "automation.flow", "automation.other")
    assert refused.code == 64
    assert "state rm automation.other" in refused.err
    assert world.state.read_bytes() == before


def test_rm(world: World, state: State) -> None:
    """Forgotten and not deleted: it is found again by its name."""
    flow = world.id_of("automation.flow")
    done = state("rm", "automation.flow")
    assert (done.code, done.out) == (0, "")
    assert "stays as it is" in done.err
    assert "automation.flow" not in state("list").out
    assert [each["id"] for each in world.live("automations")] == [flow]
    planned = world.plan()
    assert planned.actions() == {"automation.flow": "adopt"}
    assert planned.change("automation.flow")["id"] == flow
    wrong = state("rm", "automation.flow")
    assert wrong.code == 64
    assert "not in the state" in wrong.err


def test_rm_of_a_protected_one(world: World, state: State) -> None:
    """Its protection would be forgotten with it: exit 5, and both ways on are named; both work."""
    before = world.state.read_bytes()
    refused = state("rm", "report.daily")
    assert (refused.code, refused.out) == (5, "")
    assert "prevent_destroy" in refused.err
    assert "removed" in refused.err
    assert world.state.read_bytes() == before
    gone = TEAM[: TEAM.index("    reports")] + TEAM[TEAM.index("    automations") :]
    world.write(gone)
    assert world.plan().code == 5
    world.write(gone + "removed: [{from: report.daily, destroy: false}]\n")
    assert world.plan().actions() == {"report.daily": "forget"}
    world.settle(TEAM.replace("prevent_destroy: true", "prevent_destroy: false"))
    assert state("rm", "report.daily").code == 0


def test_a_protection_outlives_a_rename(world: World, state: State) -> None:
    """`state mv` takes it along."""
    assert state("mv", "report.daily", "report.morning").code == 0
    assert "report.morning" in state("list").out
    assert state("rm", "report.morning").code == 5
    world.write(TEAM[: TEAM.index("    reports")] + TEAM[TEAM.index("    automations") :])
    refused = world.plan()
    assert refused.code == 5
    assert "report.morning is protected" in refused.err


def test_the_environment_must_be_clear(world: World, state: State) -> None:
    """Exit 64 where there are several and none is named; each has its own state."""
    world.write("environments: {one: {secret_env: A}, two: {secret_env: B}}\n", "reconciler.yaml")
    for command in (["list"], ["show", "report.daily"], ["mv", "report.a", "report.b"], ["rm", "report.daily"]):
        refused = state(*command)
        assert refused.code == 64
        assert "--environment" in refused.err
    assert state("list", "--environment", "one") == Run(0, "", "")
    assert state("list", "--environment", "three").code == 64


@pytest.mark.parametrize(
    "command", [[], ["mv", "a"], ["rm"], ["show"], ["unlock"], ["list", "a", "b"], ["forget", "a"]]
)
def test_bad_usage(command: list[str]) -> None:
    """Exit 64."""
    assert run(["state", *command, *(["."] if command[:1] == ["list"] else [])]) == 64


def test_a_broken_configuration_is_no_hindrance(world: World, state: State) -> None:
    """The state can be put right also while the YAML is not."""
    world.write("automations: {flow: {nme: Flow}}\n")
    assert state("list").code == 0
    assert state("mv", "automation.flow", "automation.b").code == 0
