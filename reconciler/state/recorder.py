"""Keeps the state true while an apply goes on: every step is in it before the next one begins."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from reconciler.model.memory import Entry, Memory


class Store(Protocol):
    """Where a state is kept."""

    def read(self) -> Memory:
        """What it holds; an empty memory where there is none."""

    def write(self, memory: Memory) -> None:
        """Puts a memory in its place, whole or not at all."""


class Recorder:
    """The memory of one run, safe to be told things by several threads. All its writes bear one serial."""

    def __init__(self, store: Store, memory: Memory) -> None:
        self._store = store
        self._base = memory
        self._entries = dict(memory.entries)
        self._lineage = memory.lineage or str(uuid.uuid4())
        self._lock = threading.Lock()

    def entry(self, address: str) -> Entry | None:
        """What is remembered of an address now."""
        with self._lock:
            return self._entries.get(address)

    def entries(self) -> dict[str, Entry]:
        """All that is remembered now."""
        with self._lock:
            return dict(self._entries)

    def begin(self, moved: Mapping[str, str], refresh: Mapping[str, Entry]) -> None:
        """Renames what has moved and takes over what is known of the unchanged; written if it changes anything."""
        with self._lock:
            for target, source in moved.items():
                if source in self._entries:
                    self._entries[target] = self._entries.pop(source)
            self._entries.update(refresh)
            if self._entries != self._base.entries:
                self._write()

    def record(self, address: str, entry: Entry | None) -> None:
        """Remembers an address from now on, or forgets it, and writes that down before it returns."""
        with self._lock:
            if entry is None:
                self._entries.pop(address, None)
            else:
                self._entries[address] = entry
            self._write()

    def gone(self, object_id: str) -> None:
        """Forgets an object that a replace had put aside."""
        with self._lock:
            for address, entry in self._entries.items():
                if object_id in entry.superseded:
                    left = tuple(each for each in entry.superseded if each != object_id)
                    self._entries[address] = replace(entry, superseded=left)
            self._write()

    def _write(self) -> None:
        memory = Memory(self._base.environment, self._lineage, self._base.serial + 1, dict(self._entries))
        self._store.write(memory)
