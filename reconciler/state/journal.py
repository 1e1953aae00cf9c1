"""The steps of an apply, on the disk before and after each write: what survives a kill at any moment.

One JSON line a step, only ever appended, with a checksum. The first names the state that it goes on from; where that is
not the state that is there (it was written since), the journal is spent and counts for nothing.
"""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from reconciler.errors import StateUnusable
from reconciler.json_text import json_text
from reconciler.model.decode import NotThat, decode
from reconciler.model.memory import NO_TOMBSTONES, Entry, Memory, Tombstone
from reconciler.state.disk import replace_atomically
from reconciler.state.document import (
    address_from,
    entry_document,
    entry_from,
    tombstone_document,
    tombstone_from,
)

FORMAT_VERSION = 2
OLDEST_VERSION = 1
CHECK = b',"check":"'
"""What comes before the checksum of a line, its last field."""
Buried = Mapping[str, Tombstone | None]
"""By `kind[id]`, what is remembered of objects without an entry; None: nothing any more."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A memory with a journal's steps done to it. `open` are writes that left and of which no outcome is known, `named`
    the addresses of all steps."""

    memory: Memory
    open: tuple[str, ...]
    named: frozenset[str] = frozenset()


class Journal:
    """The journal beside one state. One process writes at a time: the holder of the state's lock.

    Its threads may all write at once: a line has a number, and `sync` waits until that line is on the disk. One trip
    to the disk serves all that wait for one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None
        self._text, self._disk = threading.Lock(), threading.Lock()
        self._written = self._synced = 0
        self._broken: OSError | None = None

    def start(self, base: Memory, memory: Memory) -> None:
        """Begins anew on top of a state, with what `memory` knows beyond it; an earlier journal stands until then."""
        entries = memory.entries
        lines: list[dict[str, Any]] = [
            {
                "format_version": FORMAT_VERSION,
                "base": [base.lineage, base.serial],
                "lineage": memory.lineage,
                "plan": memory.plan,
            }
        ]
        known = base.entries
        lines += [
            _outcome(address, entries.get(address), {})
            for address in sorted({*known, *entries})
            if known.get(address) != entries.get(address)
        ]
        try:
            replace_atomically(self.path, b"".join(map(_line, lines)))
            self._file = self.path.open("ab")
        except OSError as error:
            raise StateUnusable(f"{self.path}: cannot be written ({error})", hint="see to the disk") from error

    def intent(self, address: str, what: str) -> int:
        """A write is about to leave. Gives the line's number."""
        return self._append({"address": address, "intent": what})

    def outcome(self, address: str, entry: Entry | None, tombstones: Buried = NO_TOMBSTONES) -> None:
        """What is remembered of an address from now on; None where it is forgotten. `tombstones`: what is remembered of
        objects (`kind[id]`) that went with it.

        It outlives the process at once, and the machine from the next intent on; lost with that, it is looked up.
        """
        self._append(_outcome(address, entry, tombstones))

    def sync(self, number: int) -> None:
        """Returns when that line is on the disk. StateUnusable where it cannot be, and for ever after that."""
        with self._disk:
            if self._synced >= number:
                return
            file = self._opened()
            try:
                written = self._written
                os.fsync(file.fileno())
            except OSError as error:
                self._broken = error
                raise self._unwritten(error) from error
            self._synced = written

    def clear(self) -> None:
        """The steps are in the state: the journal goes. One that another run has put in its place by now stays."""
        ours = self._file is None or self._is_ours(self._file.fileno())
        self.close()
        if ours:
            self.path.unlink(missing_ok=True)

    def _is_ours(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.stat())
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Closes the file and leaves it where it is."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def replay(self, base: Memory) -> Replayed:
        """The memory after the steps that are written down; `base` itself where the journal is spent or not there.

        A last line that was cut off never took effect: what it says was not yet begun, or is looked up.
        """
        lines = self._lines()
        if not lines:
            return Replayed(base, ())
        version = lines[0].get("format_version")
        if type(version) is int and version > FORMAT_VERSION:
            raise StateUnusable(
                f"{self.path}: written by a newer reconciler", hint="upgrade reconciler, or apply with that"
            )
        entries, waiting = dict(base.entries), dict[str, str]()
        tombstones = dict(base.tombstones)
        number = 1
        try:
            head = _head(lines[0])
            if head.base != (base.lineage, base.serial):
                return Replayed(base, ())
            for line in lines[1:]:
                number += 1
                _replay(line, entries, tombstones, waiting)
        except NotThat as error:
            raise self._damaged(number) from error
        memory = replace(
            base,
            entries=entries,
            lineage=head.lineage,
            plan=head.plan,
            tombstones=tombstones,
        )
        left = tuple(f"{address}: {what}" for address, what in sorted(waiting.items()))
        return Replayed(memory, left, frozenset(str(line["address"]) for line in lines[1:]))

    def _append(self, line: dict[str, Any]) -> int:
        content = _line(line)
        with self._text:
            try:
                file = self._opened()
                file.write(content)
                file.flush()
            except OSError as error:
                self._broken = error
                raise self._unwritten(error) from error
            self._written += 1
            return self._written

    def _opened(self) -> IO[bytes]:
        if self._broken is not None:
            raise self._unwritten(self._broken)
        if self._file is None:
            raise StateUnusable(f"{self.path}: the journal is not open", hint="this is a fault in reconciler")
        return self._file

    def _unwritten(self, error: OSError) -> StateUnusable:
        return StateUnusable(f"{self.path}: cannot be written ({error})", hint="see to the disk")

    def _lines(self) -> list[dict[str, Any]]:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StateUnusable(f"{self.path}: cannot be read ({error})", hint="see to the file") from error
        lines = []
        whole = content.split(b"\n")[:-1]
        for number, line in enumerate(whole, start=1):
            try:
                _require_unharmed(line, whole[0])
                lines.append(decode(dict[str, Any], json.loads(line), "line"))
            except (ValueError, RecursionError) as error:
                raise self._damaged(number) from error
        return lines

    def _damaged(self, number: int) -> StateUnusable:
        return StateUnusable(
            f"{self.path}:{number}: the journal of an interrupted apply is damaged",
            hint="move it away and plan again: what it held is found by name, and nothing is deleted for it",
        )


