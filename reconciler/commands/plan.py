"""Strings the stages together. What is decided here is only which stage comes when."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.api import Poll, Reader
from reconciler.commands.session import Session
from reconciler.errors import KeyExposed, Refused
from reconciler.model.desired import Desired
from reconciler.model.live import Live
from reconciler.model.plan import Action, Plan
from reconciler.model.state import State
from reconciler.observe import kind_lookups, observe, observe_remembered, state_lookups, target_kinds
from reconciler.serialization import json_text
from reconciler.state import Journal, Snapshot, as_newest

if TYPE_CHECKING:
    from reconciler.commands.base_plan import BasePlan
    from reconciler.commands.plan_input import PlanInput
    from reconciler.model.review import Commit, Review, Scope
    from reconciler.plan import Options

CREATES = (Action.CREATE, Action.REPLACE)
CUT_OFF = "an earlier apply was cut off, and whether this write was done is found by looking: {}"


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and what it was made with. `head` is the commit that it was made of, if that is not what is checked out;
    `behind` are the newer commits that changes would undo, by address."""

    plan: Plan
    snapshot: Snapshot
    state: State
    live: Live
    desired: Desired
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    base: str = ""
    behind: Mapping[str, Commit] = field(default_factory=dict)
    head: str = ""


def plan(
    session: Session, options: Options, undo: str | None = None, *, base: str | None = None, only_scope: bool = False
) -> Planned:
    """What would be done, by a client that cannot write. `undo`: the receipt to take back, in the YAML's place.

    `base` is a commit or branch to compare with, `only_scope` leaves out what is not due to what came after it.
    """
    snapshot = session.read_state(options.allowed)
    replayed = Journal(session.store.journal).replay(snapshot.state)
    state = replayed.state

    @cache
    def goal() -> PlanInput:
        # The YAML is read, and the code that it takes loaded, while the lists are on their way.
        from reconciler.commands.plan_input import plan_input  # noqa: PLC0415

        return plan_input(session, state, options, undo, base)

    def lookups() -> Iterator[str]:
        if undo is None:
            from reconciler.commands.plan_input import written_lookups  # noqa: PLC0415

            yield from written_lookups(session) & useful
        yield from goal().lookups & useful

    # A receipt that is taken back names its targets only once it is read.
    kinds = target_kinds(options.targets if undo is None else ())
    useful = kind_lookups(kinds)
    for _ in Poll():
        live = observe_remembered(Reader(session.door), kinds, state, lookups, state_lookups(state) & useful)
        from reconciler.plan import make_plan, unread  # noqa: PLC0415 - loaded with the goal

        made = make_plan(goal().desired, state, live, goal().options)
        if options.to_apply and (wanted := unread(goal().desired, live, made.changes)):
            found = observe(Reader(session.door), (), lambda: wanted)
            live = replace(live, lookups={**live.lookups, **found.lookups})
            made = make_plan(goal().desired, state, live, goal().options)
        # What a run made right before it was cut off may show late, and to make it again would be a duplicate.
        if not any(change.action in CREATES and change.address in replayed.named for change in made.changes):
            break
    _require_no_key(session, made)
    made = replace(made, warnings=(*made.warnings, *map(CUT_OFF.format, replayed.open)))
    planned = Planned(made, snapshot, state, live, goal().desired)
    earlier = goal().earlier
    if earlier is not None:
        planned = _scoped(planned, earlier, goal().options, only_scope=only_scope)
    return _with_evidence(session, planned, goal(), undo) if planned.plan.changes else planned


def _require_no_key(session: Session, made: Plan) -> None:
    """KeyExposed if something that is planned holds the key: it would be in the plan's file, in state and receipts.

    What the API sends was looked through as it came; this is what the configuration, a receipt or the state says.
    """
    spellings = session.door.secret.spellings
    if not (made.changes and spellings.are_in(json_text(made.changes).encode("utf-8", "surrogatepass"))):
        return
    named = [
        f"{change.address}: its {each.path}"
        for change in made.changes
        for each in change.fields
        if spellings.are_in(json_text([each.before, each.after]).encode("utf-8", "surrogatepass"))
    ]
    raise KeyExposed(
        "\n".join(f"{each} holds the secret key from {session.door.secret.source}" for each in named or ["the plan"]),
        hint="take it out of the configuration, make a new key and revoke this one: it may be known by now",
    )


def _scoped(planned: Planned, earlier: BasePlan, options: Options, *, only_scope: bool) -> Planned:
    """The plan with whose doing each change is; where nothing else is wanted, with what is due to this branch."""
    from reconciler.commands.base_plan import compared  # noqa: PLC0415 - only where a base was named
    from reconciler.model.review import Scope  # noqa: PLC0415
    from reconciler.plan import make_plan  # noqa: PLC0415

    made, state, live = planned.plan, planned.state, planned.live
    scopes, noted = compared(made, earlier, state, live, options)
    if only_scope:
        ours = frozenset(address for address, scope in scopes.items() if scope is Scope.PULL_REQUEST)
        narrowed = make_plan(planned.desired, state, live, replace(options, only=ours))
        made = replace(narrowed, warnings=tuple(dict.fromkeys((*narrowed.warnings, *made.warnings))))
        scopes = {change.address: scopes[change.address] for change in made.changes}
    made = replace(made, warnings=(*made.warnings, *noted))
    return replace(planned, plan=made, scopes=scopes, base=earlier.commit)


