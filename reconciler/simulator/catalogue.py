"""The providers an integration can forward to.

The 25 slugs are the seed's; that searchads, split_metrics and asapty know iOS only, which others know Stripe, the
category titles and some display titles are invented [guess]. `Amplitude` is the one title the seed shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_IOS = ("iOS",)
_APPS = ("iOS", "Android")
_ALL = ("iOS", "Android", "Stripe")

PLATFORMS = _ALL
"""`target_platform`, case-sensitive [seed]."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One entry: the title that records show, the slug that a create sends, the stores it can be used for."""

    title: str
    slug: str
    stores: tuple[str, ...]
    takes_reports: bool = False


CATEGORIES: Mapping[str, tuple[Provider, ...]] = {
    "Analytics & Marketing": (
        Provider("Amplitude", "amplitude", _ALL),
        Provider("AppMetrica", "appmetrica", _APPS),
        Provider("Facebook", "facebook", _APPS),
        Provider("Firebase", "firebase", _APPS),
        Provider("Mixpanel", "mixpanel", _ALL),
        Provider("PostHog", "posthog", _APPS),
        Provider("Segment", "segment", _ALL),
    ),
    "Attribution": (
        Provider("Apple Search Ads", "searchads", _IOS),
        Provider("Adjust", "adjust", _APPS),
        Provider("AppsFlyer", "appsflyer", _APPS),
        Provider("Branch", "branch", _APPS),
        Provider("Kochava", "kochava", _APPS),
        Provider("Singular", "singular", _APPS),
        Provider("SplitMetrics", "split_metrics", _IOS),
        Provider("Asapty", "asapty", _IOS),
        Provider("Tenjin", "tenjin", _APPS),
    ),
    "Storage": (
        Provider("Amazon S3", "amazon_s3", _ALL, takes_reports=True),
        Provider("Google Cloud Storage", "google_cloud_storage", _ALL, takes_reports=True),
    ),
    "Messaging & Webhooks": (
        Provider("Slack", "slack", _ALL, takes_reports=True),
        Provider("Webhooks", "webhooks", _ALL, takes_reports=True),
    ),
    "Customer Engagement": (
        Provider("Braze", "braze", _APPS),
        Provider("CleverTap", "clevertap", _APPS),
        Provider("Mailchimp", "mailchimp", _APPS),
        Provider("OneSignal", "onesignal", _APPS),
        Provider("Pushwoosh", "pushwoosh", _APPS),
    ),
}

BY_SLUG = {provider.slug: provider for providers in CATEGORIES.values() for provider in providers}
_BY_TITLE = {provider.title: provider for provider in BY_SLUG.values()}


def find(name: object) -> Provider | None:
    """The provider of that title or slug."""
    return (_BY_TITLE.get(name) or BY_SLUG.get(name)) if isinstance(name, str) else None


def document() -> dict[str, Any]:
    """The answer of `GET /integrations/meta`, with its camelCase `allowedStores` [docs]."""
    data = [{"title": title, "items": list(map(_item, providers))} for title, providers in CATEGORIES.items()]
    return {"object": "integrations_meta", "url": "/v4/integrations/meta", "data": data}


def _item(provider: Provider) -> dict[str, Any]:
    return {"title": provider.title, "slug": provider.slug, "allowedStores": list(provider.stores)}
