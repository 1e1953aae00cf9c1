"""Scheduled reports: `/v4/scheduled-reports`.

Choices where the pages are silent: destinations are the integrations of Slack, Webhooks, Amazon S3 and Google Cloud
Storage, active or not, and carry the integration's id (see there); e-mail, which the pages name among the destinations
and for which no slug exists, is set up in the dashboard only and stands in no list but that of destinations; the same
destination twice is a 422; a `label` that is sent is ignored like any unknown field; a label follows the integration's
title, and is empty once the integration is gone; a test delivery counts neither as a run nor as an update.
"""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, time, timedelta

from reconciler.simulator.integrations import APART, INTEGRATIONS, destination_id, find_provider
from reconciler.simulator.resource import STAMPS, Resource, page_limit, whole_number
from reconciler.simulator.store import Record, Transaction
from reconciler.simulator.wire import ID, ApiError, Call, Response, each, invalid, matching, one_of, shape, text

TARGET = "target_integration"
_TEST_PAUSE = timedelta(seconds=60)
_TESTS, _CLOCK, _DELIVERIES = "send-test", "clock", "deliveries"
_SLOT = re.compile(r"([01][0-9]|2[0-3]):(00|30)")


def _show(transaction: Transaction, record: Record) -> Record:
    """Each destination with the label that its integration gives it now [seed: the label's form]."""
    destinations = record["destinations"]
    if not isinstance(destinations, list):
        return record
    return {**record, "destinations": [_labelled(transaction, destination) for destination in destinations]}


def _complete(call: Call, fields: Record, _: Record | None) -> Record:
    if "destinations" in fields:
        pairs = [{"type": item["type"], "id": item["id"]} for item in fields["destinations"]]
        twice = [(f"destinations.{n}", "is there twice") for n, pair in enumerate(pairs) if pair in pairs[:n]]
        if twice:
            raise invalid(twice)
        records = call.transaction
        problems = [
            (f"destinations.{n}.id", f"destination {pair['id']} does not exist")
            for n, pair in enumerate(pairs)
            if not (_takes_reports(_behind(records, pair["id"])) or records.get(MAILBOXES.name, pair["id"]))
        ]
        if problems:
            raise invalid(problems, code="relation_not_found")
        fields["destinations"] = pairs
    return fields


_DESTINATION = {"type": one_of(TARGET), "id": matching(ID, "must be an id")}
_FIELDS = {
    "report_name": text(1, 255),
    # [seed]
    "send_at": matching(_SLOT, "must be HH:MM in UTC on a 30-minute slot, 00:00 to 23:30"),
    "included_range_days": one_of(1, 3, 7),
    "status": one_of("draft", "active"),
    "environment": one_of("sandbox", "production"),
    "destinations": each(shape(_DESTINATION, required=_DESTINATION), at_least=1),
}
REPORTS = Resource(
    name="scheduled-reports",
    noun="scheduled_report",
    blank={
        "report_name": "",
        "send_at": "00:00",
        "included_range_days": 1,
        "status": "draft",
        "environment": "production",
        "runs": 0,
        "destinations": [],
        **dict.fromkeys(STAMPS),
    },
    checks=_FIELDS,
    # Of a create alone: PUT is partial [seed].
    required=tuple(_FIELDS),
    complete=_complete,
    show=_show,
)
MAILBOXES = Resource(
    name="destinations",
    noun="destination",
    blank={"label": "Email"},
    checks={},
    show=lambda _, record: {"type": TARGET, "id": record["id"], "label": record["label"]},
)
"""What reports can be mailed to: made through the dashboard door, which names it by this collection."""


def listing(call: Call) -> Response:
    """`GET /scheduled-reports`: pages by `limit` and `offset`, no total [seed, docs]."""
    limit, offset = page_limit(call), whole_number(call, "offset", 0, 0)
    found = call.transaction.page(REPORTS.name, limit=limit + 1, offset=offset)
    return Response(200, REPORTS.listing(call, found[:limit], has_more=len(found) > limit))


