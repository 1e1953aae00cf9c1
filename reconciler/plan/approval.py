"""Compares a plan with the one that was approved, and names the differences."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Final

from reconciler.errors import Refused, WrongUsage
from reconciler.kinds.comparison import is_equal
from reconciler.lazy import frozen
from reconciler.model.approval import NOTHING, from_json, make_sketch
from reconciler.model.plan import Action, Cause, Change, FieldChange, Plan
from reconciler.serialization import DecodeError, explain
from reconciler.system import Unreadable, read_regular
from reconciler.text import format_count, truncate

LARGEST: Final = 100_000_000
"""Bytes: somebody else may have written the file, so it is not read without end."""
EXPECTED = "expected what `reconciler comment --read`, `plan --format json` or `plan --out` writes"


@frozen
class Approved:
    """An approval. The digest binds; the rest is for messages. `changes`: address → the action, and a hash if it is
    known; None if only the digest is known. `left_out`: how many more there are. `environment` and `configuration` may
    be empty. `fields`: address → path → before and after, of an approval that is a whole plan.

    `also`: what other pull requests approved that were merged in the same push. With them the changes bind, too.
    """

    digest: str
    environment: str = ""
    changes: Mapping[str, str] | None = None
    left_out: int = 0
    configuration: str = ""
    fields: Mapping[str, Mapping[str, tuple[Any, Any]]] = field(default_factory=dict)
    also: tuple[Approved, ...] = ()


def read_approved(expected: str, environment: str) -> Approved:
    """The approval of an environment for a digest, or `@FILE`. WrongUsage if the file cannot be read or is no approval;
    Refused if it approves other environments."""
    if not expected.startswith("@"):
        return Approved(expected)
    path = Path(expected[1:])
    try:
        document = json.loads(read_regular(path, LARGEST).decode("utf-8"))
        first, *others = map(_read, _choose_own(document, environment, path))
        return replace(first, also=tuple(others))
    except (OSError, Unreadable) as error:
        raise WrongUsage(f"--expect-digest {expected}: cannot be read ({error})", hint=EXPECTED) from error
    except (ValueError, RecursionError) as error:
        raise WrongUsage(f"--expect-digest {expected}: is no approval ({explain(error)})", hint=EXPECTED) from error


def _choose_own(document: Any, environment: str, path: Path) -> list[Any]:
    """What a document says of an environment: of several plans, those that are of it."""
    every = document.get("environments", document.get("plans")) if isinstance(document, dict) else None
    if not isinstance(every, list):
        return [document]
    plans = [(each, each.get("plan", each)) for each in every if isinstance(each, dict)]
    named = [(each, plan) for each, plan in plans if isinstance(plan, dict) and "error" not in plan]
    if own := [each for each, plan in named if plan.get("environment") == environment]:
        return own
    raise Refused(f"{path} approves nothing for the environment {environment}", hint=AGAIN)


def _read(document: Any) -> Approved:
    """What an approval or a whole plan approves: `plan --format json`, or a saved one. DecodeError if it lacks
    something."""
    plan = document.get("plan", document) if isinstance(document, dict) else None
    if not (isinstance(plan, dict) and isinstance(plan.get("changes"), list)):
        made = from_json(document)
        return Approved(made.digest, made.environment, made.changes, made.left_out, made.configuration)
    try:
        fields: dict[str, dict[str, tuple[Any, Any]]] = {}
        for each in plan["changes"]:
            # A local time is approved as it is written: its UTC time is another one after the clocks change.
            reviewed = (one for one in each["fields"] if one.get("cause") != Cause.CLOCK)
            sides = {str(one["path"]): (one["before"], one.get("rule") or one["after"]) for one in reviewed}
            fields[str(each["address"])] = sides
        # What the clocks alone bring about is not reviewed.
        actions = {str(each["address"]): str(each["action"]) for each in plan["changes"]}
        changes = {name: action for name, action in actions.items() if action != Action.UPDATE or fields[name]}
        return Approved(str(plan["digest"]), str(plan["environment"]), changes, fields=fields)
    except (KeyError, TypeError) as error:
        raise DecodeError(f"a plan without {error}") from error


MOST_LINES: Final = 30  # differences that a message shows
MOST_FIELDS: Final = 3  # of one change
LONGEST: Final = 80  # characters of a value
DONE = {"adopt": "adopted", "forget": "forgotten", "manual": "changed by hand"}
CAUSES = {Cause.DRIFT: "changed outside since", Cause.BOTH: "changed here and outside"}
AGAIN = "have it reviewed anew: plan again, and approve that"
IN_WORDS = (
    "to be told what differs, give the file in the digest's place: --expect-digest @FILE, from "
    "`reconciler comment --read FILE` or `reconciler plan --format json`"
)
NOT_LISTED = "what differs is beyond what the approval has room for"
UNSEEN = "what differs is not in the fields: what was seen of a live object, what is sent for it, or what comes first"
ALL_LEFT = "all that is planned now was approved, and the rest is done or not wanted any more: " + AGAIN


def require_approved(plan: Plan, approved: Approved) -> None:
    """Refused if a plan is not the approved one, with the differences as far as they are known.

    It is approved if its digest is; or, if pull requests were merged together, if one of them approved each change.
    """
    if plan.digest in {approved.digest, *(each.digest for each in approved.also)}:
        return
    if approved.digest == NOTHING and not any(each.is_reviewed() for each in plan.changes):
        return
    if approved.also:
        approved = _gather(plan, approved)
        asked = {each.address: make_sketch(each, plan.api) for each in plan.changes if each.is_reviewed()}
        if (approved.changes or {}).items() >= asked.items():
            return
    if approved.environment and approved.environment != plan.environment:
        message = f"what was approved is a plan for the environment {approved.environment}, not for {plan.environment}"
        raise Refused(message, hint="give the approval of this environment")
    head = "this is not the plan that was approved" + ("" if plan.changes else ": nothing is planned now")
    if approved.changes is None:
        head += f": {plan.digest} is planned now" if plan.changes else ""
        head += f", {approved.digest or 'nothing'} was expected"
        lines, hint = list(_list_planned(plan)) if plan.changes else [], IN_WORDS
    else:
        lines = list(_find_differences(plan, approved, approved.changes))
        hint = AGAIN if lines or not plan.changes else ALL_LEFT
        lines = [*lines, *_find_withdrawn(plan, approved.changes)] or [NOT_LISTED if approved.left_out else UNSEEN]
    raise Refused("\n  ".join([head + ":" * bool(lines), *_take_first(lines, MOST_LINES, "… and")]), hint=hint)


def _gather(plan: Plan, approved: Approved) -> Approved:
    """What several pull requests approved, as one. A change that two of them touch is as it is planned now, if one of
    them approved that."""
    now = {each.address: make_sketch(each, plan.api) for each in plan.changes}
    changes: dict[str, str] = {}
    left_out = 0
    for each in (approved, *approved.also):
        known = dict(each.changes or {}) if each.configuration == plan.configuration else {}
        left_out += each.left_out + len(each.changes or {}) - len(known)
        is_now = {address: sketch for address, sketch in known.items() if sketch == now.get(address)}
        changes = known | changes | is_now
    return replace(approved, changes=changes, left_out=left_out)


def _list_planned(plan: Plan) -> Iterator[str]:
    outside = (Cause.DRIFT, Cause.BOTH)
    ordered = sorted(plan.changes, key=lambda change: all(each.cause not in outside for each in change.fields))
    drifted = sum(any(each.cause in outside for each in change.fields) for change in ordered)
    yield f"{format_count(len(ordered), 'change')}, {drifted} of them because of what somebody changed outside"
    yield from (f"{change.address}: {_describe_now(change)}" for change in ordered)


def _find_differences(plan: Plan, approved: Approved, changes: Mapping[str, str]) -> Iterator[str]:
    """How the changes of a plan differ from those that were approved."""
    for change in (each for each in plan.changes if not each.is_clock()):
        known = changes.get(change.address)
        if known is None:
            no_room = "is not among the changes that the approval has room for"
            yield f"{change.address} {no_room if approved.left_out else 'was not approved'}: {_describe_now(change)}"
        elif (action := known.partition(" ")[0]) != change.action.value:
            done = DONE.get(action, f"{action}d")
            yield f"{change.address} was to be {done}, and is another thing now: {_describe_now(change)}"
        elif difference := _describe_difference(change, known, approved.fields.get(change.address), plan.api):
            yield f"{change.address} would change differently: {difference}"


def _find_withdrawn(plan: Plan, approved: Mapping[str, str]) -> Iterator[str]:
    """The changes that were approved and are not planned, and why, as far as the plan tells."""
    planned = {change.address for change in plan.changes}
    for address, sketch in approved.items():
        if address in planned:
            continue
        action, why = sketch.partition(" ")[0], "it is not in the configuration any more, or is left out"
        if address in plan.unchanged:
            done = {"create": "it is there already", "delete": "it is wanted again"}
            why = done.get(action, "it is so already")
        elif action in ("delete", "forget"):
            why = "it is gone, or was forgotten"
        yield f"{address} was to be {DONE.get(action, f'{action}d')} and is not planned any more ({why})"


def _describe_now(change: Change) -> str:
    """`update now (send_at "09:00" → "10:00", changed outside since)`."""
    is_written = change.action in (Action.UPDATE, Action.REPLACE, Action.MANUAL)
    text = "; ".join(_take_first(map(_describe_field, change.fields), MOST_FIELDS, "and")) if is_written else ""
    text = _format_value(change.name) if change.action in (Action.CREATE, Action.DELETE) else text
    return f"{change.action.value} now" + (f" ({text})" if text else "")


def _describe_difference(change: Change, sketch: str, known: Mapping[str, tuple[Any, Any]] | None, api: str) -> str:
    """The differences by path if both sides are known, else the change as it is now; empty if it is as approved."""
    if known is None:
        return "" if make_sketch(change, api) == sketch else _describe_now(change)
    parts, fields = [], [each for each in change.fields if each.cause is not Cause.CLOCK]
    for each in fields:
        then = known.get(each.path)
        if then is None:
            parts.append(f"{_describe_field(each)}, which was not approved")
        elif not ((each.rule_before or is_equal(each.before, then[0])) and is_equal(each.rule or each.after, then[1])):
            parts.append(f"{_describe_field(each)}; approved was {_format_value(then[0])} → {_format_value(then[1])}")
    now = {each.path for each in fields}
    parts += [f"{path} stays as it is" for path in known if path not in now]
    return "; ".join(_take_first(parts, MOST_FIELDS, "and"))


def _describe_field(each: FieldChange) -> str:
    cause = CAUSES.get(each.cause, "")
    return f"{each.path} {_format_value(each.before)} → {_format_value(each.after)}" + (f", {cause}" if cause else "")


def _format_value(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return truncate(text, LONGEST)


def _take_first(parts: Iterable[str], most: int, more: str) -> list[str]:
    every = list(parts)
    return every[:most] + ([f"{more} {len(every) - most} more"] if len(every) > most else [])
