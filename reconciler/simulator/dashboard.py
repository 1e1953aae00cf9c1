"""The dashboard door: what only people, or the delivery worker, can do. Not part of the API.

    POST   /_dashboard/{collection}        insert a record as given, missing fields filled in, `id` optional
    PATCH  /_dashboard/{collection}/{id}   put any raw fields over the stored record (title, active: 2, runs, status …)
    DELETE /_dashboard/{collection}/{id}   remove without any check, references or not
    PUT    /_dashboard/destinations        from now on integrations have destinations with ids of their own (no body)

`{collection}` is integrations, scheduled-reports, automations, or destinations for the e-mail destinations of reports,
which have an `id` and a `label`. No bearer; the project is named by the header
`X-Project: production|sandbox`, production when left out. Answers are the records as the API shows them.
Nothing is validated but that the id is one, and that `object`, `url` and an existing `id` stay. An id that was ever
used is refused with a 409: ids are not reused. Integrations may name their provider by slug or by title.

`seed_project` sets up what `reconciler simulate` begins with: one e-mail destination in each project.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from reconciler.simulator.automations import AUTOMATIONS
from reconciler.simulator.checks import ID
from reconciler.simulator.integrations import INTEGRATIONS, SETTINGS
from reconciler.simulator.keys import PROJECTS
from reconciler.simulator.resource import Resource
from reconciler.simulator.scheduled_reports import MAILBOXES, REPORTS
from reconciler.simulator.wire import ApiError, Call, Handler, Request, Response, invalid

PREFIX = "/_dashboard"
MAILBOX = {"id": "int-email-01", "label": "Email: Team"}
FIXED_IDS = ("meta", "destinations")


def seed_project(answer: Callable[[Request], Response]) -> None:
    """Give each project its e-mail destination, unless it has or had it: what a newcomer can refer to by its id."""
    for project in PROJECTS:
        with contextlib.suppress(ApiError):
            answer(Request("POST", f"{PREFIX}/{MAILBOXES.name}", body=dict(MAILBOX), project=project))


def project_of(request: Request) -> str:
    """The project that the `X-Project` header names."""
    project = request.project or "production"
    if project not in PROJECTS:
        raise invalid([("X-Project", f"must be one of {', '.join(PROJECTS)}")])
    return project


def _insert(resource: Resource) -> Handler:
    def insert(call: Call) -> Response:
        fields = call.fields()
        if "id" in fields:
            _check_id(call, resource, fields["id"])
        return resource.answer(call, resource.make(call, fields), 201)

    return insert


def _merge(resource: Resource) -> Handler:
    def merge(call: Call) -> Response:
        record = resource.find(call)
        fields = call.fields()
        fixed = [(name, "stays") for name in ("object", "id", "url") if fields.get(name, record[name]) != record[name]]
        if fixed:
            raise invalid(fixed)
        return resource.answer(call, resource.change(call, record, fields))

    return merge


def _check_id(call: Call, resource: Resource, record_id: object) -> None:
    if not isinstance(record_id, str) or not ID.fullmatch(record_id) or record_id in FIXED_IDS:
        raise invalid([("id", f"must match {ID.pattern} and be no fixed path segment")])
    if call.transaction.known(resource.name, record_id):
        raise ApiError(409, "already_exists", f"The id {record_id} is or was in use")


def routes() -> Mapping[str, Mapping[str, Handler]]:
    """The door's part of the route table."""
    table: dict[str, Mapping[str, Handler]] = {}
    for resource in (INTEGRATIONS, REPORTS, AUTOMATIONS, MAILBOXES):
        table[f"{PREFIX}/{resource.name}"] = {"POST": _insert(resource)}
        table[f"{PREFIX}/{resource.name}/{{id}}"] = {"PATCH": _merge(resource), "DELETE": resource.delete}
    table[f"{PREFIX}/{MAILBOXES.name}"] = {**table[f"{PREFIX}/{MAILBOXES.name}"], "PUT": _set_apart}
    return table


def _set_apart(call: Call) -> Response:
    call.transaction.take_note(SETTINGS, MAILBOXES.name, {})
    return Response(204)
