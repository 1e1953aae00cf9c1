"""The results of the commands that change nothing: `drift`, `compare`, `doctor`, `explain` and `test`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from typing import Any, TypeVar

from reconciler.errors import Exit, Location, ReconcilerError, find_worst
from reconciler.lazy import frozen
from reconciler.model.plan import Action, Cause, KeptField

T = TypeVar("T")
Pair = tuple[T, T]
"""One of each of two environments."""


@frozen
class NotDelivering:
    """One object that should deliver and does not. `problem` says what shows that. `since`: from when on, as the API or
    the state says it; None if it is not known. `affects`: what sends through it, by address, else by kind and id."""

    address: str
    id: str
    name: str
    problem: str
    since: str | None
    affects: tuple[str, ...] = ()


@frozen
class DriftedField:
    """One field that differs from what was last applied. `next`: what the next apply would do to it."""

    path: str
    keys: tuple[str | int, ...]
    applied: Any
    live: Any
    next: str


@frozen
class Drifted:
    """One object that differs from what was last applied. `gone`: it is not live. `changed_at`: the API's own time."""

    address: str
    id: str
    name: str
    gone: bool
    changed_at: str | None
    fields: tuple[DriftedField, ...]
    next: str


@frozen
class AlsoChanged:
    """A value that was adopted at a place that also counts for other environments."""

    file: str
    address: str
    path: str
    environments: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.address}.{self.path}: also changes {', '.join(self.environments)}"


@frozen
class Drift:
    """All drift of one environment, by address. `compared`: how many objects were looked at. `api`, `labels`, `ignored`
    are the plan's. `health`: what does not deliver, no drift. `also_changed`: what its adoption changed elsewhere."""

    environment: str
    compared: int
    objects: tuple[Drifted, ...]
    configuration: str = ""
    api: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[KeptField, ...] = ()
    health: tuple[NotDelivering, ...] = ()
    also_changed: tuple[AlsoChanged, ...] = ()


@frozen
class Side:
    """A value, or an object as a whole, in one environment. `id` is that of the live object; `place` is where the value
    is written, and `sources` where else: at the variables and items that it is made of."""

    value: Any = None
    id: str | None = None
    place: Location | None = None
    sources: tuple[Location, ...] = ()


@frozen
class Difference:
    """A value that differs. Without a `path` it is an object that one side lacks. `address` is KIND[ID] if the object
    is not managed. A side is None if there is no such value. `reason`: why a side lacks it, as far as it is known."""

    address: str
    path: str | None
    name: str | None
    a: Side | None
    b: Side | None
    reason: str | None


@frozen
class Compared:
    """An environment, and the address of its project; None if what is written is compared."""

    environment: str
    api: str | None


@frozen
class Comparison:
    """What differs between two environments, in the order of the addresses. `compared` counts these. `unmanaged` are
    differences of objects without an address, `meant` resources that `only_in` leaves out of one side, which is no
    difference. `ignored`: FIELD or KIND.FIELD that is left out by request."""

    a: Compared
    b: Compared
    live: bool
    compared: int
    differences: Sequence[Difference]
    unmanaged: Sequence[Difference]
    meant: Sequence[Difference]
    ignored: Sequence[str]
    warnings: Sequence[str]

    def count(self) -> int:
        """How many differences there are."""
        return len(self.differences) + len(self.unmanaged)


@frozen
class Check:
    """One check: ok, warning or failed, and what to do. `exit_code` is that of a failure."""

    name: str
    message: str
    hint: str = ""
    status: str = "ok"
    exit_code: Exit = Exit.DONE

    @classmethod
    def warning(cls, name: str, message: str, hint: str) -> Check:
        """A check that leaves the exit code at 0."""
        return cls(name, message, hint, "warning")

    @classmethod
    def failed(cls, name: str, *errors: ReconcilerError) -> Check:
        """A check that ended with errors."""
        message, hints = "; ".join(dict.fromkeys(map(str, errors))), [each.hint for each in errors if each.hint]
        return cls(
            name, message, "; ".join(dict.fromkeys(hints)), "failed", find_worst(each.exit_code for each in errors)
        )


@frozen
class Fact:
    """A statement about the API. `holds`: whether it does here; None if nothing tells. `seen`: what is against it."""

    text: str
    holds: bool | None
    seen: str = ""


@frozen
class Diagnosis:
    """What `doctor` found for one environment. `ids`: kind → ids of live objects. `is_sandbox`: of the key."""

    environment: str
    checks: tuple[Check, ...] = ()
    facts: tuple[Fact, ...] = ()
    api: str = ""
    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_sandbox: bool = False

    @property
    def exit_code(self) -> Exit:
        """The code of the worst failure."""
        return find_worst(each.exit_code for each in self.checks)


class Verdict(StrEnum):
    """The verdict on an address, or on one of its fields."""

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


@frozen
class Rule:
    """A rule that decides, and its source: a line of the YAML, the state, or the API's documentation."""

    text: str
    source: str


@frozen
class FieldValue:
    """A value that is written, live or applied. `there` is False if there is none."""

    value: Any = None
    there: bool = False


@frozen
class FieldExplanation:
    """One field, or one path within it. `line` is the text at `place`; both are nothing if it is not written. `cause`
    is that of a difference; `next` is what the next apply does to it."""

    path: str
    verdict: Verdict
    written: FieldValue
    live: FieldValue
    applied: FieldValue
    next: str
    place: Location | None = None
    line: str = ""
    cause: Cause | None = None
    rules: tuple[Rule, ...] = ()


@frozen
class LastApply:
    """The last apply that touched an address: its receipt, when (UTC), by whom, from which commit, what it did."""

    receipt: str
    at: str
    who: str
    commit: str
    action: str
    status: str


@frozen
class Explanation:
    """One address, or one path within it; `path` is empty for all of it. `id` is None if nothing is live.

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


@frozen
class Mismatch:
    """An expectation of a test that was not met: its path, where it is written, and both values."""

    path: str
    location: Location
    expected: Any
    got: Any


@frozen
class CaseResult:
    """How a test of the configuration ended. `policies`: name → whether it held, and whether it refused something."""

    location: Location
    name: str
    environment: str
    mismatches: tuple[Mismatch, ...] = ()
    error: str = ""
    policies: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)
