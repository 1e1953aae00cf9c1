"""What an explanation is about: an address, and all that is known of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reconciler.errors import Location, WrongUsage
from reconciler.kinds import KINDS, Kind
from reconciler.model.apply_report import Receipt
from reconciler.model.desired import Desired, Resource
from reconciler.model.live import Live, Record
from reconciler.model.plan import Change, Plan
from reconciler.model.state import Entry, State
from reconciler.text import did_you_mean

TARGET = re.compile(r"([a-z]+)(?:\.([^.\[\]]+)|\[([^\]]*)\])(?:\.(.+))?", re.DOTALL)
SHAPE = "expected KIND.KEY or KIND[ID], and perhaps .FIELD: report.daily-revenue.send_at, report[wbRlfw1x]"


@dataclass(frozen=True, slots=True)
class ExplainInput:
    """All that an explanation is made of. `receipts`: the latest first; `line` gives the text at a place."""

    plan: Plan
    desired: Desired
    state: State
    live: Live
    receipts: Sequence[Receipt]
    line: Callable[[Location], str]


@dataclass(frozen=True)
class Subject:
    """An address, the id of its live object (None: there is none), and a path within it (empty: all of it)."""

    address: str
    kind: Kind
    id: str | None
    path: str
    given: ExplainInput

    @property
    def old_address(self) -> str:
        """The address that the state has it under."""
        return self.given.plan.moved.get(self.address, self.address)

    @cached_property
    def record(self) -> Record | None:
        """The live object."""
        return self.given.live.records[self.kind.name].get(self.id or "")

    @cached_property
    def resource(self) -> Resource | None:
        """What is written."""
        return self.given.desired.resources.get(self.address)

    @cached_property
    def entry(self) -> Entry | None:
        """What the state has."""
        return self.given.state.entries.get(self.old_address)

    @cached_property
    def change(self) -> Change | None:
        """What the next apply does to it."""
        return next((each for each in self.given.plan.changes if each.address == self.address), None)

    @cached_property
    def stored(self) -> Mapping[str, Any]:
        """What the API keeps in place of what was sent, by path."""
        after = self.given.plan.refresh.get(self.address) or (self.change.remember if self.change else None)
        return after.stored if after else {}


def find_subject(text: str, given: ExplainInput) -> Subject:
    """What is asked about. WrongUsage if there is no such address, with the closest one."""
    plan, desired, live = given.plan, given.desired, given.live
    found = TARGET.fullmatch(text)
    ids: dict[str, str | None] = {address: entry.id for address, entry in given.state.entries.items()}
    ids |= {address: entry.id for address, entry in plan.refresh.items()}
    ids |= {change.address: change.id for change in plan.changes}
    known = {*desired.resources, *ids}
    if found is None or found[1] not in KINDS:
        raise WrongUsage(f"{text} is no address{did_you_mean(text, {*known, *KINDS})}", hint=SHAPE)
    kind, key, object_id, path = found.groups()
    records = live.records.get(kind, {})
    if object_id is not None:
        if object_id not in records:
            close = did_you_mean(object_id, records)
            raise WrongUsage(f"there is no live {kind} with the id {object_id}{close}", hint=SHAPE)
        holder = next((each for each, held in ids.items() if held == object_id and each.startswith(kind)), None)
        return Subject(holder or f"{kind}[{object_id}]", KINDS[kind], object_id, path or "", given)
    address = f"{kind}.{key}"
    address = next(
        (new for new, old in plan.moved.items() if old == address and address not in desired.resources), address
    )
    if address not in known:
        raise WrongUsage(f"{address}: there is no such address{did_you_mean(address, known)}", hint=SHAPE)
    current = ids.get(address)
    return Subject(address, KINDS[kind], current if current in records else None, path or "", given)
