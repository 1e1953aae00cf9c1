"""Integrations, `/v4/integrations`, and the scheduled reports that they deliver, `/v4/scheduled-reports`.

Choices where the pages are silent: deleting an integration that a report uses is a 409 `conflict`; setting the status
changes `active` and `updated_at` only: the last error stays readable.

Destinations of reports are the integrations of Slack, Webhooks, Amazon S3 and Google Cloud Storage, active or not.
E-mail, which the pages name among them and for which no slug exists, is set up in the dashboard only, and stands in no
list but that of destinations. The same destination twice is a 422; a `label` that is sent is ignored like any unknown
field; a label follows the integration's title, and is empty once the integration is gone. A test delivery counts
neither as a run nor as an update. No page states that a destination has the id of its integration. Here it has, unless
the dashboard sets another: `destination` in a record is that id, `offered: false` takes it out of the list, and neither
is shown.

The 25 slugs are the seed's; that searchads, split_metrics and asapty know iOS only, which others know Stripe, the
category titles and some display titles are invented [guess]. `Amplitude` is the one title the seed shows.
"""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple

from reconciler.simulator.resource import STAMPS, Resource, read_whole_number
from reconciler.simulator.store import SETTINGS, Record, Transaction
from reconciler.simulator.wire import ID, ApiError, Call, Response, accept, each, invalid, matching, one_of, shape, text

APART = "dst-"
_STORES = ("iOS", "Android", "Stripe")
_CATEGORIES = {
    "Analytics & Marketing": "Amplitude, AppMetrica, Facebook, Firebase, Mixpanel, PostHog, Segment",
    "Attribution": "Apple Search Ads, Adjust, AppsFlyer, Branch, Kochava, Singular, SplitMetrics, Asapty, Tenjin",
    "Storage": "Amazon S3, Google Cloud Storage",
    "Messaging & Webhooks": "Slack, Webhooks",
    "Customer Engagement": "Braze, CleverTap, Mailchimp, OneSignal, Pushwoosh",
}
_SLUGS = {"Apple Search Ads": "searchads", "SplitMetrics": "split_metrics"}
"""The slugs that are not the title in lower case, with `_` for spaces."""
_IOS_ONLY = ("searchads", "split_metrics", "asapty")
_TAKE_REPORTS = ("amazon_s3", "google_cloud_storage", "slack", "webhooks")
_KNOW_STRIPE = ("amplitude", "mixpanel", "segment", *_TAKE_REPORTS)


class Provider(NamedTuple):
    """One entry of the catalogue: the title that records show, the slug that a create sends, the stores it is for."""

    title: str
    slug: str
    stores: tuple[str, ...]


def _provider(title: str) -> Provider:
    slug = _SLUGS.get(title, title.lower().replace(" ", "_"))
    known = 1 if slug in _IOS_ONLY else 3 if slug in _KNOW_STRIPE else 2
    return Provider(title, slug, _STORES[:known])


CATEGORIES = {name: [_provider(title) for title in titles.split(", ")] for name, titles in _CATEGORIES.items()}
_BY_SLUG = {provider.slug: provider for providers in CATEGORIES.values() for provider in providers}
_BY_NAME = _BY_SLUG | {provider.title: provider for provider in _BY_SLUG.values()}


def find_provider(name: object) -> Provider | None:
    """The provider of that title or slug."""
    return _BY_NAME.get(name) if isinstance(name, str) else None


def _show(_: Transaction, record: Record) -> Record:
    """The provider is shown by its display title, never by its slug [seed]."""
    provider = find_provider(record["integration"])
    shown = {name: value for name, value in record.items() if name not in ("destination", "offered")}
    return {**shown, "integration": provider.title} if provider else shown


def _complete(_: Call, fields: Record, __: Record | None) -> Record:
    provider = _BY_SLUG[fields["integration"]]
    if fields["target_platform"] not in provider.stores:
        raise invalid([("target_platform", f"{provider.title} supports {', '.join(provider.stores)}")])
    return fields


def find_destination_id(transaction: Transaction, record: Record) -> str:
    """The id under which reports know an integration: its own, unless a request to the dashboard set another."""
    apart = transaction.read_note(SETTINGS, "destinations") is not None
    return str(record.get("destination", f"{APART}{record['id']}" if apart else record["id"]))


