"""What the last applies left behind: the value that the state stage gives. What is live is in the API alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.model.desired import Fields


@dataclass(frozen=True, slots=True)
class Entry:
    """What is remembered of one address.

    `applied` are the fields as they were last written, references resolved. `depends_on` are the addresses that it
    referred to, `protected` keeps `prevent_destroy` alive after the block has gone from the configuration.
    `superseded` are ids of objects that a replace has put aside and not deleted yet. `file` is the file of the
    configuration that the resource stood in, relative to the configuration's folder, and `commit` the commit that
    wrote the object last; both are empty when they are not known. `stored` has the values that the API shows in place
    of those that were sent, by path (`report_name`, `data.actions.push`). `read_back`: live was seen to be so after the
    last write, so what differs later is somebody's change.
    """

    id: str
    applied: Fields
    protected: bool = False
    depends_on: tuple[str, ...] = ()
    superseded: tuple[str, ...] = ()
    file: str = ""
    commit: str = ""
    stored: Mapping[str, Any] = field(default_factory=dict)
    read_back: bool = False

    def as_wanted(self) -> Entry:
        """What it says of what is wanted: not where that is written, by which commit, nor what came of it."""
        return replace(self, file="", commit="", stored={}, read_back=False)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is remembered of an object that has no entry any more.

    `address` is the one that it had. `deleted`: we deleted it, so it is never adopted again, and `commit` (empty if not
    known) is the commit that did. `protected`: it was forgotten because no list showed it, and `prevent_destroy` holds.
    """

    address: str
    deleted: bool = False
    protected: bool = False
    commit: str = ""


NO_TOMBSTONES: Mapping[str, Tombstone] = {}


def object_name(kind: str, object_id: str) -> str:
    """The name of an object without an address: `report` and `wbRlfw1x` give `report[wbRlfw1x]`."""
    return f"{kind}[{object_id}]"


def parse_object_name(name: str) -> tuple[str, str]:
    """The kind and the id in a name of `object_name`."""
    kind, _, rest = name.partition("[")
    return kind, rest.removesuffix("]")


@dataclass(frozen=True, slots=True)
class State:
    """The state of one environment.

    `lineage` is the id that it got when it was first written. `serial` counts the applies that wrote it (0: it was
    never written), and `plan` is the digest of the last plan that did. `configuration` is the name of the configuration
    that it belongs to, None in a state that was written before states had one. `tombstones` are by `kind[id]`. `unread`
    are the addresses that an apply wrote and did not read back before it was cut off; only the journal knows them.
    """

    environment: str
    lineage: str = ""
    serial: int = 0
    entries: Mapping[str, Entry] = field(default_factory=dict)
    plan: str = ""
    configuration: str | None = None
    tombstones: Mapping[str, Tombstone] = field(default_factory=dict)
    unread: frozenset[str] = field(default=frozenset(), compare=False)

    def is_read_back(self, address: str) -> bool:
        """Whether live was seen as it was sent, after the last write of an address."""
        entry = self.entries.get(address)
        return address not in self.unread and entry is not None and entry.read_back
