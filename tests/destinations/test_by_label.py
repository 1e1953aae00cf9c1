"""A destination that is written by its label: the id is planned and sent, and only if the label proves it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from world import Run, World, integration

from reconciler.cli.main import run

from .team import sent_to

pytestmark = pytest.mark.usefixtures("no_waiting")

REPORT = """\
reports:
  daily:
    report_name: Daily
    send_at: "09:00"
    included_range_days: 1
    status: active
    environment: production
    destinations:
      - {type: target_integration, label: "%s"}
"""
HOOK = "integrations: {hook: {title: Alerts, integration: webhooks, target_platform: %s}}\n"
PLACE = "main.yaml:9:36: report.daily: destinations[0]"


@pytest.fixture
def email(world: World) -> World:
    """A project with a destination that is no integration."""
    world.insert("destinations", id="int-email-01", label="Email: Team")
    return world


def destinations(planned: Run) -> list[dict[str, str]]:
    """What is planned as the destinations of the report."""
    fields = planned.change("report.daily")["fields"]
    found: list[dict[str, str]] = next(each["after"] for each in fields if each["path"] == "destinations")
    return found


def test_the_id_is_planned_sent_and_remembered(email: World, tmp_path: Path) -> None:
    """The plan, the request, the state, a saved plan and the digest have the id; the second plan is empty."""
    item = {"type": "target_integration", "id": "int-email-01"}
    email.write(REPORT % "Email: Team")
    planned = email.plan("--out", str(tmp_path / "plan"))
    assert destinations(planned) == [item]
    assert "Email: Team (int-email-01)" in email.run("plan").out
    email.requests()
    done = email.apply("--plan", str(tmp_path / "plan"))
    assert done.code == 0, done.err
    assert [body["destinations"] for _, _, body in email.writes()] == [[item]]
    assert [each["verification"] for each in done.document["results"]] == ["verified"]
    assert json.loads(email.state.read_text())["resources"]["report.daily"]["applied"]["destinations"] == [item]
    assert email.plan().code == 0
    assert email.run("drift").code == 0
    by_label = planned.document["digest"]
    email.write((REPORT % "x").replace('label: "x"', "id: int-email-01"))
    email.remove("scheduled-reports", email.id_of("report.daily"))
    email.state.unlink()
    assert email.plan().document["digest"] == by_label


def test_a_label_that_nothing_bears_is_an_error_of_the_plan(email: World) -> None:
    """Exit 3 at its place, with the labels that there are; nothing is written."""
    email.write(REPORT % "Email: Taem")
    for refused in (email.plan(), email.apply()):
        assert refused.code == 3
        assert f'{PLACE}.label: the API offers nothing with the label "Email: Taem"' in refused.err
        assert 'expected one of: int-email-01 ("Email: Team"); did you mean "Email: Team"?' in refused.err
    assert email.writes() == []


def test_the_place_of_a_variable_is_told_too(email: World) -> None:
    """The label stands in reconciler.yaml."""
    settings = "environments: {default: {variables: {team: Taem}}}\n"
    email.write(settings, "reconciler.yaml")
    email.write(REPORT % "Email: ${var.team}")
    refused = email.plan()
    assert refused.code == 3
    assert f"(the value comes from {email.folder / 'reconciler.yaml'}:1:" in refused.err


def test_a_label_that_two_bear_is_refused(email: World) -> None:
    """Exit 5 at its place, with the lines to choose from; one of these lines is taken."""
    email.insert("destinations", id="int-email-02", label="Email: Team")
    email.write(REPORT % "Email: Team")
    for refused in (email.plan(), email.apply()):
        assert refused.code == 5
        assert f'{PLACE}: the label "Email: Team" does not prove which destination it is' in refused.err
        assert "  - {type: target_integration, id: int-email-01}\n" in refused.err
        assert "  - {type: target_integration, id: int-email-02}\n" in refused.err
    assert email.writes() == []
    email.write((REPORT % "x").replace('label: "x"', "id: int-email-02"))
    assert email.apply().code == 0
    assert sent_to(email) == {"Daily": ["int-email-02"]}


def test_a_label_of_many_reports_is_told_once(email: World) -> None:
    """Many alike have one line: its place and the candidates are not repeated."""
    many = (REPORT % "Email: Team").replace("daily:", "daily:\n    for_each: {app: [a, b]}", 1)
    email.write(many.replace("Daily", "Daily ${each.app}"))
    assert email.plan().code == 2
    email.insert("destinations", id="int-email-02", label="Email: Team")
    refused = email.plan()
    assert refused.code == 5
    assert "main.yaml:10:36: report.daily-a, report.daily-b: destinations[0]: the label" in refused.err
    assert refused.err.count("id: int-email-01}") == 1
    email.write(many.replace("Daily", "Daily ${each.app}").replace("Team", "Taem"))
    refused = email.plan()
    assert refused.code == 3
    assert refused.err.count("the API offers nothing with the label") == 1


@pytest.mark.parametrize("apart", [False, True])
def test_an_unmanaged_integration_is_found_by_its_label(world: World, apart: bool) -> None:
    """Whether the destination has the id of its integration or one of its own."""
    if apart:
        world.set_destinations_apart()
    hook = world.insert("integrations", **integration("Alerts"))
    world.settle(REPORT % "Webhooks: Alerts")
    assert sent_to(world) == {"Daily": [f"dst-{hook}" if apart else hook]}


@pytest.mark.parametrize("apart", [False, True])
def test_a_live_twin_takes_a_label_its_worth(world: World, apart: bool) -> None:
    """Also if only one of the two is offered, and also after the label proved something once."""
    if apart:
        world.set_destinations_apart()
    world.insert("integrations", **integration("Alerts"))
    world.settle(REPORT % "Webhooks: Alerts")
    item = world.live("scheduled-reports")[0]["destinations"][0]
    twin = world.insert("integrations", **integration("Alerts", target_platform="Android"))
    world.listed("/scheduled-reports/destinations", [item])
    refused = world.plan()
    assert refused.code == 5
    assert f"- {{type: target_integration, id: {item['id']}}}" in refused.err
    assert f"the live integration {twin} (integration webhooks, target_platform Android, title Alerts)" in refused.err


@pytest.mark.parametrize("apart", [False, True])
def test_a_planned_twin_takes_a_label_its_worth(world: World, apart: bool) -> None:
    """Another platform's integration, which this plan makes, will bear the label as well."""
    if apart:
        world.set_destinations_apart()
    world.insert("integrations", **integration("Alerts"))
    world.write(REPORT % "Webhooks: Alerts" + HOOK % "Android")
    for refused in (world.plan(), world.apply()):
        assert refused.code == 5
        assert "integration.hook (integration webhooks, target_platform Android, title Alerts), made by this plan" in (
            refused.err
        )
    assert world.writes() == []


