"""The journal of an apply: what a run has sent, on the disk, so that a kill at any moment loses nothing.

The order is: append the intent, fsync, send the request, append the outcome. The fsync comes first because a write that
no line names would be sent again. The outcome needs no fsync of its own: the kernel keeps it if the process is killed,
and the next intent syncs it. If the machine dies before that, the intent has no outcome, and the next run looks it up.

A line is JSON with a seal. The seal is made with the secret key from all lines before, so a line that was changed,
moved, or written without the key is refused. The first line names the state that the journal continues. If the state
was written since, the journal is out of date, and nothing of it counts.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from reconciler.errors import StateUnusable
from reconciler.lazy import frozen
from reconciler.model.inputs import NO_TOMBSTONES, Entry, State, Tombstone
from reconciler.serialization import DecodeError, decode, to_json_text
from reconciler.state.document import make_entry_document, parse_address, parse_entry, parse_tombstone
from reconciler.system import Unreadable, read_regular, replace_atomically

FORMAT_VERSION = 3  # Formats 1 and 2 were not sealed with the key.
Tombstones = Mapping[str, Tombstone | None]  # By `kind[id]`, the tombstones of objects; None removes one.
SEAL = b',"seal":"'  # The bytes before the seal of a line, which is its last field.
MAX_BYTES = 200_000_000
MOVE_AWAY_HINT = "move it away and plan again: what it held is found by id or by name, and nothing is deleted for it"


@frozen
class Replayed:
    """A state with the steps of a journal applied. `open` are writes without a known outcome, `named` are the addresses
    of all steps. `has_unread`: there are steps, but no key to read them."""

    state: State
    open: tuple[str, ...]
    named: frozenset[str] = frozenset()
    has_unread: bool = False


class Chain:
    """Seals one line after the other. A seal is an HMAC with the secret key over the line and the seal before it."""

    def __init__(self, environment: str, key: str) -> None:
        self._key = key.encode()
        self._last = b"reconciler journal of " + environment.encode()
        # Tells one key from another without revealing anything of it.
        self.key_id = hmac.digest(self._key, b"reconciler journal", hashlib.sha256).hex()[:16]

    def _make_seal(self, content: bytes) -> bytes:
        self._last = hmac.digest(self._key, self._last + b"\0" + content, hashlib.sha256)
        return self._last.hex()[:32].encode()

    def seal(self, value: dict[str, Any]) -> bytes:
        """The next line, with its seal."""
        content = to_json_text(value).encode()
        return content[:-1] + SEAL + self._make_seal(content) + b'"}\n'

    def is_next(self, line: bytes) -> bool:
        """Whether a line, without its line break, is the next one as it was written."""
        content, _, seal = line.rpartition(SEAL)
        return hmac.compare_digest(seal, self._make_seal(content + b"}") + b'"}')


class Journal:
    """The journal of one state. `key` is the secret key that seals it (empty: unknown). `older` is the path in the work
    tree that earlier versions used: a journal there is refused, never read. One process writes a journal at a time: the
    one that holds the lock of the state. Its threads may write at once. One fsync serves all threads that wait for
    one."""

    def __init__(self, path: Path, environment: str = "", key: str = "", older: Path | None = None) -> None:
        self.path, self.environment, self.key = path, environment, key
        self._older = older
        self._chain = Chain(environment, key)
        self._file: IO[bytes] | None = None
        self._append_lock, self._sync_lock = threading.Lock(), threading.Lock()
        self._written = self._synced = 0
        self._broken: OSError | None = None

    def __str__(self) -> str:
        return str(self.path)

    def start(self, base: State, state: State) -> None:
        """Replaces the file by a new journal that continues `base`, with the entries in which `state` differs."""
        if not self.key:
            raise StateUnusable(f"{self.path}: no key to seal it with", hint="this is a fault in reconciler")
        with suppress(OSError):
            self.close()  # Of a run in this process that broke off: Windows replaces no file that is open.
        self._chain, self._broken = Chain(self.environment, self.key), None
        entries, known = state.entries, base.entries
        head = {"format_version": FORMAT_VERSION, "key": self._chain.key_id, "base": [base.lineage, base.serial]}
        lines: list[dict[str, Any]] = [{**head, "lineage": state.lineage, "plan": state.plan}]
        lines += [
            _make_outcome(address, entries.get(address), {})
            for address in sorted({*known, *entries})
            if known.get(address) != entries.get(address)
        ]
        lines += [
            _make_outcome(each.address, entries.get(each.address), {name: state.tombstones.get(name)})
            for name, each in sorted({**base.tombstones, **state.tombstones}.items())
            if base.tombstones.get(name) != state.tombstones.get(name)
        ]
        try:
            # All lines at once: a kill leaves the whole journal of this run, or that of the run before.
            replace_atomically(self.path, b"".join(map(self._chain.seal, lines)))
            self._file = self.path.open("ab")
        except OSError as error:
            raise StateUnusable(f"{self.path}: cannot be written ({error})", hint="see to the disk") from error

    def intent(self, address: str, what: str) -> None:
        """Appends that a write is about to leave, and returns when the line is on the disk. StateUnusable if it cannot
        be written; then all later calls fail."""
        number = self._append({"address": address, "intent": what})
        with self._sync_lock:
            # Another thread's fsync, while this one waited for the lock, has taken this line with it.
            if self._synced < number:
                with self._writing() as file:
                    # Read before the fsync, which need not take a line that is appended meanwhile.
                    written = self._written
                    os.fsync(file.fileno())
                self._synced = written

    def outcome(self, address: str, entry: Entry | None, tombstones: Tombstones = NO_TOMBSTONES) -> None:
        """Appends the entry of an address after a write, None if it has none, and the `tombstones` that changed."""
        self._append(_make_outcome(address, entry, tombstones))

    def clear(self) -> None:
        """Removes the journal, because the state holds its steps. The journal of another run stays."""
        ours = self._file is None
        with suppress(FileNotFoundError):
            ours = self._file is None or os.path.samestat(os.fstat(self._file.fileno()), self.path.stat())
        self.close()
        if ours:
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Closes the file, and keeps it."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def replay(self, base: State) -> Replayed:
        """The state after the journal's steps; `base` itself if there is no journal, or it is out of date. A last line
        that was cut off does not count: its write had not begun, or its outcome is looked up."""
        for path in filter(None, (self._older, self.path)):
            lines = self._read(path)
            first = self._parse(lines[0], 1) if lines else {}
            continues = bool(lines) and self._continues(first, base)
            # A journal in the work tree may be the work of a commit.
            if continues and (path != self.path or first["format_version"] < FORMAT_VERSION):
                why = "an earlier version wrote it, or a commit brought it"
                raise StateUnusable(f"{path}: this journal of an apply is not believed: {why}", hint=MOVE_AWAY_HINT)
        chain = Chain(self.environment, self.key)
        ours = bool(self.key) and first.get("key") == chain.key_id
        # Also of a journal that is out of date: what was changed or moved in it must not go unnoticed.
        for number, line in enumerate(lines if ours else (), start=1):
            if not chain.is_next(line):
                raise self._make_damage_error(number)
        if not continues:
            return Replayed(base, ())
        if not self.key:
            return Replayed(base, (), has_unread=True)
        if not ours:
            raise StateUnusable(
                f"{self.path}: the journal of an apply that was cut off was written with another key",
                hint=f"give that key once more, and plan again; if it is gone, {MOVE_AWAY_HINT}",
            )
        return self._apply_steps(lines, base)

    def _apply_steps(self, lines: list[bytes], base: State) -> Replayed:
        first, *steps = (self._parse(line, number) for number, line in enumerate(lines, start=1))
        _, lineage, plan = _parse_head(first)
        entries, tombstones, waiting = dict(base.entries), dict(base.tombstones), dict[str, str]()
        for number, line in enumerate(steps, start=2):
            try:
                _replay_line(line, entries, tombstones, waiting)
            except DecodeError as error:
                raise self._make_damage_error(number) from error
        unread = frozenset(str(line["address"]) for line in steps if "intent" in line)
        state = replace(base, entries=entries, lineage=lineage, plan=plan, tombstones=tombstones, unread=unread)
        left = tuple(f"{address}: {what}" for address, what in sorted(waiting.items()))
        return Replayed(state, left, frozenset(str(line["address"]) for line in steps))

    def _continues(self, first: dict[str, Any], base: State) -> bool:
        version = first.get("format_version")
        if type(version) is not int or version < 1:
            raise self._make_damage_error(1)
        if version > FORMAT_VERSION:
            hint = "upgrade reconciler, or apply with it"
            raise StateUnusable(f"{self.path}: written by a newer reconciler", hint=hint)
        try:
            return _parse_head(first)[0] == (base.lineage, base.serial)
        except ValueError as error:
            raise self._make_damage_error(1) from error

    def _append(self, line: dict[str, Any]) -> int:
        """Appends a line, and returns its number."""
        with self._append_lock:
            with self._writing() as file:
                file.write(self._chain.seal(line))
                file.flush()
            self._written += 1
            return self._written

    @contextmanager
    def _writing(self) -> Iterator[IO[bytes]]:
        """The open file. StateUnusable if it cannot be written; then all later calls fail."""
        try:
            if self._broken is not None:
                raise self._broken
            if self._file is None:
                raise StateUnusable(f"{self.path}: the journal is not open", hint="this is a fault in reconciler")
            yield self._file
        except OSError as error:
            self._broken = error
            raise StateUnusable(f"{self.path}: cannot be written ({error})", hint="see to the disk") from error

    def _read(self, path: Path) -> list[bytes]:
        """The whole lines of a file; none if there is no file."""
        try:
            return read_regular(path, MAX_BYTES).split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        except Unreadable as error:
            raise StateUnusable(f"{path}: {error}", hint=f"see to the file; or {MOVE_AWAY_HINT}") from error

    def _parse(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            step: dict[str, Any] = decode(dict[str, Any], json.loads(line), "line")
        except (ValueError, RecursionError) as error:
            raise self._make_damage_error(number) from error
        return step

    def _make_damage_error(self, number: int) -> StateUnusable:
        what = "the journal of an interrupted apply is damaged"
        return StateUnusable(f"{self.path}:{number}: {what}", hint=MOVE_AWAY_HINT)


def _parse_head(line: dict[str, Any]) -> tuple[tuple[str, int], str, str]:
    """The first line: lineage and serial of the state that the journal continues, and lineage and plan of the run.
    ValueError if it is none."""
    lineage, serial = decode(list, line.get("base"), "base")
    continues = decode(str, lineage, "base"), decode(int, serial, "base")
    return continues, decode(str, line.get("lineage"), "lineage"), decode(str, line.get("plan"), "plan")


def _replay_line(
    line: dict[str, Any], entries: dict[str, Entry], tombstones: dict[str, Tombstone], waiting: dict[str, str]
) -> None:
    """Applies one line to the entries. `waiting`: writes without an outcome. DecodeError if the line is no step."""
    address = parse_address(line.get("address"), "address")
    if "intent" in line:
        waiting[address] = decode(str, line["intent"], "intent")
        return
    if "entry" not in line:
        raise DecodeError("neither an intent nor an outcome")
    waiting.pop(address, None)
    for name, each in decode(dict[str, Any], line.get("tombstones", {}), "tombstones").items():
        tombstones.pop(name, None)
        if each is not None:
            tombstones[name] = parse_tombstone(each, name)
    if line["entry"] is None:
        entries.pop(address, None)
    else:
        entries[address] = parse_entry(line["entry"], address)


def _make_outcome(address: str, entry: Entry | None, tombstones: Tombstones) -> dict[str, Any]:
    line = {"address": address, "entry": None if entry is None else make_entry_document(entry)}
    return line | ({"tombstones": dict(tombstones)} if tombstones else {})
