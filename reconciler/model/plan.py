"""A plan: one value that is shown, compared, saved and executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields, replace
from enum import StrEnum
from typing import Any

from reconciler.errors import Problem
from reconciler.lazy import frozen
from reconciler.model.addresses import ObjectRef
from reconciler.model.inputs import Entry, Tombstone

FORMAT_VERSION = 1
NEW_ID = "{id}"
"""Stands in a request's path for the id that the create before it will answer with."""


class Action(StrEnum):
    """What is done to one address, in the order in which people see them."""

    REPLACE = "replace"
    DELETE = "delete"
    CREATE = "create"
    UPDATE = "update"
    MANUAL = "manual"
    ADOPT = "adopt"
    FORGET = "forget"


DESTROYS = frozenset({Action.DELETE, Action.REPLACE})
WRITES = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.REPLACE})


class Cause(StrEnum):
    """Why a field differs from what is live."""

    CONFIG = "config"
    DRIFT = "drift"
    BOTH = "both"
    UNKNOWN = "unknown"
    CLOCK = "clock"


@frozen
class FieldChange:
    """One field of a change. `before` is live, `after` is desired; None if there is no value. `rule` and `rule_before`
    are the local times that `after` and `before` come from (`09:00 Europe/Berlin`); empty if there is none."""

    path: str
    before: Any
    after: Any
    cause: Cause
    rule: str = ""
    rule_before: str = ""


