"""What people are shown: the review of a plan, and the report and the receipt of an apply."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from reconciler.errors import Exit, Location, ReconcilerError
from reconciler.lazy import frozen
from reconciler.model.inputs import Desired, Fields, Live
from reconciler.model.plan import Change, Plan

T = TypeVar("T")
U = TypeVar("U")


@frozen
class Ended(Generic[T]):
    """How a command ended for one of several environments. `value` is None if it failed before there was one; an
    `error` may stand beside it, such as the guard that refuses a plan. `seconds`: how long it took. `code` is the exit
    code of a command without an error; `left_out` says why nothing was done for it."""

    environment: str
    value: T | None = None
    error: ReconcilerError | None = None
    seconds: float = 0.0
    code: Exit = Exit.DONE
    left_out: str = ""

    @property
    def exit_code(self) -> Exit:
        """The exit code for this environment."""
        return self.error.exit_code if self.error else self.code

    def map(self, make: Callable[[T], U | None]) -> Ended[U]:
        """The same result, with `make(value)` as its value."""
        value = None if self.value is None else make(self.value)
        return Ended(self.environment, value, self.error, self.seconds, self.code, self.left_out)


def get_only_value(ended: Sequence[Ended[T]]) -> T | None:
    """The value if there is only one environment and it has a value: it is shown without the table of many."""
    return ended[0].value if len(ended) == 1 else None


class Scope(StrEnum):
    """Where a change comes from."""

    PULL_REQUEST = "pull request"
    PENDING = "pending"
    DRIFT = "drift"
    BEHIND = "behind"


@frozen
class Commit:
    """A commit of the user's repository."""

    id: str
    subject: str

    def __str__(self) -> str:
        return f'{self.id[:12]} "{self.subject}"'


class Weight(StrEnum):
    """What an impact means, the gravest first."""

    LOSES = "loses"
    STOPS = "stops"
    RISKS = "risks"
    RETIMES = "retimes"
    STARTS = "starts"
    FEEDS = "feeds"


@frozen
class Impact:
    """One consequence of a change for people, as a sentence of plain text."""

    weight: Weight
    text: str


@frozen
class Node:
    """An address in the graph of references. `action` is None if nothing happens to it; what is not `managed` bears
    `kind[id]` in an address's place. `alike`: how many objects a picture shows as this one."""

    address: str
    kind: str
    name: str
    action: str | None = None
    managed: bool = True
    alike: int = 1


@frozen
class Graph:
    """What refers to what: `edges` are (from the address that refers, to the one that is referred to), as it is wanted;
    `dropped` are those that are live and go away."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()


@frozen
class Review:
    """A plan with all that a reviewer needs.

    `desired` and `live` are what the plan was made of. `impacts`, `scopes` and `behind` are by address; `scopes` is
    empty if no base was given, and `behind` has the newer commit that a change would undo. `tasks` is what a person has
    to do by hand, each a sentence. `at` is when the review was made; `commit` and `base` are what was planned and what
    it was compared with, empty if that is not known. `gone`: the address of what is not written any more → where its
    block stood, and in which commit.
    """

    plan: Plan
    desired: Desired = field(default_factory=lambda: Desired({}))
    live: Live = field(default_factory=lambda: Live({}))
    impacts: Mapping[str, tuple[Impact, ...]] = field(default_factory=dict)
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    behind: Mapping[str, Commit] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()
    at: datetime | None = None
    commit: str = ""
    base: str = ""
    gone: Mapping[str, tuple[Location, str]] = field(default_factory=dict)

    def find_scope(self, address: str) -> Scope | None:
        """The scope that a change is marked with: `behind` goes before its origin."""
        return Scope.BEHIND if address in self.behind else self.scopes.get(address)

    def find_place(self, address: str) -> Location | None:
        """The YAML line of an address, or where it stood; None if it is not known."""
        resource = self.desired.resources.get(address)
        return resource.location if resource else self.gone.get(address, (None, ""))[0]

    def list_remarks(self, change: Change) -> tuple[str, ...]:
        """The reason and notes of a change, after a warning if it would undo a newer commit; without its impacts."""
        commit = self.behind.get(change.address)
        remark = (f"this would undo a newer commit, {commit}: the checkout is behind",) if commit else ()
        return (*remark, *change.remarks())


class Status(StrEnum):
    """How a change ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    MANUAL = "manual"


