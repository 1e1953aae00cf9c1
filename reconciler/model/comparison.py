"""What differs between two environments. The names and their order are those of the JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from reconciler.errors import Location

T = TypeVar("T")
Pair = tuple[T, T]
"""One of each environment."""


@dataclass(frozen=True, slots=True)
class Side:
    """A value, or an object as a whole, in one environment. `id` is that of the live object; `place` is where the value
    is written, and `sources` where else: at the variables and items that it is made of."""

    value: Any = None
    id: str | None = None
    place: Location | None = None
    sources: tuple[Location, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that differs. Without a `path` it is an object that one side lacks. `address` is KIND[ID] if the object
    is not managed. A side is None if there is no such value. `reason`: why a side lacks it, as far as it is known."""

    address: str
    path: str | None
    name: str | None
    a: Side | None
    b: Side | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Compared:
    """An environment, and the address of its project; None if what is written is compared."""

    environment: str
    api: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two environments, in the order of the addresses. `compared` counts these. `unmanaged` are
    differences of objects without an address, `meant` resources that `only_in` leaves out of one side, which is no
    difference. `ignored`: FIELD or KIND.FIELD that is left out by request."""

    a: Compared
    b: Compared
    live: bool
    compared: int
    differences: Sequence[Difference]
    unmanaged: Sequence[Difference]
    meant: Sequence[Difference]
    ignored: Sequence[str]
    warnings: Sequence[str]

    def count(self) -> int:
        """How many differences there are."""
        return len(self.differences) + len(self.unmanaged)
