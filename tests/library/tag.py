"""A kind in one file, as somebody outside of this repository writes it: the words that people give to users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.kinds import Field, Kind, Pages, Put, SubEndpoint

STATUS = {"off": 0, "on": 1}


def from_wire(raw: Mapping[str, Any], _lookups: object) -> dict[str, Any]:
    """A record in the configuration's words."""
    fields = {name: raw[name] for name in ("label", "colour", "weight") if name in raw}
    return {**fields, "status": next(word for word, value in STATUS.items() if value == raw["status"])}


TAG = Kind(
    name="tag",
    object_name="tag",
    section="tags",
    title="Tags",
    description="Words that people give to users.",
    facts="the vendor's page on tags",
    path="/tags",
    pages=Pages.WHOLE,
    put=Put.FULL,
    readable=True,
    fields=(
        Field("label", {"type": "string", "minLength": 1, "description": "What people see."}),
        Field("colour", {"type": "string", "enum": ["red", "green"], "description": "Its colour."}, required=False),
        Field("weight", {"type": "integer", "description": "Its place in the list."}),
        Field(
            "status",
            {"type": "string", "enum": [*STATUS], "description": "Whether it can be given."},
            setter=SubEndpoint(method="PATCH", path="/status", key="status", words=STATUS, initial="off"),
        ),
    ),
    natural_key=("label",),
    name_field="label",
    server_fields=frozenset({"object", "id", "url"}),
    from_wire=from_wire,
    lost_on_delete="which users have it",
    example={"label": "VIP", "colour": "red", "weight": 3, "status": "on"},
)
