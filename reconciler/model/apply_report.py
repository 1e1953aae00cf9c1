"""What an apply did: the value that the apply stage gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from reconciler.errors import Exit
from reconciler.model.desired import Fields
from reconciler.model.review import Review


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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """The ends of all changes, in the plan's order. `unrecorded`: why the state could not be written at the end;
    `receipt`: what it left behind, None if it wrote nothing; `answered`: address → the fields that the API's answer
    to the last write showed; `api` is that of the plan."""

    environment: str
    digest: str
    outcomes: tuple[Outcome, ...]
    warnings: tuple[str, ...] = ()
    unrecorded: str = ""
    receipt: Receipt | None = None
    configuration: str = ""
    api: str = ""
    answered: Mapping[str, Fields] = field(default_factory=dict)

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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Receipt:
    """One apply. `at` is UTC; `commit` is the configuration's, empty if there is none. `lineage` is that of the
    state which the apply wrote, empty if it is not known."""

    format_version: int
    id: str
    environment: str
    at: str
    who: str
    where: str
    commit: str
    digest: str
    lineage: str
    items: tuple[ReceiptItem, ...]

    def title(self) -> str:
        """What was done, in one line: `2 create, 1 delete`."""
        done = [item.action for item in self.items if item.status == "done"]
        counts = [f"{done.count(action)} {action}" for action in dict.fromkeys(done)]
        failed = sum(item.status != "done" for item in self.items)
        return ", ".join([*counts, *([f"{failed} not done"] if failed else [])]) or "nothing"


@dataclass(frozen=True, slots=True)
class Failure:
    """`command` is `plan` or `apply`, `environment` and `configuration` those that it was for, as far as
    that could be told. `review` is what was planned, None if it did not come so far."""

    command: str
    environment: str
    error: BaseException
    commit: str = ""
    review: Review | None = None
    configuration: str = ""
