"""Makes a receipt from what was planned, what was done, and what was live before."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.apply_report import ApplyReport, Outcome, Status
from reconciler.model.desired import kind_of
from reconciler.model.live import Live
from reconciler.model.memory import Entry
from reconciler.model.plan import Plan
from reconciler.model.receipt import Receipt, ReceiptItem
from reconciler.receipts.text import FORMAT_VERSION


def receipt_of(
    plan: Plan,
    report: ApplyReport,
    live: Live,
    entries: Mapping[str, Entry],
    *,
    serial: int,
    lineage: str,
    at: str,
    who: str,
    where: str,
    commit: str,
) -> Receipt:
    """The receipt of one apply. `live` is what was there before it, `entries` what the state holds after it."""
    ids = {change.address: change.id for change in plan.changes}
    items = tuple(
        _item(outcome, ids[outcome.address], live, entries)
        for outcome in report.outcomes
        if outcome.status in (Status.DONE, Status.FAILED)
    )
    name = f"{serial:06d}-{at.replace(':', '').replace('-', '')}"
    return Receipt(FORMAT_VERSION, name, plan.environment, at, who, where, commit, plan.digest, lineage, items)


def _item(outcome: Outcome, id_before: str | None, live: Live, entries: Mapping[str, Entry]) -> ReceiptItem:
    before = live.records[kind_of(outcome.address)].get(id_before or "")
    entry = entries.get(outcome.address)
    return ReceiptItem(
        address=outcome.address,
        action=outcome.action,
        status=outcome.status.value,
        reason=outcome.reason,
        id_before=id_before if before else None,
        id_after=entry.id if entry else None,
        before=before.fields if before else None,
        after=entry.applied if entry else None,
        request_ids=outcome.request_ids,
    )
