"""Where the journal of a state is: in the folder of git's own files, where no commit can bring one and none is seen."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.git.repository import git_folder, repository_top
from reconciler.model.state import Entry, Tombstone
from reconciler.serialization import NotThat, decode, json_text
from reconciler.state.document import (
    address_from,
    entry_document,
    entry_from,
    tombstone_document,
    tombstone_from,
)

FORMAT_VERSION = 3
"""Formats 1 and 2 were not bound to the key."""
SEAL = b',"seal":"'
"""What comes before the seal of a line, its last field."""
Buried = Mapping[str, Tombstone | None]
"""By `kind[id]`, what is remembered of objects without an entry; None: nothing any more."""


@dataclass(frozen=True, slots=True)
class JournalFile:
    """Where the journal of one state is on this machine, and the secret key that binds it (empty: not at hand).

    `older` is where versions before kept it, in the work tree: what is there counts for nothing, and is told.
    """

    path: Path
    environment: str = ""
    key: str = field(default="", repr=False)
    older: Path | None = None

    def __str__(self) -> str:
        return str(self.path)


class Chain:
    """Seals one line after the other, each with all before it."""

    def __init__(self, file: JournalFile) -> None:
        self._key = file.key.encode()
        self._last = b"reconciler journal of " + file.environment.encode()

    def seal(self, content: bytes) -> bytes:
        """The seal of the next line, whose JSON is `content`."""
        self._last = hmac.digest(self._key, self._last + b"\0" + content, hashlib.sha256)
        return self._last.hex()[:32].encode()

    def sealed(self, value: dict[str, Any]) -> bytes:
        """The next line."""
        content = json_text(value).encode()
        return content[:-1] + SEAL + self.seal(content) + b'"}\n'

    def passes(self, line: bytes) -> bool:
        """Whether a line, without its end, is the next one as it was written."""
        content, _, seal = line.rpartition(SEAL)
        return hmac.compare_digest(seal, self.seal(content + b"}") + b'"}')

    def name_of_key(self) -> str:
        """What tells a key from another, and nothing of it."""
        return hmac.digest(self._key, b"reconciler journal", hashlib.sha256).hex()[:16]


@dataclass(frozen=True, slots=True)
class Head:
    """The first line: the state that the journal goes on from, and what the run makes of it."""

    base: tuple[str, int]
    lineage: str
    plan: str


def version_of(line: dict[str, Any]) -> int:
    version = line.get("format_version")
    if type(version) is not int or version < 1:
        raise NotThat("the first line bears no format_version")
    return version


def head_from(line: dict[str, Any]) -> Head:
    base = decode(list, line.get("base"), "base")
    if len(base) != 2:  # noqa: PLR2004 - lineage and serial
        raise NotThat("the first line names no state")
    return Head(
        (decode(str, base[0], "base"), decode(int, base[1], "base")),
        decode(str, line.get("lineage"), "lineage"),
        decode(str, line.get("plan"), "plan"),
    )


def replay_line(
    line: dict[str, Any], entries: dict[str, Entry], tombstones: dict[str, Tombstone], waiting: dict[str, str]
) -> None:
    """Does one step to the entries. NotThat where it is none."""
    address = address_from(line.get("address"), "address")
    if "intent" in line:
        waiting[address] = decode(str, line["intent"], "intent")
        return
    if "entry" not in line:
        raise NotThat("neither an intent nor an outcome")
    waiting.pop(address, None)
    buried = decode(dict[str, Any], line.get("tombstones", {}), "tombstones")
    for name, each in buried.items():
        tombstones.pop(name, None)
        if each is not None:
            tombstones[name] = tombstone_from(each, name)
    if line["entry"] is None:
        entries.pop(address, None)
    else:
        entries[address] = entry_from(line["entry"], address)


def outcome_line(address: str, entry: Entry | None, tombstones: Buried) -> dict[str, Any]:
    buried = {name: tombstone_document(each) if each else None for name, each in tombstones.items()}
    outcome: dict[str, Any] = {"address": address, "entry": None if entry is None else entry_document(entry)}
    return outcome | ({"tombstones": buried} if buried else {})


def journal_file(beside: Path, environment: str, key: str) -> JournalFile:
    """The journal of a state. `beside` is where it is outside of a checkout, and where it always was in earlier
    versions; `key` is the secret key, empty if it is not at hand."""
    real = Path(os.path.realpath(beside.parent)) / beside.name
    top = repository_top(real.parent)
    own = git_folder(top) if top is not None else None
    if top is None or own is None:
        return JournalFile(real, environment, key)
    # One for each state of the checkout, whatever its path is made of
    mark = hashlib.sha256(real.relative_to(top).as_posix().encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return JournalFile(own / "reconciler" / f"{environment}-{mark}.journal", environment, key, older=real)
