"""A plan and a report as JSON documents, for programs."""

from __future__ import annotations

import json
from typing import Any

from reconciler.model.plan import FORMAT_VERSION, Change
from reconciler.model.reports import ApplyReport, Review, Status, Weight
from reconciler.output.groups import Group, find_groups, short_place


class PlanJson:
    """The plan in the contract's form; schemas/plan.schema.json describes it.

    `notes` of a change is all that is said of it, and `warnings` has the risks of every change, so that who reads
    nothing else misses nothing; `impact` is the part of the notes that is about people.
    """

    def __init__(self, review: Review) -> None:
        self._review = review

    def __str__(self) -> str:
        return json.dumps(self._document(), indent=2, ensure_ascii=False)

    def _document(self) -> dict[str, Any]:
        plan = self._review.plan
        return {
            "format_version": FORMAT_VERSION,
            "configuration": plan.configuration,
            "environment": plan.environment,
            "digest": plan.digest,
            "commit": self._review.commit or None,
            "base": self._review.base or None,
            "summary": plan.summary(),
            "changes": [self._change(change) for change in plan.changes],
            "groups": [self._group(group) for group in find_groups(self._review)],
            "unmanaged": [{"kind": each.kind, "id": each.id, "name": each.name} for each in plan.unmanaged],
            "tasks": list(self._review.tasks),
            "warnings": [*plan.warnings, *self._risks()],
            "refusals": [
                {"guard": each.guard, "message": each.message, "passes": each.passes} for each in plan.refusals
            ],
        }

    def _group(self, group: Group) -> dict[str, Any]:
        return {
            "action": group.first.action.value,
            "addresses": group.addresses,
            "fields": _fields(group.first),
            "place": short_place(group.place) if group.place else None,
        }

    def _risks(self) -> list[str]:
        return [
            f"{change.address}: {each.text}"
            for change in self._review.plan.changes
            for each in self._review.impacts.get(change.address, ())
            if each.weight is Weight.RISKS
        ]

    def _change(self, change: Change) -> dict[str, Any]:
        scope = self._review.scopes.get(change.address)
        behind = self._review.behind.get(change.address)
        impact = [each.text for each in self._review.impacts.get(change.address, ())]
        return {
            "address": change.address,
            "action": change.action.value,
            "id": change.id,
            "scope": scope.value if scope else None,
            "behind": {"commit": behind.id, "subject": behind.subject} if behind else None,
            "depends_on": list(change.depends_on),
            "reason": change.reason or None,
            "fields": _fields(change),
            "impact": impact,
            "notes": [*impact, *self._review.remarks_on(change)],
        }


def _fields(change: Change) -> list[dict[str, Any]]:
    return [
        {"path": each.path, "before": each.before, "after": each.after, "cause": each.cause.value}
        for each in change.fields
    ]


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
