"""One project before and after a change of everything: each kind and each action that writes, and what is live then."""

from __future__ import annotations

from typing import Any

from .api import Api, Json

REPORT = 'send_at: "09:00", included_range_days: 1, status: active, environment: production'
DATA = 'platform: iOS, initiators: [{uid: "2", type: event}]'

BEFORE = f"""
integrations:
  alerts: {{title: Alerts, integration: webhooks, target_platform: iOS, status: active, lifecycle: {{replace: allow}}}}
  team: {{title: Team, integration: slack, target_platform: iOS, status: active}}
  broken: {{title: Broken, integration: webhooks, target_platform: Android, status: active}}
  leaving: {{title: Leaving, integration: webhooks, target_platform: iOS, status: active}}
reports:
  daily: {{report_name: Daily, {REPORT}, destinations: [{{integration: alerts}}]}}
  weekly: {{report_name: Weekly, {REPORT}, destinations: [{{integration: team}}]}}
  mover: {{report_name: Mover, {REPORT}, destinations: [{{integration: leaving}}, {{integration: team}}]}}
  dropped: {{report_name: Dropped, {REPORT}, destinations: [{{integration: leaving}}]}}
  lost: {{report_name: Lost, {REPORT}, destinations: [{{integration: team}}]}}
  old-key: {{report_name: Renamed, {REPORT}, destinations: [{{integration: team}}]}}
  same: {{report_name: Same, {REPORT}, destinations: [{{integration: team}}]}}
automations:
  flow: {{name: Flow, caption: One, status: active, data: {{{DATA}, actions: {{push: p1}}}}}}
  night: {{name: Night, status: active, data: {{{DATA}, actions: {{push: p1}}}}}}
  pausing: {{name: Pausing, caption: One, status: active, data: {{{DATA}, actions: {{push: p1}}}}}}
  gone: {{name: Gone, status: active, data: {{{DATA}, actions: {{push: p1}}}}}}
  let-go: {{name: Let go, status: active, data: {{{DATA}, actions: {{push: p1}}}}}}
  old-key: {{name: Still, status: active, data: {{{DATA}, actions: {{push: p1}}}}}}
"""

AFTER = f"""
integrations:
  alerts: {{title: Siren, integration: webhooks, target_platform: iOS, status: active, lifecycle: {{replace: allow}}}}
  team: {{title: Team, integration: slack, target_platform: iOS, status: paused}}
  broken: {{title: Broken, integration: webhooks, target_platform: Android, status: active}}
  fresh: {{title: Fresh, integration: amazon_s3, target_platform: iOS, status: active}}
  found: {{title: Found, integration: webhooks, target_platform: iOS, status: active}}
reports:
  daily: {{report_name: Daily, {REPORT}, destinations: [{{integration: alerts}}]}}
  weekly: {{report_name: Weekly, {REPORT.replace("09:00", "10:30")}, destinations: [{{integration: team}}]}}
  mover: {{report_name: Mover, {REPORT}, destinations: [{{integration: team}}]}}
  lost: {{report_name: Lost, {REPORT}, destinations: [{{integration: team}}]}}
  new-key: {{report_name: Renamed, {REPORT.replace("active", "draft")}, destinations: [{{integration: team}}]}}
  same: {{report_name: Same, {REPORT}, destinations: [{{integration: team}}]}}
  born: {{report_name: Born, {REPORT}, destinations: [{{integration: fresh}}, {{integration: alerts}}]}}
  found: {{report_name: Found, {REPORT}, destinations: [{{integration: found}}]}}
automations:
  flow: {{name: Flow, caption: Two, status: active, data: {{{DATA}, actions: {{push: p2}}}}}}
  night: {{name: Night, status: inactive, data: {{{DATA}, actions: {{push: p1}}}}}}
  pausing: {{name: Pausing, caption: Two, status: paused, data: {{{DATA}, actions: {{push: p1}}}}}}
  new-key: {{name: Still, status: active, data: {{{DATA}, actions: {{push: p1}}}}}}
  sleeper: {{name: Sleeper, status: paused, data: {{{DATA}, actions: {{push: p1}}}}}}
  runner: {{name: Runner, status: active, data: {{{DATA}, actions: {{screen: s1}}}}}}
moved:
  - {{from: report.old-key, to: report.new-key}}
  - {{from: automation.old-key, to: automation.new-key}}
removed:
  - {{from: automation.let-go, destroy: false}}
"""

WRITES = 24
"""The writes that lead from the one to the other."""
CREATES = 6
ACTIONS = frozenset({"create", "update", "replace", "delete", "adopt", "forget"})
"""All but `manual`, which is a person's."""

