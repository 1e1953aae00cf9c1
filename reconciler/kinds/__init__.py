"""The registry. A kind stands behind the kinds that it refers to; a new one is one file and one line here.

A registry is a value. Who has kinds of its own runs its calls within `using(Kinds(…))`: the context carries the
registry to all that is called, threads included, and two contexts do not see each other's.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from reconciler.kinds.automation import AUTOMATION
from reconciler.kinds.declaration import Field, Kind, Pages, Put, Reference, SubEndpoint
from reconciler.kinds.integration import INTEGRATION
from reconciler.kinds.report import REPORT
from reconciler.lazy import lazy_submodules

if TYPE_CHECKING:
    from reconciler.kinds import local_time
else:
    __getattr__ = lazy_submodules(__name__)


class Kinds(Mapping[str, Kind]):
    """The kinds that there are, by name; `sections` has them by their section. ValueError if two have one name or one
    section, or if a kind stands before one that it refers to."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        every = tuple(kinds)
        self._kinds = {kind.name: kind for kind in every}
        self.sections = {kind.section: kind for kind in every}
        if len({*self._kinds, *self.sections}) != 2 * len(every):
            raise ValueError("two kinds have one name or one section")
        for at, kind in enumerate(every):
            if unknown := {each.kind for _, each in kind.reference_fields()} - {each.name for each in every[:at]}:
                raise ValueError(f"{kind.name} refers to {', '.join(sorted(unknown))}, which must stand before it")

    def __getitem__(self, name: str) -> Kind:
        return self._kinds[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    # One registry is another one, even if they have the same kinds: what is made of one is kept beside it.
    __hash__ = object.__hash__
    __eq__ = object.__eq__


BUILT_IN = Kinds((INTEGRATION, REPORT, AUTOMATION))
_in_use: ContextVar[Kinds] = ContextVar("kinds", default=BUILT_IN)


def in_use() -> Kinds:
    """The registry of this context."""
    return _in_use.get()


@contextmanager
def using(kinds: Kinds) -> Iterator[None]:
    """While the block runs, these are the kinds."""
    token = _in_use.set(kinds)
    try:
        yield
    finally:
        _in_use.reset(token)


class _View(Mapping[str, Kind]):
    """The registry of the context, at each access."""

    def __init__(self, read: Callable[[], Mapping[str, Kind]]) -> None:
        self._read = read

    def __getitem__(self, name: str) -> Kind:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __contains__(self, name: object) -> bool:
        return name in self._read()


KINDS: Mapping[str, Kind] = _View(in_use)
SECTIONS: Mapping[str, Kind] = _View(lambda: in_use().sections)

__all__ = [
    "BUILT_IN",
    "KINDS",
    "SECTIONS",
    "Field",
    "Kind",
    "Kinds",
    "Pages",
    "Put",
    "Reference",
    "SubEndpoint",
    "in_use",
    "local_time",
    "using",
]
