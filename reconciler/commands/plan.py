"""A plan: the stages in their order, and what a plan must pass before it is applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler import commands, observe
from reconciler import plan as plan_stage
from reconciler.api import Reader
from reconciler.commands.session import Session
from reconciler.errors import GUARD, KeyExposed, Refused
from reconciler.lazy import frozen
from reconciler.model.inputs import Desired, Live, State
from reconciler.model.plan import Action, Plan, Refusal
from reconciler.model.reports import Commit, Scope
from reconciler.observe import Lists, observe_remembered, wait_remembered
from reconciler.serialization import json_text
from reconciler.state.backend import Snapshot, raise_serial
from reconciler.state.journal import Replayed

if TYPE_CHECKING:
    from reconciler.commands.plan_input import PlanInput
    from reconciler.model.policies import PolicyReport
    from reconciler.plan.guards import Options

CREATES = (Action.CREATE, Action.REPLACE)
CUT_OFF = "an earlier apply was cut off; the lists tell whether this write was done: {}"


@frozen
class Planned:
    """A plan and what it was made with. `head` is the commit that it was made of, if another one is checked out;
    `behind` are the newer commits that changes would undo, by address. `before` is what the base wanted, `judged` what
    policies say."""

    plan: Plan
    snapshot: Snapshot
    state: State
    live: Live
    desired: Desired
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    base: str = ""
    behind: Mapping[str, Commit] = field(default_factory=dict)
    head: str = ""
    before: Desired = field(default_factory=lambda: Desired({}))
    judged: PolicyReport | None = None


def plan(session: Session, options: Options) -> Planned:
    """What would be done. Never writes to the API."""
    # The state comes first: it says which lists are needed, and how many of their pages are worth asking for at once.
    snapshot = session.read_state(options.allowed)
    replayed = session.store.journal.replay(snapshot.state)
    # A receipt that is taken back names its targets only once it is read.
    kinds = observe.find_target_kinds(options.targets if options.undo is None else ())
    useful = observe.find_kind_lookups(kinds)
    likely = observe.find_state_lookups(replayed.state) & useful
    with Lists(Reader(session.transport), kinds, replayed.state.entries, likely) as lists:
        # The YAML is read, and the code that it takes is loaded, while the lists are on their way.
        if options.undo is None:
            lists.need(commands.plan_input.find_written_lookups(session) & useful)
            lists.need_kinds(session.find_written_kinds())
        wanted = commands.plan_input.make_plan_input(session, replayed.state, options)
        lists.need(wanted.lookups & useful)
        lists.need_kinds(each.kind for each in wanted.desired.resources.values())
        live = wait_remembered(lists, replayed.state)
    made, live = _build_settled_plan(session, wanted, replayed, lists, live)
    _require_no_key(session, made)
    warnings = (*made.warnings, *map(CUT_OFF.format, replayed.open), *session.describe_orphans())
    made = replace(made, warnings=warnings, allowed=tuple(sorted(options.allowed)))
    planned = _add_scopes(Planned(made, snapshot, replayed.state, live, wanted.desired), wanted)
    planned = _add_evidence(session, planned, wanted) if planned.plan.changes else planned
    return add_policy_results(session, planned, options, wanted.earlier)


def add_policy_results(
    session: Session, planned: Planned, options: Options, earlier: commands.base_plan.BasePlan | None = None
) -> Planned:
    """The plan with what policies say. Of a receipt that is taken back, only the changes are judged."""
    policies, allowed, is_undo = planned.desired.policies, options.allowed, options.undo is not None
    if is_undo and session.configuration.merged.policies:
        policies = session.configuration.desired(session.environment).policies
    if not (options.to_apply and options.judged) or not (policies or any(each.startswith(GUARD) for each in allowed)):
        return planned
    more = {"live": planned.live, "state": planned.state, "only_changes": is_undo}
    more |= {"before": earlier.desired if earlier else None}
    made, report = commands.policies.judge_plan(session, planned.plan, policies, allowed, planned.desired, **more)
    return replace(planned, plan=made, judged=report)


def _build_settled_plan(
    session: Session, wanted: PlanInput, replayed: Replayed, lists: Lists, live: Live
) -> tuple[Plan, Live]:
    """The plan, and the live objects that it was made with.

    What a run created right before it was cut off may be listed late. To create it again would make a duplicate, so the
    lists are polled while the plan would create an object that the journal names.
    """
    for attempt in lists.reader.poll():
        if attempt:
            live = observe_remembered(lists.reader, lists.kinds, replayed.state, lists.needed, used=lists.used)
        made, live = commands.plan_input.build_plan(session, wanted, replayed.state, live)
        if not any(change.action in CREATES and change.address in replayed.named for change in made.changes):
            break
    return made, live


def _require_no_key(session: Session, made: Plan) -> None:
    """KeyExposed if a change holds the key: it would be in the plan's file, in the state and in receipts.

    The transport has searched the API's answers. This searches what the configuration, a receipt or the state says.
    """
    secret = session.transport.secret

    def holds_key(values: Any) -> bool:
        return secret.spellings.are_in(json_text(values).encode("utf-8", "surrogatepass"))

    if not made.changes or not holds_key(made.changes):
        return
    fields = ((change.address, each) for change in made.changes for each in change.fields)
    named = [f"{address}: its {each.path}" for address, each in fields if holds_key([each.before, each.after])]
    raise KeyExposed(
        "\n".join(f"{each} holds the secret key from {secret.source}" for each in named or ["the plan"]),
        hint="take it out of the configuration, make a new key and revoke this one: it may be known by now",
    )


def _add_scopes(planned: Planned, wanted: PlanInput) -> Planned:
    """The plan with the scope of each change, if a base was named."""
    base = wanted.earlier
    if base is None:
        return planned
    made, state, live = planned.plan, planned.state, planned.live
    scopes, warnings = commands.base_plan.compare_to_base(made, base, state, live, wanted.options)
    if wanted.options.only_scope:
        # The changes of the pull request, and those that they need.
        ours = {address for address, scope in scopes.items() if scope is Scope.PULL_REQUEST}
        made = plan_stage.build.keep_only(made, ours, planned.desired, state, live, wanted.options)
        scopes = {change.address: scopes[change.address] for change in made.changes}
    made = replace(made, warnings=(*made.warnings, *warnings))
    before = base.desired or planned.before
    return replace(planned, plan=made, scopes=scopes, base=base.commit, before=before)


def _add_evidence(session: Session, planned: Planned, wanted: PlanInput) -> Planned:
    """The plan with the reason why each object goes, and with the newer commits that it would undo."""
    evidence, folder, base = commands.evidence, session.configuration.folder, wanted.earlier
    if wanted.options.undo is not None:
        made = evidence.add_undo_reasons(planned.plan, wanted.options.undo)
        return add_behind(replace(planned, plan=made), folder)
    allowed = wanted.options.allowed
    made = evidence.add_reasons(planned.plan, planned.state.entries, planned.desired, session, allowed=allowed)
    planned = add_behind(replace(planned, plan=made), folder, base.tip if base else "")
    if base is None:
        return planned
    state, live, scopes = planned.state, planned.live, planned.scopes
    behind = commands.base_plan.find_behind_tip(made, scopes, base, state, live, wanted.options, folder)
    return _mark_behind(planned, behind)


def add_behind(planned: Planned, folder: Path, tip: str = "") -> Planned:
    """The plan with the newer commits that it would undo; `tip` is the commit that it was compared with."""
    behind, warnings = commands.evidence.find_behind(planned.plan, planned.state, folder, head=planned.head, tip=tip)
    made = replace(planned.plan, warnings=(*planned.plan.warnings, *warnings))
    snapshot = commands.evidence.compare_to_committed(planned.snapshot) if made.changes else planned.snapshot
    return _mark_behind(replace(planned, plan=made, snapshot=snapshot), behind)


def _mark_behind(planned: Planned, behind: Mapping[str, Commit]) -> Planned:
    own = (address for address, scope in planned.scopes.items() if scope is Scope.PULL_REQUEST)
    undoing = dict.fromkeys((planned.scopes.keys() & behind.keys()) - {*own}, Scope.BEHIND)
    return replace(planned, scopes={**planned.scopes, **undoing}, behind={**behind, **planned.behind})


def judge_now(session: Session, planned: Planned, options: Options) -> Planned:
    """The plan with the refusals of an apply at this moment: it would undo a newer commit, or write to the API in a
    freeze. `options` may pass these guards."""
    refusals = list(planned.plan.refusals)
    if planned.behind or planned.snapshot.newer:
        evidence = commands.evidence
        if evidence.BEHIND in options.allowed:
            planned = replace(planned, snapshot=raise_serial(planned.snapshot))
        else:
            reasons = evidence.describe_behind(planned.behind, planned.snapshot)
            refusals += (Refusal(evidence.BEHIND, each, evidence.PASSES_BEHIND) for each in reasons)
    is_written = any(change.requests or change.cleanup for change in planned.plan.changes)
    if is_written and not (options.only_clock or plan_stage.guards.FROZEN in options.allowed):
        refusals += plan_stage.guards.refuse_frozen(session.environment, session.transport.clock())
    return replace(planned, plan=replace(planned.plan, refusals=tuple(refusals)))


def find_refusal(planned: Planned, options: Options) -> Refused | None:
    """Why a plan may not be applied; None if it may be. With `strict_scope`, it may hold only changes of the pull
    request, and those that are due to the clocks: they were approved with the local time."""
    clock = {change.address for change in planned.plan.changes if not change.is_reviewed()}
    scopes = ((address, scope) for address, scope in planned.scopes.items() if scope is not Scope.PULL_REQUEST)
    others = [f"{address}: {scope}" for address, scope in scopes if address not in clock]
    if options.strict_scope and others:
        return Refused(
            "\n  ".join([f"not all of this is due to what changed since {planned.base[:12]}:", *others]),
            hint="to pass: --only-scope leaves them out; without --strict-scope they are applied, too",
        )
    return refusal_error(planned.plan.refusals) if planned.plan.refusals else None


def refuse(planned: Plan) -> None:
    """Raises Refused if a guard refuses the plan."""
    if planned.refusals:
        raise refusal_error(planned.refusals)


def refusal_error(refusals: Sequence[Refusal]) -> Refused:
    """The error that says what guards refuse, and what passes each."""
    return Refused(
        "\n".join(refusal.message for refusal in refusals),
        hint="\n      ".join(f"to pass: {refusal.passes}" for refusal in refusals),
    )
