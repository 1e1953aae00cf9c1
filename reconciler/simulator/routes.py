"""The route table: every endpoint of the documents, and the paths below `/_dashboard`.

These do what only people can do in the dashboard, or what the delivery worker does. They are not part of the API.

    POST   /_dashboard/{collection}        insert a record as given, missing fields filled in, `id` optional
    PATCH  /_dashboard/{collection}/{id}   put any raw fields over the stored record (title, active: 2, runs, status …)
    DELETE /_dashboard/{collection}/{id}   remove without any check, references or not
    PUT    /_dashboard/assumptions         {NAME: ANSWER}: what the documents leave open, see `store.ASSUMPTIONS`
    PUT    /_dashboard/destinations        from now on integrations have destinations with ids of their own (no body)
    GET    /_dashboard/scheduled-reports/{id}/deliveries   when it was sent, while the simulator's clock was set

`{collection}` is one of the API, or destinations for the e-mail destinations of reports, which have an `id` and a
`label`. A remote configuration has its parts as `payload` and `payload_mapping`. No bearer; the project is named by the
header `X-Project: production|sandbox`, production when left out. Answers are the records as the API shows them. Nothing
is validated but that the id is one, and that `object`, `url` and an existing `id` stay. An id that was ever used is
refused with a 409: ids are not reused. Integrations may name their provider by slug or by title.
"""

from __future__ import annotations

import re
from functools import partial

from reconciler.simulator import automations, catalogue, integrations, wire
from reconciler.simulator.automations import AUTOMATIONS, SEGMENTS
from reconciler.simulator.catalogue import CONFIGS, ENTITLEMENTS, PRODUCTS
from reconciler.simulator.integrations import INTEGRATIONS, MAILBOXES, REPORTS
from reconciler.simulator.resource import Resource
from reconciler.simulator.store import ASSUMED, ASSUMPTIONS, PROJECTS, SETTINGS
from reconciler.simulator.wire import BASE, WIDE_ID, ApiError, Call, Handler, Request, Response, accept, invalid

PAGED = (REPORTS, AUTOMATIONS, SEGMENTS, CONFIGS, ENTITLEMENTS, PRODUCTS)
DASHBOARD = "/_dashboard"
_FIXED_IDS = ("meta", "destinations", "system")
_KEY = re.compile(r"Bearer +((?:test_)?sk_\S+)", re.IGNORECASE | re.ASCII)


def find_project(request: Request) -> str:
    """The project of the bearer's key: `sk_…` is production, `test_sk_…` sandbox [seed]. Below `/_dashboard`, that of
    the header. 401 without a well-formed key; 403 for a key that may not. That `sk_readonly…` may only GET and
    `sk_forbidden…` may nothing is the simulator's own (choice), so that both answers can be had."""
    if request.path.startswith(f"{DASHBOARD}/"):
        project = request.project or PROJECTS[0]
        if project not in PROJECTS:
            raise invalid([("X-Project", f"must be one of {', '.join(PROJECTS)}")])
        return project
    bearer = _KEY.fullmatch(request.authorization or "")
    if bearer is None:
        raise ApiError(401, "control_unauthorized", "A Secret Key is required: Authorization: Bearer sk_… or test_sk_…")
    key = bearer[1]
    bare = key.removeprefix("test_")
    if bare.startswith("sk_forbidden") or (bare.startswith("sk_readonly") and request.method != "GET"):
        raise ApiError(403, "control_forbidden", "This key may not do that")
    return PROJECTS[key.startswith("test_")]


def find(request: Request) -> tuple[Handler, str]:
    """The handler for a request and the id in its path, or ""; 404 for an unknown path, 405 for a wrong method."""
    for pattern, methods in _PATTERNS:
        if match := pattern.fullmatch(request.path):
            if request.method not in methods:
                allowed = {"Allow": ", ".join(methods)}
                raise ApiError(405, "invalid_request", f"{request.method} is not allowed here", headers=allowed)
            return methods[request.method], match.groupdict().get("id", "")
    raise wire.refusal(404, f"{request.path.removeprefix(BASE) or '/'} not found")


def _insert(resource: Resource, call: Call) -> Response:
    fields = call.request.fields()
    if "id" in fields:
        record_id = fields["id"]
        if not isinstance(record_id, str) or not resource.ids.fullmatch(record_id) or record_id in _FIXED_IDS:
            raise invalid([("id", f"must match {resource.ids.pattern} and be no fixed path segment")])
        resource.require_free(call, record_id)
    return resource.answer(call, resource.make(call, fields), 201)


def _merge(resource: Resource, call: Call) -> Response:
    record, fields = resource.find(call), call.request.fields()
    fixed = [(name, "stays") for name in ("object", "id", "url") if fields.get(name, record[name]) != record[name]]
    if fixed:
        raise invalid(fixed)
    return resource.answer(call, resource.change(call, record, fields))


