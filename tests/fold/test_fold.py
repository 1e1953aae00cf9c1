"""`fold`: many nearly equal resources become one `for_each`, and nothing else changes."""

from __future__ import annotations

import textwrap

import pytest

from .folding import HOOK, Fold, reports

CASES = {
    "the item itself, and as a word": (
        reports(*((f"daily-{app}", f"report_name: Revenue of {app}, daily") for app in ("chess", "go", "sudoku"))),
        """\
        reports:
          daily:
            for_each: {item: [chess, go, sudoku]}
            report_name: "Revenue of ${each.item}, daily"
            included_range_days: 1
            status: active
            environment: production
            send_at: 07:30
            destinations: [{integration: hook}]
        """,
    ),
    "the item at the beginning of the key, and its title": (
        reports(*((f"{app}-daily", f"report_name: Daily {app.title()}") for app in ("chess", "go", "sudoku"))),
        """\
        reports:
          daily:
            for_each:
              item: [{key: chess, title: Chess}, {key: go, title: Go}, {key: sudoku, title: Sudoku}]
            key: "${each.item}-daily"
            report_name: "Daily ${each.item.title}"
            included_range_days: 1
            status: active
            environment: production
            send_at: 07:30
            destinations: [{integration: hook}]
        """,
    ),
    "items with dashes, and values that have nothing to do with them": (
        reports(
            *(
                (
                    f"daily-{key}",
                    f"report_name: Daily {name}",
                    f"send_at: 09:00 {zone}",
                    f"included_range_days: {days}",
                )
                for key, name, zone, days in (
                    ("new-york", "New York", "America/New_York", 1),
                    ("berlin", "Berlin", "Europe/Berlin", 7),
                    ("tokyo", "Tokyo", "Asia/Tokyo", 3),
                )
            )
        ),
        """\
        reports:
          daily:
            for_each:
              item:
                - {key: new-york, title: New York, send_at: America/New_York, included_range_days: 1}
                - {key: berlin, title: Berlin, send_at: Europe/Berlin, included_range_days: 7}
                - {key: tokyo, title: Tokyo, send_at: Asia/Tokyo, included_range_days: 3}
            report_name: "Daily ${each.item.title}"
            send_at: "09:00 ${each.item.send_at}"
            included_range_days: "${each.item.included_range_days}"
            status: active
            environment: production
            destinations: [{integration: hook}]
        """,
    ),
    "numbers stay numbers": (
        reports(*((f"last-{n}-days", f"report_name: Last {n} days", f"included_range_days: {n}") for n in (1, 3, 7))),
        """\
        reports:
          last-days:
            for_each: {included_range_days: [1, 3, 7]}
            key: "last-${each.included_range_days}-days"
            report_name: "Last ${each.included_range_days} days"
            included_range_days: "${each.included_range_days}"
            status: active
            environment: production
            send_at: 07:30
            destinations: [{integration: hook}]
        """,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_before_and_after(fold: Fold, case: str) -> None:
    """What a person would have written."""
    before, after = CASES[case]
    folded = fold(before)
    assert folded.text == HOOK + textwrap.dedent(after), folded.text
    assert folded.out.endswith(textwrap.dedent(after))
