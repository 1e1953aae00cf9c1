"""Destinations with ids of their own: only labels tell whose they are, and only where one integration could bear it."""

from __future__ import annotations

import pytest
from world import World, integration, report

from reconciler.cli.main import run

from .team import ONE, REPORTS, TWINS, ids, results, sent_to

pytestmark = pytest.mark.usefixtures("no_waiting")

ALONE = TWINS.replace(
    "title: Alerts, integration: webhooks, target_platform: Android",
    "title: Play, integration: slack, target_platform: Android",
)


@pytest.fixture
def apart(world: World) -> World:
    """A project in which no destination has the id of its integration."""
    world.set_destinations_apart()
    return world


def test_a_label_of_one_integration_tells_its_destination(apart: World) -> None:
    """From nothing to applied, and the second plan is empty; what is shown is the id that is sent."""
    apart.write(ALONE + REPORTS)
    done = apart.apply()
    assert done.code == 0, done.out
    found = ids(apart)
    assert sent_to(apart) == {"Apple": [f"dst-{found['iOS']}"], "Google": [f"dst-{found['Android']}"]}
    assert {each["verification"] for each in done.document["results"]} == {"verified"}
    assert apart.plan().code == 0
    apart.state.unlink()
    assert set(apart.plan().actions().values()) == {"adopt"}


def test_the_plan_names_what_stands_behind_a_destination(apart: World) -> None:
    """Its id, and in text and comments the address of its integration beside it."""
    apart.write(ALONE)
    assert apart.apply().code == 0
    apart.write(ALONE + REPORTS)
    sent = f"dst-{ids(apart)['iOS']}"
    (field,) = [each for each in apart.plan().change("report.ios")["fields"] if each["path"] == "destinations"]
    assert field["after"] == [{"type": "target_integration", "id": sent}]
    assert f"integration.ios ({sent})" in apart.run("plan").out
    assert f"integration.ios ({sent})" in apart.run("plan", "--format", "markdown").out
    assert f"integration.ios ({sent})" in apart.run("plan", "--format", "html").out


def test_twins_that_are_made_in_one_run_fail_in_words(apart: World) -> None:
    """Nothing proves which destination is whose: the reports are not made, all else is, and the lines are said."""
    apart.write(TWINS + REPORTS + "automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n")
    done = apart.apply()
    assert done.code == 6
    ended = results(done.document)
    assert {address for address, each in ended.items() if each["status"] == "failed"} == {
        "report.ios",
        "report.android",
    }
    reason = ended["report.ios"]["reason"]
    found = ids(apart)
    assert f"- {{type: target_integration, id: dst-{found['iOS']}}}" in reason
    assert f"- {{type: target_integration, id: dst-{found['Android']}}}" in reason
    assert "target_platform Android" in reason
    assert sent_to(apart) == {}
    refused = apart.plan()
    assert refused.code == 5
    assert "report.ios: destinations[0]: integration.ios" in refused.err
    assert "report.android: destinations[0]: integration.android" in refused.err


def test_an_unmanaged_twin_takes_a_label_its_worth(apart: World) -> None:
    """Also if it comes after the report was applied: what a label proved once it does not prove for ever."""
    apart.settle(ONE % "{integration: ios}")
    sent = f"dst-{ids(apart)['iOS']}"
    apart.insert("integrations", **integration("Alerts", target_platform="Android"))
    refused = apart.plan()
    assert refused.code == 5
    assert f"- {{type: target_integration, id: {sent}}}" in refused.err
    apart.write(ONE % f"{{type: target_integration, id: {sent}}}")
    assert apart.plan().code == 0


def test_a_twin_that_is_to_come_takes_a_label_its_worth(apart: World) -> None:
    """The plan sees it already, so it refuses."""
    apart.write(TWINS.replace("      android:", "      # android:"))
    assert apart.apply().code == 0
    apart.write(TWINS + REPORTS)
    apart.requests()
    refused = apart.plan()
    assert refused.code == 5
    assert "integration.android (integration webhooks, target_platform Android, title Alerts), made by this plan" in (
        refused.err
    )
    assert apart.writes() == []


def test_a_twin_that_somebody_makes_meanwhile_is_seen(apart: World) -> None:
    """Between the plan and the apply: the label is looked at beside what is live then."""
    apart.write(ONE % "{integration: ios}")
    saved = str(apart.folder.parent / "plan")
    assert apart.plan("--out", saved).code == 2
    apart.insert("integrations", **integration("Alerts", target_platform="Android"))
    done = apart.apply("--plan", saved)
    assert done.code == 6
    assert "does not prove which destination it is" in results(done.document)["report.ios"]["reason"]
    assert sent_to(apart) == {}


def test_a_saved_plan_tells_providers_apart(apart: World) -> None:
    """Two integrations of one title and of two providers are no twins, also where the catalogue was not asked."""
    apart.write(ALONE.replace("title: Play", "title: Alerts") + REPORTS)
    saved = str(apart.folder.parent / "plan")
    assert apart.plan("--out", saved).code == 2
    done = apart.apply("--plan", saved)
    assert done.code == 0, done.out
    found = ids(apart)
    assert sent_to(apart) == {"Apple": [f"dst-{found['iOS']}"], "Google": [f"dst-{found['Android']}"]}


