"""One value that the API keeps otherwise, from the first apply to the line of YAML that ends its warning."""

from __future__ import annotations

import json
from typing import Any

import pytest
from world import World

from reconciler.cli.main import run

from .team import automation, integration, listing, named, report, stored, team


def test_the_warning_says_what_to_write(world: World) -> None:
    """Field, stored, sent, the code points that tell them apart, and the value for the YAML; in JSON and in text."""
    world.fault("* /*: normalise trim", "* /*: normalise nfc")
    world.write(team(hook=integration(), daily=report("Cafe\u0301 ")))
    expected = (
        'report.daily: report_name: the API keeps "Caf\u00e9" of "Cafe\u0301 " '
        "(U+0065 U+0301 U+0020 became U+00E9); "
        'write "Caf\u00e9" in the YAML, and this warning ends'
    )
    assert world.apply().document["warnings"] == [expected]
    assert world.plan().document["warnings"] == [expected]
    assert 'the API keeps "Caf\u00e9" of' in world.run("plan").out
    world.write(team(hook=integration(), daily=report("Caf\u00e9")))
    again = world.plan()
    assert (again.code, again.document["warnings"]) == (0, [])


def test_a_zero_width_character_is_named(world: World) -> None:
    """Two texts that look alike are told apart by numbers."""
    world.write(team(flow=automation("Flow\u200b")))
    assert world.apply().code == 0
    assert world.plan().document["warnings"] == []
    world.edit("automations", world.id_of("automation.flow"), name="Flow")
    # Nothing is remembered any more: it is found by its name, and what is hardly seen is no change
    world.state.unlink()
    planned = world.plan()
    assert planned.actions() == {"automation.flow": "adopt"}
    assert any("U+200B became nothing" in each for each in planned.document["warnings"])


def test_the_memory_follows_what_is_written(world: World) -> None:
    """Once the YAML says what is stored, nothing is remembered of it, and another space is an update again."""
    world.fault("* /*: normalise trim")
    world.write(team(hook=integration(), daily=report("Daily ")))
    assert world.apply().code == 0
    assert stored(world, "report.daily") == {"report_name": "Daily"}
    world.write(team(hook=integration(), daily=report("Daily")))
    assert world.plan().code == 0
    assert world.apply().code == 0
    assert stored(world, "report.daily") == {}
    world.write(team(hook=integration(), daily=report("Daily  ")))
    assert world.plan().causes("report.daily") == {"report_name": "config"}
    done = world.apply()
    assert (done.code, named(done.document["warnings"])) == (0, {("report.daily", "report_name")}), done.out
    assert world.plan().code == 0


def test_a_value_that_we_change_is_an_update_by_us(world: World) -> None:
    """What is live is what the API made of what we sent, so nobody else moved."""
    world.fault("* /*: normalise trim", "* /*: normalise sort", "* /*: normalise defaults")
    data = {"actions": {"push": "p1"}, "initiators": [{"uid": "B", "type": "event"}, {"uid": "A", "type": "event"}]}
    world.write(team(flow=automation("Flow ", caption="One ", data=data)))
    assert world.apply().code == 0
    data = {**data, "initiators": [{"uid": "C", "type": "event"}, {"uid": "A", "type": "event"}]}
    world.write(team(flow=automation("Other ", caption="One ", data=data)))
    causes = world.plan().causes("automation.flow")
    assert causes["name"] == "config"
    assert set(causes.values()) == {"config"}
    assert "caption" not in causes
    assert world.apply().code == 0
    again = world.plan()
    assert (again.code, named(again.document["warnings"])) == (
        0,
        {("automation.flow", path) for path in ("name", "caption", "data.initiators")},
    )


def test_both_moved_is_both(world: World) -> None:
    """Live is neither what was sent nor what was stored, and the YAML is another."""
    world.fault("* /*: normalise trim")
    world.write(team(flow=automation("Flow ")))
    assert world.apply().code == 0
    world.edit("automations", world.id_of("automation.flow"), name="Theirs")
    world.write(team(flow=automation("Ours ")))
    assert world.plan().causes("automation.flow") == {"name": "both"}


def test_a_key_that_is_not_managed_stays_nobody_s_business(world: World) -> None:
    """Beside a value that the API keeps otherwise, others may write what we do not."""
    world.fault("* /*: normalise lower", "* /*: normalise defaults")
    data: dict[str, Any] = {"actions": {"push": "P1"}, "initiators": [{"uid": "B", "type": "event"}]}
    world.write(team(flow=automation(data=data)))
    assert world.apply().code == 0
    live = world.live("automations")[0]["data"]
    live = {**live, "actions": {"push": "p1", "screen": "theirs"}, "segments": "s9"}
    live.pop("type")
    world.edit("automations", world.id_of("automation.flow"), data=live)
    assert world.plan().code == 0
    assert world.run("drift").code == 0
    # A list is ours as a whole: another default in it is somebody's
    live["initiators"] = [{**live["initiators"][0], "delay": 5}]
    world.edit("automations", world.id_of("automation.flow"), data=live)
    assert world.plan().causes("automation.flow") == {"data.initiators[0].delay": "drift"}


