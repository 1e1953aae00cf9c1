"""Integrations: where events and reports go. Facts: the vendor's pages "Create integration" and "Update integration
status"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from reconciler.kinds.declaration import Delivery, Endpoints, Field, Identity, Kind, Messages, Pages, SubEndpoint
from reconciler.kinds.schema import text
from reconciler.model.inputs import Fields, Lookups, Raw
from reconciler.text import suggest_close

CATALOGUE = "/integrations/meta"
# The page calls the catalogue authoritative, so a slug that is like none of these is checked there.
_SLUGS = (
    "amplitude appmetrica facebook firebase mixpanel posthog segment searchads adjust appsflyer branch kochava "
    "singular split_metrics asapty tenjin amazon_s3 google_cloud_storage slack webhooks braze clevertap mailchimp "
    "onesignal pushwoosh"
)
KNOWN_SLUGS = tuple(_SLUGS.split())
DELIVERY_FIELDS = frozenset({"last_delivery_at", "last_error_at", "last_error_message", "delivery_error_count"})
STATUS_WORDS = {"paused": 0, "active": 1}
# 2 is set by the delivery worker alone, so it is a word that may be read and not be written.
ACTIVE_WORDS = {0: "paused", 1: "active", 2: "error"}


def list_catalogue(lookups: Lookups) -> list[Raw]:
    """The providers of the catalogue (`title`, `slug`, `allowedStores`), its categories left aside."""
    found = (category.get("items") for category in lookups.get(CATALOGUE, ()))
    return [item for items in found if isinstance(items, list) for item in items if isinstance(item, dict)]


def from_wire(raw: Raw, lookups: Lookups) -> dict[str, Any]:
    """The provider's title becomes its slug, None if the catalogue lacks it. `active` becomes `status`."""
    named = (item.get("slug") for item in list_catalogue(lookups) if item.get("title") == raw.get("integration"))
    # The number may come as a text. What is not known stays as it came.
    words = (word for number, word in ACTIVE_WORDS.items() if raw.get("active") in (number, str(number)))
    slug = next((slug for slug in named if isinstance(slug, str)), None)
    return {"integration": slug, "status": next(words, raw.get("active"))}


def shown(fields: Fields, lookups: Lookups) -> Raw:
    """What the record of a new integration will show: its provider by the title, None if the catalogue lacks it."""
    titles = {item.get("slug"): item.get("title") for item in list_catalogue(lookups)}
    return {**fields, "integration": titles.get(fields.get("integration"))}


def claims(lookups: Lookups) -> Iterator[tuple[str, Iterable[object] | None]]:
    """What the vendor's page says of the catalogue."""
    items, keys = list_catalogue(lookups), ("title", "slug", "allowedStores")
    missing = [key for item in items for key in keys if key not in item]
    yield f"each provider of {CATALOGUE} has {', '.join(keys)}", missing if items else None


def creation_errors(fields: Fields, lookups: Lookups) -> list[str]:
    """Why the catalogue does not allow a new integration: an unknown provider, or a store that it does not serve."""
    providers = {str(item.get("slug")): item for item in list_catalogue(lookups)}
    slug, platform = fields["integration"], fields["target_platform"]
    if not providers:
        return []
    if slug not in providers:
        known = f"expected one of {', '.join(sorted(providers))}{suggest_close(slug, providers)}"
        return [f'the catalogue of the API has no provider "{slug}"; {known}']
    named = providers[slug].get("allowedStores")
    stores = [each for each in named if isinstance(each, str)] if isinstance(named, list) else []
    if stores and platform not in stores:
        return [f'the provider "{slug}" does not serve {platform}; expected one of {", ".join(stores)}']
    return []


INTEGRATION = Kind(
    name="integration",
    section="integrations",
    identity=Identity(
        object_name="integration", natural_key=("integration", "target_platform", "title"), name_field="title"
    ),
    endpoints=Endpoints(
        "/integrations", Pages.WHOLE, update=None, readable=False, lookups=(CATALOGUE,), idempotent_create=True
    ),
    fields=(
        Field(
            "title",
            text(
                "The title that the dashboard shows. The API cannot change it later.",
                "Release alerts",
                "Amplitude — Production iOS",
                minLength=1,
                maxLength=255,
            ),
            immutable=True,
        ),
        Field(
            "integration",
            text("The provider's slug. The API cannot change it later.", *KNOWN_SLUGS, minLength=1),
            expected="a provider's slug, for example webhooks, slack or amplitude",
            immutable=True,
            known=KNOWN_SLUGS,
        ),
        Field(
            "target_platform",
            text(
                "The store whose events are forwarded, case-sensitive. The API cannot change it later.",
                enum=["iOS", "Android", "Stripe"],
            ),
            immutable=True,
        ),
        Field(
            "status",
            text(
                "Whether events are forwarded. Left out: left alone; a new integration starts paused.",
                enum=list(STATUS_WORDS),
            ),
            expected="one of active, paused",
            required=False,
            sub_endpoint=SubEndpoint(method="POST", path="/status", key="status", words=STATUS_WORDS, initial="paused"),
        ),
    ),
    server_fields=DELIVERY_FIELDS | {"object", "id", "url", "active", "created_at", "updated_at"},
    from_wire=from_wire,
    shown=shown,
    creation_errors=creation_errors,
    claims=claims,
    example={"title": "Release alerts", "integration": "webhooks", "target_platform": "iOS", "status": "active"},
    delivery=Delivery(
        status="status",
        on="active",
        failing="error",
        remedy="mend what makes it fail (its credentials, at the provider), or it will fail again",
        last_at="last_delivery_at",
        failed_at="last_error_at",
        failure="last_error_message",
        failed_count="delivery_error_count",
    ),
    messages=Messages(
        title="Integrations",
        description="Where events and reports are sent to. Credentials are entered in the dashboard only.",
        source="the vendor's pages “Create integration” and “Update integration status”",
        lost_on_delete="its id and its credentials, which only a person can enter again in the dashboard",
        after_create="its credentials must be entered in the dashboard before it delivers",
        manual_step="change it in the dashboard, or allow a new one in its place with `lifecycle: {replace: allow}`",
    ),
)
