"""`explain ADDRESS[.FIELD]`: why something is equal, different, ignored, moved or manual."""

from __future__ import annotations

import json
from typing import Any

import pytest
from world import Run, World, report

from reconciler.cli.main import run

TEAM = """\
integrations:
  hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
reports:
  daily:
    report_name: Daily
    send_at: "09:00"
    included_range_days: 1
    status: active
    environment: production
    destinations: [{integration: hook}]
automations:
  flow:
    name: Flow
    status: active
    data:
      initiators: [{uid: "2", type: event}]
      actions: {push: p1}
"""


def explained(world: World, target: str, *flags: str) -> dict[str, Any]:
    """The document; nothing is written for it."""
    world.requests()
    done = ran(world, target, "--format", "json", *flags)
    assert done.code == 0, done.err
    assert world.writes() == []
    return done.document


def ran(world: World, target: str, *flags: str) -> Run:
    """The target stands before the folder."""
    world._capsys.readouterr()
    code = run(["explain", *flags, "--", target, str(world.folder)])
    captured = world._capsys.readouterr()
    return Run(code, captured.out, captured.err)


def field(document: dict[str, Any], path: str) -> dict[str, Any]:
    """One field of it."""
    found: list[dict[str, Any]] = [each for each in document["fields"] if each["path"] == path]
    assert len(found) == 1, [each["path"] for each in document["fields"]]
    return found[0]


def rules(each: dict[str, Any]) -> str:
    """Its rules and their sources, in one text."""
    return "\n".join(f"{rule['rule']} [{rule['source']}]" for rule in each["rules"])


def test_what_is_equal(world: World) -> None:
    """Each field with its three values, the object with its id, and when it was applied last."""
    world.settle_once(TEAM)
    found = explained(world, "report.daily")
    assert (found["verdict"], found["action"], found["id"]) == ("equal", None, world.id_of("report.daily"))
    send_at = field(found, "send_at")
    assert (send_at["verdict"], send_at["written"], send_at["live"], send_at["applied"]) == ("equal", *["09:00"] * 3)
    assert send_at["place"] == {
        "file": str(world.folder / "main.yaml"),
        "line": 6,
        "column": 5,
        "text": 'send_at: "09:00"',
    }
    assert found["place"]["text"] == "daily:"
    assert (found["last_applied"]["action"], found["last_applied"]["status"]) == ("create", "done")
    assert "the state knows it as" in rules(found)
    assert field(found, "created_at")["verdict"] == "set by the server"
    assert [each["path"] for each in found["fields"]][:6] == [
        "report_name", "send_at", "included_range_days", "status", "environment", "destinations",
    ]  # fmt: skip


def test_what_differs_and_why(world: World) -> None:
    """Drift, a change of ours, both at once; each with what the next apply does."""
    world.settle_once(TEAM)
    daily = world.id_of("report.daily")
    world.edit("scheduled-reports", daily, send_at="10:00", report_name="Theirs")
    world.write(TEAM.replace("report_name: Daily", "report_name: Ours").replace("range_days: 1", "range_days: 7"))
    found = explained(world, "report.daily")
    assert found["verdict"] == "different"
    assert found["next"] == "updates it"
    cause = {each["path"]: each["cause"] for each in found["fields"] if each["cause"]}
    assert cause == {"report_name": "both", "send_at": "drift", "included_range_days": "config"}
    drifted = field(found, "send_at")
    assert (drifted["written"], drifted["live"], drifted["applied"]) == ("09:00", "10:00", "09:00")
    assert drifted["next"] == "sets it back to what is written"
    assert "changed outside: drift [the state]" in rules(drifted)
    assert field(found, "report_name")["next"] == "sets it to what is written"
    assert "Scheduled reports" in rules(drifted)


