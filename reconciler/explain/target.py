"""What ADDRESS[.FIELD] means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.errors import WrongUsage, did_you_mean
from reconciler.kinds import KINDS
from reconciler.model.desired import Desired
from reconciler.model.live import Live
from reconciler.model.memory import Memory
from reconciler.model.plan import Plan

TARGET = re.compile(r"([a-z]+)(?:\.([^.\[\]]+)|\[([^\]]*)\])(?:\.(.+))?", re.DOTALL)
SHAPE = "expected KIND.KEY or KIND[ID], and perhaps .FIELD: report.daily-revenue.send_at, report[wbRlfw1x]"


@dataclass(frozen=True, slots=True)
class Target:
    """An address, the id of its live object (None: there is none), and a path within it (empty: all of it)."""

    address: str
    kind: str
    id: str | None
    path: str


def target_of(text: str, plan: Plan, desired: Desired, memory: Memory, live: Live) -> Target:
    """What is asked about. WrongUsage where there is no such address, with the closest one."""
    found = TARGET.fullmatch(text)
    ids = _ids(plan, memory)
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


def _ids(plan: Plan, memory: Memory) -> Mapping[str, str | None]:
    """Address → id, of everything that is managed or goes away."""
    ids: dict[str, str | None] = {address: entry.id for address, entry in memory.entries.items()}
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
