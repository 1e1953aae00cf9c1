"""The page of several environments in a real browser: the switch, with the script and without it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from markdown.plans import change, review

from reconciler.errors import ApiFailed
from reconciler.model.plan import Action
from reconciler.model.reports import Ended, Review
from reconciler.output.page.page import render_pages

from .chromium import chromium

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

SHOWN = "return [...document.querySelectorAll('.view')].filter((each) => each.checkVisibility()).map((each) => each.id)"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page of two plans and a failure."""

    def plan(*names: str) -> Review:
        return review(*(change(Action.UPDATE, name, caption=("a", name)) for name in names))

    file = Path(tmp_path_factory.mktemp("pages") / "pages.html")
    ended = [Ended("sandbox", plan("a", "b")), Ended("1prod", plan("b", "c", "d")), Ended("x", None, ApiFailed("no"))]
    file.write_text(render_pages(ended), encoding="utf-8")
    return file.as_uri()


def test_the_switch_shows_one_at_a_time(browser: Chrome, address: str) -> None:
    """The first at the beginning; a link to a change within another one shows that; each has filters of its own."""
    browser.get(address)
    assert browser.execute_script(SHOWN) == ["shared"]
    browser.find_element("css selector", ".switch a[href='#environment-sandbox']").click()
    assert browser.execute_script(SHOWN) == ["environment-sandbox"]
    browser.find_element("css selector", ".switch a[href='#environment-1prod']").click()
    assert browser.execute_script(SHOWN) == ["environment-1prod"]
    assert browser.find_element("css selector", ".switch a[aria-current]").text.startswith("1prod")
    browser.find_element("id", "1prod/find").send_keys("report.c")
    assert browser.find_element("id", "1prod/shown").text == "1 of 3 changes shown"
    browser.find_element("css selector", "[id='1prod/report.c'] h3 a").click()
    assert browser.execute_script(SHOWN) == ["environment-1prod"]
    browser.find_element("css selector", ".switch a[href='#environment-sandbox']").click()
    assert browser.find_element("id", "sandbox/shown").text == "2 changes"
    browser.find_element("css selector", ".switch a[href='#environment-x']").click()
    assert browser.execute_script(SHOWN) == ["environment-x"]


def test_an_address_with_a_part_opens_it(browser: Chrome, address: str) -> None:
    """A link that somebody sends leads to the change of an environment, and the switch says which."""
    browser.get(f"{address}#1prod/report.c")
    assert browser.execute_script(SHOWN) == ["environment-1prod"]
    assert browser.find_element("css selector", ".switch a[aria-current]").text.startswith("1prod")


def test_it_works_without_scripts(address: str) -> None:
    """The links are anchors, and the style sheet shows what they lead to."""
    with chromium(scripts=False) as driver:
        driver.get(address)
        first, second = (driver.find_element("id", name) for name in ("shared", "environment-1prod"))
        assert (first.is_displayed(), second.is_displayed()) == (True, False)
        driver.find_element("css selector", ".switch a[href='#environment-1prod']").click()
        assert (first.is_displayed(), second.is_displayed()) == (False, True)
        driver.find_element("css selector", "[id='1prod/report.b'] .told a").click()
        assert (first.is_displayed(), second.is_displayed()) == (True, False)


def test_an_environment_is_shown_whole(browser: Chrome, address: str) -> None:
    """What others share with it gets its values there, also if the address leads to it; no id is there twice."""
    for way in ("#environment-1prod", "#1prod/report.b"):
        browser.get("about:blank")
        browser.get(address + way)
        shown = browser.find_element("id", "1prod/report.b")
        assert shown.is_displayed()
        assert shown.find_element("tag name", "ins").text.endswith('"b"')
        ids = browser.execute_script("return [...document.querySelectorAll('[id]')].map((each) => each.id)")
        assert len(ids) == len(set(ids))
    browser.find_element("id", "1prod/find").send_keys("report.b")
    assert browser.find_element("id", "1prod/shown").text == "1 of 3 changes shown"
