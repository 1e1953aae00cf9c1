"""Plays a case: the pipeline against the simulator, with ids and a clock that do not move."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from reconciler import commands
from reconciler.commands import apply as applying
from reconciler.commands import plan as planning
from reconciler.commands.session import Session, open_session
from reconciler.model.reports import Review, Scope
from reconciler.plan.guards import Options
from reconciler.simulator import Simulator
from reconciler.simulator.wire import Request

from .cases import CASES, Case

NOW = datetime(2026, 3, 5, 8, 18, tzinfo=UTC)
SUMMER = datetime(2025, 10, 1, 12, tzinfo=UTC)
"""When what is live was adopted."""
COMMIT = "3f2c9d1e8b7a6f5c4d3e2f1a0b9c8d7e6f5a4b3c"
BASE = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
DATA = "simulator.sqlite"


@cache
def review_of(name: str) -> Review:
    """The review of the case of that name. Its places are relative to the folder of the configuration."""
    case = CASES[name]
    review = play(case)
    if review.plan.zone_data:  # whatever this machine has
        review = replace(review, plan=replace(review.plan, zone_data="2026b"))
    scopes = {change.address: case.scopes.get(change.address, Scope.PENDING) for change in review.plan.changes}
    return replace(review, commit=COMMIT, **({"scopes": scopes, "base": BASE} if case.scopes else {}))


def play(case: Case, now: datetime = NOW) -> Review:
    """The review of a case at a moment."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        _live(case)
        if case.settings:
            Path("reconciler.yaml").write_text(case.settings, encoding="utf-8")
        if case.before:
            _adopt(case.before)
        _edits(case)
        with _session(case.after, case.key, now) as session:
            return commands.review.review(session, planning.plan(session, case.options), now=now)


def _live(case: Case) -> None:
    with Simulator(DATA) as simulator:
        for collection, fields in case.live:
            simulator.answer(Request("POST", f"/_dashboard/{collection}", body=fields))


def _edits(case: Case) -> None:
    with Simulator(DATA) as simulator:
        for collection, object_id, fields in case.edits:
            method = "DELETE" if fields is None else "PATCH"
            simulator.answer(Request(method, f"/_dashboard/{collection}/{object_id}", body=fields))


def _adopt(text: str) -> None:
    """Applies what is live as it is, so that a state remembers it."""
    with _session(text, now=SUMMER) as session, applying.lock_state(session) as lock:
        planned = planning.plan(session, Options())
        assert {change.action.value for change in planned.plan.changes} == {"adopt"}, planned.plan.changes
        applying.apply(session, planned, lock, lambda event: None)


@contextlib.contextmanager
def _session(text: str, key: str = "sk_golden", now: datetime = NOW) -> Iterator[Session]:
    Path("main.yaml").write_text(text, encoding="utf-8")
    with open_session(Path(), None, f"simulator:{DATA}", {"QONVERSION_SECRET": key}, 4) as session:
        session.transport.now = now
        yield session
