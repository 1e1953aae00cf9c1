"""The words, signs and colours of actions, causes, scopes, impacts and statuses, and the names of places."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from reconciler.errors import Location
from reconciler.model.plan import DESTROYS, Action, Cause, Plan
from reconciler.model.reports import ApplyReport, Outcome, Scope, Status, Weight
from reconciler.model.settings import VENDOR_URL
from reconciler.output.terminal import dim, escape, green, red, yellow

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
MOST_NAMED = 8  # a list names so many addresses or environments, and counts the others
PROJECT = re.compile(r"https?://[A-Za-z0-9.:-]+(?:/[A-Za-z0-9_.-]+)+")
Paint = Callable[[str], str]
SIGN_PAINT: dict[str, Paint] = {"-": red, "+": green, "": str}  # how lines of a diff are coloured
# The stroke, the fill and the text of a box in a picture, as CSS has them. This one is for what does not change.
NEUTRAL = ("#8c959f", "#ffffff", "#57606a")


class Label(NamedTuple):
    """`sign` and `paint` mark it. `word` names it alone, and `phrase` within a sentence: of actions and impacts behind
    a number, of causes in an explanation, of scopes in a pull request. `note` stands beside a field. Empty: nothing is
    said of it. `rule` is the finding that an impact makes; empty: it is no risk."""

    sign: str = ""
    paint: Paint = str
    word: str = ""
    phrase: str = ""
    note: str = ""
    rule: str = ""
    colours: tuple[str, str, str] = NEUTRAL


ACTIONS = {
    Action.DELETE: Label("-", red, phrase="to delete", colours=("#cf222e", "#ffebe9", "#82071e")),
    Action.REPLACE: Label("±", red, phrase="to replace", colours=("#bc4c00", "#fff1e5", "#762c00")),
    Action.CREATE: Label("+", green, phrase="to create", colours=("#1a7f37", "#dafbe1", "#044f1e")),
    Action.UPDATE: Label("~", yellow, phrase="to update", colours=("#9a6700", "#fff8c5", "#4d2d00")),
    Action.MANUAL: Label("!", yellow, phrase="to do by hand", colours=("#8250df", "#fbefff", "#512a97")),
    Action.ADOPT: Label("=", green, phrase="to adopt", colours=("#0969da", "#ddf4ff", "#0a3069")),
    Action.FORGET: Label("x", yellow, phrase="to forget", colours=("#57606a", "#eaeef2", "#24292f")),
}  # the gravest first
UNMANAGED = "unmanaged"
CAUSES = {
    Cause.CONFIG: Label(word="configuration", phrase="changed here"),
    Cause.DRIFT: Label(word="drift", note="changed outside (drift)", phrase="changed outside (drift)"),
    Cause.BOTH: Label(word="both", note="changed here and outside (both)", phrase="changed here and outside"),
    Cause.CLOCK: Label(word="clock", note="the clocks changed (clock)", phrase="the clocks changed"),
    Cause.UNKNOWN: Label(word="unknown", note="cause unknown: nothing is remembered of it", phrase="cause unknown"),
}
SCOPES = {
    Scope.PULL_REQUEST: Label(),
    Scope.PENDING: Label(paint=dim, word="pending before", phrase="pending before this pull request"),
    Scope.DRIFT: Label(paint=dim, word="drift", phrase="drift"),
    Scope.BEHIND: Label(paint=red, word="behind", phrase="behind"),
}
WEIGHTS = {
    Weight.LOSES: Label("✕", red, rule="destroys", phrase="lose something"),
    Weight.STOPS: Label("■", red, rule="stops", phrase="stop"),
    Weight.RISKS: Label("▲", yellow, rule="risks", phrase="need a look"),
    Weight.RETIMES: Label("▶", str, phrase="go out at another time"),
    Weight.STARTS: Label("▶", str, phrase="start"),
    Weight.FEEDS: Label("↳", str, phrase="feed others"),
}
GRAVE = tuple(weight for weight, label in WEIGHTS.items() if label.rule)  # what somebody loses or risks, gravest first
STATUSES = {
    Status.DONE: Label("✓", green),
    Status.FAILED: Label("✕", red),
    Status.SKIPPED: Label("⤼", yellow),
    Status.MANUAL: Label("!", yellow),
}


def name_api(api: str) -> str:
    """The address of the API as a heading names it: empty if it is the vendor's, or is not known."""
    return "" if api == VENDOR_URL else api


def format_api(api: str, show: Callable[[str], str] = escape) -> str:
    """The API's address behind a heading, in brackets; empty if it is the vendor's. `show` escapes it."""
    return f" (API: {show(named)})" if (named := name_api(api)) else ""


def find_shared_api(plans: Iterable[Plan]) -> str | None:
    """The API's address that all plans have; None if they differ."""
    found = {each.api for each in plans}
    return found.pop() if len(found) == 1 else None


def count_ends(report: ApplyReport) -> str:
    """How the changes of a report ended, in one line: `2 done, 1 failed`."""
    return ", ".join(f"{number} {status}" for status, number in report.counts().items() if number) or report.nothing


def describe_end(outcome: Outcome) -> str:
    """How a change ended, in words without its address. Empty if there is nothing to say."""
    reason = outcome.reason or (f"because of {outcome.because_of}" if outcome.because_of else "")
    if outcome.status is Status.MANUAL:
        return reason or "still to be done by a person"
    return f"but {outcome.verification}: {reason}".removesuffix(": ") if outcome.is_doubtful else reason


def count_changes(plan: Plan, strong: Paint = str, order: Iterable[Action] = ACTIONS) -> str:
    """A plan in one line: `1 to delete, 2 to create`, or `no changes`. `strong` marks what destroys."""
    summary = plan.summary()
    counts = {action: f"{summary[action]} {ACTIONS[action].phrase}" for action in order if summary[action]}
    return ", ".join(strong(text) if action in DESTROYS else text for action, text in counts.items()) or "no changes"


def format_place(place: Location) -> str:
    """`file:line` of a place; the column is left out."""
    return f"{place.file}:{place.line}" if place.line else place.file


def find_repository_path(file: str) -> str:
    """A file of the configuration, relative to the root of its repository, with slashes.

    The root is the folder that GITHUB_WORKSPACE names, else the nearest one that holds `.git`, else the working folder;
    a file that is outside keeps its whole path.
    """
    path = Path(file).resolve()
    workspace = [Path(named).resolve()] if (named := os.environ.get("GITHUB_WORKSPACE")) else []
    marked = next((folder for folder in path.parents if (folder / ".git").exists()), Path.cwd())
    root = next(filter(path.is_relative_to, (*workspace, marked)), None)
    return (path.relative_to(root) if root else path).as_posix()


def make_permalink(place: Location, commit: str) -> str:
    """The address of a line of a commit on GitHub or GitLab, as the variables of a runner say; else nothing.

    https://docs.github.com/en/actions/reference/workflows-and-actions/variables,
    https://docs.gitlab.com/ci/variables/predefined_variables
    """
    github = f"{os.environ.get('GITHUB_SERVER_URL', '')}/{os.environ.get('GITHUB_REPOSITORY', '')}"
    gitlab = os.environ.get("CI_PROJECT_URL", "")
    path = find_repository_path(place.file)
    base = f"{github}/blob" if PROJECT.fullmatch(github) else f"{gitlab}/-/blob" if PROJECT.fullmatch(gitlab) else ""
    if not base or not COMMIT.fullmatch(commit) or path.startswith("/"):
        return ""
    line = f"#L{place.line}" if place.line else ""
    return f"{base}/{commit}/{quote(path, safe='/', errors='replace')}{line}"