def test_drift_that_is_adopted_leaves_the_rest(world: World) -> None:
    """Only what somebody changed is written to the YAML; what the API made of a value is not."""
    world.fault("* /*: normalise trim")
    world.write(
        """
        automations:
          flow:
            name: "Flow "
            caption: "Hello "
            status: active
            data: {actions: {push: p1}}
        """
    )
    assert world.apply().code == 0
    world.edit("automations", world.id_of("automation.flow"), caption="Theirs")
    assert world.run("drift", "--adopt").code in (0, 2)
    text = (world.folder / "main.yaml").read_text(encoding="utf-8")
    assert 'name: "Flow "' in text
    assert "Theirs" in text
    assert world.plan().code == 0


def test_explain_says_it_in_words(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """In a field's own page and in the table, and in JSON as a verdict and a rule."""
    world.fault("* /*: normalise trim")
    world.write(team(flow=automation("Flow ", caption="Same")))
    assert world.apply().code == 0
    capsys.readouterr()
    assert run(["explain", "automation.flow.name", str(world.folder)]) == 0
    assert 'stored by the API as "Flow"' in capsys.readouterr().out
    assert run(["explain", "automation.flow", str(world.folder), "--format", "json"]) == 0
    fields = json.loads(capsys.readouterr().out)["fields"]
    verdicts = {each["path"]: each["verdict"] for each in fields}
    assert (verdicts["name"], verdicts["caption"]) == ("equal as stored", "equal")


def test_what_an_apply_did_is_taken_back_with_it(world: World) -> None:
    """Undo takes back what the receipt changed, and takes no stored value for a change."""
    world.fault("* /*: normalise trim")
    world.write(team(hook=integration(), daily=report("Daily ")))
    assert world.apply().code == 0
    world.write(team(hook=integration(), daily=report("Daily ", send_at="10:30")))
    assert world.apply().code == 0
    planned = world.plan("--undo", "latest")
    assert planned.causes("report.daily") == {"send_at": "config"}


def test_a_saved_plan_may_be_applied_twice(world: World) -> None:
    """The second time all is as it is wanted: what the API made of it is what was wanted."""
    world.fault("* /*: normalise trim", "* /*: normalise lower")
    world.write(team(hook=integration("Hook "), daily=report("Daily "), flow=automation("Flow ", caption="Hi You ")))
    path = str(world.folder.parent / "saved.plan")
    world.plan("--out", path)
    assert world.apply("--plan", path).code == 0
    world.writes()
    again = world.apply("--plan", path)
    assert again.code == 0, again.err
    assert world.writes() == []
    assert world.plan().code == 0


@pytest.mark.parametrize("phase", ["stored", "shown"])
def test_an_immutable_field_is_no_step_for_a_person(world: World, phase: str) -> None:
    """Nor a new object in its place: a title that was trimmed, or written with one more space."""
    world.fault(f"* /*: normalise trim {phase}", f"* /*: normalise lower {phase}")
    replaceable = {"replace": "allow"}
    for title in ("Hook ", "Hook  "):
        world.write(team(hook=integration(title, lifecycle=replaceable), daily=report()))
        done = world.apply()
        assert done.code == 0, done.out
        assert world.plan().code == 0
    assert len(world.live("integrations")) == 1
    world.edit("integrations", world.id_of("integration.hook"), title="Theirs")
    assert world.plan().actions()["integration.hook"] == "replace"


@pytest.mark.parametrize("shown", ["You &amp; me", "You"])
def test_a_form_that_nobody_knows_is_believed_by_its_answer(world: World, shown: str) -> None:
    """The API answers the write with another text, and lists it: that is what it made of it."""
    world.settle(team(flow=automation(caption="")))
    world.write(team(flow=automation(caption="You & me")))
    record = json.dumps({**world.live("automations")[0], "caption": shown})
    world.fault(f"PUT /*: status 200, body='{record}'")
    world.fault(f"GET /automations: status 200, body='{listing(json.loads(record))}', n=2, times=9")
    done = world.apply()
    assert done.code == 0, done.out
    assert stored(world, "automation.flow") == {"caption": shown}