def test_a_label_that_only_a_planned_integration_will_bear_is_refused(world: World) -> None:
    """The reference is the way to say that; another provider's integration of that title does not bear it."""
    world.write(REPORT % "Webhooks: Alerts" + HOOK % "iOS")
    refused = world.plan()
    assert refused.code == 3
    assert f"{PLACE}.label: the API offers nothing" in refused.err
    assert "made by this plan; expected {integration: hook}" in refused.err
    world.insert("destinations", id="int-email-01", label="Email: Alerts")
    world.write(REPORT % "Email: Alerts" + HOOK % "iOS")
    assert world.apply().code == 0
    assert sent_to(world) == {"Daily": ["int-email-01"]}


def test_a_managed_integration_is_found_by_its_label_while_it_stays(world: World) -> None:
    """It is live and alone. If it goes with the plan, a report is not sent there; nor if it is replaced."""
    world.settle(HOOK % "iOS")
    world.write(REPORT % "Webhooks: Alerts" + HOOK % "iOS")
    assert destinations(world.plan()) == [{"type": "target_integration", "id": world.id_of("integration.hook")}]
    world.write(REPORT % "Webhooks: Alerts")
    gone = world.plan()
    assert gone.code == 3
    assert f'{PLACE}.label: "Webhooks: Alerts" is the label of the live integration' in gone.err
    assert "which this plan deletes; expected a destination that stays" in gone.err
    replacing = (HOOK % "Android").replace("}}", ", lifecycle: {replace: allow}}}")
    world.write(REPORT % "Webhooks: Alerts" + replacing)
    assert world.plan().code == 5
    world.write(replacing.replace("Alerts", "Others") + REPORT % "Webhooks: Alerts")
    assert world.plan().code == 3
    assert world.writes() == []


def test_what_we_deleted_proves_nothing(world: World) -> None:
    """The list of destinations lags: it still offers what an earlier apply has deleted."""
    world.settle(HOOK % "iOS")
    hook = world.id_of("integration.hook")
    world.write("automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n")
    assert world.apply().code == 0
    item = {"type": "target_integration", "id": hook, "label": "Webhooks: Alerts"}
    world.listed("/scheduled-reports/destinations", [item])
    world.write(REPORT % "Webhooks: Alerts")
    refused = world.plan("--target", "report.daily")
    assert refused.code == 5
    assert f"the integration {hook}, which is not live any more" in refused.err