def require_served(call: Call) -> None:
    """A refusal if it is assumed that the project does not have what the path names."""
    name = call.request.path.removeprefix(f"{BASE}/").partition("/")[0]
    status = call.assumption(name) if name in ASSUMPTIONS else "served"
    if status != "served":
        raise wire.refusal(status, f"This project has no {name}")


def _assume(call: Call) -> Response:
    given, checks = call.request.fields(), {name: wire.one_of(*answers) for name, (answers, _) in ASSUMPTIONS.items()}
    if unknown := [(name, f"is not one of {', '.join(checks)}") for name in given if name not in checks]:
        raise invalid(unknown)
    answers = {**(call.transaction.read_note(SETTINGS, ASSUMED) or {}), **accept(given, checks, ())}
    call.transaction.write_note(SETTINGS, ASSUMED, answers)
    return Response(200, answers)


def _separate_destinations(call: Call) -> Response:
    call.transaction.write_note(SETTINGS, MAILBOXES.name, {})
    return Response(204)


# Fixed segments stand before `{id}`, which they would match.
_ROUTES: dict[str, dict[str, Handler]] = {
    "/v4/integrations": {"GET": integrations.list_integrations, "POST": INTEGRATIONS.create},
    "/v4/integrations/meta": {"GET": integrations.show_catalogue},
    "/v4/integrations/{id}": {"DELETE": INTEGRATIONS.delete},
    "/v4/integrations/{id}/status": {"POST": integrations.set_status},
    "/v4/scheduled-reports": {"GET": integrations.list_reports, "POST": REPORTS.create},
    "/v4/scheduled-reports/destinations": {"GET": integrations.list_destinations},
    "/v4/scheduled-reports/{id}": {"GET": REPORTS.read, "PUT": REPORTS.update, "DELETE": REPORTS.delete},
    "/v4/scheduled-reports/{id}/send-test": {"POST": integrations.send_test},
    "/v4/automations": {"GET": AUTOMATIONS.pages, "POST": AUTOMATIONS.create},
    "/v4/automations/{id}": {"GET": AUTOMATIONS.read, "PUT": AUTOMATIONS.update, "DELETE": AUTOMATIONS.delete},
    "/v4/automations/{id}/status": {"PATCH": automations.set_status},
    "/v4/segments": {"GET": SEGMENTS.pages, "POST": SEGMENTS.create},
    "/v4/segments/system": {"GET": automations.system_segments},
    "/v4/segments/{id}": {"GET": SEGMENTS.read, "PUT": SEGMENTS.update, "DELETE": SEGMENTS.delete},
    "/v4/remote-configurations": {"GET": CONFIGS.pages, "POST": CONFIGS.create},
    "/v4/remote-configurations/{id}": {"GET": catalogue.read_config, "PUT": CONFIGS.update, "DELETE": CONFIGS.delete},
    "/v4/remote-configurations/{id}/status": {"PATCH": catalogue.set_config_status},
    "/v4/remote-configurations/{id}/payload": {"GET": catalogue.read_part, "PUT": catalogue.write_part},
    "/v4/remote-configurations/{id}/payload-mapping": {"GET": catalogue.read_part, "POST": catalogue.write_part},
    "/v4/entitlements": {"GET": ENTITLEMENTS.pages, "POST": ENTITLEMENTS.create},
    "/v4/entitlements/{id}": {"GET": ENTITLEMENTS.read, "PATCH": ENTITLEMENTS.update, "DELETE": ENTITLEMENTS.delete},
    "/v4/products": {"GET": catalogue.list_products, "POST": PRODUCTS.create},
    "/v4/products/{id}": {"GET": PRODUCTS.read, "PATCH": PRODUCTS.update, "DELETE": PRODUCTS.delete},
}
for _each in (*PAGED, INTEGRATIONS, MAILBOXES):
    _ROUTES[f"{DASHBOARD}/{_each.name}"] = {"POST": partial(_insert, _each)}
    _ROUTES[f"{DASHBOARD}/{_each.name}/{{id}}"] = {"PATCH": partial(_merge, _each), "DELETE": _each.remove}
_ROUTES[f"{DASHBOARD}/{ASSUMED}"] = {"PUT": _assume}
_ROUTES[f"{DASHBOARD}/{REPORTS.name}/{{id}}/deliveries"] = {"GET": integrations.list_deliveries}
_ROUTES[f"{DASHBOARD}/{MAILBOXES.name}"]["PUT"] = _separate_destinations
_PATTERNS = [
    (re.compile(re.escape(path).replace(r"\{id\}", f"(?P<id>{WIDE_ID.pattern})")), methods)
    for path, methods in _ROUTES.items()
]
