"""What a project begins with, by collection, as the dashboard's door takes it; and examples of the documents."""

from __future__ import annotations

from reconciler.simulator.store import Record

Seeds = tuple[tuple[str, Record], ...]

_RULES = [
    {"metric": metric, "comparator": "eq", "value": value, "negate": False}
    for metric, value in (("target_platform", "Android"), ("renewable", "1"))
]
_MAPPING = {"cta": "String", "tint": "Color", "columns": "Number"}
_YEARLY = {"type": "subscription", "duration": "P1Y", "apple_product_id": "app.example.studio.y1"}
# The pages name these rows of the vendor as examples; their conditions are a guess.
FIRST: Seeds = (
    ("destinations", {"id": "int-email-01", "label": "Email: Team"}),
    (
        "segments",
        {"id": "active-subscribers", "name": "Active subscribers", "is_system": True, "conditions": _RULES[1:]},
    ),
    ("segments", {"id": "churned-users", "name": "Churned users", "is_system": True}),
)
EXAMPLES: Seeds = (
    ("products", {"id": "studio_monthly", "type": "subscription", "duration": "P1M"}),
    ("products", {"id": "studio_yearly", **_YEARLY, "google_product_id": "studio", "google_base_plan_id": "y1"}),
    ("entitlements", {"id": "studio", "description": "Studio features", "product_ids": ["studio_yearly"]}),
    ("segments", {"id": "android-renewing", "name": "Android renewing", "conditions": _RULES}),
    (
        "remote-configurations",
        {
            **{"id": "5f0c1a52-9d1e-4b7a-8f36-2c9be1d0a711", "name": "Paywall, autumn", "context_key": "main_paywall"},
            **{"payload_mapping": _MAPPING, "payload": {"cta": "Try Studio", "tint": "#2244EE", "columns": 2}},
        },
    ),
)
