"""Strings the parts of an explanation together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reconciler.explain.fields import Subject, fields_of
from reconciler.explain.rules import NEXT, rules_of_address
from reconciler.explain.target import Target, target_of
from reconciler.kinds import KINDS
from reconciler.model.desired import Desired, Place
from reconciler.model.explanation import Explanation, LastApply, Verdict
from reconciler.model.live import Live
from reconciler.model.memory import Memory
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.receipt import Receipt

AS_WANTED = "nothing: it is as wanted"
UNMANAGED = "nothing: it is unmanaged, listed in each plan and never touched"
VERDICTS = {
    Action.CREATE: Verdict.NEW,
    Action.UPDATE: Verdict.DIFFERENT,
    Action.REPLACE: Verdict.DIFFERENT,
    Action.MANUAL: Verdict.MANUAL,
    Action.ADOPT: Verdict.ADOPTED,
    Action.DELETE: Verdict.DELETED,
    Action.FORGET: Verdict.FORGOTTEN,
}


@dataclass(frozen=True, slots=True)
class Scenery:
    """All that an explanation is made of. `receipts`: the latest first; `line` gives the text at a place."""

    plan: Plan
    desired: Desired
    memory: Memory
    live: Live
    receipts: Sequence[Receipt]
    line: Callable[[Place], str]


def explain(text: str, scenery: Scenery) -> Explanation:
    """Why ADDRESS[.FIELD] is as it is. WrongUsage where there is no such address or field, with the closest one."""
    plan, desired, memory, live = scenery.plan, scenery.desired, scenery.memory, scenery.live
    target = target_of(text, plan, desired, memory, live)
    kind = KINDS[target.kind]
    record = live.records[target.kind].get(target.id or "")
    resource = desired.resources.get(target.address)
    entry = memory.entries.get(plan.moved.get(target.address, target.address))
    change = next((each for each in plan.changes if each.address == target.address), None)
    ids = {address: plan.id_of(address) for address in desired.resources}
    after = plan.refresh.get(target.address) or (change.remember if change else None)
    stored = after.stored if after else {}
    fields = fields_of(Subject(kind, resource, record, entry, change, stored, ids, scenery.line), target.path)
    place = resource.place if resource else None
    rules = rules_of_address(
        kind, target.address, plan=plan, desired=desired, memory=memory, change=change, record=record
    )
    return Explanation(
        environment=memory.environment,
        address=target.address,
        kind=kind.name,
        name=record.name if record else str(resource.fields[kind.name_field]) if resource else target.address,
        id=target.id,
        path=target.path,
        verdict=_verdict(target, plan, change, managed=resource is not None),
        action=change.action if change else None,
        next=NEXT[change.action] if change else AS_WANTED if resource else UNMANAGED,
        fields=fields,
        rules=tuple(rules),
        notes=change.remarks() if change else (),
        place=place,
        line=scenery.line(place) if place else "",
        last=_last({target.address, plan.moved.get(target.address, target.address)}, scenery.receipts),
    )


def _verdict(target: Target, plan: Plan, change: Change | None, *, managed: bool) -> Verdict:
    if change is None:
        return Verdict.EQUAL if managed else Verdict.UNMANAGED
    if change.action is Action.ADOPT and target.address in plan.moved:
        return Verdict.MOVED
    return VERDICTS[change.action]


def _last(addresses: set[str], receipts: Sequence[Receipt]) -> LastApply | None:
    for receipt in receipts:
        for item in receipt.items:
            if item.address in addresses:
                return LastApply(receipt.id, receipt.at, receipt.who, receipt.commit, item.action, item.status)
    return None