def destinations(call: Call) -> Response:
    """`GET /scheduled-reports/destinations`: everything a report can deliver to [seed]."""
    offered = [record for record in call.transaction.page(INTEGRATIONS.name) if _takes_reports(record)]
    data = [{"type": TARGET, "id": destination_id(call.transaction, each), "label": _name(each)} for each in offered]
    body = MAILBOXES.listing(call, call.transaction.page(MAILBOXES.name))
    return Response(200, {**body, "url": f"{REPORTS.url}/destinations", "data": data + body["data"]})


def deliver(transaction: Transaction, now: datetime) -> None:
    """What was due since this was asked last: an active report is sent at its time of day (choice: at once, and a time
    that was passed before it was set is not made up for)."""
    note = transaction.note(_CLOCK, REPORTS.name)
    since = datetime.fromisoformat(note["at"]) if note else now
    transaction.take_note(_CLOCK, REPORTS.name, {"at": now.isoformat()})
    for record in transaction.page(REPORTS.name) if now > since else ():
        if record["status"] != "active" or not _SLOT.fullmatch(record["send_at"]):
            continue
        first = datetime.combine(since.date(), time.fromisoformat(record["send_at"]), UTC)
        due = [at for day in range((now - since).days + 2) if since < (at := first + timedelta(days=day)) <= now]
        if due:
            sent = (transaction.note(_DELIVERIES, record["id"]) or {"at": []})["at"]
            transaction.take_note(_DELIVERIES, record["id"], {"at": [*sent, *map(datetime.isoformat, due)]})
            transaction.replace(REPORTS.name, {**record, "runs": record["runs"] + len(due)})


def deliveries(call: Call) -> Response:
    """The dashboard's door: when a report was delivered, as far as the clock was set."""
    return Response(200, call.transaction.note(_DELIVERIES, call.id) or {"at": []})


def send_test(call: Call) -> Response:
    """`POST /scheduled-reports/{id}/send-test`: 202, once a minute a report, else 429 with `Retry-After: 60` [seed]."""
    record = REPORTS.find(call)
    last = call.transaction.note(_TESTS, record["id"])
    if last is not None and call.now - datetime.fromisoformat(last["at"]) < _TEST_PAUSE:
        message = "A test delivery of this report was requested less than a minute ago"
        raise ApiError(429, "too_many_requests", message, headers={"Retry-After": "60"})
    call.transaction.take_note(_TESTS, record["id"], {"at": call.now.isoformat()})
    operation = {"object": "operation", "url": f"{record['url']}/send-test", "message": "Test delivery scheduled"}
    return Response(202, operation)


def _takes_reports(record: Record | None) -> bool:
    provider = find_provider(record["integration"]) if record else None
    return bool(provider and provider.takes_reports and record and record.get("offered", True))


def _behind(transaction: Transaction, destination: str) -> Record | None:
    """The integration whose destination has that id."""
    likely = (transaction.get(INTEGRATIONS.name, each) for each in (destination, destination.removeprefix(APART)))
    found = itertools.chain(filter(None, likely), transaction.mentioning(INTEGRATIONS.name, destination))
    return next((record for record in found if destination_id(transaction, record) == destination), None)


def _name(record: Record) -> str:
    provider = find_provider(record["integration"])
    return f"{provider.title if provider else record['integration']}: {record['title']}"


def _labelled(transaction: Transaction, destination: object) -> object:
    if not isinstance(destination, dict):
        return destination
    if destination.get("type") != TARGET:
        return {**destination, "label": destination.get("label", "")}
    named = str(destination.get("id"))
    record, mailbox = _behind(transaction, named), transaction.get(MAILBOXES.name, named)
    label = _name(record) if record else mailbox["label"] if mailbox else destination.get("label", "")
    return {**destination, "label": label}