def test_drift_is_told_beside_a_twin(apart: World) -> None:
    """A twin appears: the plan refuses, and what somebody changed outside is told all the same."""
    apart.settle(ONE % "{integration: ios}")
    apart.insert("integrations", **integration("Alerts", target_platform="Android"))
    assert apart.plan().code == 5
    assert apart.run("drift").code == 0
    apart.edit("scheduled-reports", apart.id_of("report.ios"), send_at="11:00")
    assert apart.run("drift").code == 2


def test_a_label_beside_the_id_of_another_counts_for_nobody(apart: World) -> None:
    """The only destination with the label of one integration has the id of another one."""
    ios = apart.insert("integrations", **integration("Alerts", destination="int-b"))
    apart.insert("integrations", **integration("Else", id="int-b", destination="int-c"))
    apart.write(ONE % "{integration: ios}")
    refused = apart.plan()
    assert refused.code == 5
    assert f"integration.ios ({ios}) is not offered under its own id" in refused.err
    assert "- {type: target_integration, id: int-b}  # the live integration int-b" in refused.err


def test_drift_is_adopted_as_what_it_is(apart: World) -> None:
    """Somebody sends a report elsewhere: what a label proves is written as a reference."""
    written = "send_at: '09:00', included_range_days: 1, status: active, environment: production, report_name: Google"
    apart.write(f"reports:\n  android: {{{written}, destinations: [{{integration: android}}]}}\n", "reports.yaml")
    apart.settle(ALONE)
    items = [{"type": "target_integration", "id": f"dst-{ids(apart)['iOS']}"}]
    apart.edit("scheduled-reports", apart.id_of("report.android"), destinations=items)
    assert apart.run("drift", "--adopt").code == 2
    text = (apart.folder / "reports.yaml").read_text(encoding="utf-8")
    assert "report_name: Google, destinations: [{integration: ios}]" in text
    assert apart.plan().code == 0


def test_an_export_says_no_more_than_it_knows(apart: World) -> None:
    """A reference where the label tells, the id where it does not; the plan after it has nothing to do."""
    for platform, title in (("iOS", "Alerts"), ("Android", "Alerts"), ("Stripe", "Alone")):
        hook = apart.insert("integrations", **integration(title, target_platform=platform))
        apart.insert("scheduled-reports", **report(f"For {platform}", f"dst-{hook}"))
    assert apart.run("export").code == 0
    text = (apart.folder / "reports.yaml").read_text(encoding="utf-8")
    assert text.count("integration: alone") == 1
    assert text.count("id: dst-") == 2
    assert apart.plan().code == 0


def test_an_import_says_no_more_than_it_knows(apart: World) -> None:
    """The block of a report that goes to one of two twins names its id."""
    apart.write(TWINS)
    assert apart.apply().code == 0
    sent = f"dst-{ids(apart)['iOS']}"
    theirs = apart.insert("scheduled-reports", **report("Theirs", sent))
    assert run_import(apart, theirs) == 0
    text = (apart.folder / "reports.yaml").read_text(encoding="utf-8")
    assert f"id: {sent}" in text
    assert "integration:" not in text


def run_import(world: World, object_id: str) -> int:
    """`reconciler import` of a report."""
    return run(["import", "report.theirs", object_id, str(world.folder)])


def test_a_delete_waits_for_what_may_use_it(apart: World) -> None:
    """A report of somebody else's goes to one of two twins: who deletes one of them is told that it may be in use."""
    apart.settle(TWINS)
    apart.insert("scheduled-reports", **report("Theirs", f"dst-{ids(apart)['Android']}"))
    apart.write(TWINS.replace("      android:", "      # android:"))
    planned = apart.plan()
    assert any("still used by" in note and "Theirs" in note for note in planned.change("integration.android")["notes"])


def test_what_uses_it_stops_before_it_is_deleted(apart: World) -> None:
    """The ids differ, and the order is the same: first the report is pointed elsewhere, then the integration goes."""
    apart.settle(ALONE + REPORTS)
    gone = apart.id_of("integration.android")
    text = ALONE.replace("      android:", "      # android:") + REPORTS.replace(
        "{integration: android}", "{integration: ios}"
    )
    apart.write(text)
    planned = apart.plan()
    assert planned.change("integration.android")["depends_on"] == ["report.android"]
    assert not any("still used" in note for note in planned.change("integration.android")["notes"])
    assert apart.apply().code == 0
    assert gone not in [each["id"] for each in apart.live("integrations")]


def test_the_graph_shows_what_stands_behind_it(apart: World) -> None:
    """An edge to the integration, and none to a destination that nobody knows."""
    apart.settle(ALONE + REPORTS)
    drawn = apart.run("graph", "--format", "dot").out
    assert "dst-" not in drawn
