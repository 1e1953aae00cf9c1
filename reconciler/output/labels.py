"""How actions, causes, scopes, impacts and endings are called, signed and coloured: one table for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from reconciler.model.plan import DESTROYS, Action, Cause, Plan
from reconciler.model.reports import Scope, Status, Weight
from reconciler.model.settings import VENDOR_URL
from reconciler.output.terminal import dim, escape, green, red, yellow

Paint = Callable[[str], str]
SIGN_PAINT: dict[str, Paint] = {"-": red, "+": green, "": str}
"""How lines of a diff are coloured."""


class Colours(NamedTuple):
    """Of a box in a picture, as CSS has them."""

    stroke: str
    fill: str
    text: str


class ActionLabel(NamedTuple):
    """`sign` stands before an address, `phrase` behind a number."""

    sign: str
    paint: Paint
    phrase: str
    colours: Colours


ACTIONS = {
    Action.DELETE: ActionLabel("-", red, "to delete", Colours("#cf222e", "#ffebe9", "#82071e")),
    Action.REPLACE: ActionLabel("±", red, "to replace", Colours("#bc4c00", "#fff1e5", "#762c00")),
    Action.CREATE: ActionLabel("+", green, "to create", Colours("#1a7f37", "#dafbe1", "#044f1e")),
    Action.UPDATE: ActionLabel("~", yellow, "to update", Colours("#9a6700", "#fff8c5", "#4d2d00")),
    Action.MANUAL: ActionLabel("!", yellow, "to do by hand", Colours("#8250df", "#fbefff", "#512a97")),
    Action.ADOPT: ActionLabel("=", green, "to adopt", Colours("#0969da", "#ddf4ff", "#0a3069")),
    Action.FORGET: ActionLabel("x", yellow, "to forget", Colours("#57606a", "#eaeef2", "#24292f")),
}
"""The gravest first."""
UNMANAGED = "unmanaged"
NEUTRAL = Colours("#8c959f", "#ffffff", "#57606a")
"""Of what does not change."""


class CauseLabel(NamedTuple):
    """`word` names it in a list of choices, `note` stands beside a field in a plan, `phrase` in an explanation."""

    word: str
    note: str
    phrase: str


CAUSES = {
    Cause.CONFIG: CauseLabel("configuration", "", "changed here"),
    Cause.DRIFT: CauseLabel("drift", "changed outside (drift)", "changed outside (drift)"),
    Cause.BOTH: CauseLabel("both", "changed here and outside (both)", "changed here and outside"),
    Cause.UNKNOWN: CauseLabel("unknown", "cause unknown: nothing is remembered of it", "cause unknown"),
}


class ScopeLabel(NamedTuple):
    """`word` is for a terminal, `phrase` for a pull request; empty: nothing is said of it."""

    word: str
    phrase: str
    paint: Paint


SCOPES = {
    Scope.PULL_REQUEST: ScopeLabel("", "", dim),
    Scope.PENDING: ScopeLabel("pending before", "pending before this pull request", dim),
    Scope.DRIFT: ScopeLabel("drift", "drift", dim),
    Scope.BEHIND: ScopeLabel("behind", "behind", red),
}


class WeightLabel(NamedTuple):
    """`rule` is the finding that an impact makes; empty: it is no risk. `phrase` stands behind `5 more that`."""

    sign: str
    paint: Paint
    rule: str
    phrase: str


WEIGHTS = {
    Weight.LOSES: WeightLabel("✕", red, "destroys", "lose something"),
    Weight.STOPS: WeightLabel("■", red, "stops", "stop"),
    Weight.RISKS: WeightLabel("▲", yellow, "risks", "need a look"),
    Weight.STARTS: WeightLabel("▶", str, "", "start"),
    Weight.FEEDS: WeightLabel("↳", str, "", "feed others"),
}
GRAVE = tuple(weight for weight, label in WEIGHTS.items() if label.rule)
"""What somebody loses or risks, the gravest first."""


class StatusLabel(NamedTuple):
    """How the end of a change is marked."""

    sign: str
    paint: Paint


STATUSES = {
    Status.DONE: StatusLabel("✓", green),
    Status.FAILED: StatusLabel("✕", red),
    Status.SKIPPED: StatusLabel("⤼", yellow),
    Status.MANUAL: StatusLabel("!", yellow),
}


def api_note(api: str) -> str:
    """What a heading says of the API's address: nothing if it is the vendor's, or is not known."""
    return f" (API: {escape(api)})" if api not in ("", VENDOR_URL) else ""


def title(plan: Plan, strong: Paint = str, order: Iterable[Action] = ACTIONS) -> str:
    """All of a plan in one line: `1 to delete, 2 to create`, or that nothing changes. `strong`: marks what destroys."""
    summary = plan.summary()
    counts = {action: f"{summary[action]} {ACTIONS[action].phrase}" for action in order if summary[action]}
    return ", ".join(strong(text) if action in DESTROYS else text for action, text in counts.items()) or "no changes"
