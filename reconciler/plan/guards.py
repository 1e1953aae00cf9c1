"""Guards of the contract that can be judged from a plan alone. Each names what passes it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from reconciler.model.desired import Desired, kind_of
from reconciler.model.live import Live
from reconciler.model.memory import Entry
from reconciler.model.plan import DESTROYS, Change, Refusal

SHARE, FROM = 0.30, 10
EMPTY_CONFIGURATION = "empty-configuration"
WRONG_PROJECT = "wrong-project"


def refusals(
    desired: Desired,
    entries: Mapping[str, Entry],
    live: Live,
    changes: Sequence[Change],
    *,
    max_deletes: int | None,
    allowed: Collection[str],
) -> tuple[Refusal, ...]:
    """What is said against carrying this plan out; nothing where all guards pass."""
    found = [*_protected(entries, changes), *_too_many(entries, changes, max_deletes)]
    if entries and not desired.resources:
        found.append(
            Refusal(
                EMPTY_CONFIGURATION,
                f"the configuration holds nothing, while the state holds {_count(len(entries), 'object')}",
                f"--allow {EMPTY_CONFIGURATION}, if all of them are to go",
            )
        )
    known = {address: entry for address, entry in entries.items() if kind_of(address) in live.records}
    lost = [address for address, entry in known.items() if entry.id not in live.records[kind_of(address)]]
    where = "in the state that this looked at" if len(known) < len(entries) else "in the state"
    if known and len(lost) == len(known):
        found.append(
            Refusal(
                WRONG_PROJECT,
                f"none of the {_count(len(known), 'object')} {where} is live: is this another project's key?",
                f"the right key or environment, or --allow {WRONG_PROJECT} if they were all deleted outside",
            )
        )
    return tuple(refusal for refusal in found if refusal.guard not in allowed)


def _protected(entries: Mapping[str, Entry], changes: Sequence[Change]) -> list[Refusal]:
    return [
        Refusal(
            "prevent-destroy",
            f"{change.address} is protected by prevent_destroy, and this plan would {change.action.value} it",
            "`lifecycle: {prevent_destroy: false}`, written for a replace, applied once before a delete",
        )
        for change in changes
        if change.action in DESTROYS and _is_protected(entries.get(change.address), change)
    ]


def _is_protected(entry: Entry | None, change: Change) -> bool:
    """What the configuration says where the resource is in it, else what is remembered."""
    return change.remember.protected if change.remember else entry is not None and entry.protected


def _too_many(entries: Mapping[str, Entry], changes: Sequence[Change], limit: int | None) -> list[Refusal]:
    gone = [change for change in changes if change.action in DESTROYS]
    if limit is not None:
        if len(gone) <= limit:
            return []
        text = f"{_count(len(gone), 'object')} would be deleted or replaced; at most {limit} may be"
        return [Refusal("max-deletes", text, f"--max-deletes {len(gone)}")]
    managed = sum(change.address in entries for change in gone)
    if len(entries) < FROM or managed <= SHARE * len(entries):
        return []
    text = f"{managed} of {len(entries)} managed objects would be deleted or replaced, more than {SHARE:.0%}"
    return [Refusal("max-deletes", text, f"--max-deletes {len(gone)}")]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