@frozen
class Request:
    """One write. A reference to something that does not exist yet stays in `body` as it is written in the YAML. `sets`
    are the fields that are applied once it has succeeded. `creates`: its answer bears a new id. `destroys`: it takes an
    object away, so that 404 means that it is done."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    sets: tuple[str, ...] = ()
    creates: bool = False
    destroys: bool = False
    idempotent: bool = False


@frozen
class Change:
    """What is done to one address.

    `requests` are sent in order. A replace has a second part, `cleanup`, which waits for `cleanup_after` (the changes
    that stop using the old object). `remember` is what the state holds afterwards (its id is filled in by a create);
    None if the address is to be forgotten. `seen` is the fingerprint of what was live, None if nothing was.
    `tombstones` (by `kind[id]`) are what the state holds afterwards of the object that the address had until then.
    `reason` says why an object goes, or is made again. `seen_as_ruled` is `seen` with local times in place of the UTC
    times that they gave, None if there are none.
    """

    address: str
    kind: str
    action: Action
    id: str | None
    name: str
    fields: tuple[FieldChange, ...] = ()
    depends_on: tuple[str, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()
    cleanup: tuple[Request, ...] = ()
    cleanup_after: tuple[str, ...] = ()
    remember: Entry | None = None
    seen: str | None = None
    tombstones: Mapping[str, Tombstone] = field(default_factory=dict)
    seen_as_ruled: str | None = None

    def is_clock(self) -> bool:
        """Whether only a clock change causes it: the approved local time stays the same."""
        return self.action is Action.UPDATE and all(each.cause is Cause.CLOCK for each in self.fields)

    def is_reviewed(self) -> bool:
        """Whether a reviewer approves it. A change that only the clocks cause needs approval if a note tells a move."""
        return not self.is_clock() or bool(self.notes)

    def approved(self) -> dict[str, Any]:
        """What the digest covers: all but the reason, the notes, where and when it was written, and tombstones. These
        write nothing to the API. A local time is approved as it is written, without its UTC time, so that the approval
        stays valid when the clocks change."""
        left = ("reason", "tombstones", "seen_as_ruled")
        content = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in left}
        content |= {"notes": None, "remember": None, "seen": self.seen_as_ruled or self.seen}
        content["fields"] = [
            {"path": each.path, "before": each.rule_before or each.before, "after": each.rule or each.after}
            | {"cause": each.cause}
            for each in self.fields
            if each.cause is not Cause.CLOCK
        ]
        if self.remember is not None:
            entry = self.remember.as_wanted()
            content["remember"] = {
                each.name: getattr(entry, each.name)
                for each in fields(entry)
                if each.name not in ("read_back", "rules", "counts", "counted_at")
            }
            if rules := entry.rules:
                content["remember"] |= {"applied": _without(rules, entry.applied), "rules": rules}
                requests = (replace(each, body=_without(rules, each.body or {}), sets=()) for each in self.requests)
                content["requests"] = list(requests)
        # In another season, it is the move alone.
        return content | ({"action": Action.ADOPT, "requests": []} if self.is_clock() else {})

    def remarks(self) -> tuple[str, ...]:
        """The reason, if there is one, and the notes."""
        return (self.reason, *self.notes) if self.reason else self.notes


def _without(rules: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in rules}


WAITS = "before that, a delivery would be lost or doubled"


@frozen
class Waiting:
    """A clock change that would lose or double a delivery if it were applied now. `not_before` (UTC, ISO 8601) is the
    first moment at which it would not."""

    address: str
    path: str
    before: Any
    after: Any
    not_before: str


@frozen
class Unmanaged:
    """A live object that neither the configuration nor the state knows."""

    kind: str
    id: str
    name: str


@frozen
class KeptField:
    """A field that differs from what is written and stays so, because `ignore_changes` names it."""

    address: str
    path: str
    live: Any
    written: Any


@frozen
class Refusal:
    """A guard that refuses this plan, and what passes it. `problems` are its findings with locations in the YAML."""

    guard: str
    message: str
    passes: str
    problems: tuple[Problem, ...] = ()


@frozen
class Plan:
    """All changes to one environment.

    `refresh` is what the state should know of addresses that do not change; `moved`: address → the address whose entry
    it takes over. `configuration` and `api` (its address) say, with the environment, what it is a plan of: no two of
    these share a digest. `labels`: id → what people call it. `behind`: the id of an item of the API's lists → the
    address of the object behind it, which has another id. `ignored` is what `ignore_changes` holds. `zone_data` is the
    version of the time zones that local times were read by, empty if there are none. `allowed` are the guards that were
    passed.
    """

    environment: str
    changes: tuple[Change, ...]
    unchanged: tuple[str, ...] = ()
    unmanaged: tuple[Unmanaged, ...] = ()
    warnings: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    refresh: Mapping[str, Entry] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    behind: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[KeptField, ...] = ()
    configuration: str = ""
    api: str = ""
    digest: str = ""
    waiting: tuple[Waiting, ...] = ()
    zone_data: str = ""
    allowed: tuple[str, ...] = ()

    def find_id(self, address: str) -> str | None:
        """The id of the live object of an address, None if there is none."""
        if address in self.refresh:
            return self.refresh[address].id
        return next((change.id for change in self.changes if change.address == address), None)

    def objects(self) -> dict[str, ObjectRef]:
        """Address → its live object. If two addresses have one object, the one that keeps it is the last."""
        changed = sorted(self.changes, key=lambda each: each.action is not Action.FORGET)
        objects = {each.address: ObjectRef(each.kind, each.id) for each in changed if each.id}
        return objects | {address: ObjectRef.at(address, entry.id) for address, entry in self.refresh.items()}

    def summary(self) -> dict[str, int]:
        """Action → the number of changes, and `unchanged` and `unmanaged`, as in the plan's JSON."""
        counts = {action.value: 0 for action in SUMMARY_ORDER}
        for change in self.changes:
            counts[change.action.value] += 1
        return counts | {"unchanged": len(self.unchanged), "unmanaged": len(self.unmanaged)}


SUMMARY_ORDER = tuple(map(Action, ("create", "update", "replace", "delete", "adopt", "forget", "manual")))


@frozen
class Target:
    """The live object behind a destination. `address` is empty if nobody manages it; `proven_by` is `id` or `label`."""

    kind: str
    id: str
    name: str
    address: str
    proven_by: str


@frozen
class Destination:
    """One item of the API's list. `same_label` are the ids of the others that bear its label; `target` is None if no
    live object is proven to stand behind it."""

    type: str
    id: str
    label: str
    same_label: tuple[str, ...]
    target: Target | None


@frozen
class Destinations:
    """The destinations that an environment offers. `warnings` name what could not be read. `api` is its address."""

    environment: str
    items: tuple[Destination, ...]
    warnings: tuple[str, ...] = ()
    api: str = ""
