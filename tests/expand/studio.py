"""A studio of 8 apps: 24 integrations and 200 reports, written out one by one, and as a few that are many."""

from __future__ import annotations

APPS = ("chess", "go", "poker", "sudoku", "golf", "darts", "bridge", "rummy")
STORES = {"ios": "iOS", "android": "Android", "stripe": "Stripe"}
TOPICS = {"revenue": 1, "trials": 1, "refunds": 3, "churn": 7, "cohorts": 7}
REGIONS = {"us": "14:00", "eu": "07:30", "in": "03:30", "jp": "00:00", "br": "12:00"}

SETTINGS = """\
environments:
  sandbox: {variables: {prefix: "[test] ", events: sandbox}}
  production: {variables: {prefix: "", events: production}}
"""


def written_out() -> str:
    """Four lines a resource, as short as they can be without `for_each`."""
    lines = ["integrations:"]
    for app in APPS:
        for store, platform in STORES.items():
            lines += [
                f"  {app}-{store}:",
                f'    title: "${{var.prefix}}{app} {store}"',
                f"    target_platform: {platform}",
                "    integration: webhooks",
            ]
    lines.append("reports:")
    for topic, days in TOPICS.items():
        for app in APPS:
            for region, hour in REGIONS.items():
                lines += [
                    f"  {topic}-{app}-{region}:",
                    f'    {{report_name: "${{var.prefix}}{topic} {app} {region}", send_at: "{hour}", status: active,',
                    f'    included_range_days: {days}, environment: "${{var.events}}",',
                    f"    destinations: [{{integration: {app}-ios}}, {{integration: {app}-android}}]}}",
                ]
    return "\n".join([*lines, ""])


def as_many() -> str:
    """The same with `for_each`, `key` and `defaults`."""
    topics = "\n".join(f"        - {{key: {key}, days: {days}}}" for key, days in TOPICS.items())
    regions = "\n".join(f'        - {{key: {key}, hour: "{hour}"}}' for key, hour in REGIONS.items())
    stores = "\n".join(f"        - {{key: {key}, platform: {platform}}}" for key, platform in STORES.items())
    return f"""\
defaults:
  integrations: {{integration: webhooks}}
  reports: {{status: active, environment: "${{var.events}}"}}
integrations:
  store:
    for_each:
      app: "${{var.apps}}"
      store:
{stores}
    key: "${{each.app}}-${{each.store}}"
    title: "${{var.prefix}}${{each.app}} ${{each.store}}"
    target_platform: "${{each.store.platform}}"
reports:
  daily:
    for_each:
      topic:
{topics}
      app: "${{var.apps}}"
      region:
{regions}
    key: "${{each.topic}}-${{each.app}}-${{each.region}}"
    report_name: "${{var.prefix}}${{each.topic}} ${{each.app}} ${{each.region}}"
    send_at: "${{each.region.hour}}"
    included_range_days: "${{each.topic.days}}"
    destinations: [{{integration: "${{each.app}}-ios"}}, {{integration: "${{each.app}}-android"}}]
"""


def settings_of_many() -> str:
    """The settings with the apps, once for every environment."""
    return f"variables: {{apps: [{', '.join(APPS)}]}}\n{SETTINGS}"
