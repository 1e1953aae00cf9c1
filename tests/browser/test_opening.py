"""The page in a real browser: it opens from a file, shows all there is, and loads and sends nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from .chromium import chromium

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

ADDRESSES = {
    "integration.refund-desk": "replace",
    "report.weekly-churn": "delete",
    "report.trial-starts": "update",
    "integration.growth-team": "create",
    "automation.win-back": "create",
    "report.daily-revenue": "update",
    "report.refunds": "update",
    "automation.welcome-flow": "update",
    "integration.warehouse": "manual",
}
VISIBLE = """
return [...document.querySelectorAll('.cards > .card')].filter((card) => card.checkVisibility())
  .map((card) => [card.id, card.dataset.action])
"""


def test_it_shows_every_change_with_its_action(browser: Chrome, plan_page: str) -> None:
    """One card each, the title above them; the console stays empty, so no policy was hurt (the fixture looks)."""
    browser.get(plan_page)
    assert dict(browser.execute_script(VISIBLE)) == ADDRESSES
    heading = browser.find_element("tag name", "h1").text.replace("\N{NO-BREAK SPACE}", " ")
    assert heading == "1 to delete, 1 to replace, 2 to create, 4 to update, 1 to do by hand"
    assert "production" in browser.title


def test_it_needs_nothing_but_itself(browser: Chrome, plan_page: str) -> None:
    """No style sheet, script, font or picture is fetched."""
    browser.get(plan_page)
    assert browser.execute_script("return performance.getEntriesByType('resource').map((each) => each.name)") == []


def test_all_of_it_is_there_without_scripts(plan_page: str) -> None:
    """An artefact store may forbid scripts: every change, the picture and the tasks are shown, the filters are not."""
    with chromium(scripts=False) as driver:
        driver.get(plan_page)
        shown = [card.get_attribute("id") for card in driver.find_elements("css selector", ".cards > .card")]
        assert shown == [*ADDRESSES]
        assert all(driver.find_element("id", address).is_displayed() for address in shown)
        assert len(driver.find_elements("css selector", "svg.graph g.node")) == 10
        assert driver.find_element("css selector", ".tasks input").is_displayed()
        assert not driver.find_element("id", "filters").is_displayed()
        assert not driver.find_element("id", "theme").is_displayed()


@pytest.mark.parametrize(
    "smuggled",
    [
        "const it = document.createElement('script'); it.textContent = 'window.ran = true'; document.body.append(it)",
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = true\">')",
        "document.body.insertAdjacentHTML('beforeend', '<style>h1 { display: none }</style>')",
        "document.body.insertAdjacentHTML('beforeend', '<iframe src=\"https://example.com/\"></iframe>')",
        "fetch('https://example.com/').catch(() => {})",
    ],
)
def test_its_policy_stops_what_would_be_smuggled_in(started: Chrome, plan_page: str, smuggled: str) -> None:
    """Even where markup got into the page, its own policy would not let it run, load or dress anything."""
    started.get(plan_page)
    started.get_log("browser")
    started.execute_script(smuggled)
    said = _said(started)
    assert "Content Security Policy" in said, said
    assert started.execute_script("return window.ran === undefined")
    assert started.find_element("tag name", "h1").is_displayed()


def _said(driver: Chrome) -> str:
    """What the console says, waited for."""
    deadline = time.monotonic() + 10
    said = ""
    while not said and time.monotonic() < deadline:
        said = "\n".join(each["message"] for each in driver.get_log("browser"))
    return said


def test_a_task_that_is_ticked_stays_ticked(browser: Chrome, plan_page: str) -> None:
    """The checklist is remembered by the browser for this plan, so that it can be worked through."""
    browser.get(plan_page)
    boxes = browser.find_elements("css selector", ".tasks input")
    assert len(boxes) == 3
    boxes[1].click()
    browser.refresh()
    ticked = [box.is_selected() for box in browser.find_elements("css selector", ".tasks input")]
    assert ticked == [False, True, False]
    browser.find_elements("css selector", ".tasks input")[1].click()


def test_the_picture_leads_to_the_change(browser: Chrome, plan_page: str) -> None:
    """What changes is a link in the picture, by mouse and by keyboard."""
    browser.get(plan_page)
    link = browser.find_element("css selector", "svg a[href='#report.weekly-churn']")
    browser.execute_script("arguments[0].focus()", link)
    browser.switch_to.active_element.send_keys("\ue007")
    assert browser.execute_script("return document.querySelector(':target').id") == "report.weekly-churn"


def test_after_an_apply_it_shows_what_was_done(browser: Chrome, applied_page: str) -> None:
    """Each change with how it ended and what reading back has shown, who did it, and the receipt."""
    browser.get(applied_page)
    assert browser.find_element("tag name", "h1").text.replace("\N{NO-BREAK SPACE}", " ") == "Applied: 8 done, 1 manual"
    endings = {
        address: browser.find_element("id", address).find_element("class name", "ending").text for address in ADDRESSES
    }
    assert endings.pop("integration.warehouse") == "! manual still to be done by a person"
    assert set(endings.values()) == {"✓ done read back and verified"}
    facts = browser.find_element("class name", "facts").text
    assert "000002-" in facts
    assert "Applied" in facts
