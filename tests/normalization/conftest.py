"""Nobody waits here for what shows up late."""

from __future__ import annotations

import pytest

from reconciler.api import Poll


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many looks as ever, one right after the other."""
    monkeypatch.setattr(Poll, "sleep", lambda _self, _seconds: None)
