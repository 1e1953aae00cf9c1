"""The registry. A kind stands behind the kinds that it refers to; a new one is one file and one line here."""

from reconciler.kinds.automation import AUTOMATION
from reconciler.kinds.declaration import Field, Kind, Pages, Put, Reference, SubEndpoint
from reconciler.kinds.integration import INTEGRATION
from reconciler.kinds.report import REPORT

KINDS: dict[str, Kind] = {kind.name: kind for kind in (INTEGRATION, REPORT, AUTOMATION)}
SECTIONS: dict[str, Kind] = {kind.section: kind for kind in KINDS.values()}

__all__ = ["KINDS", "SECTIONS", "Field", "Kind", "Pages", "Put", "Reference", "SubEndpoint"]