THEIRS = ("Theirs", "Twin", "Let go")
REPLACED, DELETED = "Alerts", ("Leaving", "Dropped", "Gone")
NEW = ("Siren", "Fresh", "Lost", "Born", "Sleeper", "Runner")

MANAGED = {
    "integrations": {
        "integration.alerts": ("Siren", "Webhooks", "iOS", 1),
        "integration.team": ("Team", "Slack", "iOS", 0),
        "integration.broken": ("Broken", "Webhooks", "Android", 1),
        "integration.fresh": ("Fresh", "Amazon S3", "iOS", 1),
        "integration.found": ("Found", "Webhooks", "iOS", 1),
    },
    "scheduled-reports": {
        "report.daily": ("Daily", "09:00", "active", ["Siren"]),
        "report.weekly": ("Weekly", "10:30", "active", ["Team"]),
        "report.mover": ("Mover", "09:00", "active", ["Team"]),
        "report.lost": ("Lost", "09:00", "active", ["Team"]),
        "report.new-key": ("Renamed", "09:00", "draft", ["Team"]),
        "report.same": ("Same", "09:00", "active", ["Team"]),
        "report.born": ("Born", "09:00", "active", ["Fresh", "Siren"]),
        "report.found": ("Found", "09:00", "active", ["Found"]),
    },
    "automations": {
        "automation.flow": ("Flow", "Two", "active", {"push": "p2"}),
        "automation.night": ("Night", "", "inactive", {"push": "p1"}),
        "automation.pausing": ("Pausing", "Two", "paused", {"push": "p1"}),
        "automation.new-key": ("Still", "", "active", {"push": "p1"}),
        "automation.sleeper": ("Sleeper", "", "paused", {"push": "p1"}),
        "automation.runner": ("Runner", "", "active", {"screen": "s1"}),
    },
}
"""Collection → address → what its object must be like."""


def furnish_before(api: Api) -> None:
    """What is live and of nobody here, or not yet."""
    hook = {"integration": "webhooks", "target_platform": "iOS"}
    found = api.dashboard("POST", "integrations", {"title": "Found", **hook, "active": 0})
    theirs = api.dashboard("POST", "integrations", {"title": "Theirs", **hook, "active": 2})
    plain = {"send_at": "09:00", "included_range_days": 1, "status": "active", "environment": "production"}
    for name, target in (("Found", found), ("Theirs", theirs), ("Twin", theirs), ("Twin", theirs)):
        destinations = [{"type": "target_integration", "id": target["id"]}]
        api.dashboard("POST", "scheduled-reports", {"report_name": name, **plain, "destinations": destinations})
    for name in ("Theirs", "Twin", "Twin"):
        data = {"platform": None, "actions": {"push": "theirs"}}
        api.dashboard("POST", "automations", {"name": name, "caption": "", "status": "active", "data": data})


def meddle(api: Api) -> None:
    """What happens outside before the change: an integration breaks, a report is deleted."""
    live = api.live()
    broken = next(each["id"] for each in live["integrations"] if each["title"] == "Broken")
    api.dashboard("PATCH", f"integrations/{broken}", {"active": 2, "last_error_message": "HTTP 500"})
    lost = next(each["id"] for each in live["scheduled-reports"] if each["report_name"] == "Lost")
    api.dashboard("DELETE", f"scheduled-reports/{lost}")


def name_of(record: Json) -> str:
    """What people call an object."""
    return str(record.get("title") or record.get("report_name") or record.get("name"))


def looks(live: dict[str, list[Json]]) -> dict[str, list[Any]]:
    """What the managed objects are like, in MANAGED's words: sorted by name, with what each object's id stands for."""
    titles = {each["id"]: each["title"] for each in live["integrations"]}
    found: dict[str, list[Any]] = {}
    for collection, records in live.items():
        ours = [each for each in records if name_of(each) not in THEIRS]
        found[collection] = sorted((_look(each, titles) for each in ours), key=lambda each: each[0])
    return found


def _look(record: Json, titles: dict[str, str]) -> tuple[Any, ...]:
    if "title" in record:
        return record["title"], record["integration"], record["target_platform"], record["active"]
    if "report_name" in record:
        targets = sorted(titles.get(each["id"], each["id"]) for each in record["destinations"])
        return record["report_name"], record["send_at"], record["status"], targets
    actions = {name: value for name, value in record["data"]["actions"].items() if value is not None}
    return record["name"], record["caption"], record["status"], actions