def test_one_nested_field(world: World) -> None:
    """A spot in a map or a list, with the line that holds it."""
    world.settle_once(TEAM)
    world.edit(
        "automations",
        world.id_of("automation.flow"),
        data={"actions": {"push": "p9"}, "initiators": [{"uid": "3", "type": "event"}]},
    )
    push = explained(world, "automation.flow.data.actions.push")
    assert push["path"] == "data.actions.push"
    assert [each["path"] for each in push["fields"]] == ["data.actions.push"]
    assert field(push, "data.actions.push")["place"]["text"] == "actions: {push: p1}"
    uid = field(explained(world, "automation.flow.data.initiators[0].uid"), "data.initiators[0].uid")
    assert (uid["verdict"], uid["written"], uid["live"], uid["cause"]) == ("different", "2", "3", "drift")
    assert (
        field(explained(world, "automation.flow.data.initiators[0].type"), "data.initiators[0].type")["verdict"]
        == "equal"
    )
    assert {each["path"] for each in explained(world, "automation.flow.data")["fields"]} == {
        "data.initiators",
        "data.actions.push",
    }
    text = " ".join(ran(world, "automation.flow.data.actions.push").out.split())
    for said in (
        "automation.flow.data.actions.push in default: different",
        "main.yaml:17:17 actions: {push: p1}",
        'written: "p1"',
        'live: "p9"',
        'remembered: "p1"',
        "cause: changed outside (drift)",
        "the next apply: sets it back",
        "A push's uid, from the dashboard.",
    ):
        assert said in text, text


def test_what_is_not_managed(world: World) -> None:
    """Left out of the YAML: its live value goes along with a full replace, which is said with its source."""
    world.settle_once(TEAM)
    world.edit("automations", world.id_of("automation.flow"), caption="Theirs")
    caption = field(explained(world, "automation.flow"), "caption")
    assert (caption["verdict"], caption["live"]) == ("not managed", "Theirs")
    assert "written" not in caption
    assert "PUT replaces the whole record" in rules(caption)
    assert "Create an automation" in rules(caption)
    assert field(explained(world, "automation.flow.data.segments"), "data.segments")["verdict"] == "not managed"


def test_what_is_ignored(world: World) -> None:
    """With the reason, the owner and the date that the line gives."""
    ignored = (
        "ignore_changes: [{field: data.actions, reason: growth tries things, owner: ada, until: 2030-01-01}, status]"
    )
    world.settle(TEAM.replace("    name: Flow\n", f"    name: Flow\n    lifecycle: {{{ignored}}}\n"))
    data = {"actions": {"push": "p9"}, "initiators": [{"uid": "2", "type": "event"}]}
    world.edit("automations", world.id_of("automation.flow"), status="inactive", data=data)
    found = explained(world, "automation.flow")
    assert found["verdict"] == "equal"
    push = field(found, "data.actions.push")
    assert (push["verdict"], push["next"]) == ("ignored", "nothing: it is left as it is live")
    assert "ignore_changes names data.actions (until 2030-01-01, reason: growth tries things, owner: ada)" in rules(
        push
    )
    assert "main.yaml:" in rules(push)
    assert field(found, "status")["verdict"] == "ignored"
    assert field(found, "data.initiators")["verdict"] == "equal"


def test_what_only_a_person_can_change(world: World) -> None:
    """An immutable field: the rule, its source, what to do; with `replace: allow` it is a replace."""
    world.settle_once(TEAM)
    changed = TEAM.replace("title: Hook", "title: New")
    world.write(changed)
    title = explained(world, "integration.hook.title")
    assert title["verdict"] == "manual"
    assert field(title, "title")["verdict"] == "manual"
    assert "the API cannot change it in an object that is there: a person has to" in rules(field(title, "title"))
    assert "Create integration" in rules(field(title, "title"))
    assert "dashboard" in rules(title)
    world.write(changed.replace("status: active}", "status: active, lifecycle: {replace: allow}}", 1))
    replaced = explained(world, "integration.hook")
    assert (replaced["verdict"], replaced["action"]) == ("different", "replace")
    assert "loses its id and its credentials" in rules(replaced)
    assert "replace: allow" in rules(replaced)


