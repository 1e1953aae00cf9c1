"""Words that all renderers share."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.model.plan import DESTROYS, Action, Plan

VERBS = {
    Action.CREATE: "to create",
    Action.UPDATE: "to update",
    Action.REPLACE: "to replace",
    Action.DELETE: "to delete",
    Action.ADOPT: "to adopt",
    Action.FORGET: "to forget",
    Action.MANUAL: "to do by hand",
}
ORDER = (
    Action.DELETE,
    Action.REPLACE,
    Action.CREATE,
    Action.UPDATE,
    Action.MANUAL,
    Action.ADOPT,
    Action.FORGET,
)


def title(plan: Plan, strong: Callable[[str], str] = str) -> str:
    """All of a plan in one line: `1 to delete, 2 to create`, or that nothing changes. `strong`: marks what destroys."""
    summary = plan.summary()
    said = {action: f"{summary[action.value]} {VERBS[action]}" for action in ORDER if summary[action.value]}
    parts = [strong(text) if action in DESTROYS else text for action, text in said.items()]
    return ", ".join(parts) if parts else "no changes"


def counted(number: int, noun: str) -> str:
    """`1 object`, `2 objects`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
