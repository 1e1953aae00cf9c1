"""Integrations: `/v4/integrations`.

Choices where the pages are silent: deleting one that a scheduled report uses is a 409 `conflict`; setting the status
changes `active` and `updated_at` only: the last error stays readable.

No page states that a destination of reports has the id of its integration. Here it has, unless the dashboard door says
otherwise: `destination` in a record is that id, `offered: false` takes it out of the list, and neither is shown.

The 25 slugs are the seed's; that searchads, split_metrics and asapty know iOS only, which others know Stripe, the
category titles and some display titles are invented [guess]. `Amplitude` is the one title the seed shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.simulator.resource import STAMPS, Resource
from reconciler.simulator.store import SETTINGS, Record, Transaction
from reconciler.simulator.wire import Call, Response, accept, invalid, one_of, text

REPORTS = "scheduled-reports"
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


@dataclass(frozen=True, slots=True)
class Provider:
    """One entry of the catalogue: the title that records show, the slug that a create sends, the stores it is for."""

    title: str
    slug: str
    stores: tuple[str, ...]
    takes_reports: bool


def _provider(title: str) -> Provider:
    slug = _SLUGS.get(title, title.lower().replace(" ", "_"))
    known = 1 if slug in _IOS_ONLY else 3 if slug in _KNOW_STRIPE else 2
    return Provider(title, slug, _STORES[:known], slug in _TAKE_REPORTS)


CATEGORIES = {name: [_provider(title) for title in titles.split(", ")] for name, titles in _CATEGORIES.items()}
_BY_SLUG = {provider.slug: provider for providers in CATEGORIES.values() for provider in providers}
_BY_TITLE = {provider.title: provider for provider in _BY_SLUG.values()}


def find_provider(name: object) -> Provider | None:
    """The provider of that title or slug."""
    return (_BY_TITLE.get(name) or _BY_SLUG.get(name)) if isinstance(name, str) else None


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


def destination_id(transaction: Transaction, record: Record) -> str:
    """The id under which reports know an integration: its own, unless the dashboard door says otherwise."""
    apart = transaction.note(SETTINGS, "destinations") is not None
    return str(record.get("destination", f"{APART}{record['id']}" if apart else record["id"]))


def _users(call: Call, record: Record) -> list[str]:
    used = destination_id(call.transaction, record)
    return [
        f"scheduled report {report['id']}"
        for report in call.transaction.mentioning(REPORTS, used)
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
        "title": "",
        "integration": "Webhooks",
        "target_platform": "iOS",
        "active": 0,
        **dict.fromkeys((*STAMPS, "last_delivery_at", "last_error_at", "last_error_message")),
        "delivery_error_count": 0,
    },
    checks=_CREATE,
    required=tuple(_CREATE),
    complete=_complete,
    show=_show,
    users=_users,
    is_idempotent=True,
)


def listing(call: Call) -> Response:
    """`GET /integrations`: the full set, whatever the query says [docs]."""
    return Response(200, INTEGRATIONS.listing(call, call.transaction.page(INTEGRATIONS.name)))


def meta(_: Call) -> Response:
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