def _with_evidence(session: Session, planned: Planned, goal: PlanInput, undo: str | None) -> Planned:
    """The plan with why each object goes, and with what would undo a newer commit."""
    from reconciler.commands import evidence  # noqa: PLC0415 - only if something changes

    folder, earlier = session.opened.folder, goal.earlier
    if undo is not None:
        return with_behind(replace(planned, plan=evidence.add_undo_reasons(planned.plan, undo)), folder)
    made = evidence.add_reasons(
        planned.plan, planned.state.entries, planned.desired, folder, allowed=goal.options.allowed
    )
    planned = with_behind(replace(planned, plan=made), folder, earlier.tip if earlier else "")
    if earlier is None:
        return planned
    from reconciler.commands.base_plan import behind_tip  # noqa: PLC0415 - only where a base was named

    found = behind_tip(made, planned.scopes, earlier, planned.state, planned.live, goal.options)
    return _marked(planned, evidence.at_commit(found, folder, earlier.tip))


def with_behind(planned: Planned, folder: Path, tip: str = "") -> Planned:
    """The plan with what would undo a newer commit; `tip` is what it was compared with."""
    from reconciler.commands import evidence  # noqa: PLC0415 - only if something changes

    found = evidence.find_behind(planned.plan, planned.state, folder, head=planned.head, tip=tip)
    made = replace(planned.plan, warnings=(*planned.plan.warnings, *found.warnings))
    return _marked(replace(planned, plan=made), found.changes)


def _marked(planned: Planned, behind: Mapping[str, Commit]) -> Planned:
    from reconciler.model.review import Scope  # noqa: PLC0415 - as above

    ours = Scope.PULL_REQUEST
    scopes = {
        address: Scope.BEHIND if address in behind and scope is not ours else scope
        for address, scope in planned.scopes.items()
    }
    return replace(planned, scopes=scopes, behind={**behind, **planned.behind})


def require_current(planned: Planned, allowed: Collection[str]) -> Planned:
    """The plan as an apply judges it: refused if it would undo a newer commit, unless `allowed` has the guard."""
    if not (planned.behind or planned.snapshot.newer_receipt):
        return planned
    from reconciler.commands.evidence import BEHIND, refusals_of  # noqa: PLC0415 - as above

    if BEHIND in allowed:
        return replace(planned, snapshot=as_newest(planned.snapshot))
    refusals = refusals_of(planned.behind, planned.snapshot)
    return replace(planned, plan=replace(planned.plan, refusals=(*planned.plan.refusals, *refusals)))


def review(session: Session, planned: Planned, now: datetime | None = None, *, forms: Collection[str] = ()) -> Review:
    """A plan as people are shown it. `now` knows its zone; left out, it is the clock's.

    `forms` are those that it will be shown in: git is asked for the commit only if one of them shows it.
    """
    from reconciler.output.forms import SHOW_COMMIT  # noqa: PLC0415 - as below
    from reconciler.review import make_review  # noqa: PLC0415 - nothing of it is needed while a plan is made

    made = planned.plan
    if planned.behind or planned.snapshot.newer_receipt:
        from reconciler.commands.evidence import warnings_of  # noqa: PLC0415 - as above

        made = replace(made, warnings=(*made.warnings, *warnings_of(planned.behind, planned.snapshot)))
    return make_review(
        made,
        planned.desired,
        planned.live,
        now=now or datetime.now(UTC),
        zone=_zone(session.environment.time_zone),
        sandbox_key=session.door.secret.sandbox,
        commit=session.commit() if SHOW_COMMIT.intersection(forms) else "",
        base=planned.base,
        scopes=planned.scopes,
        behind=planned.behind,
    )


def _zone(name: str) -> tzinfo | None:
    if not name:
        return None
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - most configurations name none

    return ZoneInfo(name)


def require_scope(planned: Planned) -> None:
    """Refused where a plan holds changes that were not made since the base it was compared with."""
    from reconciler.model.review import Scope  # noqa: PLC0415 - only where a base was named

    others = [f"{address}: {scope}" for address, scope in planned.scopes.items() if scope is not Scope.PULL_REQUEST]
    if others:
        raise Refused(
            "\n  ".join([f"not all of this is due to what changed since {planned.base[:12]}:", *others]),
            hint="to pass: --only-scope leaves them out; without --strict-scope they are applied, too",
        )


def refuse(planned: Plan) -> None:
    """Raises Refused where a guard says no to a plan."""
    if planned.refusals:
        raise Refused(
            "\n".join(refusal.message for refusal in planned.refusals),
            hint="\n      ".join(f"to pass: {refusal.passes}" for refusal in planned.refusals),
        )