@dataclass(frozen=True, slots=True)
class _Head:
    """The first line: the state that the journal goes on from, and what the run makes of it."""

    base: tuple[str, int]
    lineage: str
    plan: str


def _head(line: dict[str, Any]) -> _Head:
    base = decode(list, line.get("base"), "base")
    version = line.get("format_version")
    if len(base) != 2 or type(version) is not int or version < OLDEST_VERSION:  # noqa: PLR2004 - lineage and serial
        raise NotThat("the first line names no state")
    return _Head(
        (decode(str, base[0], "base"), decode(int, base[1], "base")),
        decode(str, line.get("lineage"), "lineage"),
        decode(str, line.get("plan"), "plan"),
    )


def _replay(
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


def _outcome(address: str, entry: Entry | None, tombstones: Buried) -> dict[str, Any]:
    buried = {name: tombstone_document(each) if each else None for name, each in tombstones.items()}
    outcome: dict[str, Any] = {"address": address, "entry": None if entry is None else entry_document(entry)}
    return outcome | ({"tombstones": buried} if buried else {})


def _line(value: dict[str, Any]) -> bytes:
    content = json_text(value).encode()
    return content[:-1] + CHECK + _check_of(content) + b"\n"


def _check_of(content: bytes) -> bytes:
    return f'{zlib.crc32(content):08x}"}}'.encode()


def _require_unharmed(line: bytes, first: bytes) -> None:
    """ValueError where a line is not as it was written: one changed letter can make another address of one. A journal
    of an earlier version bears no checks."""
    content, found, check = line.rpartition(CHECK)
    if check != _check_of(content + b"}") if found else CHECK in first:
        raise ValueError("it is not as it was written")
