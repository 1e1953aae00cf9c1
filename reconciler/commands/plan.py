"""A plan: the stages in their order, and what a plan must pass before it is applied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler import commands, kinds, observe
from reconciler import plan as plan_stage
from reconciler.api import Reader
from reconciler.commands.session import Planned, Session
from reconciler.errors import GUARD, KeyExposed, Refused
from reconciler.kinds import KINDS
from reconciler.kinds.references import find_address, find_named_label, find_reference_items
from reconciler.lazy import frozen, load
from reconciler.model.addresses import address_kind
from reconciler.model.inputs import Desired, Fields, Live, State
from reconciler.model.plan import Action, Plan, Refusal
from reconciler.model.reports import Scope
from reconciler.serialization import to_json_text
from reconciler.state.backend import raise_serial
from reconciler.state.journal import Replayed
from reconciler.threads import span

if TYPE_CHECKING:
    from reconciler.commands.base_plan import BasePlan
    from reconciler.plan.guards import Options
    from reconciler.plan.plan_file import SavedPlan

CUT_OFF = "an earlier apply was cut off; the lists tell whether this write was done: {}"


@frozen
class PlanInput:
    """What is wanted, by the configuration or by a receipt that is taken back. `options` include those of the
    environment. `lookups` are the paths of the lookups that the plan needs. `earlier` is what the configuration wanted
    at the base, if one was named."""

    desired: Desired
    options: Options
    lookups: AbstractSet[str]
    earlier: BasePlan | None = None


def plan(session: Session, options: Options) -> Planned:
    """What would be done. Never writes to the API."""
    # The state comes first: it says which lists are needed, and how many of their pages are worth asking for at once.
    snapshot = session.read_state(options.allowed)
    replayed = session.backend.journal.replay(snapshot.state)
    wanted, lists, live = _read_inputs(session, options, replayed.state)
    made, live = _build_settled_plan(session, wanted, replayed, lists, live)
    _require_no_key(session, made)
    warnings = (*made.warnings, *map(CUT_OFF.format, replayed.open), *session.describe_orphans())
    made = replace(made, warnings=warnings, allowed=tuple(sorted(options.allowed)))
    planned = Planned(made, snapshot, replayed.state, live, wanted.desired)
    base = wanted.earlier
    if base is not None:
        planned = commands.base_plan.add_scopes(planned, base, wanted.options)
    if planned.plan.changes:
        evidence, folder = commands.evidence, session.configuration.folder
        if options.undo is None:
            planned = evidence.add_reasons(planned, session, options.allowed)
        else:
            planned = evidence.add_undo_reasons(planned, options.undo)
        planned = evidence.add_behind(planned, folder, base.tip if base else "")
        if base is not None:
            planned = commands.base_plan.add_behind_tip(planned, base, wanted.options, folder)
    return add_policy_results(session, planned, options, base)


def _read_inputs(session: Session, options: Options, state: State) -> tuple[PlanInput, observe.Lists, Live]:
    """What is wanted, and what is live, with the lists that say so."""
    # A receipt that is taken back names its targets only once it is read.
    listed = observe.find_target_kinds(options.targets if options.undo is None else ())
    useful = observe.find_kind_lookups(listed)
    likely = observe.find_state_lookups(state) & useful
    with observe.Lists(Reader(session.transport), listed, state.entries, likely) as lists:
        # The YAML is read, and the code that it takes is loaded, while the lists are on their way.
        if options.undo is None:
            written = ((address, each.node) for address, each in session.configuration.merged.resources.items())
            used = _find_lookups((address_kind(address), node) for address, node in written if isinstance(node, dict))
            lists.need(used & useful)
            lists.need_kinds(session.find_written_kinds())
        wanted = make_plan_input(session, state, options)
        lists.need(wanted.lookups & useful)
        lists.need_kinds(each.kind for each in wanted.desired.resources.values())
        load("reconciler.plan.build")
        return wanted, lists, observe.wait_remembered(lists, state)


@span("stage", stage="config")
def make_plan_input(session: Session, state: State, options: Options) -> PlanInput:
    """The input of a plan. Raises what reading the configuration, a receipt or the base raises."""
    limit = session.environment.max_deletes
    options = replace(options, limit=limit, now=session.transport.clock(), api=session.transport.address)
    if options.undo is None:
        desired = session.configuration.desired(session.environment)
    else:
        receipt = load("reconciler.state.receipts:find_receipt")(session.backend, options.undo)
        desired = plan_stage.drift.plan_undo(receipt, state.entries)
        # Only the addresses of the receipt are planned: what else has changed since is no part of the way back.
        addresses = {item.address for item in receipt.items} & {*desired.resources, *state.entries}
        options = replace(options, targets=(*options.targets, *sorted(addresses)))
    resources = desired.resources.values()
    rules = (rule for each in resources for rule in KINDS[each.kind].find_local_times(each.fields).values())
    if rule := next(rules, None):
        options = replace(options, zone_data=kinds.local_time.read_zone_version(rule[0]))
    earlier = None
    if options.base is not None:
        earlier = commands.base_plan.read_base_plan(session.configuration, session.environment, options.base)
    lookups = set[str]()
    for each in (desired, earlier.desired) if earlier and earlier.desired else (desired,):
        lookups |= _find_lookups((resource.kind, resource.fields) for resource in each.resources.values())
        going = {address_kind(address) for address in state.entries if address not in each.resources}  # looked up, too
        references = (reference for kind in KINDS.values() for _, reference in kind.lists)
        lookups |= {reference.lookup for reference in references if reference.kind in going or options.prune}
    return PlanInput(desired, options, lookups, earlier)


def _find_lookups(resources: Iterable[tuple[str, Fields]]) -> set[str]:
    """The lookups that resources (kind, fields) need: those of their kinds, and those of what they refer to."""
    used: set[str] = set()
    paths: set[str] = set()
    unmet = {kind.name: {reference.lookup for _, reference in kind.lists} for kind in KINDS.values()}
    for name, fields in resources:
        used.add(name)
        if unmet[name]:
            items = ((item, each) for _, item, each in find_reference_items(KINDS[name], fields) if each.lookup)
            found = {each.lookup for item, each in items if find_address(each, item) or find_named_label(each, item)}
            paths |= found
            unmet[name] -= found
    return paths.union(*(KINDS[name].endpoints.lookups for name in used))


def _build_settled_plan(
    session: Session, wanted: PlanInput, replayed: Replayed, lists: observe.Lists, live: Live
) -> tuple[Plan, Live]:
    """The plan, and the live objects that it was made with.

    What a run created right before it was cut off may be listed late. To create it again would make a duplicate, so the
    lists are polled while the plan would create an object that the journal names.
    """
    for attempt in lists.reader.poll():
        if attempt:
            live = observe.observe_remembered(lists.reader, lists.kinds, replayed.state, lists.needed, used=lists.used)
        made, live = _build_plan(session, wanted, replayed.state, live)
        created = {each.address for each in made.changes if each.action in (Action.CREATE, Action.REPLACE)}
        if not created & replayed.named:
            break
    return made, live


@span("stage", stage="plan")
def _build_plan(session: Session, wanted: PlanInput, state: State, live: Live) -> tuple[Plan, Live]:
    """The plan, and the live objects, with the values and lookups that were read only for this plan."""
    if any(kind.parts and live.records.get(kind.name) for kind in KINDS.values()):
        every = (record.ref for found in live.records.values() for record in found.values())
        pruned = every if wanted.options.prune else ()
        managed = {*pruned, *plan_stage.build.make_context(wanted.desired, state, live, wanted.options.now).addresses()}
        live = observe.with_parts(Reader(session.transport), live, managed)
    made = plan_stage.build.make_plan(wanted.desired, state, live, wanted.options)
    if wanted.options.to_apply and (lookups := plan_stage.references.find_unread(wanted.desired, live, made.changes)):
        # Only the changes show that these are needed. With what they say, the plan is made once more.
        found = observe.observe(Reader(session.transport), (), lookups)
        live = replace(live, lookups={**live.lookups, **found.lookups})
        made = plan_stage.build.make_plan(wanted.desired, state, live, wanted.options)
    return made, live


def _require_no_key(session: Session, made: Plan) -> None:
    """KeyExposed if a change holds the key: it would be in the plan's file, in the state and in receipts.

    The transport has searched the API's answers. This searches what the configuration, a receipt or the state says.
    """
    secret = session.transport.secret

    def has_key(values: Any) -> bool:
        return secret.spellings.are_in(to_json_text(values).encode("utf-8", "surrogatepass"))

    if not made.changes or not has_key(made.changes):
        return
    fields = ((change.address, each) for change in made.changes for each in change.fields)
    named = [f"{address}: its {each.path}" for address, each in fields if has_key([each.before, each.after])]
    raise KeyExposed(
        "\n".join(f"{each} holds the secret key from {secret.source}" for each in named or ["the plan"]),
        hint="take it out of the configuration, make a new key and revoke this one: it may be known by now",
    )


def add_policy_results(session: Session, planned: Planned, options: Options, base: BasePlan | None = None) -> Planned:
    """The plan with what policies say. Of a receipt that is taken back, only the changes are judged."""
    policies = planned.desired.policies
    if options.undo is not None and session.configuration.merged.policies:
        policies = session.configuration.desired(session.environment).policies
    # A policy that is named and does not exist is an error, although no other one is judged.
    has_work = policies or any(each.startswith(GUARD) for each in options.allowed)
    if not (has_work and options.to_apply and options.judged):
        return planned
    return commands.policies.judge_plan(session, planned, policies, options, base.desired if base else None)


def bind_plan(session: Session, planned: Planned) -> SavedPlan:
    """A plan to be saved, bound to its environment, project and state."""
    secret = session.transport.secret.value
    return plan_stage.plan_file.bind(planned.plan, planned.state, secret, session.folder, session.find_head())


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
    return make_refusal_error(planned.plan.refusals) if planned.plan.refusals else None


def refuse(made: Plan) -> None:
    """Raises Refused if a guard refuses the plan."""
    if made.refusals:
        raise make_refusal_error(made.refusals)


def make_refusal_error(refusals: Sequence[Refusal]) -> Refused:
    """The error that says what guards refuse, and what passes each."""
    return Refused(
        "\n".join(refusal.message for refusal in refusals),
        hint="\n      ".join(f"to pass: {refusal.passes}" for refusal in refusals),
    )
