"""The input of a plan: what is wanted, by the configuration or by a receipt that is taken back; and the plan of it."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler import commands, kinds
from reconciler import plan as plan_stage
from reconciler.api import Reader
from reconciler.commands.session import Session
from reconciler.kinds import KINDS
from reconciler.kinds.references import find_address, named_label, reference_items
from reconciler.lazy import frozen, load
from reconciler.model.addresses import address_kind
from reconciler.model.inputs import Desired, Fields, Live, State
from reconciler.model.plan import Plan
from reconciler.observe import observe, with_parts
from reconciler.plan.build import make_context, make_plan
from reconciler.plan.guards import Options
from reconciler.plan.references import find_unread
from reconciler.threads import span

if TYPE_CHECKING:
    from reconciler.commands.base_plan import BasePlan


@frozen
class PlanInput:
    """`options` include those of the environment. `lookups` are the paths of the lookups that the plan needs. `earlier`
    is what the configuration wanted at the base, if one was named."""

    desired: Desired
    options: Options
    lookups: AbstractSet[str]
    earlier: BasePlan | None = None


@span("stage", stage="config")
def make_plan_input(session: Session, state: State, options: Options) -> PlanInput:
    """The input of a plan. Raises what reading the configuration, a receipt or the base raises."""
    limit = session.environment.max_deletes
    options = replace(options, limit=limit, now=session.transport.clock(), api=session.transport.address)
    if options.undo is None:
        desired = session.configuration.desired(session.environment)
    else:
        receipt = load("reconciler.state.receipts:find_receipt")(session.store, options.undo)
        desired = plan_stage.drift.plan_undo(receipt, state.entries)
        # Only the addresses of the receipt are planned: what else has changed since is no part of the way back.
        addresses = {item.address for item in receipt.items} & {*desired.resources, *state.entries}
        options = replace(options, targets=(*options.targets, *sorted(addresses)))
    rules = (rule for each in desired.resources.values() for rule in KINDS[each.kind].local_times(each.fields).values())
    if rule := next(rules, None):
        options = replace(options, zone_data=kinds.local_time.zone_data(rule[0]))
    earlier = None
    if options.base is not None:
        earlier = commands.base_plan.read_base_plan(session.configuration, session.environment, options.base)
    lookups = _find_lookups(desired, state, options)
    if earlier is not None and earlier.desired is not None:
        lookups |= _find_lookups(earlier.desired, state, options)
    return PlanInput(desired, options, lookups, earlier)


@span("stage", stage="plan")
def build_plan(session: Session, wanted: PlanInput, state: State, live: Live) -> tuple[Plan, Live]:
    """The plan, and the live objects, with the values and lookups that were read only for this plan."""
    if any(kind.parts and live.records.get(kind.name) for kind in KINDS.values()):
        every = (record.ref for found in live.records.values() for record in found.values())
        pruned = every if wanted.options.prune else ()
        managed = {*pruned, *make_context(wanted.desired, state, live, wanted.options.now).addresses()}
        live = with_parts(Reader(session.transport), live, managed)
    made = make_plan(wanted.desired, state, live, wanted.options)
    if wanted.options.to_apply and (lookups := find_unread(wanted.desired, live, made.changes)):
        # Only the changes show that these are needed. With what they say, the plan is made once more.
        found = observe(Reader(session.transport), (), lookups)
        live = replace(live, lookups={**live.lookups, **found.lookups})
        made = make_plan(wanted.desired, state, live, wanted.options)
    return made, live


def find_written_lookups(session: Session) -> set[str]:
    """The lookups that the configuration needs, before it is evaluated."""
    written = session.configuration.merged.resources.items()
    return _find_used((address_kind(address), each.node) for address, each in written if isinstance(each.node, dict))


def _find_lookups(desired: Desired, state: State, options: Options) -> set[str]:
    """The lookups of what refers to something, and of targets that go."""
    paths = _find_used((resource.kind, resource.fields) for resource in desired.resources.values())
    going = {address_kind(address) for address in state.entries if address not in desired.resources}
    every = (reference for kind in KINDS.values() for _, reference in kind.lists)
    return paths | {reference.lookup for reference in every if reference.kind in going or options.prune}


def _find_used(resources: Iterable[tuple[str, Fields]]) -> set[str]:
    """The lookups that resources (kind, fields) need: those of their kinds, and those of what they refer to."""
    used: set[str] = set()
    paths: set[str] = set()
    unmet = {kind.name: {reference.lookup for _, reference in kind.lists} for kind in KINDS.values()}
    for name, fields in resources:
        used.add(name)
        if unmet[name]:
            items = ((item, each) for _, item, each in reference_items(KINDS[name], fields) if each.lookup)
            found = {each.lookup for item, each in items if find_address(each, item) or named_label(each, item)}
            paths |= found
            unmet[name] -= found
    return paths.union(*(KINDS[name].endpoints.lookups for name in used))
