"""What is left for a person to do by hand, as a list to tick off."""

from __future__ import annotations

from reconciler.model.plan import Action, Plan


def tasks_of(plan: Plan) -> tuple[str, ...]:
    """A sentence for each manual step of a plan."""
    return tuple(
        f"{change.address}: {note}"
        for change in plan.changes
        if change.action is Action.MANUAL
        for note in change.notes
    )
