"""The simulator's records in a SQLite file, safe for threads and for several processes on one file.

A write is committed before its answer leaves. In WAL mode a commit survives the death of the process, SIGKILL included;
`synchronous=NORMAL` gives up only the last commits at a power cut, which a simulator may.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Record = dict[str, Any]
Where = tuple[Any, ...]  # SQL that follows a condition, and its values.

BUSY_SECONDS = 30.0
PROJECTS = ("production", "sandbox")
SETTINGS = "settings"
ASSUMED = "assumptions"
_PROJECT_WIDE = {"products": True, "entitlements": True, "segments": False, "remote-configurations": False}
"""What production and sandbox share [docs]; False: only if it is assumed."""
_SERVED = ("served", "403", "404")
ASSUMPTIONS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "segments": (_SERVED, "Whether the project has segments, or what all their paths answer."),
    "remote-configurations": (_SERVED, "The same for remote configurations."),
    "entitlements": (_SERVED, "The same for entitlement definitions."),
    "products": (_SERVED, "The same for products."),
    "sandbox-scope": (("apart", "shared"), "Whether a test_sk_ key has segments and remote configurations of its own."),
    "create-answer": (("record", "identity"), "What a create answers: the record, or its object, id and url."),
    "stale-cursor": (("restart", "quiet", "422"), "A cursor that is gone: from the top, without a header, or refused."),
    "deleted-ids": (("taken", "free"), "Whether a deleted product or entitlement leaves its id to another one."),
    "delete-in-use": (("204", "409"), "Deleting what another object uses, or an active remote configuration."),
    "segments-list": (("without-system", "with-system"), "Whether GET /segments has the rows of the vendor."),
    "segments-order": (("newest", "oldest"), "Which segments are listed first."),
    "segment-ids": (("opaque", "slug"), "How a segment gets its id: without a meaning, or from its name."),
    "segment-put": (("keep", "clear"), "What PUT does to conditions that are left out."),
    "system-segment": (("403", "409", "422"), "Writing to a row of the vendor."),
    "archived-configs": (("listed", "left-out"), "Whether the list has archived remote configurations."),
    "config-status": (("draft", "active"), "The status of a new remote configuration."),
    "config-create": (("ignore", "422"), "A payload in the body of its create."),
    "config-put": (("reset", "keep"), "What PUT does to a context_key that is left out."),
    "config-payload": (("record", "apart"), "Whether the record has the payload, or its own path alone."),
    "payload-check": (("none", "mapping"), "What payload values are checked against."),
    "same-status": (("200", "409", "422"), "Setting the status that a remote configuration has."),
    "wrong-status": (("409", "422"), "A move of the status that is not allowed."),
    "entitlement-ids": (("narrow", "wide"), "Whether the id of an entitlement may have spaces and colons."),
    "unknown-product": (("400", "422", "accepted"), "An entitlement with a product that does not exist."),
    "null-products": (("clear", "ignore"), "What PATCH does with null for product_ids."),
    "product-duration": (("optional", "required"), "Whether a product that is a subscription needs a duration."),
    "product-type": (("changes", "fixed"), "Whether PATCH changes type and duration, or answers 422."),
}
"""What the documents leave open of segments, remote configurations, entitlements and products. By name: the answers
that the simulator can give, of which the first holds until another one is chosen, and the question."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    UNIQUE (project, collection, id)
);
CREATE INDEX IF NOT EXISTS live ON records (project, collection, seq) WHERE deleted = 0;
CREATE TABLE IF NOT EXISTS notes (
    project TEXT NOT NULL,
    topic TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (project, topic, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (n INTEGER NOT NULL);
INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT * FROM counter);
"""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 8
_ID_SPACE = 62**_ID_LENGTH
_STRIDE = 134_941_606_347_813  # Coprime with 62, so that multiplying visits every id once before any comes back.

_LIVE = "project = ? AND collection = ? AND deleted = 0"
_SEEN = "id NOT IN (SELECT value FROM json_each(?))"


class Store:
    """A SQLite file. `transaction()` gives the records of one project; nothing is kept unless it ends well.
    sqlite3.Error if the file cannot be used: it is no database, or another program's."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()  # All threads share the connection.
        # Without an isolation level, the library begins no transaction of its own: BEGIN IMMEDIATE is ours.
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self._enter_wal()
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        except BaseException:
            self._connection.close()
            raise

    @contextmanager
    def transaction(self, project: str, *, write: bool, unseen: Iterable[str] = ()) -> Iterator[Transaction]:
        """One unit of work: a snapshot to read, or the only writer of the file until it ends. Records with a hidden id
        are there, but are not found."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield Transaction(self._connection, project, unseen)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def take_over(self, other: Store) -> None:
        """Hold the records of another store, and no others."""
        with other._lock, self._lock:
            other._connection.backup(self._connection)

    def close(self) -> None:
        """Close the file; the store is of no use afterwards."""
        with self._lock:
            self._connection.close()

    def _enter_wal(self) -> None:
        """SQLite does not wait for its busy timeout here, so two processes that create a file together must."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                found = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
                tables = {name for (name,) in found}
                if tables and not tables >= {"records", "notes", "counter"}:
                    # Nothing is written into another program's file.
                    raise sqlite3.DatabaseError("it holds the data of another program")
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return


class Transaction:
    """The records and notes of one project within one transaction. Records come out as fresh dicts, oldest first."""

    def __init__(self, connection: sqlite3.Connection, project: str, unseen: Iterable[str] = ()) -> None:
        self._connection = connection
        self._project = project
        self._unseen = _dump(sorted(unseen))
        self._assumed: Record | None = None

    def assumption(self, name: str) -> str:
        """How a question of the documents is answered in this project."""
        if self._assumed is None:
            self._assumed = self.read_note(SETTINGS, ASSUMED) or {}
        return str(self._assumed.get(name, ASSUMPTIONS[name][0][0]))

    def new_id(self) -> str:
        """An id that looks like the documents' (`gNl6hyM6` [seed]), derived from a counter, never given twice."""
        while True:
            self._connection.execute("UPDATE counter SET n = n + 1")
            ((count,),) = self._connection.execute("SELECT n FROM counter")
            number = count * _STRIDE % _ID_SPACE
            candidate = "".join(_DIGITS[divmod(number // 62**place, 62)[1]] for place in reversed(range(_ID_LENGTH)))
            if not self._connection.execute("SELECT 1 FROM records WHERE id = ? LIMIT 1", (candidate,)).fetchone():
                return candidate

    def is_known(self, collection: str, record_id: str) -> bool:
        """Whether the id was ever used, deleted records included."""
        sql = "SELECT 1 FROM records WHERE project = ? AND collection = ? AND id = ?"
        return self._connection.execute(sql, (*self._find_home(collection), record_id)).fetchone() is not None

    def get(self, collection: str, record_id: str) -> Record | None:
        """The live record, or None."""
        return next(iter(self._select(collection, "AND id = ?", record_id)), None)

    def replace(self, collection: str, record: Record) -> None:
        """Write a record under its `id`: a new one, or one that was deleted, behind all others; else in its place."""
        gone = "DELETE FROM records WHERE project = ? AND collection = ? AND deleted = 1 AND id = ?"
        self._connection.execute(gone, (*self._find_home(collection), record["id"]))
        sql = "INSERT INTO records (project, collection, id, body) VALUES (?, ?, ?, ?)"
        known = "ON CONFLICT (project, collection, id) DO UPDATE SET body = excluded.body"
        self._connection.execute(f"{sql} {known}", (*self._find_home(collection), record["id"], _dump(record)))

    def move_to_front(self, collection: str, record_id: str) -> None:
        """Put a live record before all others."""
        sql = f"UPDATE records SET seq = (SELECT MIN(seq) FROM records) - 1 WHERE {_LIVE} AND id = ?"
        self._connection.execute(sql, (*self._find_home(collection), record_id))

    def delete(self, collection: str, record_id: str) -> None:
        """Soft: the record is no longer shown and its id stays taken [seed]."""
        sql = f"UPDATE records SET deleted = 1 WHERE {_LIVE} AND id = ?"
        self._connection.execute(sql, (*self._find_home(collection), record_id))

    def page(
        self, collection: str, *, limit: int = -1, offset: int = 0, newest: bool = False, where: Where = ("",)
    ) -> list[Record]:
        """Live records by position; all of them without a limit."""
        order = f"{where[0]} ORDER BY seq {'DESC' if newest else 'ASC'} LIMIT ? OFFSET ?"
        return self._select(collection, order, *where[1:], limit, offset)

    def find_position(self, collection: str, record_id: str) -> int | None:
        """The `seq` of a live record; None when it is not live."""
        sql = f"SELECT seq FROM records WHERE {_LIVE} AND id = ?"
        found = self._connection.execute(sql, (*self._find_home(collection), record_id)).fetchone()
        return found and int(found[0])

    def find_mentions(self, collection: str, record_id: str) -> list[Record]:
        """Live records with the id as a string anywhere in them. The caller checks whether it is a reference."""
        return self._select(collection, "AND instr(body, ?) ORDER BY seq", json.dumps(record_id))

    def read_note(self, topic: str, name: str) -> Record | None:
        """What was noted under the name, or None."""
        sql = "SELECT value FROM notes WHERE project = ? AND topic = ? AND name = ?"
        found = self._connection.execute(sql, (self._project, topic, name)).fetchone()
        return dict(json.loads(found[0])) if found else None

    def write_note(self, topic: str, name: str, value: Record) -> None:
        """Remember something that is no record: an idempotency key, the time of a test delivery."""
        sql = "INSERT OR REPLACE INTO notes (project, topic, name, value) VALUES (?, ?, ?, ?)"
        self._connection.execute(sql, (self._project, topic, name, _dump(value)))

    def _find_home(self, collection: str) -> tuple[str, str]:
        """The project that holds the records of a collection, and the collection."""
        shared = _PROJECT_WIDE.get(collection)
        if shared is False:
            shared = self.assumption("sandbox-scope") == "shared"
        return PROJECTS[0] if shared else self._project, collection

    def _select(self, collection: str, rest: str, *values: object) -> list[Record]:
        sql = f"SELECT body FROM records WHERE {_LIVE} AND {_SEEN} {rest}"
        rows = self._connection.execute(sql, (*self._find_home(collection), self._unseen, *values))
        return [json.loads(body) for (body,) in rows]


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
