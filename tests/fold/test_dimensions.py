"""`fold` finds several dimensions, the variables that hold their items, and what is excluded."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from expand.studio import settings_of_many, written_out
from hypothesis import given
from hypothesis import strategies as st
from properties.examples import examples
from world import World

from reconciler.cli.main import run
from reconciler.commands.edits import Folding
from reconciler.commands.validate import expand
from reconciler.yaml.edit_changes import read_documents
from reconciler.yaml.writing import dump, escape_variables

from .folding import HOOK, Fold, folding, reports

APPS = ("chess", "go", "poker", "sudoku", "golf", "darts", "bridge", "rummy")
SETTINGS = f"""\
variables:
  apps: [{", ".join(reversed(APPS))}]
  offices: [{{zone: Europe/Berlin, key: berlin}}, {{zone: Asia/Tokyo, key: tokyo}}, {{zone: Asia/Dubai, key: dubai}}]
environments:
  sandbox: {{variables: {{prefix: "[test] "}}}}
  production: {{variables: {{prefix: ""}}}}
"""


def test_eight_apps_and_two_reports_are_two_blocks(fold: Fold) -> None:
    """The two differ in more than a word, so they stay two."""
    daily = ("report_name: Daily Revenue {} ${{var.prefix}}", "included_range_days: 1")
    weekly = ("report_name: Weekly Churn {} ${{var.prefix}}", "included_range_days: 7")
    folded = fold(
        reports(
            *(
                (f"{app}-{name}", *(line.format(app.title()) for line in lines))
                for app in APPS
                for name, lines in {"daily": daily, "weekly": weekly}.items()
            )
        ),
        settings=SETTINGS,
    )
    items = "\n".join(f"        - {{key: {app}, report_name: {app.title()}}}" for app in APPS)
    assert folded.text == HOOK + (
        f"""\
reports:
  daily:
    for_each:
      app:
{items}
    key: "${{each.app}}-daily"
    report_name: "Daily Revenue ${{each.app.report_name}} ${{var.prefix}}"
    included_range_days: 1
    status: active
    environment: production
    send_at: 07:30
    destinations: [{{integration: hook}}]
  weekly:
    for_each:
      app:
{items}
    key: "${{each.app}}-weekly"
    report_name: "Weekly Churn ${{each.app.report_name}} ${{var.prefix}}"
    included_range_days: 7
    status: active
    environment: production
    send_at: 07:30
    destinations: [{{integration: hook}}]
"""
    ), folded.text
    assert "8 resources (report.chess-daily, report.go-daily, report.poker-daily, …) become report.daily" in folded.err


def test_two_dimensions_of_variables_without_a_combination(fold: Fold) -> None:
    """A variable is taken if its items need no other values than the key; else the dimension is called by it."""
    zones = {"berlin": "Europe/Berlin", "tokyo": "Asia/Tokyo", "dubai": "Asia/Dubai"}
    folded = fold(
        reports(
            *(
                (f"revenue-{app}-{office}", f"report_name: {app}, revenue for {office}", f"send_at: 09:00 {zone}")
                for app in APPS
                for office, zone in zones.items()
                if (app, office) != ("golf", "tokyo")
            )
        ),
        settings=SETTINGS,
    )
    assert folded.text == HOOK + (
        """\
reports:
  revenue:
    for_each:
      app: "${var.apps}"
      office:
        - {key: berlin, send_at: Europe/Berlin}
        - {key: tokyo, send_at: Asia/Tokyo}
        - {key: dubai, send_at: Asia/Dubai}
    exclude:
      - {app: golf, office: tokyo}
    report_name: "${each.app}, revenue for ${each.office}"
    send_at: "09:00 ${each.office.send_at}"
    included_range_days: 1
    status: active
    environment: production
    destinations: [{integration: hook}]
