"""What is left for a person to do by hand, as a list to tick off."""

from __future__ import annotations

import json
from collections.abc import Iterator

from reconciler.kinds import KINDS
from reconciler.kinds.records import in_short
from reconciler.model.plan import Action, Change, Plan


def tasks_of(plan: Plan) -> tuple[str, ...]:
    """A sentence for each manual step of a plan, in the order of its changes."""
    return tuple(f"{change.address}: {step}" for change in plan.changes for step in _steps(change))


def _steps(change: Change) -> Iterator[str]:
    kind = KINDS[change.kind]
    if change.action is Action.MANUAL:
        fixed = {each.name for each in kind.fields if each.immutable}
        steps = [
            f"change {each.path} from {_value(each.before)} to {_value(each.after)} by hand"
            for each in change.fields
            if each.path in fixed
        ]
        yield from steps or [kind.manual_step]
    if change.action in (Action.CREATE, Action.REPLACE) and kind.after_create:
        yield kind.after_create
    delivery = kind.delivery
    if change.action is Action.UPDATE and delivery and delivery.failing:
        failed = any(each.path == delivery.status and each.before == delivery.failing for each in change.fields)
        if failed and delivery.remedy:
            yield delivery.remedy


def _value(value: object) -> str:
    return in_short(json.dumps(value, ensure_ascii=False))
