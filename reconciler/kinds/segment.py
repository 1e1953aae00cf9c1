"""Segments: users by conditions that all hold. Facts: the vendor's pages on segments, newer copies. Sure: the fields,
the conditions, PUT. Not stated: whether a name may repeat, what a delete does to what uses the segment, and whether the
list has the vendor's own rows; `is_system` tells these."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.kinds.declaration import Endpoints, Field, Identity, Kind, Messages, Pages
from reconciler.kinds.schema import array, text
from reconciler.model.inputs import Fields
from reconciler.model.reports import Weight

COMPARATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "contains", "not_contains")
METRICS = ("environment", "client_uid", "custom_uid", "client_advertiser_id", "renewable", "target_platform")


def effects(before: Fields, after: Fields) -> Iterator[tuple[Weight, str]]:
    """Other conditions choose other users; none choose all."""
    if before and after and before.get("conditions") != after.get("conditions"):
        who = "it holds other users" if after.get("conditions") else "it holds all users, as it has no conditions"
        yield Weight.RISKS, f"{who} from now on"


SEGMENT = Kind(
    name="segment",
    section="segments",
    identity=Identity(object_name="segment", natural_key=("name",), name_field="name", vendor_flag="is_system"),
    # An update with both fields means the same, whether an omitted one is kept or reset: the page says both.
    endpoints=Endpoints("/segments", Pages.CURSOR, idempotent_create=True, on_demand=True, closed=True),
    fields=(
        Field(
            "name",
            text(
                "The name that the dashboard shows. Unsure: whether two may have one.",
                "Android renewing",
                minLength=1,
                maxLength=256,
            ),
        ),
        Field(
            "conditions",
            array(
                "The conditions; all of them hold. Unsure: that without any, all users are in it.",
                text(
                    "A condition.",
                    type="object",
                    required=["metric", "comparator", "value"],
                    properties={
                        "metric": text("What is compared; the API has more of them.", *METRICS, minLength=1),
                        "comparator": text("How it is compared.", enum=list(COMPARATORS)),
                        "value": text(
                            'What it is compared with; "1" stands for true. Unsure: which values each metric has.',
                            "Android",
                        ),
                        "negate": text("Whether the opposite holds.", type="boolean", default=False),
                    },
                ),
            ),
            required=False,
            unordered=True,
        ),
    ),
    server_fields=frozenset({"object", "id", "url", "is_system", "created_at", "updated_at"}),
    example={
        "name": "Android renewing",
        "conditions": [{"metric": "target_platform", "comparator": "eq", "value": "Android", "negate": False}],
    },
    messages=Messages(
        title="Segments",
        description="Users by conditions, all of which hold. Unsure: what a delete does to what uses it.",
        source="the vendor's pages on segments",
        lost_on_delete="its id, by which automations, screens and experiments use it",
        effects=effects,
    ),
)