def test_a_label_that_moves_shows_the_other_id(world: World) -> None:
    """Somebody renames in the dashboard: the report is not sent elsewhere without a change that says so."""
    first = world.insert("integrations", **integration("Alerts"))
    second = world.insert("integrations", **integration("Spare", target_platform="Android"))
    world.settle(REPORT % "Webhooks: Alerts")
    approved = world.plan().document["digest"]
    world.edit("integrations", first, title="Old")
    world.edit("integrations", second, title="Alerts")
    planned = world.plan()
    (field,) = planned.change("report.daily")["fields"]
    assert field["before"] == [{"type": "target_integration", "id": first}]
    assert field["after"] == [{"type": "target_integration", "id": second}]
    assert f'destinations[0]: the label "Webhooks: Alerts" means {second}' in planned.change("report.daily")["notes"]
    assert world.run("drift").code == 0
    assert world.apply("--expect-digest", approved).code == 5
    assert sent_to(world) == {"Daily": [first]}


def test_a_saved_plan_keeps_the_id(world: World, tmp_path: Path) -> None:
    """Between the plan and its apply the label moves: what was shown is what is sent."""
    first = world.insert("integrations", **integration("Alerts"))
    second = world.insert("integrations", **integration("Spare", target_platform="Android"))
    world.write(REPORT % "Webhooks: Alerts")
    assert world.plan("--out", str(tmp_path / "plan")).code == 2
    world.edit("integrations", first, title="Old")
    world.edit("integrations", second, title="Alerts")
    assert world.apply("--plan", str(tmp_path / "plan")).code == 0
    assert sent_to(world) == {"Daily": [first]}


def test_one_destination_that_is_named_twice_is_sent_once(email: World) -> None:
    """By its label and by its id."""
    email.settle(REPORT % "Email: Team" + "      - {type: target_integration, id: int-email-01}\n")
    assert sent_to(email) == {"Daily": ["int-email-01"]}


def test_drift_keeps_the_labels_that_still_hold(email: World) -> None:
    """A person adds a destination: `drift --adopt` writes that one, and leaves the label as it is written."""
    hook = email.insert("integrations", **integration("Alerts"))
    email.settle(REPORT % "Email: Team")
    items = [{"type": "target_integration", "id": each} for each in (hook, "int-email-01")]
    email.edit("scheduled-reports", email.id_of("report.daily"), destinations=items)
    assert email.run("drift", "--adopt").code == 2
    text = (email.folder / "main.yaml").read_text()
    assert text == REPORT % "Email: Team" + f"      - {{type: target_integration, id: {hook}}}\n"
    assert email.plan().code == 0
    email.edit("scheduled-reports", email.id_of("report.daily"), destinations=items[:1])
    assert email.run("drift", "--adopt").code == 2
    assert "label" not in (email.folder / "main.yaml").read_text()


def test_drift_is_told_also_if_a_label_means_nothing(email: World) -> None:
    """Nothing is sent by `drift` and `send-test`, so the label is not doubted."""
    email.settle(REPORT % "Email: Team")
    email.remove("destinations", "int-email-01")
    assert email.plan().code == 3
    assert email.run("drift").code == 0
    assert run(["send-test", "report.daily", str(email.folder)]) == 0


def test_an_update_that_leaves_the_destinations_alone_does_not_ask(email: World) -> None:
    """`ignore_changes` keeps what is live, whatever the label means now."""
    ignored = (REPORT % "Email: Team").replace(
        "    send_at", "    lifecycle: {ignore_changes: [destinations]}\n    send_at"
    )
    email.settle(ignored)
    email.write(ignored.replace("09:00", "10:00").replace("Email: Team", "Nothing"))
    assert email.apply().code == 0
    assert sent_to(email) == {"Daily": ["int-email-01"]}


def test_people_are_told_what_the_label_means(email: World, capsys: pytest.CaptureFixture[str]) -> None:
    """`explain` says both, the graph has one node for it."""
    email.settle(REPORT % "Email: Team")
    assert run(["explain", "report.daily.destinations", str(email.folder)]) == 0
    told = capsys.readouterr().out
    assert 'the label "Email: Team" is that of int-email-01 ("Email: Team")' in told
    graph = email.run("graph", "--format", "dot").out
    assert "target_integration[int-email-01]" in graph
    assert "target_integration[Email: Team]" not in graph


def test_a_place_has_one_name(email: World) -> None:
    """The label or the id, not both, and not without the type; an unknown type is told."""
    email.write((REPORT % "Email: Team").replace("label:", "id: int-email-01, label:"))
    assert "expected {integration: …} or {type: target_integration, id: …}" in email.run("validate").err
    email.write((REPORT % "Email: Team").replace("type: target_integration, ", ""))
    assert email.run("validate").code == 3
    email.write(REPORT % "")
    assert "label: is empty" in email.run("validate").err
