"""Entitlement definitions: what users may do who bought a product. They are of the whole project, the same under a
sandbox key. Facts: the vendor's pages on entitlement definitions. Sure: the fields, PATCH. Not stated: the body of a
create, what null means for the products (so it is never sent), and what a delete does to those who hold one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.kinds.declaration import Endpoints, Field, Identity, Kind, Messages, Pages, Reference
from reconciler.kinds.schema import array, closed, text
from reconciler.model.inputs import Fields, Lookups, Raw
from reconciler.model.reports import Weight

ID = "^[a-zA-Z0-9._: -]{1,256}$"  # Ids elsewhere have a space or a colon.


def from_wire(raw: Raw, _lookups: Lookups) -> dict[str, Any]:
    """No products are an empty list."""
    return {"product_ids": raw.get("product_ids") or []}


def effects(before: Fields, after: Fields) -> Iterator[tuple[Weight, str]]:
    """Who may lose what they paid for."""
    kept = [each for each in after.get("product_ids") or () if isinstance(each, str)]
    lost = [each for each in before.get("product_ids") or () if each not in kept]
    if lost:
        yield Weight.LOSES, f"paying users of {', '.join(map(str, lost))} may lose access"


ENTITLEMENT = Kind(
    name="entitlement",
    section="entitlements",
    identity=Identity(
        "entitlement", natural_key=("id",), name_field="id", chosen_id="id", id_pattern=ID, is_project_wide=True
    ),
    endpoints=Endpoints(
        "/entitlements", Pages.CURSOR, update="PATCH", partial_update=True, on_demand=True, closed=True
    ),
    fields=(
        Field(
            "id",
            text(
                "The id that apps check. Left out: the key. It cannot be changed later. Unsure: its characters.",
                "studio",
                pattern=ID,
            ),
            expected="1 to 256 letters, digits, -, _, ., spaces or colons",
            required=False,
            immutable=True,
        ),
        Field(
            "description",
            text(
                "A description. null: none. Unsure: that it is the name which the dashboard shows.",
                "Studio features",
                type=["string", "null"],
            ),
            required=False,
        ),
        Field(
            "product_ids",
            array(
                "The products that give it; [] is none. Unsure: that their order means nothing.",
                closed(
                    "A product of this configuration, or the id of one that is not managed here.",
                    {"product": text("The key of a product of this configuration.", "studio_yearly")},
                    ["product"],
                    type=["string", "object"],
                ),
                [{"product": "studio_yearly"}],
            ),
            required=False,
            unordered=True,
            # Users of a product that moves would else be without it between the two writes.
            reference=Reference("product", "product", attach_first=True),
        ),
    ),
    server_fields=frozenset({"object", "url", "created_at", "updated_at"}),
    from_wire=from_wire,
    example={"id": "studio", "description": "Studio features", "product_ids": [{"product": "studio_yearly"}]},
    messages=Messages(
        title="Entitlements",
        description="What users may do who bought a product. It is of the whole project, sandbox and production.",
        source="the vendor's pages on entitlement definitions",
        lost_on_delete="the access of the users who hold it",
        manual_step="make another one under another id, move the apps to it, then remove this one",
        effects=effects,
    ),
)
