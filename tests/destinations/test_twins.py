"""Two integrations of one provider and title on two platforms: nothing is sent to the other one."""

from __future__ import annotations

import re

import pytest
from world import World, integration, report

from reconciler.cli.main import run

from .team import ONE, REPORTS, TWINS, ids, results, sent_to

pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.mark.parametrize("fault", ["POST /integrations: delay 0.4, n=2", "POST /integrations: delay 0.4 after, n=2"])
def test_each_report_goes_to_its_own_twin(world: World, fault: str) -> None:
    """The second create is slow: the list that was read for the first report proves nothing about the second."""
    world.write(TWINS + REPORTS)
    world.fault(fault)
    done = world.apply()
    assert done.code == 0, done.err
    found = ids(world)
    assert sent_to(world) == {"Apple": [found["iOS"]], "Google": [found["Android"]]}
    assert {each["verification"] for each in done.document["results"]} == {"verified"}
    assert world.plan().code == 0


@pytest.mark.parametrize("readings", [1, 2])
def test_an_unmanaged_twin_is_not_taken_for_what_was_just_made(world: World, readings: int) -> None:
    """The new one shows late, and meanwhile the list holds the label of the other."""
    theirs = world.insert("integrations", **integration("Alerts", target_platform="Android"))
    world.write(ONE % "{integration: ios}")
    world.fault(f"POST /integrations: hide {readings}")
    assert world.apply().code == 0
    assert sent_to(world) == {"Apple": [world.id_of("integration.ios")]}
    assert theirs not in sent_to(world)["Apple"]
    assert world.plan().code == 0


def test_what_was_offered_before_is_not_what_was_just_made(world: World) -> None:
    """A destination of something that is no integration any more bears the label; the new one shows late."""
    world.insert("destinations", id="left-over", label="Webhooks: Alerts")
    world.write(ONE % "{integration: ios}")
    world.fault("POST /integrations: hide 2")
    assert world.apply().code == 0
    assert sent_to(world) == {"Apple": [world.id_of("integration.ios")]}


def test_a_twin_that_never_shows_fails_alone(world: World) -> None:
    """The report of the one that is not offered fails in words; the other one is sent, and the next apply goes on."""
    world.write(TWINS + REPORTS)
    world.fault("POST /integrations: hide 99, n=2")
    done = world.apply("--parallelism", "1")
    assert done.code == 6
    ended = results(done.document)
    failed = {address for address, each in ended.items() if each["status"] == "failed"}
    assert len(failed) == 1
    (address,) = failed
    other = ({"report.ios", "report.android"} - failed).pop()
    assert ended[other]["verification"] == "verified"
    reason = ended[address]["reason"]
    assert "is not offered under its own id" in reason
    assert re.search(r"- \{type: target_integration, id: \S+\}", reason)
    world.end_faults()
    assert world.apply().code == 0
    found = ids(world)
    assert sent_to(world) == {"Apple": [found["iOS"]], "Google": [found["Android"]]}


def test_only_one_of_the_twins_is_offered(world: World) -> None:
    """What is sent to the other one is not called equal: exit 5, the candidates, and the line to write. So does
    each command that plans."""
    ios = world.insert("integrations", **integration("Alerts", offered=False))
    android = world.insert("integrations", **integration("Alerts", target_platform="Android"))
    world.insert("scheduled-reports", **report("Apple", android))
    world.write(ONE % "{integration: ios}")
    refused = world.plan()
    assert refused.code == 5
    assert refused.out == ""
    assert f"report.ios: destinations[0]: integration.ios ({ios}) is not offered under its own id" in refused.err
    assert (
        f"the live integration {android} (integration webhooks, target_platform Android, title Alerts)" in refused.err
    )
    assert f"- {{type: target_integration, id: {android}}}" in refused.err
    assert run(["explain", "report.ios", str(world.folder)]) == 5
    assert world.run("graph").code == 5
    assert world.apply().code == 5
    assert world.writes() == []
    world.write(ONE % f"{{type: target_integration, id: {android}}}")
    assert world.apply().code == 0
    assert world.writes() == []


def test_a_twin_that_is_offered_is_known_by_its_id(world: World) -> None:
    """Both are offered: who bears which label does not matter."""
    found = {
        platform: world.insert("integrations", **integration("Alerts", target_platform=platform))
        for platform in ("Android", "iOS")
    }
    world.write(TWINS + REPORTS)
    planned = world.plan()
    (field,) = [each for each in planned.change("report.ios")["fields"] if each["path"] == "destinations"]
    assert field["after"] == [{"type": "target_integration", "id": found["iOS"]}]
    assert world.apply().code == 0
    assert sent_to(world) == {"Apple": [found["iOS"]], "Google": [found["Android"]]}


def test_a_replace_of_a_twin_points_to_the_new_one(world: World) -> None:
    """Its platform changes, so the old one and the new one bear one label; users of the old one go to the new one."""
    world.settle(ONE % "{integration: ios}")
    old = world.id_of("integration.ios")
    replaced = ONE.replace("target_platform: iOS}", "target_platform: Android, lifecycle: {replace: allow}}")
    world.write(replaced % "{integration: ios}")
    world.fault("POST /integrations: hide 1")
    done = world.apply()
    assert done.code == 0, done.out
    new = world.id_of("integration.ios")
    assert new != old
    assert sent_to(world) == {"Apple": [new]}
    assert [each["id"] for each in world.live("integrations")] == [new]


def test_a_saved_plan_is_resumed_beside_a_twin(world: World) -> None:
    """An earlier try made one report; the same file goes on and makes the other, each for its own integration."""
    world.write(TWINS + REPORTS)
    saved = str(world.folder.parent / "plan")
    assert world.plan("--out", saved).code == 2
    world.fault("POST /scheduled-reports: status 422, n=1")
    assert world.apply("--plan", saved).code == 6
    assert world.apply("--plan", saved).code == 0
    found = ids(world)
    assert sent_to(world) == {"Apple": [found["iOS"]], "Google": [found["Android"]]}


def test_an_undo_goes_back_to_the_twin_that_it_was(world: World) -> None:
    """The report was sent to one and then to the other."""
    world.settle(TWINS + REPORTS)
    found = ids(world)
    world.write(TWINS + REPORTS.replace("[{integration: ios}]", "[{integration: android}]"))
    assert world.apply().code == 0
    assert sent_to(world)["Apple"] == [found["Android"]]
    saved = str(world.folder.parent / "plan")
    assert world.plan("--undo", "latest", "--out", saved).code == 2
    assert world.apply("--plan", saved).code == 0
    assert sent_to(world)["Apple"] == [found["iOS"]]


def test_an_export_of_twins_refers_to_each(world: World) -> None:
    """By its id; the plan after it has nothing to do."""
    for platform, name in (("iOS", "Apple"), ("Android", "Google")):
        hook = world.insert("integrations", **integration("Alerts", target_platform=platform))
        world.insert("scheduled-reports", **report(name, hook))
    assert world.run("export").code == 0
    text = (world.folder / "reports.yaml").read_text(encoding="utf-8")
    assert text.count("integration: alerts-") == 2
    assert world.plan().code == 0


def test_impacts_tell_twins_apart(world: World) -> None:
    """Two of one title: who reads which delivery stops must see which of them is meant."""
    world.settle(TWINS + REPORTS)
    world.write(TWINS + REPORTS.replace("[{integration: ios}]", "[{integration: android}]"))
    found = ids(world)
    shown = world.run("plan")
    assert f'"Webhooks: Alerts ({found["iOS"]})"' in shown.out
    assert f'"Webhooks: Alerts ({found["Android"]})"' in shown.out
