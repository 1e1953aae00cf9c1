"""Every command works on the instances of a `for_each`, and names the definition and the item."""

from __future__ import annotations

import json
import re

import pytest
from world import World

from reconciler.cli.main import run

MANY = """\
integrations:
  hook: {title: Hook, integration: webhooks, target_platform: iOS}
reports:
  daily:
    for_each:
      app:
        - {key: chess, hour: "09:00"}
        - {key: go, hour: "10:30"}
      region: [eu, us]
    report_name: "Daily ${each.app} ${each.region}"
    send_at: "${each.app.hour}"
    included_range_days: 1
    status: active
    environment: production
    destinations: [{integration: hook}]
"""


@pytest.fixture
def many(world: World) -> World:
    """Four reports of one definition, applied."""
    world.settle(MANY)
    return world


def explained(world: World, target: str) -> str:
    """What `explain` says, not broken into lines."""
    world._capsys.readouterr()
    assert run(["explain", target, str(world.folder)]) == 0
    return " ".join(world._capsys.readouterr().out.split())


def test_explain_names_the_definition_and_the_item(many: World) -> None:
    """Of an instance, and of a value that stands in an item."""
    main = many.folder / "main.yaml"
    said = explained(many, "report.daily-chess-eu")
    assert f"made by the for_each of report.daily, for app=chess, region=eu [{main}:4:3]" in said
    assert f"its app is chess [{main}:7:" in said
    said = explained(many, "report.daily-chess-eu.send_at")
    assert f"YAML: {main}:7:" in said
    assert 'send_at: "${each.app.hour}"' not in said
    assert f"also made of what stands here [{main}:11:5]" in said
    assert "report.daily, for app=chess, region=eu" in said


def test_a_pattern_of_instances_is_a_target(many: World) -> None:
    """`--target` takes an instance, and a pattern that fits some."""
    many.write(MANY.replace("included_range_days: 1", "included_range_days: 7"))
    chess = {"report.daily-chess-eu": "update", "report.daily-chess-us": "update"}
    assert many.plan("--target", "report.daily-chess-*").actions() == chess
    assert many.plan("--target", "report.daily-go-us").actions() == {"report.daily-go-us": "update"}
    refused = many.run("plan", "--target", "report.daily")
    assert refused.code == 64
    assert many.apply("--target", "report.daily-chess-*").actions() == dict.fromkeys(chess, "done")
    assert len(many.plan().actions()) == 2


def test_drift_and_a_change_of_one_item(many: World) -> None:
    """Somebody changed one instance; the team changes the hour of an app: two instances, both from one line."""
    many.edit("scheduled-reports", many.id_of("report.daily-go-us"), status="draft")
    (drifted,) = many.run("drift", "--format", "json").document["drift"]
    assert drifted["address"] == "report.daily-go-us"
    many.write(MANY.replace("09:00", "09:30"))
    planned = many.plan()
    assert planned.causes("report.daily-chess-eu") == {"send_at": "config"}
    assert planned.causes("report.daily-go-us") == {"status": "drift"}
    assert f"update 2 reports: send_at 09:00 → 09:30  ({many.folder / 'main.yaml'}:7)" in many.run("plan").out


def test_what_is_found_stands_at_the_line_that_a_person_edits(many: World) -> None:
    """SARIF and annotations of a plan point at the definition; those of a wrong item at the item."""
    many.write(MANY.replace("status: active", "status: draft"))
    (stopped, *others) = json.loads(many.run("plan", "--format", "sarif").out)["runs"][0]["results"]
    assert len(others) in (0, 3)
    assert stopped["locations"][0]["physicalLocation"]["region"]["startLine"] in (4, 13)
    assert "main.yaml,line=" in many.run("plan", "--format", "github").out
    many.write(MANY.replace("10:30", "10:45"))
    wrong = many.run("validate", "--format", "sarif")
    (found,) = json.loads(wrong.out)["runs"][0]["results"]
    assert wrong.code == 3
    assert found["locations"][0]["physicalLocation"]["region"]["startLine"] == 8
    assert "line=8," in many.run("validate", "--format", "github").out


def test_what_an_edit_of_one_item_changes(many: World) -> None:
    """Its instances and no others; one that is left out goes, and one that is added comes."""
    many.write(MANY.replace("region: [eu, us]", "region: [eu, us]\n    exclude: [{app: go, region: us}]"))
    assert many.plan().actions() == {"report.daily-go-us": "delete"}
    many.write(MANY.replace("[eu, us]", "[eu, us, jp]"))
    assert many.plan().actions() == {"report.daily-chess-jp": "create", "report.daily-go-jp": "create"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    report_name: \"Daily", "    key: \"${each.region}-${each.app}\"\n    report_name: \"Daily"),
        (
            MANY[MANY.index("      app:") : MANY.index("    report_name")],
            '      region: [eu, us]\n      app: [{key: chess, hour: "09:00"}, {key: go, hour: "10:30"}]\n',
        ),
    ],
    ids=["another key", "another order of the dimensions"],
)  # fmt: skip
def test_instances_under_new_keys_show_all_moves_as_one_block(many: World, old: str, new: str) -> None:
    """With these lines, the plan has nothing to do but to remember the new addresses."""
    text = MANY.replace(old, new)
    many.write(text)
    (said,) = [each for each in many.plan().document["warnings"] if "moved: [" in each]
    lines = said[said.index("moved: [") :]
    assert lines.count("{from: report.daily-") == 4
    many.write(f"{text}\n{lines}\n")
    assert set(many.plan().actions().values()) == {"adopt"}


