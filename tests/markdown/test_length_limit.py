"""A comment fits: what destroys is whole as long as it can be, the rest goes from the least important."""

from __future__ import annotations

import random
import re

import pytest
from size import crossed

from reconciler.model.approval import find_marker
from reconciler.model.plan import Action, Unmanaged
from reconciler.model.reports import Impact, Review, Weight
from reconciler.output.markdown.plan import render_plan

from .plans import change, many, review
from .reading import Reading, require_harmless

SUMMARIES = {"whole": ["40 changes"], "line": ["in short"], "address": ["by address"]}
LIMIT = 62_000
"""Below the hosts' 65,536: what is left is for the history."""


def _read(of: Review) -> Reading:
    comment = render_plan(of)
    assert len(comment.encode()) < LIMIT
    return require_harmless(comment)


def _addresses(reading: Reading) -> set[str]:
    return {code for code in reading.codes if re.fullmatch(r"report\.[\w-]+", code)}


@pytest.mark.parametrize(
    ("number", "action"),
    crossed([300, 5000, 30, 1], [Action.REPLACE, Action.UPDATE, Action.CREATE, Action.DELETE]),
)
def test_any_number_of_changes_is_readable(number: int, action: Action) -> None:
    """The title has the number; what is not shown is counted; the sketch in the mark is bounded and says so."""
    of = review(*many(number, action, send_at=("09:00", "10:00"), caption=("a", "b")))
    reading = _read(of)
    assert reading.text[1].startswith(f": {number}") or f"{number} to " in reading.all
    shown = len(_addresses(reading))
    assert shown == number or re.search(r"[\d,]+ more", reading.all)
    marker = find_marker(render_plan(of))
    assert marker is not None
    assert marker.approval is not None
    assert len(marker.approval.changes) + marker.approval.left_out == number


def test_what_destroys_is_whole_before_anything_else_has_room() -> None:
    """Fifty deletes among five thousand updates: each with its impacts, first."""
    deletes = [change(Action.DELETE, f"gone-{number}") for number in range(50)]
    impacts = {each.address: (Impact(Weight.LOSES, f"loses the runs of {each.name} for good"),) for each in deletes}
    updates = [change(Action.UPDATE, f"u{number}", caption=("a", str(number))) for number in range(5000)]
    reading = _read(review(*deletes, *updates, impacts=impacts))
    assert reading.headings[0] == "Deletes and replaces"
    assert sum("for good" in line for line in reading.text) == 50
    assert {each.address for each in deletes} <= _addresses(reading)
    assert "more changes are not shown here" in reading.all


def test_deletes_that_do_not_fit_are_listed_by_address_and_it_is_said() -> None:
    """Five hundred deletes with long words: a line each is too much for all, an address each is not."""
    deletes = many(500, Action.DELETE)
    impacts = {each.address: (Impact(Weight.LOSES, "loses everything " * 20),) for each in deletes}
    reading = _read(review(*deletes, impacts=impacts))
    assert {each.address for each in deletes} <= _addresses(reading)
    assert re.search(r"\d+ of 500 deletes and replaces do not fit into a comment", reading.all)


def test_five_thousand_deletes_say_how_many_are_not_even_listed() -> None:
    """There is no room for all addresses: as many as fit, and how many more."""
    reading = _read(review(*many(5000, Action.DELETE)))
    listed = len(_addresses(reading))
    assert listed > 1000
    assert f"{5000 - listed:,} more are deleted or replaced and are not listed here" in reading.all


@pytest.mark.parametrize(
    ("number", "level"), [(40, "whole"), (500, "line"), pytest.param(1600, "address", marks=pytest.mark.exhaustive)]
)
def test_no_address_is_hidden_before_all_values_are_dropped(number: int, level: str) -> None:
    """First the fields go, then the words, and only then an address."""
    updates = [change(Action.UPDATE, f"u{each}", caption=("a", f"{each} {'b' * 100}")) for each in range(number)]
    reading = _read(review(*updates))
    assert {each.address for each in updates} <= _addresses(reading)
    assert any(summary in line for line in reading.html for summary in SUMMARIES[level])
    reading = _read(review(*updates, *many(3000, Action.CREATE)))
    assert "more changes are not shown here" in reading.all
    assert not reading.fences


def test_what_is_shown_worse_is_never_more_important() -> None:
    """Deletes, then what stops, then the rest: at random sizes, a whole one never follows one that is left out."""
    chance = random.Random(7)  # noqa: S311 - the same at each run
    for _ in range(5):
        updates = [
            change(Action.UPDATE, f"u{number}", caption=("x" * chance.randrange(200), "y" * chance.randrange(200)))
            for number in range(chance.randrange(1, 400))
        ]
        stops = {each.address: (Impact(Weight.STOPS, "stops"),) for each in updates[: len(updates) // 3]}
        reading = _read(review(*updates, impacts=stops))
        missing = [each.address for each in updates if each.address not in _addresses(reading)]
        assert missing == [each.address for each in updates[len(updates) - len(missing) :]]


def test_long_values_are_cut_and_say_by_how_much() -> None:
    """A value of a megabyte is a line, which says how long it is and where all of it is."""
    reading = _read(review(change(Action.UPDATE, "long", caption=("a" * 1_000_000, "b" * 1_000_000))))
    assert "1000002 characters; --format json shows all" in reading.fences[0]
    assert len(reading.fences[0]) < 600


@pytest.mark.exhaustive
def test_all_the_rest_is_bounded_too() -> None:
    """Warnings, tasks, unmanaged objects and refusals without end, in letters of four bytes."""
    words = tuple("\U0001d518" * 500 + str(number) for number in range(3000))
    others = tuple(Unmanaged("report", f"id-{number}", word) for number, word in enumerate(words))
    deletes = many(3, Action.DELETE)
    reading = _read(review(*deletes, tasks=words, warnings=words, unmanaged=others))
    assert {each.address for each in deletes} <= _addresses(reading)
    assert any("3000 unmanaged objects" in line for line in reading.html)


def test_a_list_shows_what_goes_and_what_comes() -> None:
    """Of a thousand items, the two that change."""
    before = [f"item {number}" for number in range(1000)]
    reading = _read(review(change(Action.UPDATE, "list", tags=(before, [*before[1:], "new"]))))
    assert reading.fences[0].splitlines() == ["  tags:", '-   "item 0"', '+   "new"']


def test_the_hidden_mark_is_bounded_as_it_is_written() -> None:
    """Keys of many dashes, each of which takes six characters there: fewer are sketched, and the rest is counted."""
    of = review(*(change(Action.UPDATE, f"k{number}{'-' * 90}", send_at=("1", "2")) for number in range(90)))
    _read(of)
    marker = find_marker(render_plan(of))
    assert marker is not None
    assert marker.approval is not None
    assert 0 < len(marker.approval.changes) == 90 - marker.approval.left_out < 90
