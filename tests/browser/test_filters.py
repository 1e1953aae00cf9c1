"""The filters, by mouse and by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .test_opening import ADDRESSES, VISIBLE

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

TAB, SPACE, BACKSPACE = "\ue004", " ", "\ue003"


def _choose(driver: Chrome, name: str, value: str) -> None:
    driver.find_element("css selector", f"#filters [name='{name}'][value='{value}']").click()


def _shown(driver: Chrome) -> set[str]:
    return {address for address, _ in driver.execute_script(VISIBLE)}


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ([("action", "delete")], {"report.weekly-churn"}),
        ([("kind", "automation")], {"automation.win-back", "automation.welcome-flow"}),
        ([("causes", "drift")], {"report.trial-starts"}),
        ([("action", "create"), ("action", "delete")],
         {"report.weekly-churn", "integration.growth-team", "automation.win-back"}),
        ([("action", "create"), ("kind", "automation")], {"automation.win-back"}),
        ([("action", "delete"), ("kind", "automation")], set()),
    ],
)  # fmt: skip
def test_a_click_leaves_what_was_chosen(
    browser: Chrome, plan_page: str, choices: list[tuple[str, str]], expected: set[str]
) -> None:
    """Two of one sort widen, two sorts narrow; how many are shown is said, to screen readers too."""
    browser.get(plan_page)
    for name, value in choices:
        _choose(browser, name, value)
    assert _shown(browser) == expected
    status = browser.find_element("css selector", "#changes [role=status]")
    assert status.text == f"{len(expected)} of 9 changes shown"
    browser.find_element("id", "all").click()
    browser.execute_async_script("setTimeout(arguments[0])")
    assert _shown(browser) == set(ADDRESSES)
    assert status.text == "9 changes"


def test_the_keyboard_does_as_much(browser: Chrome, plan_page: str) -> None:
    """Tab reaches the search and each choice, what has the focus can be seen, space chooses."""
    browser.get(plan_page)
    browser.execute_script("document.getElementById('find').focus()")
    for name in ("delete", "replace", "create"):
        browser.switch_to.active_element.send_keys(TAB)
        assert browser.switch_to.active_element.get_attribute("value") == name
    outline = browser.execute_script(
        "const style = getComputedStyle(document.activeElement); return [style.outlineStyle, style.outlineWidth]"
    )
    assert outline == ["solid", "2px"]
    browser.switch_to.active_element.send_keys(SPACE)
    assert _shown(browser) == {"integration.growth-team", "automation.win-back"}


def test_words_find_addresses_and_names(browser: Chrome, plan_page: str) -> None:
    """What is typed narrows as it is typed, whatever its case."""
    browser.get(plan_page)
    field = browser.find_element("id", "find")
    field.send_keys("CHURN")
    assert _shown(browser) == {"report.weekly-churn"}
    field.send_keys(BACKSPACE * 5 + "trial st")
    assert _shown(browser) == {"report.trial-starts"}
    field.send_keys("zzz")
    assert _shown(browser) == set()


def test_a_link_to_what_is_filtered_away_shows_it(browser: Chrome, plan_page: str) -> None:
    """A link of the picture or of the list on top is never dead."""
    browser.get(plan_page)
    _choose(browser, "action", "delete")
    browser.execute_script("location.hash = 'report.refunds'")
    browser.execute_async_script("setTimeout(arguments[0], 100)")
    assert "report.refunds" in _shown(browser)


def test_after_an_apply_outcomes_can_be_chosen(browser: Chrome, applied_page: str) -> None:
    """What is still to be done is one click away."""
    browser.get(applied_page)
    _choose(browser, "ending", "manual")
    assert _shown(browser) == {"integration.warehouse"}


def test_all_is_folded_and_unfolded_at_once(browser: Chrome, plan_page: str) -> None:
    """The two buttons work on what is shown."""
    browser.get(plan_page)
    opened = "return document.querySelectorAll('.cards details[open]').length"
    browser.find_element("id", "fold").click()
    assert browser.execute_script(opened) == 0
    browser.find_element("id", "unfold").click()
    assert browser.execute_script(opened) == 9
