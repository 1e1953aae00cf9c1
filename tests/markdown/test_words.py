"""Sentences in a comment: plain where nothing is markup, and what is to be pasted as one block."""

from __future__ import annotations

import pytest
from world import World, report

from .reading import read, require_harmless

ZONE = "time_zone: America/New_York\n"
REPORTS = """
integrations:
  hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
reports:
  KEY:
    {report_name: "NAME", send_at: "06:00", included_range_days: 1, status: active, environment: production,
     destinations: [{integration: hook}]}
"""


def test_a_zone_is_no_code(world: World) -> None:
    """`America/New_York` has an underscore, which is no markup within a word."""
    world.write(ZONE, "reconciler.yaml")
    world.write(REPORTS.replace("KEY", "daily").replace("NAME", "Daily"))
    reading = require_harmless(world.run("plan", "--format", "markdown").out)
    assert any("America/New_York)" in line for line in reading.text)
    assert not [code for code in reading.codes if "New_York" in code]


@pytest.mark.parametrize("name", ["Daily", "[test] Daily_Revenue", "x_ [y](z)"])
def test_the_line_to_paste_is_one_block(world: World, name: str) -> None:
    """A warning that proposes a line has it as YAML, whole, whatever else the sentence holds."""
    world.settle(REPORTS.replace("KEY", "daily").replace("NAME", name))
    world.write(REPORTS.replace("KEY", "day-by-day").replace("NAME", f"{name} 2"))
    reading = require_harmless(world.run("plan", "--format", "markdown").out)
    assert "moved: [{from: report.daily, to: report.day-by-day}]\n" in reading.fences
    assert "applies this plan" in reading.last


def test_the_lines_of_a_refusal_are_one_block(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two live objects for one address: the lines are there to be copied."""
    for _ in range(2):
        world.insert("scheduled-reports", **report("Daily"))
    world.write(REPORTS.replace("KEY", "daily").replace("NAME", "Daily"))
    file = tmp_path_factory.mktemp("out") / "plan.md"
    assert world.run("plan", "--report", f"markdown={file}").code == 5
    (block,) = read(file.read_text(encoding="utf-8")).fences
    assert block.splitlines()[0] == "imports:"
    assert block.count("{to: report.daily, id: ") == 2
