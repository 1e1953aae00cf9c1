"""What differs between two environments."""

from __future__ import annotations

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
    id: str = ""
    place: Location | None = None
    sources: tuple[Location, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that differs. Without a `path` it is an object that one side lacks. `address` is KIND[ID] if the object
    is not managed. A side is None if there is no such value. `reason`: why a side lacks it, as far as it is known."""

    address: str
    path: str
    sides: Pair[Side | None]
    name: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two environments, in the order of the addresses. `apis` are the addresses of their projects,
    None if they are compared as written. `compared` counts the addresses. `meant` are resources that `only_in` leaves
    out of one side, which is no difference. `ignored`: FIELD or KIND.FIELD that is left out by request."""

    environments: Pair[str]
    compared: int
    differences: tuple[Difference, ...] = ()
    meant: tuple[Difference, ...] = ()
    unmanaged: tuple[Difference, ...] = ()
    ignored: tuple[str, ...] = ()
    apis: Pair[str] | None = None
    warnings: tuple[str, ...] = ()

    def count(self) -> int:
        """How many differences there are."""
        return len(self.differences) + len(self.unmanaged)
