"""The seam behind which a state is kept: read with a version, compare-and-swap write, lock, unlock."""

from __future__ import annotations

import getpass
import os
import socket
import uuid
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import quote

from reconciler.errors import Refused
from reconciler.model.state import State
from reconciler.state.journal_file import JournalFile

RUN_URLS = (
    ("GITHUB_RUN_ID", "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"),
    ("CI_JOB_URL", "{CI_JOB_URL}"),
)
ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN")


@dataclass(frozen=True, slots=True)
class LockInfo:
    """Who holds a lock. `run` names the very lock: only it is broken by `state unlock`."""

    run: str
    who: str
    since: str
    where: str = ""

    @classmethod
    def this_run(cls) -> LockInfo:
        """A holder for this process: who, on which machine, in which pipeline."""
        actor = next((os.environ[name] for name in ACTORS if os.environ.get(name)), None)
        url = next((form for name, form in RUN_URLS if os.environ.get(name)), "")
        return cls(
            run=uuid.uuid4().hex[:12],
            who=actor or f"{_user()}@{socket.gethostname()}",
            since=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            where=url.format_map({**dict.fromkeys(_names(), ""), **os.environ}) if url else f"process {os.getpid()}",
        )

    def document(self) -> dict[str, str]:
        """The holder as JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.who}, since {self.since}" + (f", {self.where}" if self.where else "") + f" (run {self.run})"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


def _names() -> tuple[str, ...]:
    return ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "CI_JOB_URL")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A memory and the version of the store that it was read from (opaque; empty where nothing was there).

    `is_taken_over`: the store holds it as that of no configuration, or of another one; the next write changes that.
    `newer_receipt` is the name of a receipt that was written after this state, empty if there is none.
    """

    state: State
    version: str
    is_taken_over: bool = False
    newer_receipt: str = ""


def as_newest(snapshot: Snapshot) -> Snapshot:
    """A snapshot whose next serial is not one of the receipts that are newer than it."""
    serial = int(snapshot.newer_receipt.partition("-")[0] or 0)
    state = replace(snapshot.state, serial=max(serial, snapshot.state.serial))
    return replace(snapshot, state=state)


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """A text that is kept beside the state: its name sorts by time."""

    name: str
    text: str


def path_segment(configuration: str) -> str:
    """A configuration's name as one part of a ref or of an object's key: percent-encoded, and no two names alike."""
    return quote(configuration, safe="").replace(".", "%2E")


class Backend(Protocol):
    """Where the state of one environment is kept. `is_local`: on this machine."""

    is_local: bool

    @property
    def where(self) -> str:
        """The place, for people."""

    @property
    def journal(self) -> JournalFile:
        """The file on this machine that holds the steps of an apply until they are in the store."""

    def read(self) -> Snapshot:
        """What it holds; an empty memory where there is nothing. StateUnusable where it cannot be used."""

    def write(self, state: State, version: str, note: str = "", receipt: ReceiptFile | None = None) -> str:
        """Puts a memory in the place of that version and gives the new one; StateConflict where it is another by now.

        `note` says what was done, for stores that keep a log; `receipt` is kept beside the state.
        """

    def receipts(self) -> dict[str, str]:
        """Name → text of all receipts that are kept, the oldest first."""

    def lock(self, holder: LockInfo) -> AbstractContextManager[None]:
        """Holds the lock of an apply. Locked where somebody else does."""

    def holder(self) -> LockInfo | None:
        """Who holds the lock, None where nobody does."""

    def unlock(self, run: str) -> None:
        """Breaks the lock of that run, and no other."""


class Locked(Refused):
    """Somebody else holds the lock."""

    def __init__(self, where: str, holder: LockInfo | None) -> None:
        run = holder.run if holder else "RUN"
        super().__init__(
            f"{where}: somebody else is applying: {holder or 'not known who'}",
            hint=f"wait for it to end; if it cannot any more, `reconciler state unlock {run}` breaks this very lock",
        )


class StateConflict(Refused):
    """Somebody else has written the state meanwhile, so this run's memory is not written over it."""

    def __init__(self, where: str, journal: JournalFile) -> None:
        super().__init__(
            f"{where}: the state was written by somebody else while this run went on; theirs is kept",
            hint=f"plan again: what this run made is found by id or by name (its steps were in {journal})",
        )
