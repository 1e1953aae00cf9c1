"""Makes a review of a plan: scopes, tasks and impacts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import tzinfo

from reconciler.kinds import KINDS
from reconciler.kinds.wire import in_short
from reconciler.model.plan import Action, Cause, Change, Plan
from reconciler.model.reports import Review, Scope
from reconciler.review.impact import find_impacts


def find_scopes(plan: Plan, before: Plan | None) -> Mapping[str, Scope]:
    """Address → scope, of each change of a plan. `before` is the plan that the configuration of the base makes of the
    same memory and the same live objects; None if it makes none, and then all is the pull request's."""
    known = {change.address: _comparable(change) for change in before.changes} if before else {}
    scopes = {}
    for change in plan.changes:
        is_drift = bool(change.fields) and all(each.cause is Cause.DRIFT for each in change.fields)
        is_known = known.get(change.address) == _comparable(change)
        scopes[change.address] = Scope.PULL_REQUEST if not is_known else Scope.DRIFT if is_drift else Scope.PENDING
    return scopes


def _comparable(change: Change) -> Change:
    """A change without what other changes have put into it: the same for the same change in every plan."""
    remember = change.remember.as_wanted() if change.remember else None
    return replace(change, depends_on=(), cleanup_after=(), reason="", notes=(), remember=remember)


def _steps(change: Change) -> Iterator[str]:
    """A sentence for each manual step of a change."""
    kind = KINDS[change.kind]
    if change.action is Action.MANUAL:
        fixed = {each.name for each in kind.fields if each.immutable}
        values = [(each.path, _value(each.before), _value(each.after)) for each in change.fields if each.path in fixed]
        steps = [f"change {path} from {before} to {after} by hand" for path, before, after in values]
        yield from steps or [kind.messages.manual_step]
    if change.action in (Action.CREATE, Action.REPLACE) and kind.messages.after_create:
        yield kind.messages.after_create
    delivery = kind.delivery
    if change.action is Action.UPDATE and delivery and delivery.failing:
        failed = any(each.path == delivery.status and each.before == delivery.failing for each in change.fields)
        if failed and delivery.remedy:
            yield delivery.remedy


def _value(value: object) -> str:
    return in_short(json.dumps(value, ensure_ascii=False))


def make_review(given: Review, *, zone: tzinfo | None = None, sandbox_key: bool | None = None) -> Review:
    """The review with its tasks, and with its impacts at the time that it is made. `zone` is the reader's, for times
    beside UTC. `sandbox_key`: whether the key is of the sandbox, None if that is not known."""
    tasks = tuple(f"{change.address}: {step}" for change in given.plan.changes for step in _steps(change))
    return replace(given, impacts=find_impacts(given, zone, sandbox_key), tasks=tasks)