def _find_users(call: Call, record: Record) -> list[str]:
    used = find_destination_id(call.transaction, record)
    return [
        f"scheduled report {report['id']}"
        for report in call.transaction.find_mentions(REPORTS.name, used)
        if isinstance(report["destinations"], list)
        and any(isinstance(each, dict) and each.get("id") == used for each in report["destinations"])
    ]


# [seed], but that a slug must be one of the catalogue: a guess.
_CREATE = {"title": text(1, 255), "integration": one_of(*_BY_SLUG), "target_platform": one_of(*_STORES)}
INTEGRATIONS = Resource(
    name="integrations",
    noun="integration",
    # Paused, nothing delivered, no error [seed: the fields; api.md: starts at 0].
    blank={
        **{"title": "", "integration": "Webhooks", "target_platform": "iOS", "active": 0},
        **dict.fromkeys((*STAMPS, "last_delivery_at", "last_error_at", "last_error_message")),
        "delivery_error_count": 0,
    },
    checks=_CREATE,
    required=tuple(_CREATE),
    complete=_complete,
    show=_show,
    users=_find_users,
    is_idempotent=True,
)


def list_integrations(call: Call) -> Response:
    """`GET /integrations`: the full set, whatever the query says [docs]."""
    return Response(200, INTEGRATIONS.listing(call, call.transaction.page(INTEGRATIONS.name)))


def show_catalogue(_: Call) -> Response:
    """`GET /integrations/meta`: the catalogue, with its camelCase `allowedStores` [docs]."""
    data: list[dict[str, Any]] = []
    for title, providers in CATEGORIES.items():
        items = [{"title": each.title, "slug": each.slug, "allowedStores": list(each.stores)} for each in providers]
        data.append({"title": title, "items": items})
    return Response(200, {"object": "integrations_meta", "url": f"{INTEGRATIONS.url}/meta", "data": data})


def set_status(call: Call) -> Response:
    """`POST /integrations/{id}/status`: `{"status": 0|1}` in, the record out; `2` is the worker's alone [seed]."""
    record = INTEGRATIONS.find(call)
    status = accept(call.request.fields(), {"status": one_of(0, 1)}, ("status",))["status"]
    return INTEGRATIONS.answer(call, INTEGRATIONS.change(call, record, {"active": status}))


TARGET = "target_integration"
_TEST_PAUSE = timedelta(seconds=60)
_DELIVERIES = "deliveries"
_SLOT = re.compile(r"([01][0-9]|2[0-3]):(00|30)")


def _show_report(transaction: Transaction, record: Record) -> Record:
    """Each destination with the label that its integration gives it now [seed: the label's form]."""
    given = record["destinations"]
    if not isinstance(given, list):
        return record
    return {**record, "destinations": [_add_label(transaction, each) for each in given]}


def _complete_report(call: Call, fields: Record, _: Record | None) -> Record:
    if "destinations" not in fields:
        return fields
    pairs = [{"type": item["type"], "id": item["id"]} for item in fields["destinations"]]
    if twice := [(f"destinations.{n}", "is there twice") for n, pair in enumerate(pairs) if pair in pairs[:n]]:
        raise invalid(twice)
    missing = [
        (f"destinations.{n}.id", f"destination {pair['id']} does not exist")
        for n, pair in enumerate(pairs)
        if not call.transaction.get(MAILBOXES.name, pair["id"])
        and not _is_destination(_find_integration(call.transaction, pair["id"]))
    ]
    if missing:
        raise invalid(missing, code="relation_not_found")
    return {**fields, "destinations": pairs}


_DESTINATION = {"type": one_of(TARGET), "id": matching(ID, "must be an id")}
_REPORT = {
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
        **{"report_name": "", "send_at": "00:00", "included_range_days": 1, "status": "draft"},
        **{"environment": "production", "runs": 0, "destinations": [], **dict.fromkeys(STAMPS)},
    },
    checks=_REPORT,
    # Of a create alone: PUT is partial [seed].
    required=tuple(_REPORT),
    complete=_complete_report,
    show=_show_report,
)
MAILBOXES = Resource(
    name="destinations",
    noun="destination",
    blank={"label": "Email"},
    checks={},
    show=lambda _, record: {"type": TARGET, "id": record["id"], "label": record["label"]},
)
"""E-mail destinations of reports. Only requests to the dashboard make them."""


