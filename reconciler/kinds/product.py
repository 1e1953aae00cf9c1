"""Products: what users buy in a store. They are of the whole project, the same under a sandbox key. Facts: the vendor's
pages on products, newer copies. Sure: the fields, that the caller chooses the id, PATCH. Not stated: whether PATCH
changes the type, and whether a delete is refused while an entitlement or an offering uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.kinds.declaration import Endpoints, Field, Identity, Kind, Messages, Pages
from reconciler.kinds.schema import text
from reconciler.model.inputs import Fields, Lookups
from reconciler.model.reports import Weight

PRODUCT_TYPES = ("subscription_with_promo", "subscription", "consumable", "lifetime")
DURATIONS = ["P1W", "P1M", "P3M", "P6M", "P1Y", None]
STORE_IDS = {
    "apple_product_id": ("product at Apple", "app.example.studio.y1"),
    "google_product_id": ("product at Google", "studio"),
    "google_base_plan_id": ("base plan, of a subscription only at Google", "y1"),
    "stripe_product_id": ("product at Stripe", "prod_9"),
}
STORE_ID = "The id of the {}. null: none; unsure: that this clears it."
ID = "^[a-zA-Z0-9._: -]{1,255}$"  # Old ids may have a space or a colon.


def creation_errors(fields: Fields, _lookups: Lookups) -> list[str]:
    """A record may be older than types and than the form of ids, and a new one may not."""
    wrong = [] if fields.get("type") else [f"a new product needs a type; expected one of {', '.join(PRODUCT_TYPES)}"]
    is_old = re.search("[: ]", str(fields.get("id")))
    return [*wrong, f"a new product's id has no space and no colon, as {fields['id']!r} has"] if is_old else wrong


def effects(before: Fields, after: Fields) -> Iterator[tuple[Weight, str]]:
    """Another product of a store is what users buy next, without a release of the app."""
    for name in STORE_IDS if before and after else ():
        if before.get(name) is not None and before[name] != after.get(name):
            now = after.get(name) or "nothing"
            yield Weight.RISKS, f"users buy {now} in place of {before[name]} from now on ({name})"


PRODUCT = Kind(
    name="product",
    section="products",
    identity=Identity(
        "product", natural_key=("id",), name_field="id", chosen_id="id", id_pattern=ID, is_project_wide=True
    ),
    endpoints=Endpoints("/products", Pages.CURSOR, update="PATCH", partial_update=True, on_demand=True, closed=True),
    fields=(
        Field(
            "id",
            text("The id that apps use. Left out: the key. It cannot be changed later.", "studio_yearly", pattern=ID),
            expected="1 to 255 letters, digits, -, _ or .",
            required=False,
            immutable=True,
        ),
        Field(
            "type",
            text("What it is. Unsure: whether it can be changed later, so it is not.", enum=list(PRODUCT_TYPES)),
            required=False,
            immutable=True,
        ),
        Field(
            "duration",
            text(
                "The period of a subscription. Unsure: whether it can be changed later, so it is not.",
                type=["string", "null"],
                enum=DURATIONS,
            ),
            required=False,
            immutable=True,
        ),
        *(
            Field(name, text(STORE_ID.format(what), example, type=["string", "null"]), required=False)
            for name, (what, example) in STORE_IDS.items()
        ),
    ),
    server_fields=frozenset({"object", "url", "created_at", "updated_at"}),
    creation_errors=creation_errors,
    example={"id": "studio_yearly", "type": "subscription", "duration": "P1Y"}
    | {name: example for name, (_, example) in STORE_IDS.items()},
    messages=Messages(
        title="Products",
        description="What users buy in a store. A product is of the whole project, sandbox and production.",
        source="the vendor's pages on products",
        lost_on_delete="what users buy by its id, and what only the dashboard holds of it",
        manual_step="keep it and make another product under another id; `lifecycle: {replace: allow}` needs one, too",
        effects=effects,
    ),
)
