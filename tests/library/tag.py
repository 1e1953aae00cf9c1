"""A kind in one file, as somebody outside of this repository writes it: the words that people give to users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.kinds import Endpoints, Field, Identity, Kind, Messages, Pages, SubEndpoint

STATUS = {"off": 0, "on": 1}


def from_wire(raw: Mapping[str, Any], _lookups: object) -> dict[str, Any]:
    """The number of a status becomes its word."""
    return {"status": next(word for word, value in STATUS.items() if value == raw["status"])}


TAG = Kind(
    name="tag",
    section="tags",
    identity=Identity(object_name="tag", natural_key=("label",), name_field="label"),
    endpoints=Endpoints("/tags", Pages.WHOLE),
    fields=(
        Field("label", {"type": "string", "minLength": 1, "description": "What people see."}),
        Field("colour", {"type": "string", "enum": ["red", "green"], "description": "Its colour."}, required=False),
        Field("weight", {"type": "integer", "description": "Its place in the list."}),
        Field(
            "status",
            {"type": "string", "enum": [*STATUS], "description": "Whether it can be given."},
            sub_endpoint=SubEndpoint(method="PATCH", path="/status", key="status", words=STATUS, initial="off"),
        ),
    ),
    server_fields=frozenset({"object", "id", "url"}),
    from_wire=from_wire,
    example={"label": "VIP", "colour": "red", "weight": 3, "status": "on"},
    messages=Messages(
        title="Tags",
        description="Words that people give to users.",
        source="the vendor's page on tags",
        lost_on_delete="which users have it",
    ),
)
