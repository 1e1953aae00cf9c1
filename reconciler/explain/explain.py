"""Strings the parts of an explanation together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.errors import Location, WrongUsage, did_you_mean
from reconciler.explain.fields import Subject, fields_of
from reconciler.explain.rules import NEXT, rules_of_address
from reconciler.kinds import KINDS
from reconciler.model.apply_report import Receipt
from reconciler.model.desired import Desired
from reconciler.model.explanation import Explanation, LastApply, Verdict
from reconciler.model.live import Live
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.state import State

TARGET = re.compile(r"([a-z]+)(?:\.([^.\[\]]+)|\[([^\]]*)\])(?:\.(.+))?", re.DOTALL)
SHAPE = "expected KIND.KEY or KIND[ID], and perhaps .FIELD: report.daily-revenue.send_at, report[wbRlfw1x]"


@dataclass(frozen=True, slots=True)
class Target:
    """An address, the id of its live object (None: there is none), and a path within it (empty: all of it)."""

    address: str
    kind: str
    id: str | None
    path: str


def target_of(text: str, plan: Plan, desired: Desired, state: State, live: Live) -> Target:
    """What is asked about. WrongUsage where there is no such address, with the closest one."""
    found = TARGET.fullmatch(text)
    ids = _ids(plan, state)
    known = {*desired.resources, *ids}
    if found is None or found[1] not in KINDS:
        raise WrongUsage(f"{text} is no address{did_you_mean(text, {*known, *KINDS})}", hint=SHAPE)
    kind, key, object_id, path = found.groups()
    if object_id is not None:
        return _by_id(kind, object_id, path or "", ids, live)
    address = f"{kind}.{key}"
    address = next(
        (new for new, old in plan.moved.items() if old == address and address not in desired.resources), address
    )
    if address not in known:
        raise WrongUsage(f"{address}: there is no such address{did_you_mean(address, known)}", hint=SHAPE)
    return Target(address, kind, _if_live(kind, ids.get(address), live), path or "")


def _ids(plan: Plan, state: State) -> Mapping[str, str | None]:
    """Address → id, of everything that is managed or goes away."""
    ids: dict[str, str | None] = {address: entry.id for address, entry in state.entries.items()}
    ids |= {address: entry.id for address, entry in plan.refresh.items()}
    return ids | {change.address: change.id for change in plan.changes}


def _by_id(kind: str, object_id: str, path: str, ids: Mapping[str, str | None], live: Live) -> Target:
    if object_id not in live.records.get(kind, {}):
        close = did_you_mean(object_id, live.records.get(kind, {}))
        raise WrongUsage(f"there is no live {kind} with the id {object_id}{close}", hint=SHAPE)
    holder = next((each for each, held in ids.items() if held == object_id and each.startswith(kind)), None)
    return Target(holder or f"{kind}[{object_id}]", kind, object_id, path)


def _if_live(kind: str, object_id: str | None, live: Live) -> str | None:
    return object_id if object_id in live.records.get(kind, {}) else None


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
class ExplainInput:
    """All that an explanation is made of. `receipts`: the latest first; `line` gives the text at a place."""

    plan: Plan
    desired: Desired
    state: State
    live: Live
    receipts: Sequence[Receipt]
    line: Callable[[Location], str]


def explain(text: str, scenery: ExplainInput) -> Explanation:
    """Why ADDRESS[.FIELD] is as it is. WrongUsage where there is no such address or field, with the closest one."""
    plan, desired, state, live = scenery.plan, scenery.desired, scenery.state, scenery.live
    target = target_of(text, plan, desired, state, live)
    kind = KINDS[target.kind]
    record = live.records[target.kind].get(target.id or "")
    resource = desired.resources.get(target.address)
    entry = state.entries.get(plan.moved.get(target.address, target.address))
    change = next((each for each in plan.changes if each.address == target.address), None)
    ids = {address: plan.id_of(address) for address in desired.resources}
    after = plan.refresh.get(target.address) or (change.remember if change else None)
    stored = after.stored if after else {}
    fields = fields_of(Subject(kind, resource, record, entry, change, stored, ids, scenery.line), target.path)
    place = resource.location if resource else None
    rules = rules_of_address(
        kind, target.address, plan=plan, desired=desired, state=state, change=change, record=record
    )
    return Explanation(
        environment=state.environment,
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
