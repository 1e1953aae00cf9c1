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
            for_each:
              item:
                - chess
                - go
                - sudoku
            report_name: "Revenue of ${each.item}, daily"
            included_range_days: 1
            status: active
            environment: production
            send_at: 07:30
            destinations: [{integration: hook}]
        """,
    ),
    "the item at the beginning of the key, and in other letters": (
        reports(*((f"{app}-daily", f"report_name: Daily {app.title()}") for app in ("chess", "go", "sudoku"))),
        """\
        reports:
          daily:
            for_each:
              item:
                - {key: chess, report_name: Chess}
                - {key: go, report_name: Go}
                - {key: sudoku, report_name: Sudoku}
            key: "${each.item}-daily"
            report_name: "Daily ${each.item.report_name}"
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
                - {key: new-york, included_range_days: 1, report_name: New York, send_at: America/New_York}
                - {key: berlin, included_range_days: 7, report_name: Berlin, send_at: Europe/Berlin}
                - {key: tokyo, included_range_days: 3, report_name: Tokyo, send_at: Asia/Tokyo}
            report_name: "Daily ${each.item.report_name}"
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
            for_each:
              item:
                - {key: "1", included_range_days: 1}
                - {key: "3", included_range_days: 3}
                - {key: "7", included_range_days: 7}
            key: "last-${each.item}-days"
            report_name: "Last ${each.item} days"
            included_range_days: "${each.item.included_range_days}"
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
