"""A plan that was made earlier, held against what is live now: what is as it was seen, what is as it is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.errors import Refused
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.comparison import differences
from reconciler.kinds.fingerprint import fingerprint
from reconciler.kinds.references import references
from reconciler.model.live import Live, Record
from reconciler.model.memory import Entry
from reconciler.model.plan import Action, Change, Plan


def standing(plan: Plan, entries: Mapping[str, Entry], live: Live) -> Plan:
    """The plan with nothing left to send where live is already as wanted.

    Refused where anything is neither as it was seen nor as it is wanted: then nothing is written at all.
    """
    moved: list[str] = []
    changes = []
    for change in plan.changes:
        now = _Now(change, entries.get(change.address), live)
        done = now.as_wanted()
        if done is not None:
            changes.append(done)
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

    def __init__(self, change: Change, entry: Entry | None, live: Live) -> None:
        self._change = change
        self._entry = entry
        self._kind: Kind = KINDS[change.kind]
        self._records = live.records[change.kind]
        self._record = self._records.get(change.id or "")

    def as_wanted(self) -> Change | None:
        """The change with nothing left to send, where live is as it wants it; else None."""
        change = self._change
        if change.action is Action.DELETE:
            return replace(change, requests=()) if self._record is None else None
        if change.remember is None:
            return None
        if change.action is Action.REPLACE:
            return self._replaced(change, change.remember)
        record = self._created() if change.action is Action.CREATE else self._record
        if change.action not in (Action.CREATE, Action.UPDATE) or record is None or not self._fits(record):
            return None
        return replace(change, id=record.id, requests=(), remember=replace(change.remember, id=record.id))

    def moved(self) -> str | None:
        """How live is neither as it was seen nor as it is wanted; None where it is as it was seen."""
        change = self._change
        if change.action in (Action.FORGET, Action.MANUAL):
            return None
        if change.action is Action.CREATE:
            other = self._created()
            return f"{other.id} ({other.name}) appeared meanwhile" if other else None
        if self._record is None:
            return f"{change.id} is gone"
        if fingerprint(self._kind, self._record) == change.seen:
            return None
        return f"{change.id} was changed meanwhile{self._what()}"

    def _what(self) -> str:
        seen = {each.path: each.before for each in self._change.fields}
        now = {each.path: each.before for each in differences(self._kind, self._wanted(), self._record_fields())}
        paths = sorted(path for path in {*seen, *now} if seen.get(path) != now.get(path))
        return f": {', '.join(paths)}" if paths and self._change.remember else ""

    def _wanted(self) -> Mapping[str, object]:
        return self._change.remember.applied if self._change.remember else {}

    def _record_fields(self) -> Mapping[str, object]:
        return self._record.fields if self._record else {}

    def _created(self) -> Record | None:
        """What stands where this change would make something: its own work of an earlier try, or somebody's."""
        if self._entry is not None and self._entry.id in self._records:
            return self._records[self._entry.id]
        names = self._kind.natural_key
        wanted = self._wanted()
        return next(
            (
                record
                for record in self._records.values()
                if all(record.fields.get(name) == wanted.get(name) for name in names)
            ),
            None,
        )

    def _fits(self, record: Record) -> bool:
        """Whether a record is as wanted. A reference that cannot be told yet is not compared; its field was written."""
        wanted = dict(self._wanted())
        for _, name, _, _ in references(self._kind, wanted):
            if self._entry is None or name not in self._entry.applied:
                return False
            wanted[name] = self._entry.applied[name]
        return not differences(self._kind, wanted, record.fields)

    def _replaced(self, change: Change, remember: Entry) -> Change | None:
        """The new one stands already; the old one may be left to delete."""
        entry = self._entry
        if entry is None or entry.id == change.id or entry.id not in self._records:
            return None
        if not self._fits(self._records[entry.id]):
            return None
        left = change.cleanup if self._record is not None else ()
        return replace(change, requests=(), cleanup=left, remember=replace(remember, id=entry.id))