class Verification(StrEnum):
    """What reading back has shown."""

    VERIFIED = "verified"
    NOT_YET_VISIBLE = "not yet visible"
    DIFFERENT = "different"


@frozen
class Outcome:
    """The end of one change. `reason`: why it failed; `because_of`: the address for whose sake it was skipped;
    `request_ids`: what the API called our writes, if it says so; `stored`: path → what the API made of a value, as
    reading back has shown it."""

    address: str
    action: str
    status: Status
    id: str | None = None
    reason: str = ""
    because_of: str = ""
    exit_code: Exit = Exit.DONE
    verification: Verification | None = None
    request_ids: tuple[str, ...] = ()
    stored: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_doubtful(self) -> bool:
        """Whether it was done, and reading back has not confirmed it."""
        return self.status is Status.DONE and self.verification not in (Verification.VERIFIED, None)


@frozen
class ApplyReport:
    """The ends of all changes, in the plan's order. `unrecorded`: why the state could not be written at the end;
    `receipt`: what it left behind, None if it wrote nothing; `answered`: address → the fields that the API's answer
    to the last write showed; `api` is that of the plan. `is_interrupted`: a person has asked it to stop; `is_repeated`:
    an earlier apply had done all of it."""

    environment: str
    digest: str
    outcomes: tuple[Outcome, ...]
    warnings: tuple[str, ...] = ()
    unrecorded: str = ""
    receipt: Receipt | None = None
    configuration: str = ""
    api: str = ""
    answered: Mapping[str, Fields] = field(default_factory=dict)
    is_interrupted: bool = False
    is_repeated: bool = False

    @property
    def nothing(self) -> str:
        """The text for a report without changes."""
        return f"nothing {'was left ' * self.is_repeated}to do"

    def counts(self) -> dict[Status, int]:
        """Status → the number of changes with it. What an earlier apply has done does not count."""
        return {each: len(self.of(each)) * (each is not Status.DONE or not self.is_repeated) for each in Status}

    def of(self, status: Status) -> tuple[Outcome, ...]:
        """The outcomes that ended so."""
        return tuple(outcome for outcome in self.outcomes if outcome.status is status)

    def exit_code(self) -> Exit:
        """0 when all is done and as it was sent, 6 when something is not, else the code of the failures."""
        failed = self.of(Status.FAILED)
        if self.unrecorded:
            return Exit.PARTIAL
        if not failed:
            other = any(outcome.verification is Verification.DIFFERENT for outcome in self.outcomes)
            return Exit.PARTIAL if other or self.of(Status.SKIPPED) else Exit.DONE
        if self.of(Status.DONE):
            return Exit.PARTIAL
        codes = {outcome.exit_code for outcome in failed}
        return codes.pop() if len(codes) == 1 else Exit.API_FAILED


@frozen
class Applied:
    """A plan that an apply has shown, and the report; None if the apply did not begin, or failed."""

    review: Review
    report: ApplyReport | None = None


@frozen
class ReceiptItem:
    """One change that was done, or was tried. `before` are the live fields, `after` what was written; None: nothing."""

    address: str
    action: str
    status: str
    reason: str
    id_before: str | None
    id_after: str | None
    before: Fields | None
    after: Fields | None
    request_ids: tuple[str, ...] = ()


@frozen
class Receipt:
    """One apply. `at` is UTC; `commit` is the configuration's, empty if there is none. `lineage` is that of the
    state which the apply wrote, empty if it is not known. `allowed` are the guards that the one who applied passed."""

    format_version: int
    id: str
    environment: str
    at: str
    who: str
    where: str
    commit: str
    digest: str
    lineage: str
    allowed: tuple[str, ...]
    items: tuple[ReceiptItem, ...]

    def title(self) -> str:
        """What was done, in one line: `2 create, 1 delete`."""
        done = [item.action for item in self.items if item.status == "done"]
        counts = [f"{done.count(action)} {action}" for action in dict.fromkeys(done)]
        failed = sum(item.status != "done" for item in self.items)
        return ", ".join([*counts, *([f"{failed} not done"] if failed else [])]) or "nothing"


@frozen
class Failure:
    """`command` is `plan` or `apply`, `environment` and `configuration` those that it was for, as far as
    that could be told. `review` is what was planned, None if it did not come so far. `environments`: their names, if it
    was for several."""

    command: str
    environment: str
    error: BaseException
    commit: str = ""
    review: Review | None = None
    configuration: str = ""
    environments: tuple[str, ...] = ()
