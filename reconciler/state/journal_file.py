"""Where the journal of a state is kept, and what its lines hold.

In a checkout it is in the folder of git's own files: no commit can bring a journal there, and git does not list it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.git.repository import git_folder, repository_top
from reconciler.model.inputs import Entry, Tombstone
from reconciler.serialization import DecodeError, decode, json_text
from reconciler.state.document import address_from, entry_document, entry_from, tombstone_from

FORMAT_VERSION = 3
"""Formats 1 and 2 were not sealed with the key."""
SEAL = b',"seal":"'
"""The bytes before the seal of a line, which is its last field."""
Tombstones = Mapping[str, Tombstone | None]
"""By `kind[id]`, the tombstones of objects; None removes one."""


@dataclass(frozen=True, slots=True)
class JournalFile:
    """The path of the journal of one state, and the secret key that seals it (empty: not at hand).

    `older` is the path in the work tree that earlier versions used. A journal there is refused, never read.
    """

    path: Path
    environment: str = ""
    key: str = field(default="", repr=False)
    older: Path | None = None

    def __str__(self) -> str:
        return str(self.path)


class Chain:
    """Seals one line after the other. A seal is an HMAC with the secret key over the line and the seal before it."""

    def __init__(self, file: JournalFile) -> None:
        self._key = file.key.encode()
        self._last = b"reconciler journal of " + file.environment.encode()

    def _seal(self, content: bytes) -> bytes:
        self._last = hmac.digest(self._key, self._last + b"\0" + content, hashlib.sha256)
        return self._last.hex()[:32].encode()

    def sealed(self, value: dict[str, Any]) -> bytes:
        """The next line, with its seal."""
        content = json_text(value).encode()
        return content[:-1] + SEAL + self._seal(content) + b'"}\n'

    def is_next(self, line: bytes) -> bool:
        """Whether a line, without its line break, is the next one as it was written."""
        content, _, seal = line.rpartition(SEAL)
        return hmac.compare_digest(seal, self._seal(content + b"}") + b'"}')

    def key_id(self) -> str:
        """Tells one key from another without revealing anything of it."""
        return hmac.digest(self._key, b"reconciler journal", hashlib.sha256).hex()[:16]


def version_of(line: dict[str, Any]) -> int:
    version = line.get("format_version")
    if type(version) is not int or version < 1:
        raise DecodeError("the first line bears no format_version")
    return version


def head_from(line: dict[str, Any]) -> tuple[tuple[str, int], str, str]:
    """The first line: lineage and serial of the state that the journal continues, and lineage and plan of the run."""
    match decode(list, line.get("base"), "base"):
        case [lineage, serial]:
            continues = decode(str, lineage, "base"), decode(int, serial, "base")
        case _:
            raise DecodeError("the first line names no state")
    return continues, decode(str, line.get("lineage"), "lineage"), decode(str, line.get("plan"), "plan")


def replay_line(
    line: dict[str, Any], entries: dict[str, Entry], tombstones: dict[str, Tombstone], waiting: dict[str, str]
) -> None:
    """Applies one line to the entries. `waiting`: writes without an outcome. DecodeError if the line is no step."""
    address = address_from(line.get("address"), "address")
    if "intent" in line:
        waiting[address] = decode(str, line["intent"], "intent")
        return
    if "entry" not in line:
        raise DecodeError("neither an intent nor an outcome")
    waiting.pop(address, None)
    for name, each in decode(dict[str, Any], line.get("tombstones", {}), "tombstones").items():
        tombstones.pop(name, None)
        if each is not None:
            tombstones[name] = tombstone_from(each, name)
    if line["entry"] is None:
        entries.pop(address, None)
    else:
        entries[address] = entry_from(line["entry"], address)


def outcome_line(address: str, entry: Entry | None, tombstones: Tombstones) -> dict[str, Any]:
    line: dict[str, Any] = {"address": address, "entry": None if entry is None else entry_document(entry)}
    if tombstones:
        line["tombstones"] = dict(tombstones)
    return line


def journal_file(beside: Path, environment: str, key: str) -> JournalFile:
    """The journal of a state. `key`: the secret key, empty if it is not at hand.

    `beside` is its path outside of a checkout. Earlier versions always used that path.
    """
    real = Path(os.path.realpath(beside.parent)) / beside.name
    top = repository_top(real.parent)
    own = git_folder(top) if top is not None else None
    if top is None or own is None:
        return JournalFile(real, environment, key)
    # A hash of the path, because a checkout may hold several states, and a path may hold any character.
    mark = hashlib.sha256(real.relative_to(top).as_posix().encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return JournalFile(own / "reconciler" / f"{environment}-{mark}.journal", environment, key, older=real)
