"""The registry. A kind stands behind the kinds that it refers to; a new one is one file and one line here.

A registry is a value, which the context carries to all that is called, threads included: see `using`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from reconciler.kinds.automation import AUTOMATION
from reconciler.kinds.declaration import Endpoints, Field, Identity, Kind, Messages, Pages, Reference, SubEndpoint
from reconciler.kinds.entitlement import ENTITLEMENT
from reconciler.kinds.integration import INTEGRATION
from reconciler.kinds.product import PRODUCT
from reconciler.kinds.remote_config import REMOTE_CONFIG
from reconciler.kinds.report import REPORT
from reconciler.kinds.segment import SEGMENT
from reconciler.lazy import LazyMapping, import_lazily

if TYPE_CHECKING:
    from reconciler.kinds import local_time
else:
    __getattr__ = import_lazily(__name__)


class Kinds:
    """The kinds that there are, by name and by section. ValueError if two have one name or one section, if a kind
    names a field that it lacks, or stands before one that it refers to, or if its objects have no end or two."""

    def __init__(self, *kinds: Kind) -> None:
        self.by_name = {kind.name: kind for kind in kinds}
        self.by_section = {kind.section: kind for kind in kinds}
        if len({*self.by_name, *self.by_section}) != 2 * len(kinds):
            raise ValueError("two kinds have one name or one section")
        for at, kind in enumerate(kinds):
            if not (kind.name.isidentifier() and kind.section.isidentifier()):
                raise ValueError(f"{kind.name!r} and {kind.section!r} are no names: expected such as remote_config")
            own, optional = kind.identity, filter(None, [kind.identity.chosen_id, kind.delivery.status])
            named = [*(own.natural_key or [""]), own.name_field, *optional]
            if lacking := dict.fromkeys(each for each in named if each not in kind.field_names):
                names, fields = ", ".join(map(repr, lacking)), ", ".join(kind.field_names)
                raise ValueError(f"{kind.name} names {names}, which is none of its fields: {fields}")
            if any(each.terminal for _, each in kind.sub_endpoints) is not (kind.endpoints.delete is None):
                raise ValueError(f"{kind.name} needs either a delete or a state that nothing leaves")
            if unknown := {each.kind for _, each in kind.reference_fields} - {each.name for each in kinds[:at]}:
                raise ValueError(f"{kind.name} refers to {', '.join(sorted(unknown))}, which must stand before it")


BUILT_IN = Kinds(INTEGRATION, REPORT, SEGMENT, AUTOMATION, PRODUCT, ENTITLEMENT, REMOTE_CONFIG)
# Not a global: two calls of the library may run in threads with kinds of their own.
_in_use: ContextVar[Kinds] = ContextVar("kinds", default=BUILT_IN)
in_use = _in_use.get


@contextmanager
def using(kinds: Kinds) -> Iterator[None]:
    """While the block runs, these are the kinds."""
    token = _in_use.set(kinds)
    try:
        yield
    finally:
        _in_use.reset(token)


class _View(LazyMapping[Kind]):
    """The registry of the context: read at each access, and not kept."""

    def __getitem__(self, name: str) -> Kind:
        return self._make()[name]  # a plan asks fifteen times a resource

    @property
    def _entries(self) -> Mapping[str, Kind]:
        return self._make()


KINDS: Mapping[str, Kind] = _View(lambda: in_use().by_name)
SECTIONS: Mapping[str, Kind] = _View(lambda: in_use().by_section)

__all__ = ["BUILT_IN", "KINDS", "SECTIONS", "Endpoints", "Field", "Identity", "Kind", "Kinds", "Messages", "Pages"]
__all__ += ["Reference", "SubEndpoint", "in_use", "local_time", "using"]
