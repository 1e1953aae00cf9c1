"""Reads back: is what was written what is live?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.apply.evidence import Evidence
from reconciler.apply.resolve import fields_to_come
from reconciler.kinds import KINDS, Kind, Reference
from reconciler.kinds.comparison import differences
from reconciler.kinds.offered import Offered
from reconciler.kinds.paths import path_of
from reconciler.kinds.targets import Targets
from reconciler.model.apply_report import ApplyReport, Outcome, Status, Verification
from reconciler.model.desired import kind_of
from reconciler.model.live import Live, Record
from reconciler.model.memory import Entry
from reconciler.model.plan import DESTROYS, WRITES, Action, Change, Plan


def verify(
    report: ApplyReport, plan: Plan, entries: Mapping[str, Entry], live: Live, evidence: Evidence
) -> ApplyReport:
    """The report with what `live` says of each change that was done, and of the values that the API keeps otherwise.

    `entries`: what the state holds now. `evidence`: what was known besides, also for what was not read again.
    """
    known = _Known(plan, report, evidence.before, live)
    look = _Look({change.address: change for change in plan.changes}, entries, live, known, evidence)
    outcomes = tuple(
        look.verified(outcome) if outcome.status is Status.DONE else outcome for outcome in report.outcomes
    )
    return replace(report, outcomes=outcomes)


def unsettled(report: ApplyReport) -> bool:
    """Whether anything that was done does not show (yet)."""
    return any(outcome.verification not in (Verification.VERIFIED, None) for outcome in report.of(Status.DONE))


class _Known:
    """What references may mean after a plan was carried out. `records` are by kind and id."""

    def __init__(self, plan: Plan, report: ApplyReport, before: Live, live: Live) -> None:
        self._plan = plan
        ended = {outcome.address: outcome.status for outcome in report.outcomes}
        done = [each for each in plan.changes if ended.get(each.address) is Status.DONE]
        self._gone = {(each.kind, each.id) for each in done if each.action in DESTROYS}
        self._targets: dict[Reference, Targets] = {}
        self.records = {
            kind: {
                object_id: record
                for object_id, record in {**before.records.get(kind, {}), **live.records.get(kind, {})}.items()
                if (kind, object_id) not in self._gone
            }
            for kind in KINDS
        }

    def targets(self, reference: Reference) -> Targets:
        """The objects that a reference may mean."""
        if reference not in self._targets:
            kind = reference.kind
            taken = [object_id or "" for name, object_id in self._gone if name == kind]
            coming = fields_to_come(self._plan, kind)
            self._targets[reference] = Targets(reference, self.records[kind].values(), taken, coming)
        return self._targets[reference]


@dataclass(frozen=True, slots=True)
class _Look:
    changes: Mapping[str, Change]
    entries: Mapping[str, Entry]
    live: Live
    known: _Known
    evidence: Evidence

    def verified(self, outcome: Outcome) -> Outcome:
        if outcome.action not in WRITES:
            return outcome
        kind = KINDS[kind_of(outcome.address)]
        record = self.live.records.get(kind.name, {}).get(outcome.id or "")
        if outcome.action == Action.DELETE:
            return replace(outcome, verification=Verification.NOT_YET_VISIBLE if record else Verification.VERIFIED)
        if record is None:
            return replace(outcome, verification=Verification.NOT_YET_VISIBLE)
        entry = self.entries[outcome.address]
        found = differences(kind, entry.applied, record.fields, entry)
        stored = self.evidence.kept(self.changes[outcome.address], entry, record, found)
        paths = [each.path for each in found if path_of(each.spot) not in stored]
        reasons = [f"live differs from what was sent in {', '.join(paths)}"] if paths else []
        reasons += self._elsewhere(outcome.address, kind, record)
        if not reasons:
            return replace(outcome, verification=Verification.VERIFIED, stored=stored)
        return replace(outcome, verification=Verification.DIFFERENT, reason="; ".join(reasons), stored=stored)

    def _elsewhere(self, address: str, kind: Kind, record: Record) -> Iterator[str]:
        """The references of which nothing shows that live holds what they mean, whatever was sent for them."""
        change = self.changes[address]
        for name, reference in kind.reference_fields():
            items, written = record.raw.get(name), self.entries[address].applied
            offered = Offered(items if isinstance(items, list) else ())
            for target in change.remember.depends_on if change.remember and name in written else ():
                entry = self.entries.get(target)
                if kind_of(target) != reference.kind or entry is None:
                    continue
                meant = self.known.records[reference.kind].get(entry.id)
                meant = meant or Record(reference.kind, entry.id, entry.id, {}, {"id": entry.id})
                if self.known.targets(reference).proof(meant, offered, target) is None:
                    yield f"live {name} shows nothing that is proven to be {target} ({entry.id})"
