"""The route table: every endpoint of the documents, and the dashboard door."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.simulator import automations, dashboard, integrations, scheduled_reports
from reconciler.simulator.automations import AUTOMATIONS
from reconciler.simulator.checks import ID
from reconciler.simulator.scheduled_reports import REPORTS
from reconciler.simulator.wire import BASE, ApiError, Handler, Request, not_found

# Fixed segments stand before `{id}`, which they would match.
ROUTES: Mapping[str, Mapping[str, Handler]] = {
    "/v4/integrations": {"GET": integrations.listing, "POST": integrations.create},
    "/v4/integrations/meta": {"GET": integrations.meta},
    "/v4/integrations/{id}": {"DELETE": integrations.delete},
    "/v4/integrations/{id}/status": {"POST": integrations.set_status},
    "/v4/scheduled-reports": {"GET": scheduled_reports.listing, "POST": scheduled_reports.create},
    "/v4/scheduled-reports/destinations": {"GET": scheduled_reports.destinations},
    "/v4/scheduled-reports/{id}": {"GET": REPORTS.read, "PUT": scheduled_reports.update, "DELETE": REPORTS.delete},
    "/v4/scheduled-reports/{id}/send-test": {"POST": scheduled_reports.send_test},
    "/v4/automations": {"GET": automations.listing, "POST": automations.create},
    "/v4/automations/{id}": {"GET": AUTOMATIONS.read, "PUT": automations.replace, "DELETE": AUTOMATIONS.delete},
    "/v4/automations/{id}/status": {"PATCH": automations.set_status},
    **dashboard.routes(),
}

_PATTERNS = [
    (re.compile(re.escape(path).replace(r"\{id\}", f"(?P<id>{ID.pattern})")), methods)
    for path, methods in ROUTES.items()
]


def find(request: Request) -> tuple[Handler, str]:
    """The handler for a request and the id in its path, or ""; 404 for an unknown path, 405 for a wrong method."""
    for pattern, methods in _PATTERNS:
        if match := pattern.fullmatch(request.path):
            if request.method not in methods:
                allowed = {"Allow": ", ".join(methods)}
                raise ApiError(405, "invalid_request", f"{request.method} is not allowed here", headers=allowed)
            return methods[request.method], match.groupdict().get("id", "")
    raise not_found(f"{request.path.removeprefix(BASE) or '/'}")
