"""Reads back: is what was written what is live?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.kinds import KINDS
from reconciler.kinds.comparison import differences
from reconciler.model.apply_report import ApplyReport, Outcome, Status, Verification
from reconciler.model.desired import kind_of
from reconciler.model.live import Live
from reconciler.model.memory import Entry
from reconciler.model.plan import WRITES, Action


def verify(report: ApplyReport, entries: Mapping[str, Entry], live: Live) -> ApplyReport:
    """The report with what `live` says of each change that was done. `entries`: what the state holds now."""
    outcomes = tuple(
        _verified(outcome, entries, live) if outcome.status is Status.DONE else outcome for outcome in report.outcomes
    )
    return replace(report, outcomes=outcomes)


def unsettled(report: ApplyReport) -> bool:
    """Whether anything that was done does not show (yet)."""
    return any(outcome.verification not in (Verification.VERIFIED, None) for outcome in report.of(Status.DONE))


def _verified(outcome: Outcome, entries: Mapping[str, Entry], live: Live) -> Outcome:
    if outcome.action not in WRITES:
        return outcome
    kind = KINDS[kind_of(outcome.address)]
    record = live.records.get(kind.name, {}).get(outcome.id or "")
    if outcome.action == Action.DELETE:
        return replace(outcome, verification=Verification.NOT_YET_VISIBLE if record else Verification.VERIFIED)
    if record is None:
        return replace(outcome, verification=Verification.NOT_YET_VISIBLE)
    found = differences(kind, entries[outcome.address].applied, record.fields)
    if not found:
        return replace(outcome, verification=Verification.VERIFIED)
    paths = ", ".join(each.path for each in found)
    return replace(outcome, verification=Verification.DIFFERENT, reason=f"live differs from what was sent in {paths}")
