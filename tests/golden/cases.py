"""A handful of plans that between them hold every action, cause and impact, names that mean harm, and none at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.reports import Scope
from reconciler.plan.guards import Options

Json = dict[str, Any]

HOSTILE = (
    "x\n::error::no ##[group]y\x1b[31m <script>alert(1)</script></details><!-- --> "
    "| a | ![i](https://evil.example/a.png) @team #1 ``` `tick` &amp; %0A \u202egnp.exe"
)


@dataclass(frozen=True)
class Case:
    """A project and what is planned for it.

    `live` are the records as (collection, fields) with fixed ids; `before` is applied first and must write nothing
    (it adopts), so that there is a memory; then `edits` (collection, id, fields; None: removed) are somebody else's;
    then `after` is planned. `scopes` stand in for what a base would tell.
    """

    live: tuple[tuple[str, Json], ...] = ()
    before: str = ""
    edits: tuple[tuple[str, str, Json | None], ...] = ()
    after: str = ""
    settings: str = ""
    options: Options = field(default_factory=Options)
    key: str = "sk_golden"
    scopes: Mapping[str, Scope] = field(default_factory=dict)


def integration(object_id: str, title: str, provider: str = "webhooks", **fields: Any) -> tuple[str, Json]:
    """An integration as the API holds it."""
    return "integrations", {
        "id": object_id,
        "title": title,
        "integration": provider,
        "target_platform": "iOS",
        "active": 1,
        **fields,
    }


def report(object_id: str, name: str, *targets: str, **fields: Any) -> tuple[str, Json]:
    """A report as the API holds it."""
    destinations = [{"type": "target_integration", "id": target} for target in targets]
    return "scheduled-reports", {
        "id": object_id,
        "report_name": name,
        "send_at": "09:00",
        "included_range_days": 1,
        "status": "active",
        "environment": "production",
        "destinations": destinations,
        "created_at": "2026-01-01T00:00:00Z",
        **fields,
    }


def automation(object_id: str, name: str, data: Any = None, **fields: Any) -> tuple[str, Json]:
    """An automation as the API holds it."""
    data = data or {"platform": "iOS", "initiators": [{"uid": "2", "type": "event"}], "actions": {"push": "nCRUE7SW"}}
    return "automations", {"id": object_id, "name": name, "caption": "", "status": "active", "data": data, **fields}


SLACK = "  slack: {title: Team, integration: slack, target_platform: iOS, status: active}\n"
HOOK = "  hook: {title: Release alerts, integration: webhooks, target_platform: iOS, status: active}\n"
DAILY = """\
  daily:
    report_name: Daily Revenue
    send_at: "09:00"
    included_range_days: 1
    status: active
    environment: production
    destinations: [{integration: slack}]
"""
WELCOME = """\
  welcome:
    name: Welcome
    status: active
    data: {platform: iOS, initiators: [{uid: "2", type: event}], actions: {push: nCRUE7SW}}
