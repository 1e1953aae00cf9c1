"""Nobody waits here for what shows up late."""

from __future__ import annotations

import pytest

from reconciler.api.rate_limiter import POLL_DELAYS


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many looks as ever, one right after the other."""
    for module in ("applying", "pipeline", "apply.outcome"):
        monkeypatch.setattr(f"reconciler.{module}.LOOKS", (0.0,) * len(POLL_DELAYS))
