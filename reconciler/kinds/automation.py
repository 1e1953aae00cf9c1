"""Automations: what is shown or pushed to a user when something happens. Facts: the vendor's page "Create an
automation" and, for the shape of `data`, newer pages of its documentation."""

from __future__ import annotations

from typing import Any

from reconciler.kinds.declaration import (
    Delivery,
    Endpoints,
    Field,
    Identity,
    Kind,
    Messages,
    Pages,
    Reference,
    SubEndpoint,
)
from reconciler.kinds.schema import array, closed, text
from reconciler.model.inputs import Fields, Lookups, Raw

STATUS_WORDS = {word: word for word in ("active", "inactive", "paused")}
DERIVED = frozenset({"type"})
OR_NULL = ["string", "null"]
INITIATOR = {
    "uid": text("The event's uid, from the dashboard. Quoted if it has only digits.", "2"),
    "type": text("What starts it.", "event"),
}


def remove_added(data: Any) -> Any:
    """`data` without what a read adds and a write must not carry: the derived `type`, nulls among the actions."""
    if not isinstance(data, dict):
        return data
    plain = {name: value for name, value in data.items() if name not in DERIVED}
    if isinstance(plain.get("actions"), dict):
        plain["actions"] = {name: value for name, value in plain["actions"].items() if value is not None}
    return plain


def from_wire(raw: Raw, _lookups: Lookups) -> dict[str, Any]:
    """A caption that is null or missing is an empty one."""
    return {"caption": raw.get("caption") or "", "data": remove_added(raw.get("data") or {})}


def to_wire(fields: Fields) -> dict[str, Any]:
    """What is sent for those fields."""
    return {name: remove_added(value) if name == "data" else value for name, value in fields.items()}


AUTOMATION = Kind(
    name="automation",
    section="automations",
    identity=Identity(object_name="automation", natural_key=("name",), name_field="name"),
    endpoints=Endpoints("/automations", Pages.CURSOR),
    fields=(
        Field("name", text("The name that the dashboard shows.", "Welcome Flow", minLength=1, maxLength=255)),
        Field(
            "caption",
            text(
                'A description. Left out: left alone; "" clears it.',
                "Sends a welcome message to new users",
                maxLength=1024,
            ),
            required=False,
        ),
        Field(
            "status",
            text("Whether the automation runs: active does; inactive and paused do not.", enum=list(STATUS_WORDS)),
            # The pages list only active and inactive for a body; paused is named for the status endpoint alone.
            sub_endpoint=SubEndpoint(
                method="PATCH",
                path="/status",
                key="status",
                words=STATUS_WORDS,
                in_body=frozenset({"active", "inactive"}),
                placeholder="inactive",
            ),
        ),
        Field(
            "data",
            text(
                "What starts it and what it does. Keys that are not listed here are sent as they are.",
                type="object",
                properties={
                    "platform": text(
                        "The platform whose users it reaches.", type=OR_NULL, enum=["iOS", "Android", None]
                    ),
                    "initiators": array(
                        "The events that start it.",
                        text("One thing that starts it.", type="object", properties=INITIATOR),
                        [{"uid": "2", "type": "event"}],
                    ),
                    "actions": text(
                        "What it does: a push, a screen, or both.",
                        {"push": "nCRUE7SW"},
                        type="object",
                        properties={
                            "push": text("A push's uid, from the dashboard.", type=OR_NULL),
                            "screen": text("A screen's uid, from the dashboard.", type=OR_NULL),
                        },
                    ),
                    "segments": closed(
                        "A segment of this configuration, or the id of one that is not managed here.",
                        {"segment": text("The key of a segment of this configuration.", "android-renewing")},
                        ["segment"],
                        type=["string", "object", "null"],
                        examples=[{"segment": "android-renewing"}],
                    ),
                },
            ),
            derived=DERIVED,
            reference=Reference("segment", "segment", path=("segments",)),
        ),
    ),
    server_fields=frozenset({"object", "id", "url"}),
    changed_at="",  # Its records have no times.
    from_wire=from_wire,
    to_wire=to_wire,
    example={
        "name": "Welcome Flow",
        "caption": "Sends a welcome message to new users",
        "status": "active",
        "data": {"platform": "iOS", "initiators": [{"uid": "2", "type": "event"}], "actions": {"push": "nCRUE7SW"}},
    },
    delivery=Delivery(status="status", on="active"),
    messages=Messages(
        title="Automations",
        description="What is pushed or shown to a user when an event happens. "
        "Newer pages of the vendor call it legacy.",
        source="the vendor's page “Create an automation”",
        lost_on_delete="its id",
        manual_step="give it one of the documented statuses in the dashboard or in the YAML, then plan again",
    ),
)
