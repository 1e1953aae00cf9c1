"""The HTML page as a file: what is in it, how large it gets, and when it is written. What it does: tests/browser."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from world import World, integration

REPORT = {"send_at": "09:00", "included_range_days": 1, "status": "draft", "environment": "production"}
ONE = """
integrations:
  desk: {title: Desk, integration: webhooks, target_platform: iOS, status: active}
reports:
  daily:
    {report_name: Daily, send_at: "09:00", included_range_days: 1, status: draft, environment: production,
     destinations: [{integration: desk}]}
"""


class Words(HTMLParser):
    """The page's texts, those of its script and its style sheet left out."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._inside = ""
        self._found: list[str] = []
        self.feed(text)
        self.words = " ".join(" ".join(self._found).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self._found.append(data)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "page.html"


def test_the_file_is_what_stdout_gets(world: World, page: Path) -> None:
    """`--format html` and `--report html=FILE` are the same page but for the moment; stdout's gate leaves it whole."""
    world.write(ONE)
    out = world.run("plan", "--format", "html", "--report", f"html={page}").out
    assert out == page.read_text(encoding="utf-8")


def test_its_policy_knows_its_own_script_and_style_sheet_only(world: World, page: Path) -> None:
    """The hashes are those of what stands in the page; nothing else is allowed at all."""
    world.write(ONE)
    world.run("plan", "--report", f"html={page}")
    text = page.read_text(encoding="utf-8")
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert len(policy) == 1
    for name in ("style", "script"):
        (inner,) = re.findall(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
        assert inner.isascii()
        digest = b64encode(sha256(inner.encode()).digest()).decode()
        assert f"{name}-src &#39;sha256-{digest}&#39;" in policy[0]
    assert policy[0].startswith("default-src &#39;none&#39;;")
    assert "unsafe" not in policy[0]


def test_a_refused_plan_says_so_on_top(world: World, page: Path) -> None:
    """The guard's words and what passes it are there, although the command ends with 5."""
    world.settle(ONE)
    world.write("{}")
    assert world.run("plan", "--report", f"html={page}").code == 5
    words = Words(page.read_text(encoding="utf-8")).words
    assert "Refused: this plan will not be applied" in words
    assert "To pass: --allow empty-configuration" in words


def test_an_empty_plan_is_a_page_too(world: World, page: Path) -> None:
    """Nothing to do, said calmly; what is not managed is named."""
    world.settle(ONE)
    world.insert("integrations", **integration("Somebody else's"))
    assert world.run("plan", "--report", f"html={page}").code == 0
    words = Words(page.read_text(encoding="utf-8")).words
    assert "Nothing is to be done: what is live is what is written." in words
    assert "1 object, left alone" in words
    assert "Somebody else's" in words


def test_after_a_failed_apply_it_says_what_was_not_done(world: World, page: Path) -> None:
    """Failed with its reason, skipped with the address for whose sake; the receipt is named."""
    world.write(ONE + "automations: {hello: {name: Hello, caption: '', status: inactive, data: {platform: iOS, "
                "initiators: [{uid: '2', type: event}], actions: {push: p1}}}}\n")  # fmt: skip
    world.fault("POST /integrations: status 422")
    assert world.apply("--report", f"html={page}").code == 6
    words = Words(page.read_text(encoding="utf-8")).words
    assert "Applied: 1 done, 1 failed, 1 skipped" in words.replace("\N{NO-BREAK SPACE}", " ")
    assert "⤼ skipped because of integration.desk" in words
    assert "✕ failed" in words
    assert re.search(r"Receipt 000001-\S+", words)


def test_an_apply_that_is_refused_leaves_the_page_of_its_plan(world: World, page: Path) -> None:
    """What would have been done, and why it was not, can still be looked at."""
    world.settle(ONE)
    world.write("{}")
    assert world.apply("--report", f"html={page}").code == 5
    words = Words(page.read_text(encoding="utf-8")).words
    assert "Refused: this plan will not be applied" in words
    assert "Applied" not in words


def test_many_that_stop_are_one_thing_to_look_at_first(world: World, page: Path) -> None:
    """Twelve reports that each stop to another address are one line with its count, and not twelve."""
    desk = {"d": {"title": "Desk", "integration": "webhooks", "target_platform": "iOS"}}
    active = {**REPORT, "status": "active", "destinations": [{"integration": "d"}]}
    reports = {f"country-{number}": {**active, "report_name": f"Country {number}"} for number in range(12)}
    world.settle(json.dumps({"integrations": desk, "reports": reports}))
    world.write(json.dumps({"integrations": desk, "reports": dict(list(reports.items())[:3])}))
    world.run("plan", "--report", f"html={page}")
    words = Words(page.read_text(encoding="utf-8")).words
    first = words.partition("Look at these first")[2].partition("What refers to what")[0]
    assert "9 reports stop report.country-10 report.country-11 report.country-3 and 6 more" in first
    assert '"Country 3"' not in first


@pytest.mark.exhaustive
def test_a_plan_of_thousands_is_a_page_of_bounded_size(world: World, page: Path) -> None:
    """The first are whole, the next a line each, the rest a number: the page says what it left out."""
    desk = {"title": "Desk", "integration": "webhooks", "target_platform": "iOS"}
    reports = {
        f"country-{number:04d}": {**REPORT, "report_name": f"Country {number}", "destinations": [{"integration": "d"}]}
        for number in range(2100)
    }
    world.write(json.dumps({"integrations": {"d": desk}, "reports": reports}))
    assert world.run("plan", "--report", f"html={page}").code == 0
    text = page.read_text(encoding="utf-8")
    assert len(text) < 2_000_000
    words = Words(text).words
    assert "The first 300 entries are shown whole; 1,700 more have a line each." in words
    assert "101 more are not in this page: 101 to create." in words
    assert "create · Country 0, Country 1, …" in words
    assert text.count('<li class="card ') == 2000


def test_a_long_value_is_cut_and_says_so(world: World, page: Path) -> None:
    """A value of hundreds of lines does not bury the others; the page names where all of it is."""
    data = {"platform": "iOS", "initiators": [{"uid": str(number), "type": "event"} for number in range(500)]}
    flow = {"name": "Flow", "caption": "", "status": "inactive", "data": {**data, "actions": {"push": "p"}}}
    world.write(json.dumps({"automations": {"flow": flow}}))
    assert world.run("plan", "--report", f"html={page}").code == 0
    words = Words(page.read_text(encoding="utf-8")).words
    assert "300 more lines are not in this page; --format json has them" in words


def test_a_nested_value_is_a_diff_of_lines(world: World, page: Path) -> None:
    """What goes and what comes has its sign, ids have their names, and what stays is not shown: as on a terminal."""
    world.settle(ONE)
    world.write(ONE.replace("destinations: [", "destinations: [{type: target_integration, id: DESK}, ")
                .replace("DESK", world.insert("integrations", **integration("Second desk"))))  # fmt: skip
    assert world.run("plan", "--report", f"html={page}").code == 0
    lines = re.findall(r'<span class="gutter">(.?)</span><span class="text">(.*?)</span>', page.read_text("utf-8"))
    assert [sign for sign, _ in lines].count("+") == 1
    assert any("Webhooks: Second desk" in text and sign == "+" for sign, text in lines)
    assert not any("integration.desk" in text for _, text in lines)
