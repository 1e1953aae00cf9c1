"""What an apply did: the value that the apply stage gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from reconciler.errors import Exit
from reconciler.model.desired import Fields
from reconciler.model.receipt import Receipt


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
    `request_ids`: what the API called our writes, where it says so; `stored`: path → what the API made of a value, as
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
    `receipt`: what it left behind, None where it wrote nothing; `answered`: address → the fields that the API's answer
    to the last write showed."""

    environment: str
    digest: str
    outcomes: tuple[Outcome, ...]
    warnings: tuple[str, ...] = ()
    unrecorded: str = ""
    receipt: Receipt | None = None
    configuration: str = ""
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
