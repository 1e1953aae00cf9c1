"""A plan that was made earlier, held against what is live now: what is as it was seen, what is as it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from reconciler.apply.resolve import fields_to_come
from reconciler.errors import Refused
from reconciler.kinds import KINDS, Kind, Reference
from reconciler.kinds.comparison import Difference, alike, differences, flattened
from reconciler.kinds.destinations import LookupTable, Targets
from reconciler.kinds.normalization import bearing, is_normalized
from reconciler.kinds.paths import value_at
from reconciler.kinds.references import references, resolved
from reconciler.kinds.wire import fingerprint
from reconciler.model.desired import Fields, address_kind
from reconciler.model.live import Live, Record
from reconciler.model.plan import Action, Change, Plan, Request
from reconciler.model.state import Entry


def recheck_plan(plan: Plan, entries: Mapping[str, Entry], live: Live) -> Plan:
    """The plan with nothing left to send where live is already as wanted.

    Refused where anything is neither as it was seen nor as it is wanted: then nothing is written at all.
    """
    moved: list[str] = []
    changes = []

    @cache
    def targets_of(reference: Reference) -> Targets:
        kind = reference.kind
        taken = {
            each
            for name, entry in entries.items()
            if address_kind(name) == kind
            for each in (entry.id, *entry.superseded)
        }
        return Targets(reference, live.records[kind].values(), taken, fields_to_come(plan, kind))

    for change in plan.changes:
        now = _Now(change, plan, entries, live, targets_of)
        going_on = now.as_wanted() or now.begun()
        if going_on is not None:
            changes.append(going_on)
        elif (how := now.moved()) is None:
            changes.append(change)
        else:
            moved.append(f"{change.address}: {how}")
    if moved:
        raise Refused(
            "the plan is stale, and nothing was written:\n" + "\n".join(f"  {each}" for each in moved),
            hint="plan again, and have that reviewed",
        )
    return replace(plan, changes=tuple(changes))


class _Now:
    """How one change of an earlier plan stands."""

    def __init__(
        self,
        change: Change,
        plan: Plan,
        entries: Mapping[str, Entry],
        live: Live,
        targets_of: Callable[[Reference], Targets],
    ) -> None:
        self._change = change
        self._targets_of = targets_of
        self._entries = entries
        self._live = live
        self._kind: Kind = KINDS[change.kind]
        self._records = live.records[change.kind]
        self._record = self._records.get(change.id or "")
        self._old = {each.id for each in plan.changes if each.action is Action.REPLACE}
        self._made = self._made_before()

    def as_wanted(self) -> Change | None:
        """The change with nothing left to send, where live is as it wants it; else None."""
        change = self._change
        if change.action is Action.DELETE:
            # What is only not listed is deleted as it was approved: the API's answer is the proof.
            return None if self._record else replace(change, requests=()) if self._is_gone() else change
        record = self._record if change.action is Action.UPDATE else self._made
        if change.action is Action.CREATE and record is None:
            named = self._named()
            record = named[0] if len(named) == 1 else None
        return self._left(record, ()) if record is not None and self._fits(record, self._wanted()) else None

    def begun(self) -> Change | None:
        """The change with its last step left, where an earlier try has done all but that: a field that has an endpoint
        of its own is set last, and until then bears the word that the step before leaves it with."""
        change, apart = self._change, self._kind.sub_endpoint()
        record = self._record if change.action is Action.UPDATE else self._made
        if (
            apart is None or record is None or len(change.requests) <= 1 or change.requests[-1].sets != (apart[0],)
        ):  # a first step and a last
            return None
        if record.fields.get(apart[0]) not in {apart[1].initial, apart[1].placeholder} - {None}:
            return None
        rest = {name: value for name, value in self._wanted().items() if name != apart[0]}
        return self._left(record, change.requests[-1:]) if self._fits(record, rest) else None

    def moved(self) -> str | None:
        """How live is neither as it was seen nor as it is wanted; None where it is as it was seen."""
        change = self._change
        if change.action in (Action.FORGET, Action.MANUAL):
            return None
        if self._made is not None:
            return f"{self._made.id} ({self._made.name}), which an earlier try has made, was changed meanwhile"
        if change.action is Action.CREATE:
            return ", ".join(f"{each.id} ({each.name}) appeared meanwhile" for each in self._named()) or None
        if self._record is None:
            return f"{change.id} is gone"
        if fingerprint(self._kind, self._record) == change.seen:
            return None
        return f"{change.id} was changed meanwhile{self._what(self._record)}"

    def _is_gone(self) -> bool:
        return (self._kind.name, self._change.id) in self._live.gone

    def _left(self, record: Record, requests: tuple[Request, ...]) -> Change | None:
        """The change with those requests left. `seen` is how it is now: our own steps are no surprise later."""
        change = self._change
        if change.remember is None:
            return None
        remember = replace(change.remember, id=record.id)
        if change.action is Action.REPLACE:
            cleanup = () if self._is_gone() else change.cleanup
            return replace(change, requests=requests, cleanup=cleanup, remember=remember)
        seen = fingerprint(self._kind, record)
        return replace(change, id=record.id, requests=requests, remember=remember, seen=seen)

    def _what(self, record: Record) -> str:
        change = self._change
        seen = {each.path: each.before for each in change.fields}
        if change.remember is None:
            now = dict(flattened(self._kind, record.fields))
        else:
            found = differences(self._kind, self._wanted(), record.fields, change.remember)
            now = {each.path: each.before for each in found}
        paths = sorted(path for path in {*seen, *now} if seen.get(path) != now.get(path))
        return f": {', '.join(paths)}" if paths else ""

    def _wanted(self) -> Mapping[str, Any]:
        return self._change.remember.applied if self._change.remember else {}

    def _made_before(self) -> Record | None:
        """What an earlier try of this very change has made, as the state remembers it."""
        change, entry = self._change, self._entries.get(self._change.address)
        if change.action not in (Action.CREATE, Action.REPLACE) or entry is None or entry.id == change.id:
            return None
        return self._records.get(entry.id)

    def _named(self) -> list[Record]:
        """What stands under the name that this change would make something of, and is nobody's."""
        managed = {
            object_id
            for address, entry in self._entries.items()
            if address_kind(address) == self._kind.name
            for object_id in (entry.id, *entry.superseded)
        }
        others = [record for record in self._records.values() if record.id not in managed]
        return bearing(self._kind, self._wanted(), others)

    def _fits(self, record: Record, wanted: Mapping[str, Any]) -> bool:
        """Whether a record is as wanted, references to what this plan makes included."""

        def standing_for(address: str, reference: Reference) -> dict[str, Any] | None:
            entry = self._entries.get(address)
            target = self._live.records[reference.kind].get(entry.id) if entry else None
            if target is None or target.id in self._old:
                return None
            # What the object itself carries is asked for the target, as its list of offers is not at hand here.
            proof = self._targets_of(reference).proof(target, LookupTable(carried), address)
            return proof.item if proof else None

        lists = [record.raw.get(name) for name, _ in self._kind.reference_fields()]
        carried = [item for items in lists if isinstance(items, list) for item in items]
        known = resolved(self._kind, wanted, standing_for)
        if any(references(self._kind, known)):
            return False
        entry = self._entries.get(self._change.address)
        remembered = entry if entry is not None and entry.id == record.id else self._change.remember
        return all(
            self._may_be_ours(each, known, record, entry)
            for each in differences(self._kind, known, record.fields, remembered)
        )

    def _may_be_ours(self, each: Difference, wanted: Fields, record: Record, entry: Entry | None) -> bool:
        """Whether a value is what the API may have made of one that an earlier try has sent."""
        sent = value_at(wanted, each.spot)
        is_sent = self._change.action is not Action.UPDATE or (
            entry is not None and alike(value_at(entry.applied, each.spot), sent)
        )
        return is_sent and is_normalized(each.field, each.spot[1:], sent, value_at(record.fields, each.spot))