def test_what_is_protected(world: World) -> None:
    """Written, and remembered after it is written no more."""
    protected = TEAM.replace("    name: Flow\n", "    name: Flow\n    lifecycle: {prevent_destroy: true}\n")
    world.settle(protected)
    assert "prevent_destroy: it is neither deleted nor replaced" in rules(explained(world, "automation.flow"))
    world.write(TEAM)
    assert "prevent_destroy is remembered, until" in rules(explained(world, "automation.flow"))


def test_what_has_moved(world: World) -> None:
    """By its new address and by the old one."""
    world.settle_once(TEAM)
    world.write(TEAM.replace("  flow:", "  stream:") + "moved: [{from: automation.flow, to: automation.stream}]\n")
    for target in ("automation.stream", "automation.flow"):
        found = explained(world, target)
        assert (found["address"], found["verdict"]) == ("automation.stream", "moved")
        assert "`moved`: what the state knows as automation.flow is automation.stream now" in rules(found)
        assert found["last_applied"]["action"] == "create"
        assert field(found, "name")["applied"] == "Flow"


def test_what_is_new_and_what_is_found_by_name(world: World) -> None:
    """Nothing is live of the one; the other is adopted by its natural key, or by `imports`."""
    hook = world.insert("integrations", title="Hook", integration="webhooks", target_platform="iOS", active=1)
    daily = world.insert("scheduled-reports", **report("Daily", hook))
    world.write(TEAM + f"imports: [{{to: report.daily, id: {daily}}}]\n")
    assert explained(world, "integration.hook")["verdict"] == "adopted"
    assert "the only live integration with integration webhooks, target_platform iOS, title Hook" in rules(
        explained(world, "integration.hook")
    )
    assert f"`imports`: it is the object {daily}" in rules(explained(world, "report.daily"))
    flow = explained(world, "automation.flow")
    assert (flow["verdict"], flow["id"], flow["last_applied"]) == ("new", None, None)
    assert "there is no live automation with name Flow" in rules(flow)
    assert field(flow, "name")["next"] == "sets it in the new object"


def test_what_is_deleted_outside(world: World) -> None:
    """It is created again, and the state says which one it was."""
    world.settle_once(TEAM)
    world.remove("automations", world.id_of("automation.flow"))
    found = explained(world, "automation.flow")
    assert (found["verdict"], found["action"]) == ("new", "create")
    assert "not live any more" in rules(found)
    assert field(found, "name")["applied"] == "Flow"


@pytest.mark.parametrize(
    ("block", "verdict", "said"),
    [
        ("", "to be deleted", "the configuration does not want it"),
        ("removed: [{from: automation.flow, destroy: false}]\n", "to be forgotten", "it is forgotten, and stays"),
        ("removed: [{from: automation.flow, destroy: true}]\n", "to be deleted", "it is deleted"),
    ],
)
def test_what_only_the_state_knows(world: World, block: str, verdict: str, said: str) -> None:
    """Deleted or forgotten, by which line."""
    world.settle_once(TEAM)
    world.write(TEAM[: TEAM.index("automations")] + block)
    found = explained(world, "automation.flow")
    assert (found["verdict"], found["place"]) == (verdict, None)
    assert said in rules(found)
    assert field(found, "name")["verdict"] == verdict
    assert field(found, "name")["live"] == "Flow"


def test_what_nobody_manages(world: World) -> None:
    """By its id; the id of something that is managed leads to its address."""
    world.settle_once(TEAM)
    theirs = world.insert("scheduled-reports", **report("Theirs", world.id_of("integration.hook")))
    found = explained(world, f"report[{theirs}]")
    assert (found["verdict"], found["name"]) == ("unmanaged", "Theirs")
    assert "never touched but by --prune" in rules(found)
    assert field(explained(world, f"report[{theirs}].send_at"), "send_at")["verdict"] == "unmanaged"
    assert explained(world, f"report[{world.id_of('report.daily')}]")["address"] == "report.daily"


