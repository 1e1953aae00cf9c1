"""The steps of an apply, on the disk before and after each write: what survives a kill at any moment.

One JSON line a step, only ever appended. The first names the state that it goes on from; where that is not the state
that is there (it was written since), the journal is spent and counts for nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from reconciler.errors import StateUnusable
from reconciler.model.memory import Entry, Memory
from reconciler.state.disk import replace_atomically
from reconciler.state.document import entry_document, entry_from

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Replayed:
    """A memory with a journal's steps done to it. `open` are writes that left and of which no outcome is known."""

    memory: Memory
    open: tuple[str, ...]


class Journal:
    """The journal beside one state. One writer at a time: the holder of the state's lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

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
            _outcome(address, entries.get(address))
            for address in sorted({*known, *entries})
            if known.get(address) != entries.get(address)
        ]
        try:
            replace_atomically(self.path, b"".join(map(_line, lines)))
            self._file = self.path.open("ab")
        except OSError as error:
            raise StateUnusable(f"{self.path}: cannot be written ({error})", hint="see to the disk") from error

    def intent(self, address: str, what: str) -> None:
        """A write is about to leave."""
        self._append({"address": address, "intent": what})

    def outcome(self, address: str, entry: Entry | None) -> None:
        """What is remembered of an address from now on; None where it is forgotten."""
        self._append(_outcome(address, entry))

    def clear(self) -> None:
        """The steps are in the state: the journal goes."""
        self.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Closes the file and leaves it where it is."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def replay(self, base: Memory) -> Replayed:
        """The memory after the steps that are written down; `base` itself where the journal is spent or not there.

        A last line that was cut off never took effect: what it says was not yet begun, or is looked up.
        """
        lines = list(self._lines())
        if not lines or lines[0].get("base") != [base.lineage, base.serial]:
            return Replayed(base, ())
        if lines[0]["format_version"] > FORMAT_VERSION:
            raise StateUnusable(
                f"{self.path}: written by a newer reconciler", hint="upgrade reconciler, or apply with that"
            )
        entries, waiting = dict(base.entries), {}
        for line in lines[1:]:
            address = line["address"]
            if "intent" in line:
                waiting[address] = line["intent"]
                continue
            waiting.pop(address, None)
            if line["entry"] is None:
                entries.pop(address, None)
            else:
                entries[address] = entry_from(line["entry"])
        memory = replace(base, entries=entries, lineage=lines[0]["lineage"], plan=lines[0]["plan"])
        return Replayed(memory, tuple(f"{address}: {what}" for address, what in sorted(waiting.items())))

    def _append(self, line: dict[str, Any]) -> None:
        if self._file is None:
            raise StateUnusable(f"{self.path}: the journal is not open", hint="this is a fault in reconciler")
        try:
            self._file.write(_line(line))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise StateUnusable(f"{self.path}: cannot be written ({error})", hint="see to the disk") from error

    def _lines(self) -> Iterator[dict[str, Any]]:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise StateUnusable(f"{self.path}: cannot be read ({error})", hint="see to the file") from error
        whole, _, _ = content.rpartition(b"\n")
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                value = json.loads(line)
            except ValueError as error:
                raise StateUnusable(
                    f"{self.path}:{number}: the journal of an interrupted apply is damaged",
                    hint="move it away and plan again: what it held is found by name, and nothing is deleted for it",
                ) from error
            yield value


def _outcome(address: str, entry: Entry | None) -> dict[str, Any]:
    return {"address": address, "entry": None if entry is None else entry_document(entry)}


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"
