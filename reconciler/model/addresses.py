"""The names of resources and of the API's objects."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple


def make_address(kind: str, key: str) -> str:
    """The name of a resource everywhere: `report` and `daily-revenue` give `report.daily-revenue`."""
    return f"{kind}.{key}"


@lru_cache(1 << 17)  # a plan asks for it twenty times an address
def address_kind(address: str) -> str:
    """The kind's name in an address: `report.daily-revenue` and `report[wbRlfw1x]` give `report`."""
    return address.partition(".")[0].partition("[")[0]


def address_key(address: str) -> str:
    """The key in an address: `report.daily-revenue` gives `daily-revenue`."""
    return address.partition(".")[2]


def is_address(name: str) -> bool:
    """Whether the name of a change is an address, and not that of an object without one (`report[wbRlfw1x]`)."""
    return "[" not in name


class ObjectRef(NamedTuple):
    """An object of the API: its kind's name and its id. `str()` is what it is called if it has no address."""

    kind: str
    id: str

    @classmethod
    def at(cls, address: str, object_id: str) -> ObjectRef:
        """The object with that id, of the kind of an address."""
        return cls(address_kind(address), object_id)

    @classmethod
    def parse(cls, text: str) -> ObjectRef:
        """The object that `str()` gave the text of."""
        kind, _, rest = text.partition("[")
        return cls(kind, rest.removesuffix("]"))

    def __str__(self) -> str:
        return f"{self.kind}[{self.id}]"
