"""What `doctor` finds: checks of what a plan needs, and facts about the API that hold here or do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.errors import Exit, ReconcilerError, worst


@dataclass(frozen=True, slots=True)
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
        return cls(name, message, "; ".join(dict.fromkeys(hints)), "failed", worst(each.exit_code for each in errors))


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement about the API. `holds`: whether it does here; None if nothing tells. `seen`: what is against it."""

    text: str
    holds: bool | None
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found for one environment. `ids`: those of the live objects, by kind. `is_sandbox`: the sort of key."""

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
