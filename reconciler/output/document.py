"""A plan and a report as JSON documents, for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from reconciler.model.plan import FORMAT_VERSION, Change, FieldChange
from reconciler.model.reports import ApplyReport, Review, Status, Weight
from reconciler.output.groups import find_groups, short_place


def document(version: int, **values: Any) -> str:
    """A document in a version of its form."""
    return json.dumps({"format_version": version, **values}, indent=2, ensure_ascii=False)


def plan_json(review: Review) -> str:
    """The plan in the contract's form; schemas/plan.schema.json describes it.

    `notes` of a change is all that is said of it, and `warnings` has the risks of every change, so that who reads
    nothing else misses nothing; `impact` is the part of the notes that is about people.
    """
    plan = review.plan
    risks = [
        f"{change.address}: {each.text}"
        for change in plan.changes
        for each in review.impacts.get(change.address, ())
        if each.weight is Weight.RISKS
    ]
    groups = [
        {
            "action": group.first.action,
            "addresses": group.addresses,
            "fields": list(map(_field, group.first.fields)),
            "place": short_place(group.place) if group.place else None,
        }
        for group in find_groups(review)
    ]
    return document(
        FORMAT_VERSION,
        configuration=plan.configuration,
        environment=plan.environment,
        digest=plan.digest,
        commit=review.commit or None,
        base=review.base or None,
        summary=plan.summary(),
        changes=[_change(review, change) for change in plan.changes],
        groups=groups,
        unmanaged=list(map(asdict, plan.unmanaged)),
        waiting=list(map(asdict, plan.waiting)),
        zone_data=plan.zone_data or None,
        tasks=review.tasks,
        warnings=[*plan.warnings, *risks],
        refusals=list(map(asdict, plan.refusals)),
    )


def _field(field: FieldChange) -> dict[str, Any]:
    shown = {"path": field.path, "before": field.before, "after": field.after, "cause": field.cause}
    return shown | ({"rule": field.rule} if field.rule else {})


def _change(review: Review, change: Change) -> dict[str, Any]:
    behind = review.behind.get(change.address)
    impact = [each.text for each in review.impacts.get(change.address, ())]
    return {
        "address": change.address,
        "action": change.action,
        "id": change.id,
        "scope": review.scopes.get(change.address),
        "behind": {"commit": behind.id, "subject": behind.subject} if behind else None,
        "depends_on": change.depends_on,
        "reason": change.reason or None,
        "fields": list(map(_field, change.fields)),
        "impact": impact,
        "notes": [*impact, *review.remarks_on(change)],
    }


def report_json(report: ApplyReport) -> str:
    """The report of an apply."""
    results = [
        {
            "address": each.address,
            "action": each.action,
            "id": each.id,
            "status": each.status,
            "reason": each.reason or None,
            "because_of": each.because_of or None,
            "verification": each.verification,
        }
        for each in report.outcomes
    ]
    return document(
        FORMAT_VERSION,
        environment=report.environment,
        digest=report.digest,
        summary={status: len(report.of(status)) for status in Status},
        results=results,
        warnings=report.warnings,
        unrecorded=report.unrecorded or None,
    )
