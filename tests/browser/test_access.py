"""Whoever reads it, on whatever: themes, contrast, landmarks and labels, a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .chromium import show

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

# What WCAG 2.2 asks of texts (1.4.3): 4.5, and 3 for large ones. Colours are read as the browser computed them.
CONTRAST = """
const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const ground = (element) => {
  const box = element.closest('g.node');
  if (box) return parse(getComputedStyle(box.querySelector('rect')).fill);
  for (let each = element; each; each = each.parentElement) {
    const colour = parse(getComputedStyle(each).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  throw new Error('no ground');
};
const poor = [];
let looked = 0;
for (const details of document.querySelectorAll('details')) details.open = true;
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || !element.checkVisibility() || element.closest('.unseen, .skip, title, script')) continue;
  const style = getComputedStyle(element);
  const ink = parse(element.namespaceURI.endsWith('svg') ? style.fill : style.color);
  const [high, low] = [luminance(ink), luminance(ground(element))].sort((a, b) => b - a);
  const ratio = (high + 0.05) / (low + 0.05);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  looked += 1;
  if (ratio < (large ? 3 : 4.5)) poor.push([element.outerHTML.slice(0, 120), ratio]);
}
return [looked, poor];
"""
NAMELESS = """
const words = (id) => document.getElementById(id)?.textContent.trim();
const named = (element) =>
  (element.getAttribute('aria-label') || '').trim() ||
  (element.getAttribute('aria-labelledby') || '').split(' ').some(words) ||
  [...(element.labels || [])].some((label) => label.textContent.trim()) ||
  (['A', 'BUTTON', 'SUMMARY', 'a'].includes(element.tagName) && element.textContent.trim());
return [...document.querySelectorAll('a, button, summary, input, form, [tabindex="0"], section, [role=group]')]
  .filter((element) => !named(element)).map((element) => element.outerHTML.slice(0, 160));
"""
BROKEN = """
const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map((heading) => Number(heading.tagName[1]));
return {
  twice: ids.filter((id, index) => ids.indexOf(id) !== index),
  dead: [...document.querySelectorAll('a[href^="#"]')]
    .map((link) => decodeURIComponent(link.getAttribute('href').slice(1))).filter((id) => !document.getElementById(id)),
  skipped: levels.filter((level, index) => index && level > levels[index - 1] + 1),
  landmarks: ['body > header', 'main', 'body > footer', 'h1'].map((each) => document.querySelectorAll(each).length),
  language: document.documentElement.lang,
};
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("page", ["plan_page", "applied_page"])
def test_every_text_stands_out(browser: Chrome, request: pytest.FixtureRequest, page: str, dark: bool) -> None:
    """In both themes each text has the contrast that WCAG's AA asks for, the picture's too."""
    show(browser, dark=dark)
    browser.get(request.getfixturevalue(page))
    looked, poor = browser.execute_script(CONTRAST)
    assert looked > 150
    assert not poor


@pytest.mark.parametrize("page", ["plan_page", "applied_page"])
def test_a_screen_reader_finds_its_way(browser: Chrome, request: pytest.FixtureRequest, page: str) -> None:
    """One banner, one main part, one heading on top and none skipped; what can be worked has a name; no dead link."""
    browser.get(request.getfixturevalue(page))
    assert browser.execute_script(NAMELESS) == []
    assert browser.execute_script(BROKEN) == {
        "twice": [],
        "dead": [],
        "skipped": [],
        "landmarks": [1, 1, 1, 1],
        "language": "en",
    }


def test_nothing_is_told_by_colour_alone(browser: Chrome, plan_page: str) -> None:
    """Every card says its action in a word and a sign, every line of a diff has its sign."""
    browser.get(plan_page)
    for card in browser.find_elements("css selector", ".cards > .card"):
        assert card.find_element("class name", "action").text == card.get_attribute("data-action")
        assert card.find_element("class name", "sign").text.strip()
    lines = browser.find_elements("css selector", ".line.was, .line.now")
    assert {line.find_element("class name", "gutter").text for line in lines} == {"+", "\N{MINUS SIGN}"}


def test_dark_follows_the_system_and_the_button_wins(browser: Chrome, plan_page: str) -> None:
    """The system's wish is the beginning; the button turns it round, and is remembered."""
    ground = "return getComputedStyle(document.body).backgroundColor"
    browser.get(plan_page)
    light = browser.execute_script(ground)
    show(browser, dark=True)
    dark = browser.execute_script(ground)
    assert light != dark
    button = browser.find_element("id", "theme")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert browser.execute_script(ground) == light
    browser.refresh()
    assert browser.execute_script(ground) == light
    browser.execute_script("localStorage.clear()")


@pytest.mark.parametrize("width", [320, 390, 768])
@pytest.mark.parametrize("page", ["plan_page", "applied_page"])
def test_a_phone_need_not_scroll_sideways(
    browser: Chrome, request: pytest.FixtureRequest, page: str, width: int
) -> None:
    """The page is never wider than the screen, everything unfolded; the picture scrolls in its own frame."""
    show(browser, width=width, height=800)
    browser.get(request.getfixturevalue(page))
    browser.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    beyond = """return [...document.querySelectorAll('body *')]
        .filter((each) => !each.closest('.canvas, .unseen, .skip') && each.checkVisibility()
          && each.getBoundingClientRect().right > arguments[0] + 1)
        .map((each) => each.outerHTML.slice(0, 100))"""
    assert browser.execute_script(beyond, width) == []