def test_a_reference_says_what_it_is(world: World) -> None:
    """The key that is written, the id that is live, and which is which."""
    world.settle_once(TEAM)
    found = field(explained(world, "report.daily"), "destinations")
    hook = world.id_of("integration.hook")
    assert found["written"] == [{"integration": "hook"}]
    assert found["live"] == [{"type": "target_integration", "id": hook}]
    assert found["verdict"] == "equal"
    assert f"integration.hook is {hook}" in rules(found)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("report.dayly", 'did you mean "report.daily"'),
        ("reprt.daily", 'did you mean "report.daily"'),
        ("report.daily.sendat", 'did you mean "send_at"'),
        ("report.daily.send_at.x", "has no field"),
        ("automation.flow.data.actions.pusch", 'did you mean "data.actions.push"'),
        ("automation.flow.data.initiators[7]", "has no field"),
        ("automation.flow.data.initiators[99999999999]", "has no field"),
        ("automation.flow.data[\"x", "has no field"),
        ("report[nowhere]", "no live report with the id"),
        ("report", "is no address"),
        ("report.", "is no address"),
        ("", "is no address"),
        ("report.daily.", "is no address"),
        ("../x", "is no address"),
        ("report.daily\n.send_at", "no such address"),
        ("\u202e.x", "is no address"),
        ("--help", "is no address"),
    ],
)  # fmt: skip
def test_what_does_not_exist(world: World, target: str, said: str) -> None:
    """Exit 64, with the closest that does."""
    world.settle_once(TEAM)
    refused = ran(world, target)
    assert refused.code == 64, refused.err
    assert said in refused.err
    assert "\u202e" not in refused.err


def test_the_table(world: World) -> None:
    """A line a field, what differs in words; no colour and no control characters where there is no terminal."""
    world.settle_once(TEAM)
    world.edit("scheduled-reports", world.id_of("report.daily"), report_name="x\n::error::\x1b[31m\u202e" + "y" * 100)
    text = ran(world, "report.daily").out
    lines = [line for line in text.splitlines() if line.startswith("  ")]
    assert [line.split() for line in lines if line.startswith("  send_at")] == [["send_at", "equal", '"09:00"']]
    at = lines.index("  report_name          different, changed outside (drift)")
    assert lines[at + 1] == '      in the YAML: "Daily"'
    assert lines[at + 2].startswith('      live: "x\\n::error::\\u001b[31m\\u202eyyyy')
    assert lines[at + 3] == '      last applied: "Daily"'
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\n::error" not in text
    whole = json.loads(ran(world, "report.daily", "--format", "json").out)
    assert field(whole, "report_name")["live"].endswith("y" * 100)


def test_values_are_words(world: World) -> None:
    """Lists and maps have no braces, whatever is deep within them."""
    world.settle_once(TEAM)
    data = {
        "platform": "iOS",
        "initiators": [{"uid": "3", "type": "event"}, {"uid": "4", "type": "event"}],
        "actions": {"push": "p1"},
        "more": [{"windows": [{"from": 1, "to": 2}], "days": ["mon"], "none": [], "off": None}, [[1, 2], []]],
    }
    world.edit("automations", world.id_of("automation.flow"), data=data)
    world.write(TEAM.partition("automations:")[0])
    text = ran(world, "automation.flow").out
    assert '  live: type "event", uid "3"; type "event", uid "4"\n' in text
    assert '  last applied: type "event", uid "2"\n' in text
    assert 'days ("mon"), none empty, off nothing, windows (from 1, to 2); ((1, 2), empty)' in text
    assert not set("{}[]") & set(text.partition("\n\n")[2])


def test_a_remark_in_yaml_and_a_variable(world: World) -> None:
    """The line is shown as it is written; the value is that of the environment."""
    world.write("environments: {default: {variables: {at: '09:00'}}}", "reconciler.yaml")
    world.settle(TEAM.replace('send_at: "09:00"', 'send_at: "${var.at}"  # in the morning'))
    send_at = field(explained(world, "report.daily.send_at"), "send_at")
    assert send_at["written"] == "09:00"
    assert send_at["place"]["text"] == 'send_at: "${var.at}"  # in the morning'