def test_plain_resources_become_one_definition(world: World) -> None:
    """The moves of all of them, as one block that the next plan takes."""
    plain = """\
integrations:
  hook: {title: Hook, integration: webhooks, target_platform: iOS}
x-daily: &daily
  {included_range_days: 1, status: active, environment: production, destinations: [{integration: hook}]}
reports:
  chess: {report_name: Daily chess eu, send_at: "09:00", <<: *daily}
  go: {report_name: Daily Go, send_at: "10:30", <<: *daily}
"""
    world.settle(plain)
    text = MANY.replace("[eu, us]", "[eu]")
    world.write(text)
    (said,) = [each for each in world.plan().document["warnings"] if "moved: [" in each]
    lines = said[said.index("moved: [") :]
    assert "{from: report.chess, to: report.daily-chess-eu}, {from: report.go, to: report.daily-go-eu}]" in lines
    world.write(f"{text}\n{lines}\n")
    assert world.plan().actions() == {"report.daily-chess-eu": "adopt", "report.daily-go-eu": "update"}


def reasons(world: World, *arguments: str) -> dict[str, str]:
    """Address → why it goes, with the paths relative to the folder."""
    changes = world.plan(*arguments).document["changes"]
    found = {each["address"]: each["reason"].replace(f"{world.folder}/", "") for each in changes if each["reason"]}
    assert found
    return found


@pytest.mark.parametrize(
    ("written", "now", "going"),
    [
        ('        - {key: go, hour: "10:30"}\n', "", {"go-eu", "go-us"}),
        ("    report_name:", "    exclude: [{app: go}]\n    report_name:", {"go-eu", "go-us"}),
        ("    report_name:", '    key: "${each.region}-${each.app}"\n    report_name:', {"go-eu", "chess-us"}),
    ],
)
def test_a_delete_says_which_for_each_no_longer_makes_it(many: World, written: str, now: str, going: set[str]) -> None:
    """The block is still there: an item has gone, or is excluded, or the keys are others."""
    many.write(MANY.replace(written, now))
    found = reasons(many)
    assert {f"report.daily-{each}" for each in going} <= found.keys()
    said = "it is not in the configuration any more; the for_each of report.daily at main.yaml:4:3 does not make it"
    assert set(found.values()) == {said}


def test_a_plain_resource_that_became_a_for_each_says_so(world: World) -> None:
    """Its key is still there, and makes others."""
    plain = MANY[: MANY.index("    for_each")] + MANY[MANY.index("    report_name") :]
    world.settle(plain.replace(" ${each.app} ${each.region}", "").replace("${each.app.hour}", "09:00"))
    world.write(MANY)
    said = "it is not in the configuration any more; the for_each of report.daily at main.yaml:4:3 does not make it"
    assert reasons(world) == {"report.daily": said}


def test_what_only_in_leaves_out_is_named_with_its_place(world: World) -> None:
    """By a delete, by `explain`, and by `--target`; also the `for_each` itself."""
    world.write("environments: {sandbox: {}, production: {}}", "reconciler.yaml")
    world.write(MANY)
    assert world.apply("-e", "sandbox").code == 0
    world.write(MANY.replace("    report_name:", "    only_in: [production]\n    report_name:"))
    assert set(reasons(world, "-e", "sandbox").values()) == {
        "only_in at main.yaml:10:14 leaves it out of this environment"
    }
    for address in ("report.daily", "report.daily-go-us"):
        refused = world.run("expand", "-e", "sandbox", "--target", address)
        assert refused.code == 64
        said = f"only_in at {world.folder}/main.yaml:10:14 leaves {address} out of this environment"
        assert said in refused.err


def renamed(world: World) -> tuple[set[str], str]:
    """The `moved` lines that a plan proposes, and what it says of those that it cannot tell."""
    warnings = " ".join(world.plan().document["warnings"])
    return set(re.findall(r"from: report.daily-(\S+), to: report.daily-(\S+)}", warnings)), warnings


def test_a_move_is_proposed_only_if_content_and_key_tell_which(many: World) -> None:
    """A region less: each app was two reports, and any could be the one that stays. None is paired with another app."""
    many.write(MANY.replace("      region: [eu, us]\n", "").replace(" ${each.region}", ""))
    pairs, said = renamed(many)
    assert pairs == set()
    assert "report.daily-chess-eu, report.daily-chess-us, report.daily-go-eu, … may be among what is created" in said


def test_the_moves_of_a_renamed_item_keep_their_regions(many: World) -> None:
    """All that is alike in content is told apart by the words of the keys."""
    many.write(MANY.replace("key: go", "key: goban"))
    assert renamed(many)[0] == {("go-eu", "goban-eu"), ("go-us", "goban-us")}
