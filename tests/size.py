"""How much is tried: enough for every day, or all there is (`pytest --exhaustive`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pytest

exhaustive = False
"""Set from the command line, before any test is collected."""


def seeds(count: int, every_day: int) -> list[object]:
    """So many seeds for `parametrize`; all but the first few are exhaustive."""
    few, others = range(every_day), range(every_day, count)
    return [*few, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in others)]


def first(values: Iterable[object]) -> list[object]:
    """These for `parametrize`; all but the first are exhaustive."""
    begin, *others = values
    return [begin, *map(_left_out, others)]


def ends(values: Iterable[object]) -> list[object]:
    """These for `parametrize`; all but the first, the middle and the last are exhaustive."""
    known = list(values)
    few = {0, len(known) // 2, len(known) - 1}
    return [each if at in few else _left_out(each) for at, each in enumerate(known)]


def _left_out(values: object) -> object:
    """One value for `parametrize`, or a tuple of one for each name, that is exhaustive."""
    return pytest.param(*(values if isinstance(values, tuple) else (values,)), marks=pytest.mark.exhaustive)


def crossed(rows: Collection[object], columns: Collection[object]) -> list[object]:
    """The pairs for `parametrize`: each row with the first column, each column with the first row; others are
    exhaustive."""
    first_row, first_column = next(iter(rows)), next(iter(columns))
    return [
        pytest.param(row, column, marks=() if row == first_row or column == first_column else pytest.mark.exhaustive)
        for row in rows
        for column in columns
    ]
