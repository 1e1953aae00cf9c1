"""What the API holds: the value that the observe stage gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.desired import Fields

Raw = Mapping[str, Any]
Lookups = Mapping[str, Sequence[Raw]]


@dataclass(frozen=True, slots=True)
class Record:
    """One live object. `fields` are in the configuration's words, `raw` is the API's record as it came."""

    kind: str
    id: str
    name: str
    fields: Fields
    raw: Raw


@dataclass(frozen=True, slots=True)
class Live:
    """All live objects (kind → id → record) and the lists that were read beside them (path → items).

    `gone` are objects (kind, id) that are known to be gone: the API answered 404 for that id, or we deleted it. An
    object that is neither live nor gone is only not listed.
    """

    records: Mapping[str, Mapping[str, Record]]
    lookups: Lookups = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    gone: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Target:
    """The live object behind a destination. `address` is empty if nobody manages it; `proven_by` is `id` or `label`."""

    kind: str
    id: str
    name: str
    address: str
    proven_by: str


@dataclass(frozen=True, slots=True)
class Destination:
    """One item of the API's list. `same_label` are the ids of the others that bear its label; `target` is None if no
    live object is proven to stand behind it."""

    type: str
    id: str
    label: str
    same_label: tuple[str, ...]
    target: Target | None


@dataclass(frozen=True, slots=True)
class Destinations:
    """All that is offered to an environment; `warnings` say what could not be taken into account; `api` is its
    address."""

    environment: str
    items: tuple[Destination, ...]
    warnings: tuple[str, ...] = ()
    api: str = ""
