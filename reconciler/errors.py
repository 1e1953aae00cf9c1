"""Every error that a user can meet, with its exit code and a hint on what to do; and problems in the user's files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from reconciler.text import abridge, format_count


class Exit(IntEnum):
    """The exit codes of the command line."""

    DONE = 0
    API_FAILED = 1
    PENDING = 2
    INVALID = 3
    NOT_AUTHORISED = 4
    REFUSED = 5
    PARTIAL = 6
    TEST_FAILED = 7
    USAGE = 64


def find_worst(codes: Iterable[Exit]) -> Exit:
    """The worst of several exit codes, in the order that the contract gives them; DONE if there is none."""
    order = (Exit.USAGE, Exit.NOT_AUTHORISED, Exit.INVALID, Exit.REFUSED, Exit.API_FAILED, Exit.PARTIAL, Exit.PENDING)
    known = set(codes)
    return next((code for code in order if code in known), Exit.DONE)


class Location(NamedTuple):
    """A line and column of a file of the user's, both counted from 1. Line 0 means the file as a whole."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


SHOWS_KEY = "key"
"""The code of a problem whose line is not shown: a Secret Key is in it."""


@dataclass(frozen=True, order=True)
class Problem:
    """One error in a file of the user's. `line` and `column` count from 1; line 0 means the file as a whole.
    `code` names the kind of error if a program depends on it. `subject` is the address of the resource; the message may
    begin with it. Problems with the same `cause` are shown as one (see `fold`). Those without a cause are shown as one
    if they have the same message at the same place."""

    file: str
    line: int
    column: int
    message: str
    code: str = field(default="", compare=False)
    subject: str = field(default="", compare=False)
    cause: str = field(default="", compare=False)

    @property
    def rest(self) -> str:
        """The message without its subject."""
        return self.message.removeprefix(f"{self.subject}: ") if self.subject else self.message

    @property
    def location(self) -> Location:
        """Where it is."""
        return Location(self.file, self.line, self.column)

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"


MOST_PROBLEMS = 1000
"""How many problems are shown."""


def list_instances(definition: str, instances: Sequence[str], what: str = "address") -> str:
    """The message for the address (or key) of a `for_each` in a place that needs that of one instance."""
    some = f": {abridge(instances)}" if instances else ""
    made = format_count(len(instances), "resource")
    return f"{definition} is a for_each; expected the {what} of one of its {made}{some}"


def fold(found: Mapping[str, Iterable[Problem]]) -> list[Problem]:
    """The problems of all environments (name → problems), each cause once, with what it reaches.
    Environments are named only if some lack the cause. The result has no subjects; folding it again changes nothing."""
    groups: dict[object, dict[str, list[Problem]]] = defaultdict(lambda: defaultdict(list))
    for environment, problems in found.items():
        for each in problems:
            groups[each.cause or (each.location, each.rest)][environment].append(each)
    folded = []
    for group in groups.values():
        every = sorted((each for problems in group.values() for each in problems), key=lambda each: each.location)
        first = every[0]
        subjects = dict.fromkeys(each.subject for each in every if each.subject)
        places = dict.fromkeys(f"{each.file}:{each.line}" if each.line else each.file for each in every)
        # A cause that several resources share is named once, so the message must not begin with one of them.
        message = first.rest if len(subjects) > 1 else first.message
        noun, names = ("resources", subjects) if len(subjects) > 1 else ("places" if first.line else "files", places)
        reached = [f"{len(names)} {noun}: {abridge(names)}"] if len(names) > 1 else []
        if len(group) < len(found):
            what = f"{len(group)} environments:" if len(group) > 1 else "the environment"
            reached.append(f"in {what} {abridge(group)}")
        suffix = f" ({'; '.join(reached)})" if reached else ""
        folded.append(Problem(*first.location, message + suffix, first.code))
    return sorted(folded)


class ReconcilerError(Exception):
    """Root of the tree. `str()` is the message, `hint` what the user can do about it."""

    exit_code: Exit = Exit.API_FAILED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ApiFailed(ReconcilerError):
    """The API or the network failed."""


