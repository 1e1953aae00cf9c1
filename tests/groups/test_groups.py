"""One change everywhere is one thing to read: in each form of a plan."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from size import first, seeds
from world import World

HOOK = {"title": "Hook", "integration": "webhooks", "target_platform": "iOS", "status": "active"}
REPORT = {"included_range_days": 1, "status": "draft", "environment": "production"}


def configuration(reports: dict[str, dict[str, Any]]) -> str:
    """The YAML of an integration, and of reports that are sent to it; `fields` may hold YAML of its own."""
    lines = ["integrations:", f"  hook: {json.dumps(HOOK)}", "reports:"]
    for key, fields in reports.items():
        whole = {"report_name": f"Report {key}", **REPORT, "destinations": [{"integration": "hook"}], **fields}
        lines += [f"  {key}:", *(f"    {name}: {_written(value)}" for name, value in whole.items())]
    return "\n".join(lines) + "\n"


def _written(value: Any) -> str:
    return value[1:] if isinstance(value, str) and value.startswith("=") else json.dumps(value)


def alike(count: int, send_at: str) -> dict[str, dict[str, Any]]:
    """That many reports that are sent at one time."""
    return {f"r{number:03d}": {"send_at": send_at} for number in range(count)}


@pytest.mark.parametrize(
    ("head", "written", "place"),
    first(
        [
            ('x-time: &time "{}"\n', "=*time", "main.yaml:1"),
            ('# nothing\nx-base: &base\n  send_at: "{}"\n', None, "main.yaml:3"),
            ("", "=${{var.time}}", "reconciler.yaml:1"),
        ]
    ),
    ids=["anchor", "merge key", "variable"],
)
def test_alike_changes_are_one_with_the_line_that_was_edited(
    world: World, head: str, written: str | None, place: str
) -> None:
    """However the value gets to each report: one title, one place, the addresses folded."""
    fields: dict[str, Any] = {"send_at": written.format()} if written else {"<<": "=*base"}

    def write(time: str) -> str:
        if "var" in str(written):
            world.write(f'environments: {{default: {{variables: {{time: "{time}"}}}}}}\n', "reconciler.yaml")
        return head.format(time) + configuration({f"r{number:03d}": fields for number in range(104)})

    world.settle(write("06:00"))
    world.write(write("07:00"))
    text = world.run("plan").out
    assert text.count("104 reports: send_at 06:00 → 07:00") == 1
    assert f"{place})" in text
    assert "report.r007, … and 96 more of the same: 96 reports" in text
    assert text.count("send_at") == 1
    (group,) = world.plan().document["groups"]
    assert group["addresses"] == [f"report.r{number:03d}" for number in range(104)]
    assert group["fields"] == [{"path": "send_at", "before": "06:00", "after": "07:00", "cause": "config"}]
    assert group["place"].endswith(place)


def test_a_group_has_no_place_if_there_are_several(world: World) -> None:
    """Then the number of places is told, and in JSON it is null."""
    world.settle(configuration(alike(5, "06:00")))
    world.write(configuration(alike(5, "07:00")))
    text = world.run("plan").out
    assert re.search(r"5 reports: send_at 06:00 → 07:00  \(5 places, such as \S+main\.yaml:\d+\)", text)
    (group,) = world.plan().document["groups"]
    assert group["place"] is None


def test_adopts_of_several_kinds_are_one_list(world: World) -> None:
    """Kinds have commas between them, and what is said of the rest is counted."""
    reports = {f"r{number}": {"send_at": "06:00"} for number in range(8)}
    data = "{platform: iOS, initiators: [{uid: '2', type: event}], actions: {push: p}}"
    flow = f"automations:\n  flow: {{name: Flow, status: active, data: {data}}}\n"
    world.settle(configuration(reports) + flow)
    world.state.unlink()
    text = world.run("plan").out
    assert "adopt 1 integration, 8 reports and 1 automation  (10 places, such as " in text
    assert "      … and 8 more with other remarks\n" in text


def test_a_group_of_one_looks_as_a_change_always_did(world: World) -> None:
    """With its name, its id and its value in quotes."""
    world.settle(configuration(alike(2, "06:00")))
    world.write(configuration(alike(1, "07:00") | {"r001": {"send_at": "06:00"}}))
    text = world.run("plan").out
    assert (
        f'  ~ update report.r000 ({world.id_of("report.r000")}) "Report r000"\n      send_at: "06:00" → "07:00"\n'
        in text
    )
    (group,) = world.plan().document["groups"]
    assert group["addresses"] == ["report.r000"]


def test_groups_are_no_part_of_the_digest(world: World) -> None:
    """The same value, written once or in each place: the same plan."""
    world.settle(configuration(alike(3, "06:00")))
    world.write(configuration(alike(3, "07:00")))
    digest = world.plan().document["digest"]
    world.write('x-time: &time "07:00"\n' + configuration(alike(3, "=*time")))
    again = world.plan().document
    assert again["digest"] == digest
    assert len(again["groups"]) == 1


def test_a_plan_ends_with_its_counts(world: World) -> None:
    """In one line, the last one; what is none is left out."""
    world.settle(configuration(alike(2, "06:00")))
    assert world.run("plan").out.splitlines()[-1] == "Plan: no changes"
    world.write(
        configuration({"r000": {"send_at": "07:00"}, "new": {"send_at": "08:00"}, "also": {"send_at": "08:00"}})
    )
    assert world.run("plan").out.splitlines()[-1] == "Plan: 2 to create, 1 to update, 1 to delete"


def test_a_first_rollout_is_one_screen_and_then_the_list(world: World) -> None:
    """By kind, with what it does to people; then a line for each address."""
    flow = "  flow-{0}: {{name: Flow {0}, status: active, data: {{platform: iOS}}}}\n"
    flows = "automations:\n" + "".join(flow.format(number) for number in range(30))
    world.write(configuration(alike(201, "06:00")) + flows)
    lines = world.run("plan").out.splitlines()
    assert lines[-1] == "Plan: 232 to create"
    first = next(at for at, line in enumerate(lines) if line.startswith("  + create report.") or ".flow" in line)
    assert first < 24
    assert {"  + create 1 integration", "  + create 201 reports", "  + create 30 automations"} <= set(lines[:first])
    assert "      starts each" in lines[:first]
    listed = [line for line in lines if re.match(r"  \+ create (report|automation|integration)\.", line)]
    assert len(listed) == 232


def test_a_remark_on_one_of_several_names_its_address(world: World) -> None:
    """If all remarks differ, each has its line, and no list of addresses follows."""
    world.write(
        "automations:\n"
        + "".join(f"  {key}: {{name: Flow {key}, status: active, data: {{platform: iOS}}}}\n" for key in "abc")
    )
    assert world.apply().code == 0
    world.state.unlink()
    lines = [line.strip() for line in world.run("plan").out.splitlines()]
    at = lines.index("automation.a: found by name Flow a")
    assert lines[at + 1 : at + 3] == [f"automation.{key}: found by name Flow {key}" for key in "bc"]
    assert not any("automation.a, automation.b" in line for line in lines)


def test_what_is_not_managed_is_counted_by_kind(world: World) -> None:
    """`… and 96 more` says what the 96 are."""
    world.write("automations: {}\n")
    for number in range(8):
        world.insert("integrations", title=f"T{number}", integration="webhooks", target_platform="iOS", active=1)
    assert "  … and 3 more unmanaged: 3 integrations; --format json lists all" in world.run("plan").out


def test_a_list_shows_the_item_that_is_gone(world: World) -> None:
    """And not each item behind it; in JSON each spot keeps its own cause."""
    flow = "automations:\n  flow: {{name: Flow, status: active, data: {{platform: iOS, initiators: [{}]}}}}\n"
    items = [f'{{uid: "{number}", type: event}}' for number in range(7)]
    world.settle(flow.format(", ".join(items)))
    world.write(flow.format(", ".join(items[:3] + items[4:])))
    text = world.run("plan").out
    assert '      data.initiators:\n        - {"uid": "3", "type": "event"}\n\n' in text
    assert text.count("uid") == 1
    assert world.run("plan", "--format", "markdown").out.count('"uid"') == 1
    assert [each["path"] for each in world.plan().change("automation.flow")["fields"]][-1] == "data.initiators[6]"


def test_a_delivery_before_a_report_was_made_was_never_due(world: World) -> None:
    """A report that was made a moment ago was not due yesterday."""
    world.settle(configuration({"r": {"send_at": "06:00", "status": "active"}}))
    world.write(configuration({"r": {"send_at": "06:00"}}))
    text = world.run("plan").out
    assert "last delivery was due" not in text
    assert re.search(r'stops "Report r" to "Webhooks: Hook"; next one (in|within) [^;]* will not go out', text)
    world.edit("scheduled-reports", world.id_of("report.r"), created_at="2026-01-01T00:00:00Z")
    assert "last delivery was due" in world.run("plan").out


def test_a_manual_step_is_no_progress_of_an_apply(world: World) -> None:
    """It is told once, and is not counted."""
    world.settle(configuration({"r": {"send_at": "06:00"}}))
    world.write(configuration({"r": {"send_at": "07:00"}}).replace('"Hook"', '"Other"', 1))
    done = world.run("apply", "--auto-approve")
    assert "[1/1] update report.r: done" in done.err
    assert "] manual" not in done.err
    assert "\n  manual: integration.hook: still to be done by a person, see the plan\n" in done.out
    assert "manual integration" not in done.out.partition("Applied")[2]


def test_equal_steps_by_hand_are_one(world: World) -> None:
    """Forty new integrations need credentials: one step with their addresses, and each of them in JSON."""
    fields = "integration: webhooks, target_platform: iOS"
    hooks = [f"  h{number}: {{title: Hook {number}, {fields}}}" for number in range(40)]
    world.write("\n".join(["integrations:", *hooks]))
    step = "its credentials must be entered in the dashboard before it delivers"
    text = world.run("plan").out.partition("To do by hand:\n")[2]
    first = ", ".join(f"integration.h{number}" for number in range(8))
    assert text.startswith(f"  [ ] each of 40 integrations: {step}\n      {first}, … and 32 more of the same")
    assert text.count(step) == 1
    comment = world.run("plan", "--format", "markdown").out.partition("#### To do by hand\n")[2]
    assert f"- [ ] each of 40 integrations: {step}\n\n  <details><summary>The 40 addresses</summary>" in comment
    assert "`integration.h9`, `integration.h10`" in comment
    page = world.run("plan", "--format", "html").out.partition("To do by hand")[2].partition("</section>")[0]
    assert f"each of 40 integrations: {step}" in page
    assert page.count("checkbox") == 1
    assert page.count('href="#integration.h') == 40
    assert set(world.plan().document["tasks"]) == {f"integration.h{number}: {step}" for number in range(40)}
    world.write("\n".join(["integrations:", *hooks[:2]]))
    assert world.run("plan").out.count("  [ ] integration.h") == 2


def chosen(chance: random.Random) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]], list[str], set[str]]:
    """A configuration before and after: many changes that are alike, and a few that are not; their addresses."""
    count = chance.randrange(15, 40)
    before = {f"r{number:03d}": {"send_at": "06:00"} for number in range(count + 5)}
    after = {key: {"send_at": "07:00"} for key in before}
    odd = chance.sample(sorted(before), 3)
    gone = {odd[0]} if chance.random() < 0.5 else set()
    for number, key in enumerate(odd):
        after[key] = chance.choice(
            [{"send_at": f"1{number}:30"}, {"send_at": "06:00", "included_range_days": 3 + 4 * (number % 2)},
             {"send_at": "07:00", "status": "active"}]
        )  # fmt: skip
    for key in gone:
        del after[key]
    if chance.random() < 0.5:
        after["fresh"] = {"send_at": "09:00"}
        odd.append("fresh")
    return before, after, [f"report.{key}" for key in odd], {f"report.{key}" for key in gone}


@pytest.mark.parametrize("seed", seeds(20, every_day=3))
def test_the_odd_ones_stand_alone_at_the_top(world: World, seed: int) -> None:
    """In random plans: deletes first, then the changes that few share, then the large group."""
    before, after, odd, gone = chosen(random.Random(seed))  # noqa: S311 - the same at each run
    world.settle(configuration(before))
    world.write(configuration(after))
    document = world.plan().document
    groups = [each["addresses"] for each in document["groups"]]
    assert sorted(address for group in groups for address in group) == sorted(
        each["address"] for each in document["changes"]
    )
    sizes = [len(each) for each in groups if not gone.intersection(each)]
    assert sizes == sorted(sizes)
    assert set(groups[0]) == gone or not gone
    assert not set(groups[-1]).intersection(odd)
    text = world.run("plan").out
    large = text.index(f"{len(groups[-1])} reports: send_at 06:00 → 07:00")
    assert all(text.index(address) < large for address in odd)
    comment = world.run("plan", "--format", "markdown").out.partition("\n")[2]
    large = comment.index(f"{len(groups[-1])} reports: ")
    assert all(comment.index(address) < large for address in odd)
    page = world.run("plan", "--format", "html").out.partition('id="h-changes"')[2]
    large = page.index(f"{len(groups[-1])} reports: ")
    assert all(page.index(f'id="{address}"') < large for address in odd)
