"""A configuration with twins, and where its reports go."""

from __future__ import annotations

from world import Json, World

TWINS = """
    integrations:
      ios: {title: Alerts, integration: webhooks, target_platform: iOS}
      android: {title: Alerts, integration: webhooks, target_platform: Android}
    """
REPORTS = """
    reports:
      ios: &report
        report_name: Apple
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: ios}]
      android: {<<: *report, report_name: Google, destinations: [{integration: android}]}
    """
ONE = """
    integrations:
      ios: {title: Alerts, integration: webhooks, target_platform: iOS}
    reports:
      ios:
        report_name: Apple
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [%s]
    """


def sent_to(world: World) -> dict[str, list[str]]:
    """Name of a report → ids of its destinations."""
    reports = world.live("scheduled-reports")
    return {each["report_name"]: [item["id"] for item in each["destinations"]] for each in reports}


def ids(world: World) -> dict[str, str]:
    """Platform → id, of the integrations."""
    return {each["target_platform"]: each["id"] for each in world.live("integrations")}


def results(document: Json) -> dict[str, Json]:
    """Address → how it ended."""
    return {each["address"]: each for each in document["results"]}
