"""Why something is as it is: the value that the explain stage gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from reconciler.errors import Location
from reconciler.model.plan import Action, Cause


class Verdict(StrEnum):
    """What holds of an address, or of one field of it."""

    EQUAL = "equal"
    STORED = "equal as stored"
    DIFFERENT = "different"
    NEW = "new"
    IGNORED = "ignored"
    MOVED = "moved"
    ADOPTED = "adopted"
    MANUAL = "manual"
    LEFT_OUT = "not managed"
    SERVER = "set by the server"
    DELETED = "to be deleted"
    FORGOTTEN = "to be forgotten"
    UNMANAGED = "unmanaged"


@dataclass(frozen=True, slots=True)
class Rule:
    """What decides, and where that is said: a line of the YAML, the state, the API's documentation."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Held:
    """A value in one of the three places that are compared; `there` False: there is none."""

    value: Any = None
    there: bool = False


@dataclass(frozen=True, slots=True)
class FieldExplanation:
    """One field, or one spot within it. `line` is the text at `place`; both are nothing if it is not written. `cause`
    is that of a difference; `next` is what the next apply does to it."""

    path: str
    verdict: Verdict
    written: Held
    live: Held
    applied: Held
    next: str
    place: Location | None = None
    line: str = ""
    cause: Cause | None = None
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class LastApply:
    """The last apply that touched an address: its receipt, when (UTC), by whom, from which commit, what it did."""

    receipt: str
    at: str
    who: str
    commit: str
    action: str
    status: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """One address, or what of it was asked for: `path` is empty for all of it. `id` is None if nothing is live.

    `api` and `labels` are those of the plan.
    """

    environment: str
    address: str
    kind: str
    name: str
    id: str | None
    path: str
    verdict: Verdict
    action: Action | None
    next: str
    fields: tuple[FieldExplanation, ...]
    rules: tuple[Rule, ...] = ()
    notes: tuple[str, ...] = ()
    place: Location | None = None
    line: str = ""
    last: LastApply | None = None
    api: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
