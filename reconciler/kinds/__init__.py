"""The registry. A kind stands behind the kinds that it refers to; a new one is one file and one line here."""

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

KINDS: dict[str, Kind] = {kind.name: kind for kind in (INTEGRATION, REPORT, AUTOMATION)}
SECTIONS: dict[str, Kind] = {kind.section: kind for kind in KINDS.values()}

__all__ = ["KINDS", "SECTIONS", "Field", "Kind", "Pages", "Put", "Reference", "SubEndpoint", "local_time"]
