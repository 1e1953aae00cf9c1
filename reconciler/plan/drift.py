"""Compares what is live with what was applied last."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.kinds import KINDS
from reconciler.kinds.comparison import Difference, differences, same_value
from reconciler.kinds.normalization import is_certain, is_kept_for_good
from reconciler.kinds.paths import is_within
from reconciler.model.desired import address_kind
from reconciler.model.drift import Drift, Drifted, DriftedField
from reconciler.model.live import Live, Record
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.state import Entry, State

CHANGED_AT = "updated_at"
"""Reports and integrations have it; automations have no times [seed]."""

NEXT = {
    Action.CREATE: "the next apply makes it anew",
    Action.UPDATE: "the next apply sets it back",
    Action.REPLACE: "the next apply replaces the object",
    Action.DELETE: "the next apply deletes the object",
    Action.FORGET: "the next apply forgets it",
    Action.MANUAL: "the next apply leaves it: a person has to change it",
    Action.ADOPT: "the next apply leaves it",
}
LEFT = "the next apply leaves it: it is as it is written, or not managed any more"
IGNORED = "the next apply leaves it: ignore_changes holds it"
OTHERWISE = "the next apply sets it to another value"


def drift(state: State, live: Live, plan: Plan) -> Drift:
    """What changed outside since the last apply, and what `plan` would do about it."""
    changes = {plan.moved.get(change.address, change.address): change for change in plan.changes}
    ignored = {(plan.moved.get(each.address, each.address), each.path): each for each in plan.ignored}
    found = []
    for address in sorted(state.entries):
        entry = state.entries[address]
        record = live.records[address_kind(address)].get(entry.id)
        change = changes.get(address)
        if record is None:
            found.append(_gone(address, entry, change))
        else:
            drifted = _changed(address, entry, record, change, ignored)
            found += [drifted] if drifted.fields else []
    told = {(each.address, field.path) for each in found for field in each.fields}
    return Drift(
        state.environment,
        len(state.entries),
        tuple(found),
        state.configuration or "",
        plan.api,
        plan.labels,
        tuple(each for spot, each in ignored.items() if spot not in told),
    )


def _gone(address: str, entry: Entry, change: Change | None) -> Drifted:
    name = str(entry.applied.get(KINDS[address_kind(address)].name_field, address))
    return Drifted(address, entry.id, name, True, None, (), NEXT[change.action] if change else LEFT)


def _changed(
    address: str, entry: Entry, record: Record, change: Change | None, ignored: Collection[tuple[str, str]]
) -> Drifted:
    fields = tuple(
        DriftedField(
            each.path,
            (each.field.name, *each.keys),
            each.after,
            each.before,
            IGNORED if (address, each.path) in ignored else _next(each, change),
        )
        for each in differences(KINDS[record.kind], entry.applied, record.fields, entry)
        if is_certain(each) and not is_kept_for_good(each, entry)
    )
    changed_at: Mapping[str, object] = record.raw
    when = changed_at.get(CHANGED_AT)
    return Drifted(
        address,
        record.id,
        record.name,
        gone=False,
        changed_at=when if isinstance(when, str) else None,
        fields=fields,
        next=NEXT[change.action] if change else LEFT,
    )


def _next(difference: Difference, change: Change | None) -> str:
    if change is None:
        return LEFT
    if change.action is not Action.UPDATE:
        return NEXT[change.action]
    planned = next((each for each in change.fields if each.path == difference.path), None)
    if planned is None:
        around = any(
            is_within(each.path, difference.path) or is_within(difference.path, each.path) for each in change.fields
        )
        return OTHERWISE if around else LEFT
    return NEXT[Action.UPDATE] if same_value(difference.field, planned.after, difference.after) else OTHERWISE
