"""The page of several environments as a file: a switch, each plan as its own page shows it, no id twice."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest
from environments.conftest import NAMES, Fleet, make_fleet, report_line


@pytest.fixture
def fleet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], uses_network: None
) -> Iterator[Fleet]:
    """Three environments, empty."""
    with ExitStack() as stack:
        yield make_fleet(tmp_path, monkeypatch, capsys, NAMES, stack)


def test_each_plan_is_there_and_its_links_stay_in_it(fleet: Fleet, tmp_path: Path) -> None:
    """Two plans and a failure: the links of the switch lead to them, all ids differ, every link has its target."""
    file = tmp_path / "page.html"
    fleet.write(report_line("daily"), report_line("weekly"))
    fleet.worlds["staging"].fault("GET /scheduled-reports: status 403")
    assert fleet.run("plan", "--all", "--report", f"html={file}").code == 4
    text = file.read_text(encoding="utf-8")
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert {"environment-sandbox", "sandbox/report.daily", "production/report.daily", "production/find"} <= set(ids)
    targets = {each.replace("%2F", "/") for each in re.findall(r' href=["\']#([^"\']+)["\']', text)}
    assert targets <= set(ids)
    assert targets >= {f"environment-{name}" for name in NAMES}
    assert "staging/report.daily" not in ids
    assert '<a href="#environment-staging" class="grave"><b>staging</b> <span>failed</span></a>' in text
    assert text.count("<h1>") == 4


def test_what_several_environments_share_is_there_once(fleet: Fleet, tmp_path: Path) -> None:
    """With its values below the names of those that have it; each has its own changes, and a line for the others."""
    fleet.settle(report_line("daily"), report_line("weekly"))
    fleet.write(
        report_line("daily", send_at="10:00"),
        report_line("weekly", send_at="11:00", more="only_in: [sandbox, staging], "),
        report_line("extra", more="only_in: [production], "),
    )
    file = tmp_path / "page.html"
    for command in (("plan",), ("apply", "--auto-approve")):
        assert fleet.run(*command, "--all", "--report", f"html={file}").code == 0
        text = file.read_text(encoding="utf-8")
        assert text.count('<ins><span class="unseen">becomes </span>&#34;10:00&#34;</ins>') == 1
        assert text.count('<ins><span class="unseen">becomes </span>&#34;11:00&#34;</ins>') == 1
        assert re.findall(r'<h2 id="~\d">(In .*?) <span', text) == ["In 3 environments", "In 2 environments"]
        ids = re.findall(r' id="([^"]+)"', text)
        assert len(ids) == len(set(ids))
        targets = {each.replace("%2F", "/") for each in re.findall(r""" href=["']#([^"']+)["']""", text)}
        assert targets <= set(ids)
        own, others = text.split('id="environment-production"')[1], text.split('id="environment-production"')[0]
        assert '<p class="about told"><a href="#~sandbox/report.daily">the same in 3 environments</a></p>' in own
        assert 'id="production/report.extra"' in own
        assert "report.extra" not in others
        for name, world in fleet.worlds.items():
            (found,) = [each["id"] for each in world.live("scheduled-reports") if each["report_name"] == "daily"]
            assert f'<span class="mono">{found}</span>' in text.split(f'id="environment-{name}"')[1]


def test_its_policy_knows_its_own_script_and_style_sheet_only(fleet: Fleet, tmp_path: Path) -> None:
    """As that of the page of one environment; an apply has a page as well."""
    file = tmp_path / "page.html"
    fleet.write(report_line("daily"))
    assert fleet.apply("--report", f"html={file}").code == 0
    text = file.read_text(encoding="utf-8")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    for name in ("style", "script"):
        (inner,) = re.findall(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
        assert inner.isascii()
        assert f"{name}-src &#39;sha256-{b64encode(sha256(inner.encode()).digest()).decode()}&#39;" in policy
    assert policy.startswith("default-src &#39;none&#39;;")
    assert "unsafe" not in policy
    assert "<span>1 change applied</span>" in text
