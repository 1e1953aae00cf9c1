"""What somebody changed outside since the last apply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.health import NotDelivering
from reconciler.model.plan import KeptField


@dataclass(frozen=True, slots=True)
class DriftedField:
    """One field that is not as it was last applied, and what the next apply would do to it. `keys` lead to it."""

    path: str
    keys: tuple[str | int, ...]
    applied: Any
    live: Any
    next: str


@dataclass(frozen=True, slots=True)
class Drifted:
    """One object that is not as it was last applied. `gone`: it is not live any more. `changed_at`: as the API says."""

    address: str
    id: str
    name: str
    gone: bool
    changed_at: str | None
    fields: tuple[DriftedField, ...]
    next: str


@dataclass(frozen=True, slots=True)
class AlsoChanged:
    """A value that was adopted where it is written for other environments, too."""

    file: str
    address: str
    path: str
    environments: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.address}.{self.path}: also changes {', '.join(self.environments)}"


@dataclass(frozen=True, slots=True)
class Drift:
    """All drift of one environment, by address. `compared`: how many objects were looked at. `api`, `labels`, `ignored`
    are the plan's. `health`: what does not deliver, no drift. `also_changed`: what its adoption changed elsewhere."""

    environment: str
    compared: int
    objects: tuple[Drifted, ...]
    configuration: str = ""
    api: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[KeptField, ...] = ()
    health: tuple[NotDelivering, ...] = ()
    also_changed: tuple[AlsoChanged, ...] = ()
