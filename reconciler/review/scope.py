"""Whose doing a change is: this pull request's, or that of somebody before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.plan import Cause, Change, Plan
from reconciler.model.review import Scope


def scopes_of(plan: Plan, before: Plan | None) -> Mapping[str, Scope]:
    """Address → scope, of each change of a plan. `before` is the plan that the configuration of the base makes of the
    same memory and the same live objects; None where it makes none, and then all is the pull request's."""
    known = {change.address: _alone(change) for change in before.changes} if before else {}
    return {change.address: _scope(change, known.get(change.address)) for change in plan.changes}


def _scope(change: Change, before: Change | None) -> Scope:
    if before is None or before != _alone(change):
        return Scope.PULL_REQUEST
    drifted = change.fields and all(each.cause is Cause.DRIFT for each in change.fields)
    return Scope.DRIFT if drifted else Scope.PENDING


def _alone(change: Change) -> Change:
    """A change without what others have put into it: it is the same change whatever else is planned beside it."""
    remember = change.remember.as_wanted() if change.remember else None
    return replace(change, depends_on=(), cleanup_after=(), reason="", notes=(), remember=remember)
