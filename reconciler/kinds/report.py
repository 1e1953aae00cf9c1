"""Scheduled reports: a snapshot of analytics, sent once a day. Facts: the vendor's page "Scheduled reports"."""

from __future__ import annotations

from typing import Any

from reconciler.kinds.declaration import Delivery, Endpoints, Field, Identity, Kind, Messages, Pages, Reference
from reconciler.kinds.schema import ID_PATTERN, array, closed, text, utc_time
from reconciler.model.inputs import Lookups, Raw

DESTINATIONS = "/scheduled-reports/destinations"
TARGET_INTEGRATION = "target_integration"
GRID = 30  # Minutes [seed].


def find_label(integration: Raw) -> str | None:
    """The label of an integration as a destination (`Webhooks: Release alerts`); None if its record does not tell."""
    provider, title = integration.get("integration"), integration.get("title")
    return f"{provider}: {title}" if provider and title else None


def from_wire(raw: Raw, _lookups: Lookups) -> dict[str, Any]:
    """Destinations lose their read-only label."""
    found = raw.get("destinations")
    items = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else None
    return {"destinations": items and [{"type": item.get("type"), "id": item.get("id")} for item in items]}


MANAGED, UNMANAGED = "An integration of this configuration", "A destination that is not managed here"
TYPE = {"type": TARGET_INTEGRATION}
# What an editor offers for a new item: its name, what it is, its text.
SNIPPETS = (
    ("integration", f"{MANAGED}, by its key.", {"integration": "${1:key}"}),
    ("target_integration", f"{UNMANAGED}, by its id.", {**TYPE, "id": "${1:id}"}),
    ("target_integration, by its label", f"{UNMANAGED}, by its label.", {**TYPE, "label": "${1:label}"}),
)
DESTINATION = closed(
    f"{MANAGED}, or a destination that is not managed here.",
    {
        "integration": text("The key of an integration of this configuration.", "release-alerts"),
        "type": text("The type of a destination that is not managed here.", enum=[TARGET_INTEGRATION]),
        "id": text("The id of a destination that is not managed here.", "int-wh-01", pattern=ID_PATTERN),
        "label": text(
            "The label of a destination that is not managed here, in place of its id. "
            "Exactly one destination must have it.",
            "Email: Team",
            minLength=1,
        ),
    },
    minProperties=1,
    oneOf=[
        {"title": "Managed here", "required": ["integration"], "maxProperties": 1},
        {"title": "Not managed here", "required": ["type", "id"]},
        {"title": "Not managed here, by its label", "required": ["type", "label"]},
    ],
    defaultSnippets=[{"label": name, "description": description, "body": body} for name, description, body in SNIPPETS],
)


REPORT = Kind(
    name="report",
    section="reports",
    identity=Identity(
        object_name="scheduled_report", natural_key=("report_name", "environment"), name_field="report_name"
    ),
    # PUT keeps what is left out [seed].
    endpoints=Endpoints("/scheduled-reports", Pages.OFFSET, partial_update=True, test_path="/send-test"),
    fields=(
        Field("report_name", text("The name that the dashboard shows.", "Daily Revenue", minLength=1, maxLength=255)),
        Field(
            "send_at",
            utc_time("UTC time of day, HH:MM on the 30-minute grid. Sent within some minutes of it.", GRID),
            expected='a UTC time on the 30-minute grid, "00:00" to "23:30"',
            grid=GRID,
        ),
        Field(
            "included_range_days",
            text("How many closed UTC days each delivery covers.", type="integer", enum=[1, 3, 7]),
        ),
        Field(
            "status", text("draft: nothing is delivered. active: delivered at each send_at.", enum=["draft", "active"])
        ),
        Field(
            "environment",
            text(
                "Whose events the report covers. It need not follow the key's environment.",
                enum=["sandbox", "production"],
            ),
            follows_key=True,
        ),
        Field(
            "destinations",
            array(
                "Where the report is sent. The order means nothing.",
                DESTINATION,
                [{"integration": "release-alerts"}],
                minItems=1,
            ),
            expected=f"a list of `integration: KEY` or `{{type: {TARGET_INTEGRATION}, id: ID}}` (or `label: LABEL`), "
            "at least one",
            unordered=True,
            # That a destination's id is the integration's own is plausible and stated nowhere.
            reference=Reference(
                kind="integration",
                key="integration",
                lookup=DESTINATIONS,
                type=TARGET_INTEGRATION,
                label=find_label,
                labelled_by=("integration", "title"),
                label_key="label",
            ),
        ),
    ),
    server_fields=frozenset({"object", "id", "url", "runs", "created_at", "updated_at"}),
    from_wire=from_wire,
    example={
        "report_name": "Daily Revenue",
        "send_at": "09:00",
        "included_range_days": 1,
        "status": "active",
        "environment": "production",
        "destinations": [{"integration": "release-alerts"}],
    },
    delivery=Delivery(status="status", on="active", at="send_at", sent_count="runs"),
    messages=Messages(
        title="Scheduled reports",
        description="A snapshot of analytics that is sent once a day at a fixed UTC time.",
        source="the vendor's page “Scheduled reports”",
        lost_on_delete="its id and its count of runs",
    ),
)
