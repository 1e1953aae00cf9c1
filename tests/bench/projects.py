"""Projects of any size: a tenth integrations, half reports that refer to them, the rest automations."""

from __future__ import annotations

from pathlib import Path

PROVIDERS = ("webhooks", "slack", "amazon_s3")
WORDS = ("Revenue", "Renewals", "Trials", "Refunds", "Churn", "Retention")


def write_project(folder: Path, size: int, changed: int = 0, *, every: bool = False) -> None:
    """Writes a project of `size` resources, one file a kind; the first `changed` of each hundred differ from it. With
    `every`, four tenths of it are of the four other kinds."""
    folder.mkdir(parents=True, exist_ok=True)
    if every:
        each = size // 10
        for section, block in (
            ("segments", _segment),
            ("remote_configs", _config),
            ("entitlements", _entitlement),
            ("products", _product),
        ):
            blocks = "".join(block(number, number % 100 < changed) for number in range(each))
            (folder / f"{section}.yaml").write_text(f"{section}:\n{blocks}", encoding="utf-8")
        size -= 4 * each
    count = max(1, size // 10)
    integrations = "".join(_integration(number) for number in range(count))
    reports = "".join(_report(number, count, number % 100 < changed) for number in range(size // 2))
    automations = "".join(_automation(number, number % 100 < changed) for number in range(size - count - size // 2))
    (folder / "integrations.yaml").write_text(f"integrations:\n{integrations}", encoding="utf-8")
    (folder / "reports.yaml").write_text(f"reports:\n{reports}", encoding="utf-8")
    (folder / "automations.yaml").write_text(f"automations:\n{automations}", encoding="utf-8")


def _integration(number: int) -> str:
    return f"""\
  target-{number:05d}:
    # Owned by the growth team; credentials were entered by hand.
    title: "Target {number:05d} of {WORDS[number % 6]}"
    integration: {PROVIDERS[number % 3]}
    target_platform: {("iOS", "Android")[number % 2]}
    status: active
"""


def _report(number: int, targets: int, changed: bool) -> str:
    second = (
        f"\n      - integration: target-{(number * 7 + 1) % targets:05d}" if number % 3 == 0 and targets > 1 else ""
    )
    hour = (number + 12 * changed) % 24
    return f"""\
  report-{number:05d}:
    # What the team reads over the first coffee of the day.
    report_name: "{WORDS[number % 6]} of yesterday, number {number:05d}"
    send_at: "{hour:02d}:{(number % 2) * 30:02d}"
    included_range_days: {(1, 3, 7)[number % 3]}
    status: active
    environment: production
    destinations:
      - integration: target-{(number * 7) % targets:05d}{second}
"""


def _automation(number: int, changed: bool) -> str:
    caption = "A caption that was changed" if changed else "What it does, and who asked for it"
    return f"""\
  flow-{number:05d}:
    name: "{WORDS[number % 6]} flow {number:05d}"
    caption: "{caption} ({number % 17})"
    status: active
    data:
      platform: {("iOS", "Android")[number % 2]}
      initiators:
        - {{uid: "{number % 9}", type: event}}
      actions: {{push: nCRUE{number:05d}}}
"""


def _segment(number: int, changed: bool) -> str:
    return f"""\
  segment-{number:05d}:
    name: "{WORDS[number % 6]} users {number:05d}"
    conditions:
      - {{metric: target_platform, comparator: eq, value: {("iOS", "Android")[number % 2]}, negate: false}}
      - {{metric: renewable, comparator: eq, value: "{int(changed)}", negate: true}}
"""


def _config(number: int, changed: bool) -> str:
    return f"""\
  config-{number:05d}:
    name: "{WORDS[number % 6]} paywall {number:05d}"
    context_key: paywall_{number:05d}
    segment_percent: 50
    segmentation_conditions: []
    payload_mapping: {{cta: String, columns: Number, tint: Color}}
    payload: {{cta: "Try it {number % 17}", columns: {2 + changed}, tint: "#2244EE"}}
    status: active
"""


def _entitlement(number: int, changed: bool) -> str:
    return f"""\
  entitlement-{number:05d}:
    description: "{WORDS[number % 6]} features{" of all" * changed}"
    product_ids: [{{product: product-{number:05d}}}]
"""


def _product(number: int, changed: bool) -> str:
    return f"""\
  product-{number:05d}:
    type: subscription
    duration: P1Y
    apple_product_id: app.example.{number:05d}.{("y1", "y2")[changed]}
    google_product_id: product_{number:05d}
    google_base_plan_id: y1
"""
