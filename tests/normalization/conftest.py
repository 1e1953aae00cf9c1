"""Nobody waits here for what shows up late."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def at_once(no_waiting: None) -> None:
    """As many looks as ever, one right after the other."""
