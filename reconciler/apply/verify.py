"""Compares what was written with what is live afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from reconciler.apply.recovery import find_pending_fields
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.comparison import Difference, find_differences, get_value, is_equal, join_keys
from reconciler.kinds.normalization import is_normalized, looks_same, may_be_normalized
from reconciler.kinds.references import ReferenceResolver, find_reference_items
from reconciler.model.addresses import ObjectRef, address_kind
from reconciler.model.inputs import Entry, Live, Record, State
from reconciler.model.plan import DESTROYS, WRITES, Action, Plan
from reconciler.model.reports import ApplyReport, Outcome, Status, Verification

Entries = Mapping[str, Entry]


def is_unsettled(report: ApplyReport) -> bool:
    """Whether a read does not show, or not yet, a change that was done."""
    return any(outcome.verification not in (Verification.VERIFIED, None) for outcome in report.of(Status.DONE))


class Verifier:
    """Compares what one reading shows with what was written.

    `before` is what was live before the run, and `earlier` the state of that time; `entries` are those of the state
    now. `last` is the reading before this one: a value that still changes is not yet what the API stores. `live` may
    lack objects that were not read again; all else has every object.
    """

    def __init__(
        self,
        report: ApplyReport,
        plan: Plan,
        entries: Entries,
        live: Live,
        before: Live,
        earlier: State,
        last: Live | None,
    ) -> None:
        self._report, self._entries, self._live = report, entries, live
        self._changes = {change.address: change for change in plan.changes}
        self._before, self._last, self._earlier = before.records, last.records if last else {}, earlier
        done = [self._changes[outcome.address] for outcome in report.of(Status.DONE)]
        gone = {ObjectRef(each.kind, each.id or "") for each in done if each.action in DESTROYS}
        both = {kind: {**before.records.get(kind, {}), **live.records.get(kind, {})} for kind in KINDS}
        # What references may mean after the apply.
        staying = ((kind, [each for each in found.values() if each.ref not in gone]) for kind, found in both.items())
        self._known = {kind: {each.id: each for each in records} for kind, records in staying}
        self._references = ReferenceResolver(Live(self._known), gone, partial(find_pending_fields, plan))

    def verify(self) -> ApplyReport:
        """The report with the verification of each change that was done, and the values that the API normalized."""
        return replace(self._report, outcomes=tuple(map(self._verify_outcome, self._report.outcomes)))

    def _verify_outcome(self, outcome: Outcome) -> Outcome:
        """The end of a change with its verification: verified, not yet visible, or how live differs."""
        if outcome.status is not Status.DONE or outcome.action not in WRITES:
            return outcome
        kind = KINDS[address_kind(outcome.address)]
        record = self._live.find(kind.name, outcome.id)
        if outcome.action == Action.DELETE:
            return replace(outcome, verification=Verification.NOT_YET_VISIBLE if record else Verification.VERIFIED)
        if record is None:
            return replace(outcome, verification=Verification.NOT_YET_VISIBLE)
        entry = self._entries[outcome.address]
        found = find_differences(kind, entry.applied, record.fields, entry)
        requests = self._changes[outcome.address].requests
        # The value of a field that this run did not send is somebody else's. Without requests, an earlier run sent it.
        sent = {name for request in requests for name in request.sets}
        ours = [each for each in found if each.outer_keys[0] in sent or not requests]
        kept = [each.outer_keys for each in ours if self._is_kept(outcome.address, entry, record, each)]
        stored = {join_keys(keys): get_value(record.fields, keys) for keys in kept}
        paths = [each.path for each in found if join_keys(each.outer_keys) not in stored]
        reasons = [f"live differs from what was sent in {', '.join(paths)}"] if paths else []
        reasons += self._find_unproven(outcome.address, kind, record)
        if not reasons:
            return replace(outcome, verification=Verification.VERIFIED, stored=stored)
        return replace(outcome, verification=Verification.DIFFERENT, reason="; ".join(reasons), stored=stored)

    def _find_unproven(self, address: str, kind: Kind, record: Record) -> Iterator[str]:
        """Messages for the references of which live does not show that it holds what they mean."""
        change = self._changes[address]
        for name, reference in kind.reference_fields:
            written = self._entries[address].applied
            same = (reference.kind, reference.lookup)
            items = find_reference_items(kind, record.raw)
            used = [item for _, item, each in items if (each.kind, each.lookup) == same]
            for target in change.remember.depends_on if change.remember and name in written else ():
                entry = self._entries.get(target)
                if address_kind(target) != reference.kind or entry is None:
                    continue
                used_record = self._known[reference.kind].get(entry.id)
                used_record = used_record or Record(reference.kind, entry.id, entry.id, {}, {"id": entry.id})
                item = self._references.targets(reference).proof(used_record, used, target)
                if item is None or not (reference.lookup or item in used):
                    yield f"live {name} shows nothing that is proven to be {target} ({entry.id})"

    def _is_kept(self, address: str, entry: Entry, record: Record, each: Difference) -> bool:
        """Whether a value is the API's normal form of what was sent. It must look like one, or be in the response. If
        it is as before the write, the reading may have been too early, or the write ignored: then it must look like
        one, and be in the response or be the result of an earlier write."""
        keys = each.outer_keys
        sent, shown = get_value(entry.applied, keys), get_value(record.fields, keys)
        answered = self._report.answered.get(address, {})
        is_answered = keys[0] in answered and is_equal(get_value(answered, keys), shown)
        last = self._last.get(record.kind, {}).get(record.id)
        is_settled = is_answered or (last is not None and is_equal(get_value(last.fields, keys), shown))
        if not (may_be_normalized(each) and is_settled):
            return False
        if looks_same(sent, shown):
            return True
        looks_like_it = is_normalized(each, sent, shown)
        before = self._before.get(record.kind, {}).get(record.id)
        is_new = before is None and len(keys) == 1 and shown in (None, "", [], {})
        if is_new or (before is not None and is_equal(get_value(before.fields, keys), shown)):
            # If an earlier run has sent the same, and found what it had sent, this value is somebody's change.
            earlier = self._earlier.entries.get(address)
            was_stored = (
                earlier is not None
                and (earlier.id == record.id and is_equal(get_value(earlier.applied, keys), sent))
                and (join_keys(keys) in earlier.stored or not self._earlier.is_read_back(address))
            )
            return looks_like_it and (is_answered or was_stored)
        return looks_like_it or is_answered
