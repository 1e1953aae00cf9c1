"""A destination that is written by its id and is not offered: told by the plan, at its place."""

from __future__ import annotations

import pytest
from world import World, integration

from reconciler.cli.main import run

from .team import ONE, sent_to

BY_ID = """\
reports:
  daily:
    report_name: Daily
    send_at: "09:00"
    included_range_days: 1
    status: active
    environment: production
    destinations:
      - {type: target_integration, id: %s}
"""
SETTINGS = """\
environments:
  default:
    secret_env: QONVERSION_SECRET
    variables:
      hook: %s
"""


def test_what_is_not_offered_is_an_error_of_the_plan(world: World) -> None:
    """Exit 3 at its place, with the ids and labels that there are; nothing is written, by apply neither."""
    hook = world.insert("integrations", **integration("Alerts"))
    world.insert("destinations", id="int-email-01", label="Email: Team")
    world.write(BY_ID % "int-email-02")
    for refused in (world.plan(), world.apply()):
        assert refused.code == 3
        assert "main.yaml:9:36: report.daily: destinations[0].id: " in refused.err
        assert 'the API does not offer "int-email-02"' in refused.err
        assert f'int-email-01 ("Email: Team"), {hook} ("Webhooks: Alerts")' in refused.err
        assert 'did you mean "int-email-01"?' in refused.err
    assert world.writes() == []
    world.write(BY_ID % "int-email-01")
    assert world.apply().code == 0
    assert world.plan().code == 0


def test_the_place_of_the_variable_is_told_too(world: World) -> None:
    """The id stands in reconciler.yaml; both places are named."""
    world.insert("destinations", id="int-email-01", label="Email: Team")
    world.write(SETTINGS % "int-email-9", "reconciler.yaml")
    world.write(BY_ID % "'${var.hook}'")
    refused = world.plan()
    assert refused.code == 3
    assert "main.yaml:9:36: report.daily" in refused.err
    assert f"(the value comes from {world.folder / 'reconciler.yaml'}:5:13)" in refused.err
    world.write(SETTINGS % "email-01", "reconciler.yaml")
    world.write(BY_ID % '"int-${var.hook}"')
    assert world.plan().code == 2


def test_all_of_them_are_told_at_once(world: World) -> None:
    """One error each, also where a report has several."""
    world.write(BY_ID % "x1" + "      - {type: target_integration, id: x2}\n")
    refused = world.plan()
    assert refused.code == 3
    assert refused.err.count("the API does not offer") == 2
    assert "expected one of: none" in refused.err


@pytest.mark.parametrize("provider", ["amplitude", "webhooks"])
def test_an_integration_that_takes_no_reports_is_none(world: World, provider: str) -> None:
    """It is live, and its provider is not among the destinations."""
    hook = world.insert("integrations", **integration("Alerts", integration=provider))
    world.write(BY_ID % hook)
    assert world.plan().code == (3 if provider == "amplitude" else 2)


def test_a_reference_to_what_takes_no_reports_is_told_by_the_plan(world: World) -> None:
    """It may show up late, so it is no error: the plan says that it is not offered."""
    world.write(ONE.replace("webhooks", "amplitude") % "{integration: ios}")
    world.fault("POST /scheduled-reports: status 422")
    world.insert("integrations", **integration("Alerts", integration="amplitude"))
    notes = world.plan().change("report.ios")["notes"]
    assert any("does not offer it" in each for each in notes)


def test_what_is_live_and_does_not_change_is_not_doubted(world: World) -> None:
    """The destination of a report has gone: nothing is sent, so nothing is asked, and other fields can change."""
    hook = world.insert("integrations", **integration("Alerts"))
    world.settle(BY_ID % hook)
    world.remove("integrations", hook)
    assert world.plan().code == 0
    assert "/scheduled-reports/destinations" not in [each["path"] for each in world.requests()]
    world.write((BY_ID % hook).replace("09:00", "10:00"))
    assert world.apply().code == 0
    assert "/scheduled-reports/destinations" not in [each["path"] for each in world.requests()]


def test_an_update_that_sends_one_more_asks(world: World) -> None:
    """What the report has already is not doubted, what is new is."""
    hook = world.insert("integrations", **integration("Alerts"))
    world.settle(BY_ID % hook)
    world.write(BY_ID % hook + "      - {type: target_integration, id: other}\n")
    refused = world.plan()
    assert refused.code == 3
    assert "destinations[1].id" in refused.err
    assert "destinations[0].id" not in refused.err


def test_an_undo_to_what_is_gone_is_an_error(world: World) -> None:
    """The report was sent to an integration that is deleted since."""
    gone, hook = (world.insert("integrations", **integration(each)) for each in ("Gone", "Alerts"))
    world.settle(BY_ID % gone)
    world.write(BY_ID % hook)
    assert world.apply().code == 0
    world.remove("integrations", gone)
    refused = world.plan("--undo", "latest")
    assert refused.code == 3
    assert f'the API does not offer "{gone}"' in refused.err


def test_a_target_leaves_the_others_errors_out(world: World) -> None:
    """Only what would be sent is judged."""
    world.write(BY_ID % "nowhere" + "automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n")
    assert world.plan("--target", "automation.flow").code == 2
    assert world.plan("--target", "report.daily").code == 3


def test_a_label_that_two_bear_is_said(world: World) -> None:
    """Who reads the label alone could take one for the other."""
    world.insert("destinations", id="one", label="Email: Team")
    world.insert("destinations", id="two", label="Email: Team")
    world.write(BY_ID % "one")
    shown = world.run("plan")
    assert "Email: Team, one of 2 with this label (one)" in shown.out
    assert 'to "Email: Team (one)"' in shown.out
    assert "Email: Team, one of 2 with this label (one)" in world.run("plan", "--format", "markdown").out
    assert world.apply().code == 0
    assert sent_to(world) == {"Daily": ["one"]}
    world.write(BY_ID % "two")
    assert "one of 2 with this label (two)" in world.run("plan").out


def test_drift_is_told_where_the_way_back_is_closed(world: World) -> None:
    """An integration was deleted outside and its report sent elsewhere: that is drift, and can be adopted, although
    what is written cannot be sent any more."""
    gone, hook = (world.insert("integrations", **integration(each)) for each in ("Gone", "Alerts"))
    world.settle(BY_ID % gone)
    world.remove("integrations", gone)
    item = {"type": "target_integration", "id": hook}
    world.edit("scheduled-reports", world.id_of("report.daily"), destinations=[item])
    assert world.plan().code == 3
    assert world.run("drift").code == 2
    assert run(["send-test", "report.daily", str(world.folder)]) == 0
    assert world.run("drift", "--adopt").code == 2
    assert world.plan().code == 0


def test_an_id_that_an_update_leaves_out_is_not_judged(world: World) -> None:
    """`ignore_changes` leaves the destinations as they are live; the create sent what was offered then."""
    hook = world.insert("integrations", **integration("Alerts"))
    ignored = (BY_ID % hook).replace("    send_at", "    lifecycle: {ignore_changes: [destinations]}\n    send_at")
    world.settle(ignored)
    world.write(ignored.replace(hook, "nowhere").replace("09:00", "10:00"))
    assert world.apply().code == 0
    assert sent_to(world) == {"Daily": [hook]}
