"""Names come from people, from the API and from whoever can write there: in the page they are words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .chromium import show
from .scenes import project

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

NAMES = (
    "<script>window.ran = true</script>",
    "</style><script>window.ran = true</script>",
    "</title></textarea><img src=x onerror='window.ran = true'>",
    '"><svg onload="window.ran = true">',
    "' onmouseover='window.ran = true' autofocus onfocus='window.ran = true'",
    "{{ 7 * 7 }}{% for x in () %}{{ ''.__class__ }}{% endfor %}",
    "<!-- ]]> <![CDATA[ -->",
    "javascript:window.ran = true",
    "&lt;b&gt; &amp;quot; &#60;i&#62;",
    "admin\u202egnp.exe \u200bzero\u2066",
    "a" * 255,
    "\U0001f525 日本語 שלום",
)


@pytest.fixture
def hostile(tmp_path: Path) -> str:
    """The page of a plan that is full of such names: created, deleted, referred to, unmanaged, with hostile values."""
    with project(tmp_path) as made:
        reports = {
            f"r{number}": {
                "report_name": name,
                "send_at": "09:00",
                "included_range_days": 1,
                "status": "draft",
                "environment": "production",
                "destinations": [{"integration": "desk"}],
            }
            for number, name in enumerate(NAMES)
        }
        automations = {
            f"a{number}": {
                "name": f"A{number}",
                "caption": name,
                "status": "inactive",
                "data": {"platform": "iOS", "initiators": [{"uid": name, "type": "event"}], "actions": {"push": name}},
            }
            for number, name in enumerate(NAMES)
        }
        desk = {"title": NAMES[0], "integration": "webhooks", "target_platform": "iOS", "status": "active"}
        for name in NAMES:
            made.dashboard("POST", "integrations", title=name, integration="webhooks", target_platform="iOS", active=1)
        resources = {"integrations": {"desk": desk}, "reports": reports, "automations": automations}
        made.write(json.dumps(resources, ensure_ascii=False))
        made.command("plan", "--report", f"html={tmp_path / 'plan.html'}")
    return (tmp_path / "plan.html").as_uri()


def test_hostile_names_are_shown_and_do_nothing(browser: Chrome, hostile: str) -> None:
    """Nothing runs, no element is made of a name, the console stays empty, and each name can be read as it is."""
    browser.get(hostile)
    assert browser.execute_script("return window.ran === undefined")
    made = browser.execute_script(
        "return ['script', 'style', 'img', 'iframe', 'svg', 'title'].map((each) => "
        "document.querySelectorAll(`${each}:not(svg *)`).length)"
    )
    assert made == [1, 1, 0, 0, 1, 1]
    attributes = browser.execute_script(
        "return [...document.querySelectorAll('*')].flatMap((each) => [...each.attributes].map((one) => one.name))"
        ".filter((name) => name.startsWith('on') || name === 'style' || name === 'autofocus')"
    )
    assert attributes == []
    words = browser.find_element("tag name", "body").text
    for name in NAMES[:9]:
        assert name in words or json.dumps(name)[1:-1] in words
    assert "\u202e" not in words
    assert r"admin\u202egnp.exe \u200bzero\u2066" in words


def test_hostile_names_do_not_make_a_phone_scroll(browser: Chrome, hostile: str) -> None:
    """A name of 255 letters without a space is broken where the screen ends."""
    show(browser, width=390, height=800)
    browser.get(hostile)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
