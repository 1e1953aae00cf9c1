"""What the API offers to send to, and what is proven to stand behind it."""

from __future__ import annotations

from dataclasses import dataclass


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
    """All that is offered to an environment; `warnings` say what could not be taken into account."""

    environment: str
    items: tuple[Destination, ...]
    warnings: tuple[str, ...] = ()
