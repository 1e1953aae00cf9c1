"""How much is tried: enough for every day, or all there is (`pytest --exhaustive`)."""

from __future__ import annotations

import pytest

exhaustive = False
"""Set from the command line, before any test is collected."""


def seeds(count: int, every_day: int) -> list[object]:
    """So many seeds for `parametrize`; all but the first few are exhaustive."""
    few, others = range(every_day), range(every_day, count)
    return [*few, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in others)]
