"""What the last applies left behind: the value that the state stage gives. A memory, never the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.desired import Fields


@dataclass(frozen=True, slots=True)
class Entry:
    """What is remembered of one address.

    `applied` are the fields as they were last written, references resolved. `depends_on` are the addresses that it
    referred to, `protected` keeps `prevent_destroy` alive after the block has gone from the configuration.
    `superseded` are ids of objects that a replace has put aside and not deleted yet.
    """

    id: str
    applied: Fields
    protected: bool = False
    depends_on: tuple[str, ...] = ()
    superseded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of one environment.

    `lineage` names its first birth, `serial` counts the applies that wrote it (0: never written), `plan` is the digest
    of the plan that wrote it last.
    """

    environment: str
    lineage: str = ""
    serial: int = 0
    entries: Mapping[str, Entry] = field(default_factory=dict)
    plan: str = ""