class AnswerRefused(ApiFailed):
    """The API answered with an error. `status` is the HTTP status."""

    def __init__(self, message: str, *, status: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class AnswerUnreadable(ApiFailed):
    """The API answered, but not as its documents say: not with JSON, without `data`, or with a malformed id."""


class CertificateUntrusted(ApiFailed):
    """The server's certificate is not trusted, so nothing was sent."""


class Unreachable(ApiFailed):
    """No answer came. `sent`: the request may have reached the API, which may have carried it out."""

    def __init__(self, message: str, *, sent: bool, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.sent = sent


class ConfigurationInvalid(ReconcilerError):
    """One or more problems in the configuration. `subjects` are their addresses, as far as known. `warnings` are shown
    with them."""

    exit_code = Exit.INVALID

    def __init__(self, problems: Iterable[Problem], warnings: Iterable[Problem] = ()) -> None:
        problems, self.warnings = list(problems), tuple(warnings)
        self.subjects = frozenset(each.subject for each in problems if each.subject)
        folded = fold({"": problems})
        self.problems = folded[:MOST_PROBLEMS]
        if len(folded) > MOST_PROBLEMS:
            last = self.problems[-1].location
            self.problems.append(Problem(*last, f"… and {len(folded) - MOST_PROBLEMS} more problems, not shown"))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NotAuthorised(ReconcilerError):
    """There is no key, the API refused it, or it has no right to do this."""

    exit_code = Exit.NOT_AUTHORISED


ALLOWABLE = (
    "behind",
    "empty-configuration",
    "frozen",
    "missing-files",
    "prune-without-state",
    "vanished",
    "wrong-configuration",
    "wrong-project",
)
"""The guards that `--allow NAME` passes."""
GUARD = "policy:"
"""The prefix of a policy's name in `--allow`, and in the code of its problems."""
DELETE = "delete:"
"""The prefix of a kind's name in `--allow`, for kinds whose deletes are closed."""


class Refused(ReconcilerError):
    """A guard refused. The hint names the flag or the block that passes it. `guard` is the guard's name if this class
    has only one."""

    exit_code = Exit.REFUSED
    guard = ""


class ListIncomplete(Refused):
    """A list could not be read completely, or changed meanwhile, so nothing may be concluded from it."""

    guard = "list-incomplete"


class IdentityAmbiguous(Refused):
    """More than one live object matches an address."""

    guard = "identity-ambiguous"


class KeyExposed(Refused):
    """A value that would go into a file or to a remote contains the secret key. The value is not shown."""

    guard = "key-exposed"


class GitUnusable(Refused):
    """Git is missing or too old, finds no repository, failed, or exceeded its time limit."""


class StateUnusable(Refused):
    """The state is damaged, written by a newer version, or belongs to another environment."""


class WrongUsage(ReconcilerError):
    """The command line asks for something that does not exist."""

    exit_code = Exit.USAGE


class NoSuchTarget(WrongUsage):
    """No address matches `--target`. Of several environments, the one without a match is left out."""


class NotBegun(ReconcilerError):
    """An environment that an apply of several did not reach."""

    exit_code = Exit.PARTIAL


class EnvironmentsFailed(ReconcilerError):
    """Some of several environments failed. `every`: the name of each → its error or None. `exit_code` is the worst."""

    def __init__(self, every: Mapping[str, ReconcilerError | None], exit_code: Exit) -> None:
        errors = {name: error for name, error in every.items() if error is not None}
        super().__init__("; ".join(f"{name}: {error}" for name, error in errors.items()))
        self.every = every
        self.exit_code = exit_code

    def grouped(self) -> Iterator[tuple[list[str], ReconcilerError]]:
        """Each different error with its environments. The problems of the configuration are one, without names."""
        invalid = {
            name: each.problems if isinstance(each, ConfigurationInvalid) else () for name, each in self.every.items()
        }
        if any(invalid.values()):
            yield [], ConfigurationInvalid(fold(invalid))
        groups: dict[tuple[str, str | None], tuple[list[str], ReconcilerError]] = {}
        for name, error in self.every.items():
            if error is not None and not invalid[name]:
                groups.setdefault((str(error), error.hint), ([], error))[0].append(name)
        yield from groups.values()
