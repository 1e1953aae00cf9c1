"""Every error that a user can meet, drawn as a tree. Each knows its exit code and what to do next.

ReconcilerError
├── ApiFailed (1)            the API or the network failed
│   ├── AnswerRefused            the API answered with an error
│   ├── AnswerUnreadable         the API answered with something that is no answer
│   └── Unreachable              no answer came
├── ConfigurationInvalid (3) one or more problems in the YAML, all of them at once
├── NotAuthorised (4)        no key, a refused one, or one that may not do this
├── Refused (5)              a guard said no
│   ├── ListIncomplete           a list could not be read whole
│   ├── IdentityAmbiguous        two live objects could be the one that an address means
│   ├── KeyExposed               a value that would be written to a file or a remote holds the secret key
│   ├── GitUnusable              git is not there, is too old, failed, or did not end
│   └── StateUnusable            the state file is damaged, newer, or of another environment
└── WrongUsage (64)          the command line asks for something that does not exist
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from reconciler.lazy import load


class Exit(IntEnum):
    """The exit codes of the command line."""

    DONE = 0
    API_FAILED = 1
    PENDING = 2
    INVALID = 3
    NOT_AUTHORISED = 4
    REFUSED = 5
    PARTIAL = 6
    USAGE = 64


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a file of the user's. `line` and `column` count from 1; 0 means the file as a whole."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{where}: {self.message}"


def did_you_mean(word: object, options: Iterable[str]) -> str:
    """`; did you mean "x"?` with the closest option, or nothing where none is close."""
    close = load("difflib:get_close_matches")(str(word), list(options), n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""


class ReconcilerError(Exception):
    """Root of the tree. `str()` is the message, `hint` what the user can do about it."""

    exit_code: Exit = Exit.API_FAILED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ApiFailed(ReconcilerError):
    """The API or the network failed."""


class AnswerRefused(ApiFailed):
    """The API answered with an error. `status` is the HTTP status, `code` the API's own word, if it gave one."""

    def __init__(self, message: str, *, status: int, code: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after


class AnswerUnreadable(ApiFailed):
    """The API answered, but not with what its documents say (not JSON, no `data`, an id that is no id)."""


class Unreachable(ApiFailed):
    """No answer came. `sent` tells whether the request may have been worked on all the same."""

    def __init__(self, message: str, *, sent: bool, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.sent = sent


class ConfigurationInvalid(ReconcilerError):
    """One or more problems in the configuration."""

    exit_code = Exit.INVALID

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NotAuthorised(ReconcilerError):
    """No key, a refused one, or one that may not do this."""

    exit_code = Exit.NOT_AUTHORISED


ALLOWABLE = (
    "behind",
    "empty-configuration",
    "missing-files",
    "prune-without-state",
    "vanished",
    "wrong-configuration",
    "wrong-project",
)
"""The guards that `--allow NAME` passes."""


class Refused(ReconcilerError):
    """A guard said no. The hint names the flag or the block that passes it."""

    exit_code = Exit.REFUSED


class ListIncomplete(Refused):
    """A list could not be read whole and stable, so nothing may be concluded from it."""


class IdentityAmbiguous(Refused):
    """More than one live object could be the one that an address means."""


class KeyExposed(Refused):
    """A value that would be written to a file or a remote holds the secret key. Nothing of it is shown."""


class GitUnusable(Refused):
    """Git is not there, is too old, finds no repository, failed, or did not end in its time."""


class StateUnusable(Refused):
    """The state is damaged, written by a newer version, or belongs to another environment."""


class WrongUsage(ReconcilerError):
    """The command line asks for something that does not exist."""

    exit_code = Exit.USAGE
