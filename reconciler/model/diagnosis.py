"""What `doctor` finds: checks of what a plan needs, and facts about the API that hold here or do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.errors import Exit, ReconcilerError, worst

OK, WARNING, FAILED = "ok", "warning", "failed"
WORDS = {True: "confirmed", False: "refuted", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `hint` is what to do, empty if nothing is. `exit_code` is that of a failure; a warning has none."""

    name: str
    message: str
    hint: str = ""
    status: str = OK
    exit_code: Exit = Exit.DONE

    @classmethod
    def failed(cls, name: str, *errors: ReconcilerError) -> Check:
        """A check that ended with errors."""
        message = "; ".join(dict.fromkeys(str(each) for each in errors))
        hint = next((each.hint for each in errors if each.hint), "")
        return cls(name, message, hint, FAILED, worst(each.exit_code for each in errors))


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement about the API. `holds`: whether it holds here; None if nothing tells. `seen`: what is against it."""

    text: str
    holds: bool | None
    seen: str = ""

    def __str__(self) -> str:
        return f"{self.text} ({self.seen})" if self.seen else self.text


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found for one environment. `api` is its address, empty if it is not known. `ids`: those of the live
    objects, by kind. `is_sandbox`: the sort of its key."""

    environment: str
    checks: tuple[Check, ...] = ()
    facts: tuple[Fact, ...] = ()
    api: str = ""
    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_sandbox: bool = False

    @property
    def exit_code(self) -> Exit:
        """The code of the worst failure."""
        return worst(each.exit_code for each in self.checks)
