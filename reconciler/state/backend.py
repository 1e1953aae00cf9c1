"""The interface of a state backend: read with a version, compare-and-swap write, lock, unlock."""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from reconciler.errors import ReconcilerError, Refused, StateUnusable
from reconciler.lazy import frozen, load
from reconciler.model.inputs import State
from reconciler.state.journal import Journal

RUN_URLS = (
    ("GITHUB_RUN_ID", "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"),
    ("CI_JOB_URL", "{CI_JOB_URL}"),
)
ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN")


@frozen
class LockInfo:
    """Who holds a lock. `run` names this one lock, and `state unlock` breaks no other."""

    run: str
    who: str
    since: str
    where: str = ""

    @classmethod
    def this_run(cls, now: datetime | None = None) -> LockInfo:
        """The holder for this process: who, on which machine, in which pipeline. `now`: by another clock (UTC)."""
        who = next((os.environ[name] for name in ACTORS if os.environ.get(name)), "")
        try:
            who = who or f"{load('getpass:getuser')()}@{socket.gethostname()}"
        except (OSError, KeyError, ImportError):  # A container's user may have no name, and Windows has no pwd.
            who = f"somebody@{socket.gethostname()}"
        url = next((form for name, form in RUN_URLS if os.environ.get(name)), "")
        return cls(
            run=uuid.uuid4().hex[:12],  # Short enough to be typed after `state unlock`.
            who=who,
            since=(now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            where=url.format_map(defaultdict(str, os.environ)) if url else f"process {os.getpid()}",
        )

    @classmethod
    def parse(cls, text: str | bytes) -> LockInfo | None:
        """The holder in the JSON of a lock; None if it names nobody."""
        try:
            document = json.loads(text)
            return cls(**{each.name: str(document[each.name]) for each in fields(cls)})
        except (ValueError, TypeError, KeyError, RecursionError):
            return None

    def __str__(self) -> str:
        return f"{self.who}, since {self.since}" + (f", {self.where}" if self.where else "") + f" (run {self.run})"


@frozen
class Snapshot:
    """A state, and the opaque version that it was read with (empty if there was none). `is_taken_over`: the
    stored state has no configuration's name, or another one's; the next write puts ours in. `newer` names what was
    written after this state, empty if nothing is known, and `newest` is its serial. `file` is the file that the state
    was read from, if it is in one."""

    state: State
    version: str
    is_taken_over: bool = False
    newer: str = ""
    newest: int = 0
    file: Path | None = None


def raise_serial(snapshot: Snapshot) -> Snapshot:
    """A snapshot with a serial that nothing newer has."""
    state = replace(snapshot.state, serial=max(snapshot.newest, snapshot.state.serial))
    return replace(snapshot, state=state)


@frozen
class ReceiptFile:
    """The text of a receipt, which is kept beside the state. Names sort by time."""

    name: str
    text: str


class Backend(Protocol):
    """Where the state of one environment is kept. `is_local`: on this machine. `operations.open_backend` calls its
    class with the environment, the configuration's folder, and the journal."""

    is_local: bool

    @property
    def where(self) -> str:
        """The place, for people."""

    @property
    def journal(self) -> Journal:
        """The file on this machine that holds the steps of an apply until they are in the store."""

    def read(self) -> Snapshot:
        """The state; an empty one if there is none yet. StateUnusable if it cannot be used."""

    def write(self, state: State, version: str, note: str = "", receipt: ReceiptFile | None = None) -> str:
        """Replaces the state of that version, and returns the new version. StateConflict if it has another one by now.
        `note` says what was done, for backends that keep a log; `receipt` is kept beside the state."""

    def receipts(self) -> dict[str, bytes]:
        """Name → content of all receipts, the oldest first."""

    def lock(self, holder: LockInfo) -> AbstractContextManager[None]:
        """Holds the lock during a block. Locked if another run holds it."""

    def holder(self) -> LockInfo | None:
        """Who holds the lock; None if nobody does."""

    def find_applier(self) -> LockInfo | None:
        """As `holder`, but None if its process has ended and so holds nothing."""

    def unlock(self, run: str) -> None:
        """Breaks the lock of that run. Refused if another run holds it, or none."""


class Locked(Refused):
    """Somebody else holds the lock."""

    def __init__(self, where: str, holder: LockInfo | None, by_hand: str = "") -> None:
        """`by_hand`: how to break a lock that does not say by whom it is held."""
        hint = (
            f"wait for it to end; if it is dead, `reconciler state unlock {holder.run if holder else 'RUN'}` breaks "
            "this lock and no other: run it with the same PATH and environment"
        )
        # `state unlock` needs the run, which a lock of something else does not name.
        hint = by_hand if by_hand and not holder else hint
        super().__init__(f"{where}: somebody else is applying: {holder or 'not known who'}", hint=hint)


def lock_error(where: str, run: str, holder: LockInfo | None, by_hand: str = "") -> Refused:
    """The error of `unlock` if another run holds the lock, or none. `by_hand`: as in `Locked`."""
    if holder is None and by_hand:
        return Refused(f"{where}: it is locked, but the lock does not say by whom", hint=by_hand)
    return Refused(f"{where}: run {run} does not hold the lock; held by: {holder or 'nobody'}")


class StateConflict(Refused):
    """Another run has written the state, or `receipt`, meanwhile, so this run does not overwrite it."""

    def __init__(self, where: str, journal: Journal, receipt: str = "") -> None:
        what = "the state was written by somebody else while this run went on"
        what = f"the receipt {receipt} exists already, so another run wrote it" if receipt else what
        super().__init__(
            f"{where}: {what}; theirs is kept",
            hint=f"plan again: what this run made is found by id or by name (its steps were in {journal})",
        )


@contextmanager
def release_on_exit(free: Callable[[], object], where: str, holder: LockInfo) -> Iterator[None]:
    """Runs a block, then releases its lock with `free`, which must not release the lock of another run. If the block
    fails, its error is raised, with a note if the lock could not be released. Otherwise that is StateUnusable."""
    frees = f"`reconciler state unlock {holder.run}` frees it"
    try:
        yield
    except BaseException as error:
        try:
            free()
        except ReconcilerError as left:
            error.add_note(f"the lock on {where} is left ({left}); {frees}")
        raise
    try:
        free()
    except ReconcilerError as error:
        raise StateUnusable(f"{where}: all is done, but the lock could not be freed: {error}", hint=frees) from error
