"""A plan and a report as JSON documents, for programs."""

from __future__ import annotations

import json
from typing import Any

from reconciler.model.apply_report import ApplyReport, Status
from reconciler.model.plan import FORMAT_VERSION, Change
from reconciler.model.review import Review


class PlanJson:
    """The plan in the contract's form."""

    def __init__(self, review: Review) -> None:
        self._review = review

    def __str__(self) -> str:
        return json.dumps(self._document(), indent=2, ensure_ascii=False)

    def _document(self) -> dict[str, Any]:
        plan = self._review.plan
        return {
            "format_version": FORMAT_VERSION,
            "environment": plan.environment,
            "digest": plan.digest,
            "summary": plan.summary(),
            "changes": [self._change(change) for change in plan.changes],
            "unmanaged": [{"kind": each.kind, "id": each.id, "name": each.name} for each in plan.unmanaged],
            "warnings": list(plan.warnings),
            "refusals": [
                {"guard": each.guard, "message": each.message, "passes": each.passes} for each in plan.refusals
            ],
        }

    def _change(self, change: Change) -> dict[str, Any]:
        return {
            "address": change.address,
            "action": change.action.value,
            "id": change.id,
            "depends_on": list(change.depends_on),
            "fields": [
                {"path": each.path, "before": each.before, "after": each.after, "cause": each.cause.value}
                for each in change.fields
            ],
            "notes": list(change.notes),
        }


def report_json(report: ApplyReport) -> str:
    """The report of an apply."""
    document: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "environment": report.environment,
        "digest": report.digest,
        "summary": {status.value: len(report.of(status)) for status in Status},
        "results": [
            {
                "address": each.address,
                "action": each.action,
                "id": each.id,
                "status": each.status.value,
                "reason": each.reason or None,
                "because_of": each.because_of or None,
                "verification": each.verification.value if each.verification else None,
            }
            for each in report.outcomes
        ],
        "warnings": list(report.warnings),
        "unrecorded": report.unrecorded or None,
    }
    return json.dumps(document, indent=2, ensure_ascii=False)