def list_reports(call: Call) -> Response:
    """`GET /scheduled-reports`: pages by `limit` and `offset`, no total [seed, docs]."""
    limit, offset = read_whole_number(call, "limit", 20, 1, 100), read_whole_number(call, "offset", 0, 0)
    found = call.transaction.page(REPORTS.name, limit=limit + 1, offset=offset)
    return Response(200, REPORTS.listing(call, found[:limit], has_more=len(found) > limit))


def list_destinations(call: Call) -> Response:
    """`GET /scheduled-reports/destinations`: everything a report can deliver to [seed]."""
    data = [
        {"type": TARGET, "id": find_destination_id(call.transaction, record), "label": _make_label(record)}
        for record in filter(_is_destination, call.transaction.page(INTEGRATIONS.name))
    ]
    body = MAILBOXES.listing(call, call.transaction.page(MAILBOXES.name))
    return Response(200, {**body, "url": f"{REPORTS.url}/destinations", "data": data + body["data"]})


def deliver(transaction: Transaction, now: datetime) -> None:
    """What was due since this was asked last: an active report is sent at its time of day (choice: at once, and a time
    that was passed before it was set is not made up for)."""
    note = transaction.read_note("clock", REPORTS.name)
    since = datetime.fromisoformat(note["at"]) if note else now
    transaction.write_note("clock", REPORTS.name, {"at": now.isoformat()})
    for record in transaction.page(REPORTS.name) if now > since else ():
        if record["status"] != "active" or not _SLOT.fullmatch(record["send_at"]):
            continue
        first = datetime.combine(since.date(), time.fromisoformat(record["send_at"]), UTC)
        due = [at for day in range((now - since).days + 2) if since < (at := first + timedelta(days=day)) <= now]
        if due:
            sent = (transaction.read_note(_DELIVERIES, record["id"]) or {"at": []})["at"]
            transaction.write_note(_DELIVERIES, record["id"], {"at": [*sent, *map(datetime.isoformat, due)]})
            transaction.replace(REPORTS.name, {**record, "runs": record["runs"] + len(due)})


def list_deliveries(call: Call) -> Response:
    """`GET /_dashboard/…/deliveries`: when a report was delivered while the clock was set."""
    return Response(200, call.transaction.read_note(_DELIVERIES, call.id) or {"at": []})


def send_test(call: Call) -> Response:
    """`POST /scheduled-reports/{id}/send-test`: 202, once a minute a report, else 429 with `Retry-After: 60` [seed]."""
    record = REPORTS.find(call)
    last = call.transaction.read_note("send-test", record["id"])
    if last is not None and call.now - datetime.fromisoformat(last["at"]) < _TEST_PAUSE:
        message = "A test delivery of this report was requested less than a minute ago"
        raise ApiError(429, "too_many_requests", message, headers={"Retry-After": "60"})
    call.transaction.write_note("send-test", record["id"], {"at": call.now.isoformat()})
    url = f"{record['url']}/send-test"
    return Response(202, {"object": "operation", "url": url, "message": "Test delivery scheduled"})


def _is_destination(record: Record | None) -> bool:
    provider = find_provider(record["integration"]) if record and record.get("offered", True) else None
    return provider is not None and provider.slug in _TAKE_REPORTS


def _find_integration(transaction: Transaction, destination: str) -> Record | None:
    """The integration whose destination has that id."""
    likely = (transaction.get(INTEGRATIONS.name, each) for each in (destination, destination.removeprefix(APART)))
    found = itertools.chain(filter(None, likely), transaction.find_mentions(INTEGRATIONS.name, destination))
    return next((record for record in found if find_destination_id(transaction, record) == destination), None)


def _make_label(record: Record) -> str:
    provider = find_provider(record["integration"])
    return f"{provider.title if provider else record['integration']}: {record['title']}"


def _add_label(transaction: Transaction, destination: object) -> object:
    if not isinstance(destination, dict):
        return destination
    if destination.get("type") != TARGET:
        return {**destination, "label": destination.get("label", "")}
    named = str(destination.get("id"))
    record, mailbox = _find_integration(transaction, named), transaction.get(MAILBOXES.name, named)
    label = _make_label(record) if record else mailbox["label"] if mailbox else destination.get("label", "")
    return {**destination, "label": label}
