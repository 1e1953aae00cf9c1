"""Compares an earlier plan with what is live now: what is still as the plan saw it, and what is done already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from reconciler import kinds
from reconciler.apply.recovery import find_pending_fields
from reconciler.errors import Refused
from reconciler.kinds import KINDS, Kind, Reference
from reconciler.kinds.comparison import Difference, find_differences, flatten, get_value, is_equal, join_keys
from reconciler.kinds.normalization import find_by_natural_key, is_normalized
from reconciler.kinds.references import (
    ReferenceResolver,
    find_address,
    find_known_objects,
    find_reference_items,
    references,
    resolve_references,
)
from reconciler.kinds.wire import compute_fingerprint
from reconciler.model.addresses import ObjectRef, address_kind
from reconciler.model.inputs import Entry, Fields, Live, Record, State
from reconciler.model.plan import Action, Change, Plan, Request


def recheck_plan(plan: Plan, state: State, live: Live, now: datetime) -> Plan:
    """The plan without the requests of changes that are done already. Refused if an object is neither as the plan saw
    it nor as it is wanted, or if the clocks changed meanwhile: then nothing is written at all."""
    stale: list[str] = []
    changes = []
    taken, planned = find_known_objects(state.entries), partial(find_pending_fields, plan)
    # What the object itself holds is asked for a target: the list of offers may not have been read.
    resolver = ReferenceResolver(Live(live.records), taken, planned)
    offers = ReferenceResolver(live, taken, planned)
    for change in plan.changes:
        status = ChangeStatus(change, plan, state, live, resolver)
        rest = status.find_rest()
        changes.append(rest or change)
        if rest is None:
            how = status.describe_difference() or describe_expired_time(change, status.record, now)
            if reason := how or status.describe_lost_item(offers):
                stale.append(f"{change.address}: {reason}")
    if stale:
        message = "\n  ".join(["the plan is stale, and nothing was written:", *stale])
        raise Refused(message, hint="plan again, and have that reviewed")
    return replace(plan, changes=tuple(changes))


def find_sent_lookups(plan: Plan) -> set[str]:
    """The paths of the lists that must be read to check the items that an earlier plan sends."""
    return {each.lookup for change in plan.changes for each, *_ in _find_sent_items(change) if each.lookup}


def _find_sent_items(change: Change) -> Iterator[tuple[Reference, list[Any], list[Any]]]:
    """For each reference field that a change writes: the items that it sends, and those that were live before."""
    for name, reference in KINDS[change.kind].reference_fields:
        path = join_keys((name, *reference.path))
        written = next((each for each in change.fields if each.path == path), None)
        if written is not None:
            bodies = [request.body or {} for request in change.requests]
            found = (each for body in bodies for each in find_reference_items(KINDS[change.kind], body))
            sent = [item for _, item, each in found if each is reference]
            yield reference, sent, written.before if isinstance(written.before, list) else []


def describe_expired_time(change: Change, record: Record | None, now: datetime) -> str:
    """Why the UTC times of a change may not be written any more; empty if they may. `record`: what it changes."""
    has_rules = any(each.rule for each in change.fields)
    return kinds.local_time.describe_expired_time(KINDS[change.kind], change, record, now) if has_rules else ""


class ChangeStatus:
    """The status of one change of an earlier plan."""

    def __init__(self, change: Change, plan: Plan, state: State, live: Live, references: ReferenceResolver) -> None:
        self._change, self._plan, self._live, self._references = change, plan, live, references
        self._entries, self._is_read_back = state.entries, state.is_read_back(change.address)
        self._kind: Kind = KINDS[change.kind]
        self._is_gone = ObjectRef(change.kind, change.id or "") in live.gone
        self._records = live.records[change.kind]
        self.record = self._records.get(change.id or "")
        self._old = {each.id for each in plan.changes if each.action is Action.REPLACE}
        # The object that an earlier attempt of this change has created, by the state.
        entry = self._entries.get(change.address)
        makes = change.action in (Action.CREATE, Action.REPLACE) and entry is not None and entry.id != change.id
        self._made = self._records.get(entry.id) if makes and entry else None
        self._wanted = change.remember.applied if change.remember else {}

    def find_rest(self) -> Change | None:
        """The change with the requests that are left; None if no earlier attempt has done all that comes before
        fields with an endpoint of their own. These are set last. Until then they have their initial value or
        placeholder, or none."""
        change, apart = self._change, dict(self._kind.sub_endpoints)
        if change.action is Action.DELETE:
            # What is only not listed is deleted as it was approved: the API's answer is the proof.
            return None if self.record else replace(change, requests=()) if self._is_gone else change
        record = self.record if change.action is Action.UPDATE else self._made
        if record is None:
            others = self._find_same() if change.action is Action.CREATE else []
            is_done = len(others) == 1 and self._is_as_wanted(others[0], self._wanted)
            return self._with_requests(others[0], ()) if is_done else None
        if self._is_as_wanted(record, self._wanted):
            return self._with_requests(record, ())
        at, rest = len(change.requests), dict(self._wanted)
        while at > 1 and (name := next(iter(change.requests[at - 1].sets), "")) in apart:
            each, live = apart[name], record.fields.get(name)
            if not (each.reads if live is None else live in ({}, each.initial, each.placeholder)):
                break
            at -= 1
            rest.pop(name, None)
        is_half = at < len(change.requests) and self._is_as_wanted(record, rest)
        return self._with_requests(record, change.requests[at:]) if is_half else None

    def describe_difference(self) -> str | None:
        """How live differs from what the plan saw; None if it does not."""
        change = self._change
        if change.action in (Action.FORGET, Action.MANUAL):
            return None
        if self._made is not None:
            return f"{self._made.id} ({self._made.name}), which an earlier try has made, was changed meanwhile"
        if change.action is Action.CREATE:
            return ", ".join(f"{each.id} ({each.name}) appeared meanwhile" for each in self._find_same()) or None
        if self.record is None:
            return f"{change.id} is gone"
        if compute_fingerprint(self._kind, self.record) == change.seen:
            return None
        remember, seen = change.remember, {each.path: each.before for each in change.fields}
        found = find_differences(self._kind, self._wanted, self.record.fields, remember) if remember else ()
        now = {each.path: each.before for each in found} if remember else dict(flatten(self._kind, self.record.fields))
        paths = sorted(path for path in {*seen, *now} if seen.get(path) != now.get(path))
        return f"{change.id} was changed meanwhile" + (f": {', '.join(paths)}" if paths else "")

    def describe_lost_item(self, resolver: ReferenceResolver) -> str | None:
        """Which item to send is not offered any more, or belongs to another object than it did; None if none."""
        uses = self._change.remember.depends_on if self._change.remember else ()
        for reference, sent, before in _find_sent_items(self._change):
            targets = resolver.targets(reference)
            open_addresses = {find_address(reference, item) for item in sent}
            for item in sent:
                is_known = not reference.lookup or item in before or targets.available.holds(item)
                if not (find_address(reference, item) or is_known):
                    return f"{item.get('id')} is not offered in {reference.lookup} any more"
            for address in uses:
                # The object that it had when the plan was made.
                entry = self._plan.refresh.get(address) or self._entries.get(self._plan.moved.get(address, address))
                planned = (each.id for each in self._plan.changes if each.address == address)
                target_id = entry.id if entry else next(planned, None)
                if address_kind(address) != reference.kind or address in open_addresses or target_id is None:
                    continue
                target = self._live.records[reference.kind].get(target_id)
                if target is None or (reference.lookup and targets.proof(target, before, address) not in sent):
                    lost = "nothing proves any more that what is sent for it belongs to it" if target else "it is gone"
                    return f"it refers to {address} ({target_id}): {lost}"
        return None

    def _with_requests(self, record: Record, requests: tuple[Request, ...]) -> Change | None:
        """The change with those requests. `seen` is the object as it is now, with our own earlier steps."""
        change = self._change
        if change.remember is None:
            return None
        remember = replace(change.remember, id=record.id)
        if change.action is Action.REPLACE:
            cleanup = () if self._is_gone else change.cleanup
            return replace(change, requests=requests, cleanup=cleanup, remember=remember)
        seen = compute_fingerprint(self._kind, record)
        return replace(change, id=record.id, requests=requests, remember=remember, seen=seen)

    def _find_same(self) -> list[Record]:
        """The unmanaged objects with the natural key of this change."""
        managed = find_known_objects(self._entries)
        others = [record for record in self._records.values() if record.ref not in managed]
        return find_by_natural_key(self._kind, self._wanted, others)

    def _is_as_wanted(self, record: Record, wanted: Mapping[str, Any]) -> bool:
        """Whether a record is as wanted, with references to what this plan creates."""

        def item_for(address: str, reference: Reference) -> Any:
            entry = self._entries.get(address)
            target = self._live.records[reference.kind].get(entry.id) if entry else None
            if target is None or target.id in self._old:
                return None
            return self._references.targets(reference).proof(target, items, address)

        items = [item for _, item, _ in find_reference_items(self._kind, record.raw)]
        known = resolve_references(self._kind, wanted, item_for)
        if any(references(self._kind, known)):
            return False
        entry = self._entries.get(self._change.address)
        remembered = entry if entry is not None and entry.id == record.id else self._change.remember
        found = find_differences(self._kind, known, record.fields, remembered)
        return all(self._may_be_ours(each, known, record, entry) for each in found)

    def _may_be_ours(self, each: Difference, wanted: Fields, record: Record, entry: Entry | None) -> bool:
        """Whether a value may be the API's normal form of one that an earlier attempt has sent and not read back. If
        live is as the plan saw it, nothing is concluded: the plan found that the value has to be sent."""
        change = self._change
        if self._is_read_back or (
            change.action is Action.UPDATE and compute_fingerprint(self._kind, record) == change.seen
        ):
            return False
        sent, is_sent = get_value(wanted, each.outer_keys), change.action is not Action.UPDATE
        is_sent = is_sent or (entry is not None and is_equal(get_value(entry.applied, each.outer_keys), sent))
        return is_sent and is_normalized(each, sent, get_value(record.fields, each.outer_keys))