"""
    ), folded.text


def test_a_studio_that_was_written_out(fold: Fold) -> None:
    """1898 lines become 37."""
    (document,) = read_documents(Path("main.yaml"), written_out())
    before = dump(document.value)
    folded = fold(before, settings=settings_of_many())
    assert (len(before.splitlines()), len(folded.text.splitlines())) == (1898, 37), folded.text
    assert "become integration.app-item" in folded.err
    assert "200 resources" in folded.err


def test_a_name_that_is_taken(fold: Fold) -> None:
    """The `for_each` gets another name, and its resources keep their keys."""
    before = (
        reports(("daily", "report_name: All"), *((f"daily-{app}", f"report_name: Daily {app}") for app in APPS[:3]))
        + "moved: [{from: report.daily-item, to: report.daily}]\n"
    )
    assert (
        "  daily-item2:\n    for_each:\n      item:\n        - chess\n        - go\n        - poker\n"
        '    key: "daily-${each.item}"\n'
    ) in fold(before).text


def test_a_for_each_that_is_there(fold: Fold) -> None:
    """It keeps its name and its lines."""
    there = reports(("daily", "for_each: {app: [poker]}", 'report_name: "Daily ${each.app}"'))
    more = reports(*((f"daily-{app}", f"report_name: Daily {app}") for app in ("chess", "go", "sudoku")))
    folded = fold(there + more.partition("reports:\n")[2])
    assert folded.text.startswith(
        there + "  daily-item:\n    for_each:\n      item:\n        - chess\n        - go\n        - sudoku\n"
    )


def test_the_plan_stays_empty(world: World) -> None:
    """With a state, and after it is lost: all addresses are as they were."""
    world.settle(
        reports(*((f"{app}-{name}", f"report_name: {name} {app}") for app in APPS for name in ("daily", "weekly")))
    )
    folded = world.run("fold", "--write")
    assert folded.code == 0, folded.err
    assert "for_each" in (world.folder / "main.yaml").read_text(encoding="utf-8")
    assert world.plan().code == 0
    world.state.unlink()
    assert {each["action"] for each in world.plan().document["changes"]} == {"adopt"}


POOLS: list[list[Any]] = [[*APPS], [1, 3, 7, 14], ["new-york", "berlin", "tokyo"], ["0", "01", "null", "a_b"]]
VALUES: list[list[Any]] = [["X", "Y y", "$z", "# c"], [1, 2, 3, 4], [True, None, 1.5, "${var.prefix}"]]


def random_definition(chance: Random, name: str) -> dict[str, Any]:
    """A `for_each` of one to three dimensions, with items of all types."""
    dimensions: dict[str, list[Any]] = {}
    data: dict[str, Any] = {"platform": "iOS"}
    for dimension, pool in zip("abc", chance.sample(POOLS, chance.randint(1, 3)), strict=False):
        items = chance.sample(pool, chance.randint(2, min(4, len(pool))))
        if chance.random() < 0.5:
            values = zip(items, chance.choice(VALUES), strict=False)
            dimensions[dimension] = [{"key": item, "v": value} for item, value in values]
            data[f"{dimension}-v"] = f"${{each.{dimension}.v}}"
        else:
            dimensions[dimension] = items
        each = f"${{each.{dimension}}}"
        data[dimension] = chance.choice([each, f"a {each}", f"{each}-b $${{c}} {each}", [{"n": each}, {"n": 1}]])
    every = [f"${{each.{dimension}}}" for dimension in dimensions]
    one = {dimension: str(_key(chance.choice(items))) for dimension, items in dimensions.items()}
    return {
        "for_each": dimensions,
        "exclude": [one] if chance.random() < 0.5 else [],
        "key": "-".join(chance.choice([[name, *every], [*every, name]])),
        "name": " ".join([name, *every]),
        "status": "active",
        "data": data,
    }


def _key(item: Any) -> Any:
    return item["key"] if isinstance(item, dict) else item


def test_an_export_folds(world: World, tmp_path: Path) -> None:
    """What people made by hand in the dashboard becomes few blocks, and a plan has nothing to do."""
    titles = ("Chess", "Go", "Word Master")
    world.settle(
        reports(
            *(
                (f"r{at}-{name}", f"report_name: {name} revenue, {title}")
                for at, title in enumerate(titles)
                for name in ("daily", "weekly")
            )
        )
    )
    folder = tmp_path / "exported"
    for command in (["export"], ["fold", "--write"], ["plan", "--detailed-exitcode"]):
        assert run([*command, str(folder)]) == 0
    text = (folder / "reports.yaml").read_text(encoding="utf-8")
    assert "        - {key: word-master, report_name: Word Master}\n" in text
    assert len(text.splitlines()) < len(titles) * 8


@examples(100)
@given(chance=st.randoms(use_true_random=False))
def test_what_was_expanded_folds_and_comes_to_the_same(
    chance: Random, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """In every environment, whatever the order of the blocks. No comment is lost."""
    few, written = tmp_path_factory.mktemp("few"), tmp_path_factory.mktemp("written")
    names = chance.sample(["x", "y-z", "w_1"], chance.randint(1, 2))
    definitions = {name: random_definition(chance, name) for name in names}
    (few / "main.yaml").write_text(dump({"automations": definitions}), encoding="utf-8")
    (few / "reconciler.yaml").write_text(SETTINGS, encoding="utf-8")
    capsys.readouterr()
    assert run(["expand", str(few), "-e", "sandbox", "--format", "json"]) == 0
    resources = json.loads(capsys.readouterr().out)["resources"]
    chance.shuffle(resources)
    blocks = {each["address"].partition(".")[2]: each["fields"] for each in resources}
    text = dump({"automations": blocks}).replace("${", "$${").replace("[test] ", "${var.prefix}")
    lines = text.splitlines()
    for number in range(chance.randint(0, 6)):
        at = chance.randrange(len(lines))
        lines[at] += chance.choice([f"  # {number}!", f"\n{' ' * chance.randrange(9)}# {number}!", f"\n\n# {number}!"])
    folded = folding(written, capsys)("\n".join(lines), settings=SETTINGS)
    assert sorted(re.findall("# [0-9]!", folded.text)) == sorted(re.findall("# [0-9]!", "\n".join(lines)))


@examples(25)
@given(chance=st.randoms(use_true_random=False))
def test_the_order_of_blocks_and_fields_means_nothing(chance: Random, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same resources fold into the same blocks, by the same names."""
    tmp_path = tmp_path_factory.mktemp("order")
    (tmp_path / "reconciler.yaml").write_text(SETTINGS, encoding="utf-8")
    definitions = {name: random_definition(chance, name) for name in ("x", "y-z", "w_1")}
    (tmp_path / "main.yaml").write_text(dump({"automations": definitions}), encoding="utf-8")
    resources = [*expand(tmp_path, "sandbox", ()).resources.items()]
    found = []
    for _ in range(4):
        chance.shuffle(resources)
        fields = {address: chance.sample([*each.fields.items()], len(each.fields)) for address, each in resources}
        blocks = {address.partition(".")[2]: dict(each) for address, each in fields.items()}
        (tmp_path / "main.yaml").write_text(dump(escape_variables({"automations": blocks})), encoding="utf-8")
        groups = {group.name(group.joined.name): group.joined for group in Folding(tmp_path, ()).folded}
        found.append({name: (sorted(each.keys), {*each.values.items()}) for name, each in groups.items()})
    assert found == found[:1] * 4