"""


def a_report(key: str, name: str, integration_key: str, **fields: str) -> str:
    """The YAML of a report."""
    written = {
        "send_at": '"09:00"',
        "included_range_days": "1",
        "status": "active",
        "environment": "production",
        "destinations": f"[{{integration: {integration_key}}}]",
        **fields,
    }
    return (
        f"  {key}: {{report_name: {name}, " + ", ".join(f"{name}: {value}" for name, value in written.items()) + "}\n"
    )


EMPTY = Case(
    live=(integration("int-1", "Team", "slack"), report("rep-1", "Daily Revenue", "int-1"), automation("aut-9", "Old")),
    before=f"integrations:\n{SLACK}reports:\n{DAILY}",
    after=f"integrations:\n{SLACK}reports:\n{DAILY}",
)

FIRST = Case(
    after=f"integrations:\n{SLACK}{HOOK.replace(', status: active', '')}reports:\n{DAILY}automations:\n{WELCOME}",
    settings="time_zone: Europe/Berlin\n",
)

ALL = Case(
    live=(
        integration("int-1", "Team", "slack"),
        integration("int-2", "Release alerts"),
        integration("int-3", "Events", "amplitude", last_delivery_at="2026-03-05T08:01:00Z"),
        integration("int-4", "Mail", "mailchimp"),
        integration("int-9", "Somebody's", "mixpanel"),
        report("rep-1", "Daily Revenue", "int-1"),
        report("rep-2", "Weekly", "int-2", send_at="07:30", included_range_days=7),
        report("rep-3", "Night", "int-2", send_at="23:30"),
        report("rep-4", "Noon", "int-1", send_at="12:00", status="draft"),
        report("rep-5", "Kept", "int-1"),
        report("rep-6", "Found", "int-1", send_at="10:00"),
        report("rep-7", "Asleep", "int-1"),
        automation("aut-1", "Welcome", caption="Words"),
        automation("aut-2", "Winback", status="paused"),
        automation("aut-9", "Old"),
    ),
    before="integrations:\n"
    + SLACK
    + HOOK
    + "  events: {title: Events, integration: amplitude, target_platform: iOS, status: active}\n"
    + "  mail: {title: Mail, integration: mailchimp, target_platform: iOS, status: active}\n"
    + "reports:\n"
    + DAILY
    + a_report("weekly", "Weekly", "hook", send_at='"07:30"', included_range_days="7")
    + a_report("night", "Night", "hook", send_at='"23:30"')
    + a_report("noon", "Noon", "slack", send_at='"12:00"', status="draft")
    + a_report("kept", "Kept", "slack")
    + a_report("asleep", "Asleep", "slack")
    + "automations:\n"
    + WELCOME.replace("status: active", "caption: Words\n    status: active"),
    edits=(
        ("integrations", "int-3", {"active": 2, "last_error_at": "2026-03-04T21:10:00Z", "last_error_message": "401"}),
        ("scheduled-reports", "rep-2", {"send_at": "08:00"}),
        ("automations", "aut-1", {"caption": "Somebody's words", "status": "inactive"}),
    ),
    after="integrations:\n"
    + SLACK
    + "  hook:\n    title: Releases\n    integration: webhooks\n    target_platform: iOS\n    status: active\n"
    + "    lifecycle: {replace: allow}\n"
    + "  events: {title: Events, integration: amplitude, target_platform: iOS, status: active}\n"
    + "  mail: {title: Post, integration: mailchimp, target_platform: iOS, status: active}\n"
    + "  adjust: {title: Adjust, integration: adjust, target_platform: Android}\n"
    + "reports:\n"
    + a_report("weekly", "Weekly", "hook", send_at='"07:30"', included_range_days="3")
    + a_report("night", "Night", "hook", send_at='"22:00"')
    + a_report("noon", "Noon", "slack", send_at='"12:00"')
    + a_report("found", "Found", "slack")
    + a_report("asleep", "Asleep", "slack", status="draft")
    + a_report("trial", "Trial", "slack", environment="sandbox")
    + "automations:\n"
    + WELCOME.replace("nCRUE7SW", "pQ3").replace("status: active", 'caption: "Our words"\n    status: active')
    + "  winback:\n    name: Winback\n    status: paused\n"
    + '    data: {platform: iOS, initiators: [{uid: "2", type: event}], actions: {push: nCRUE7SW}}\n'
    + "removed: [{from: report.kept, destroy: false}]\n",
    settings="time_zone: Europe/Berlin\n",
    scopes={
        "integration.hook": Scope.PULL_REQUEST,
        "report.daily": Scope.PULL_REQUEST,
        "report.night": Scope.PULL_REQUEST,
        "report.noon": Scope.PENDING,
        "integration.events": Scope.DRIFT,
        "automation.welcome": Scope.PULL_REQUEST,
    },
)

_LONG = "A caption that goes on and on. " * 20
NESTED = Case(
    live=(
        integration("int-1", "Team", "slack"),
        integration("int-2", "Release alerts"),
        report("rep-1", "Daily Revenue", "int-1"),
        automation(
            "aut-1",
            "Welcome",
            {
                "platform": "iOS",
                "initiators": [{"uid": str(number), "type": "event"} for number in range(1, 8)],
                "actions": {"push": "nCRUE7SW"},
                "delivery": {"hours": {"from": 9, "to": 17}, "days": ["mon", "tue"], "quiet": None},
            },
            caption="Short",
        ),
    ),
    before=f"integrations:\n{SLACK}{HOOK}reports:\n{DAILY}automations:\n"
    + WELCOME.partition("    data:")[0]
    + "    caption: Short\n    data:\n      platform: iOS\n      initiators:\n"
    + "".join(f'        - {{uid: "{number}", type: event}}\n' for number in range(1, 8))
    + "      actions: {push: nCRUE7SW}\n      delivery: {hours: {from: 9, to: 17}, days: [mon, tue]}\n",
    after=f"integrations:\n{SLACK}{HOOK}reports:\n"
    + DAILY.replace("[{integration: slack}]", "[{integration: slack}, {integration: hook}]")
    + "automations:\n"
    + WELCOME.partition("    data:")[0]
    + f"    caption: {_LONG.strip()}\n    data:\n      platform: Android\n      initiators:\n"
    + "".join(f'        - {{uid: "{number}", type: event}}\n' for number in (1, 2, 4, 5, 6, 7))
    + "      actions: {push: nCRUE7SW, screen: s1}\n"
    + "      delivery: {hours: {from: 8, to: 17}, days: [mon, tue, wed], windows: [{from: 1, to: 2}]}\n",
)

_QUOTED = '"' + HOSTILE.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\x1b", "\\e") + '"'
HARMFUL = Case(
    live=(
        integration("int-1", HOSTILE),
        integration("int-2", HOSTILE + "2", active=2, last_error_at=HOSTILE, last_error_message=HOSTILE),
        report("rep-1", HOSTILE, "int-1"),
        automation("aut-9", HOSTILE, caption=HOSTILE),
    ),
    before=f"integrations:\n  hook: {{title: {_QUOTED}, integration: webhooks, target_platform: iOS}}\n"
    + f'  two: {{title: {_QUOTED[:-1]}2", integration: webhooks, target_platform: iOS}}\n'
    + f"reports:\n{a_report('daily', _QUOTED, 'hook')}",
    after=f"integrations:\n  hook: {{title: {_QUOTED}, integration: webhooks, target_platform: iOS}}\n"
    + f'  two: {{title: {_QUOTED[:-1]}2", integration: webhooks, target_platform: iOS, status: active}}\n'
    + f"automations:\n  a: {{name: {_QUOTED}, caption: {_QUOTED}, status: active, data: {{{_QUOTED}: [{_QUOTED}]}}}}\n"
    + "imports: [{to: automation.a, id: aut-9}]\n",
)

REFUSED = Case(
    live=(integration("int-1", "Team", "slack"), report("rep-1", "Daily Revenue", "int-1")),
    before=f"integrations:\n{SLACK}reports:\n{DAILY}    lifecycle: {{prevent_destroy: true}}\n",
    after=f"integrations:\n{SLACK}",
    options=Options(max_deletes=0),
)

CLOCK = Case(
    live=(
        integration("int-1", "Team", "slack"),
        report("rep-1", "Morning", "int-1", send_at="07:00"),
        report("rep-2", "Later", "int-1", send_at="08:00"),
    ),
    before=f"integrations:\n{SLACK}reports:\n"
    + a_report("morning", "Morning", "slack", send_at='"09:00 Europe/Berlin"')
    + a_report("later", "Later", "slack", send_at='"10:00 Europe/Berlin"'),
    after=f"integrations:\n{SLACK}reports:\n"
    + a_report("morning", "Morning", "slack", send_at='"09:00 Europe/Berlin"')
    + a_report("later", "Later", "slack", send_at='"10:00 Europe/Berlin"')
    + a_report("new", "New", "slack", send_at='"09:00 Asia/Kolkata"'),
)

CASES = {
    "empty": EMPTY,
    "first": FIRST,
    "all": ALL,
    "nested": NESTED,
    "harmful": HARMFUL,
    "refused": REFUSED,
    "clock": CLOCK,
}
