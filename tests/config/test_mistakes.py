"""Mistakes that new users make: what the first line on stderr says, for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pytest

from reconciler.cli.main import run

from .conftest import Folder

SOUND = """\
integrations:
  alerts:
    title: Alerts
    integration: webhooks
    target_platform: iOS
reports:
  daily:
    report_name: Daily
    send_at: 09:00
    included_range_days: 1
    status: active
    environment: production
    destinations:
      - integration: alerts
automations:
  welcome:
    name: Welcome
    status: active
    data: {platform: iOS, initiators: [{uid: "2", type: event}], actions: {push: p1}}
"""
SETTINGS = """\
environments:
  sandbox: {variables: {prefix: "[test] "}}
  production: {variables: {prefix: ""}}
"""


META = "lifecycle, for_each, exclude, only_in, key"


class Mistake(NamedTuple):
    """What somebody does, the first line that is said, and the path that is asked for.

    `what` are files beside the sound `main.yaml` (None: not there), or a text in that and what is written in its place.
    """

    title: str
    what: tuple[str, str] | Mapping[str, str | None]
    said: str
    path: str = ""


MISTAKES = [
    Mistake(
        "an empty folder",
        {
            "main.yaml": None,
            "README.md": "Reports\n",
        },
        ".: there is no *.yaml in this folder; expected the folder of a configuration",
    ),
    Mistake(
        "a misspelt folder",
        {
            "main.yaml": None,
            "reports/main.yaml": SOUND,
        },
        'repots: does not exist; expected a folder or a file of YAML; did you mean "reports"?',
        "repots",
    ),
    Mistake(
        "the folder below",
        {
            "main.yaml": None,
            "app/main.yaml": SOUND,
            "app/reconciler.yaml": SETTINGS,
        },
        ".: there is no reconciler.yaml in this folder; expected the folder app, which has reconciler.yaml",
    ),
    Mistake(
        "the folder above",
        {
            "main.yaml": None,
            "app/main.yaml": SOUND,
            "reconciler.yaml": SETTINGS,
        },
        "app: there is no reconciler.yaml in this folder; expected the folder ., which has reconciler.yaml",
        "app",
    ),
    Mistake(
        "one of several folders",
        {
            "main.yaml": None,
            "a/main.yaml": SOUND,
            "a/reconciler.yaml": SETTINGS,
            "b/reconciler.yaml": SETTINGS,
        },
        ".: there is no reconciler.yaml in this folder; expected one of the folders a, b, which have it",
    ),
    Mistake(
        "settings that end in yml",
        {
            "reconciler.yml": SETTINGS,
        },
        "reconciler.yml: is not read; expected the name reconciler.yaml",
    ),
    Mistake(
        "the settings in place of the folder",
        {
            "reconciler.yaml": SETTINGS,
        },
        "reconciler.yaml: holds settings; expected the folder it is in, or a file of resources",
        "reconciler.yaml",
    ),
    Mistake(
        "one file of several",
        {
            "other.yaml": "reports:\n",
        },
        "main.yaml: is one file of a configuration (other.yaml is beside it); expected the folder .",
        "main.yaml",
    ),
    Mistake(
        "Docker Compose beside it",
        {
            "docker-compose.yml": "services:\n  web: {image: nginx, ports: [80:80]}\nvolumes: {a: }\nnetworks: {b: }\n",
        },
        "docker-compose.yml: is a file of Docker Compose; expected it outside of this folder, or below a hidden one",
    ),
    Mistake(
        "a workflow beside it",
        {
            "ci/build.yml": "name: Build\non: push\ndefaults: {run: {shell: bash}}\njobs: {a: {runs-on: x}}\n",
        },
        "ci/build.yml: is a file of GitHub Actions; expected it outside of this folder, or below a hidden one",
    ),
    Mistake(
        "a template of Kubernetes",
        {
            "deploy.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n{{- if .x }}\nspec: 1\n",
        },
        "deploy.yaml: is a file of Kubernetes; expected it outside of this folder, or below a hidden one",
    ),
    Mistake(
        "MkDocs with its tags",
        {
            "mkdocs.yml": "site_name: Docs\nplugins: [!!python/name:a.b ]\n",
        },
        "mkdocs.yml: is a file of MkDocs; expected it outside of this folder, or below a hidden one",
    ),
    Mistake(
        "other YAML only",
        {
            "main.yaml": None,
            "mkdocs.yml": "site_name: Docs\n",
            "api.yaml": "openapi: 3.1.0\npaths: {}\n",
        },
        ".: the YAML here is no configuration (api.yaml, mkdocs.yml); expected another folder",
    ),
    Mistake(
        "settings among resources",
        {
            "more.yaml": SETTINGS,
        },
        'more.yaml:1:1: "environments" is a setting; expected it in reconciler.yaml, in the folder of the '
        "configuration",
    ),
    Mistake(
        "resources that are a list",
        {
            "main.yaml": "reports:\n  - report_name: Daily\n",
        },
        "main.yaml:2:3: reports: found a list; expected a map of reports by keys of yours",
    ),
    Mistake(
        "a section of another name",
        ("reports:\n", "scheduled_reports:\n"),
        'main.yaml:6:1: unknown key "scheduled_reports"; expected one of integrations, reports, segments, '
        "automations, products, entitlements, remote_configs, "
        'moved, removed, imports, defaults, or x-… for anchors; did you mean "reports"?',
    ),
    Mistake(
        "a section with a capital",
        ("integrations:\n", "Integrations:\n"),
        'main.yaml:1:1: unknown key "Integrations"; expected one of integrations, reports, segments, '
        "automations, products, entitlements, remote_configs, "
        'moved, removed, imports, defaults, or x-… for anchors; did you mean "integrations"?',
    ),
    Mistake(
        "a resource outside of its section",
        ("reports:\n  daily:\n", "reports:\ndaily:\n"),
        'main.yaml:7:1: "daily" has the fields of a report; expected it below reports:, indented',
    ),
    Mistake(
        "no key of a resource",
        {
            "main.yaml": "reports:\n  report_name: Daily\n  send_at: 09:00\n",
        },
        "main.yaml:2:3: the fields report_name, send_at stand directly below reports:; expected a key of "
        "yours between, for example my-report:",
    ),
    Mistake(
        "a last field one level too far left",
        ("    data: {", "  data: {"),
        'main.yaml:19:3: the field data stands beside the key "welcome"; expected it below that key, indented further',
    ),
    Mistake(
        "a field two levels too far left",
        ("    data: {", "data: {"),
        'main.yaml:19:1: "data" is a field of an automation; expected it below the key "welcome", indented',
    ),
    Mistake(
        "a field one level too far left",
        ("    send_at: 09:00", "  send_at: 09:00"),
        "main.yaml:9:3: this line is further left than the next one; expected 4 spaces before it",
    ),
    Mistake(
        "a field too far right",
        ("    send_at: 09:00", "      send_at: 09:00"),
        "main.yaml:9:7: this line is further right than the one before it; expected 4 spaces before it",
    ),
    Mistake(
        "a tab",
        ("    send_at: 09:00", "\tsend_at: 09:00"),
        "main.yaml:9:1: a tab is used as indentation; expected spaces",
    ),
    Mistake(
        "a space that is none",
        ("    send_at: 09:00", "  \xa0 send_at: 09:00"),
        "main.yaml:9:3: a character that looks like a space is used as indentation; expected spaces",
    ),
    Mistake(
        "a conflict of git",
        ("    send_at: 09:00\n", "<<<<<<< HEAD\n    send_at: 09:00\n=======\n    send_at: 10:00\n>>>>>>> later\n"),
        "main.yaml:9:1: git left a conflict in this file; expected one of the two sides, without the lines "
        "of <<<<<<<, ======= and >>>>>>>",
    ),
    Mistake(
        "brackets in a name",
        ("report_name: Daily", "report_name: [test] Revenue"),
        'main.yaml:8:18: text that begins with "[" must be in quotes; expected "[test] Revenue"',
    ),
    Mistake(
        "brackets in a name within braces",
        {
            "main.yaml": "reports:\n  daily: {send_at: 09:00, report_name: [test] Revenue, status: draft}\n",
        },
        'main.yaml:2:40: text that begins with "[" must be in quotes; expected "[test] Revenue"',
    ),
    Mistake(
        "brackets in a name within braces over several lines",
        {
            "main.yaml": "reports: {daily: {\n  data: {a: 1}, report_name: [test] Revenue,\n  status: draft}}\n",
        },
        'main.yaml:2:30: text that begins with "[" must be in quotes; expected "[test] Revenue"',
    ),
    Mistake(
        "a variable within braces",
        {
            "main.yaml": "reports:\n  daily: {report_name: Daily ${var.app} now, send_at: 09:00}\n",
        },
        'main.yaml:2:24: text with "${" must be in quotes within brackets; expected "Daily ${var.app} now"',
    ),
    Mistake(
        "a variable within square brackets",
        {
            "main.yaml": "reports:\n  daily:\n    for_each: {app: [chess, ${var.app}]}\n",
        },
        'main.yaml:3:29: text with "${" must be in quotes within brackets; expected "${var.app}"',
    ),
    Mistake(
        "no comma after a list within braces",
        {
            "main.yaml": "automations:\n  flow: {data: {initiators: [] platform: iOS}}\n",
        },
        'main.yaml:2:16: this "{" is not closed, or a comma is missing; expected "," between entries and "}" at the '
        "end",
    ),
    Mistake(
        "a template in a name",
        ("report_name: Daily", "report_name: {{ prefix }} Daily"),
        'main.yaml:8:18: text that begins with "{" must be in quotes; expected "{{ prefix }} Daily"',
    ),
    Mistake(
        "a colon in a name",
        ("report_name: Daily", "report_name: Daily: Revenue"),
        'main.yaml:8:23: ": " is not allowed here; expected the text in quotes if ": " is part of it, or a new line',
    ),
    Mistake(
        "an at sign in a name",
        ("report_name: Daily", "report_name: @team Daily"),
        'main.yaml:8:18: a value cannot begin with "@"; expected it in quotes',
    ),
    Mistake(
        "a quote that is not closed",
        ("report_name: Daily", 'report_name: "Daily'),
        "main.yaml:8:18: this quote is closed in line 19 only; expected the same quote at the end of the text",
    ),
    Mistake(
        "a quote within quotes",
        ("report_name: Daily", "report_name: 'The team's Daily'"),
        "main.yaml:8:18: text follows the closing quote; expected quotes around the whole text, and '' for "
        "one within it",
    ),
    Mistake(
        "no space after the colon",
        ("send_at: 09:00", "send_at:09:00"),
        "main.yaml:9:5: no value follows this; expected `key: value`, with a space after the colon",
    ),
    Mistake(
        "an equals sign",
        ("send_at: 09:00", "send_at = 09:00"),
        "main.yaml:9:5: no value follows this; expected `key: value`, with a space after the colon",
    ),
    Mistake(
        "a time without a colon",
        ("send_at: 09:00", "send_at: 0600"),
        "main.yaml:9:14: report.daily: send_at: found the number 600; expected a UTC time on the 30-minute "
        'grid, "00:00" to "23:30"; did you mean "06:00"?',
    ),
    Mistake(
        "a time off the grid",
        ("send_at: 09:00", "send_at: 09:10"),
        'main.yaml:9:14: report.daily: send_at: found the text "09:10"; expected a UTC time on the 30-minute '
        'grid, "00:00" to "23:30"; did you mean "09:00" or "09:30"?',
    ),
    Mistake(
        "a time with one digit",
        ("send_at: 09:00", "send_at: 9:00"),
        'main.yaml:9:14: report.daily: send_at: found the text "9:00"; expected a UTC time on the 30-minute '
        'grid, "00:00" to "23:30"; did you mean "09:00"?',
    ),
    Mistake(
        "a misspelt value",
        ("    status: active\n    environment", "    status: actve\n    environment"),
        'main.yaml:11:13: report.daily: status: found the text "actve"; expected one of draft, active; did '
        'you mean "active"?',
    ),
    Mistake(
        "a name in small letters",
        ("target_platform: iOS", "target_platform: ios"),
        'main.yaml:5:22: integration.alerts: target_platform: found the text "ios"; expected one of iOS, '
        'Android, Stripe; did you mean "iOS"?',
    ),
    Mistake(
        "a number in quotes",
        ("included_range_days: 1", 'included_range_days: "1"'),
        'main.yaml:10:26: report.daily: included_range_days: found the text "1"; expected one of 1, 3, 7; '
        "write it without quotes",
    ),
    Mistake(
        "text without quotes that is a number",
        ("report_name: Daily", "report_name: 2027"),
        "main.yaml:8:18: report.daily: report_name: found the number 2027; expected a text of 1 to 255 "
        "characters; write it in quotes",
    ),
    Mistake(
        "a field of another kind",
        ("report_name: Daily", "name: Daily"),
        'main.yaml:8:5: report.daily: unknown key "name"; expected one of report_name, send_at, '
        f'included_range_days, status, environment, destinations, {META}; did you mean "report_name"?',
    ),
    Mistake(
        "a lifecycle field outside of lifecycle",
        ("    send_at: 09:00\n", "    send_at: 09:00\n    prevent_destroy: true\n"),
        'main.yaml:10:5: report.daily: unknown key "prevent_destroy"; expected one of report_name, send_at, '
        f"included_range_days, status, environment, destinations, {META}; did you mean "
        '"lifecycle.prevent_destroy"?',
    ),
    Mistake(
        "a loop of another tool",
        ("    report_name: Daily\n", "    foreach: {app: [a]}\n    report_name: Daily\n"),
        'main.yaml:8:5: report.daily: unknown key "foreach"; expected one of report_name, send_at, '
        f"included_range_days, status, environment, destinations, {META}"
        '; did you mean "for_each"?',
    ),
    Mistake(
        "a loop with hyphens",
        ("    report_name: Daily\n", "    for-each: {app: [a]}\n    report_name: Daily\n"),
        'main.yaml:8:5: report.daily: unknown key "for-each"; expected one of report_name, send_at, '
        f"included_range_days, status, environment, destinations, {META}"
        '; did you mean "for_each"?',
    ),
    Mistake(
        "a loop over a list",
        ("    report_name: Daily\n", "    for_each: [a, b]\n    report_name: Daily\n"),
        "main.yaml:8:15: report.daily: for_each: found a list; expected a map of lists by names of yours, "
        "for example {app: [chess, go]}",
    ),
    Mistake(
        "an environment that is no list",
        ("    report_name: Daily\n", "    only_in: default\n    report_name: Daily\n"),
        'main.yaml:8:14: report.daily: only_in: found the text "default"; expected a list; did you mean [default]?',
    ),
    Mistake(
        "yes for true",
        ("    send_at: 09:00\n", "    send_at: 09:00\n    lifecycle: {prevent_destroy: yes}\n"),
        'main.yaml:10:34: report.daily: lifecycle.prevent_destroy: found the text "yes"; expected true or '
        "false; did you mean true?",
    ),
    Mistake(
        "a key with a capital and a space",
        ("  daily:", "  Daily Revenue:"),
        'main.yaml:7:3: "Daily Revenue" cannot be a key; expected small letters, digits, - and _, a letter '
        'or digit first; did you mean "daily-revenue"?',
    ),
    Mistake(
        "a destination without its list",
        ("      - integration: alerts", "      integration: alerts"),
        "main.yaml:14:7: report.daily: destinations: found a map of integration; expected a list of "
        "`integration: KEY` or `{type: target_integration, id: ID}` (or `label: LABEL`), at least one; "
        'write "- " before each item',
    ),
    Mistake(
        "a destination that is a name",
        ("    destinations:\n      - integration: alerts", "    destinations: [alerts]"),
        'main.yaml:13:20: report.daily: destinations[0]: found the text "alerts"; expected {integration: …} '
        "or {type: target_integration, id: …} or {type: target_integration, label: …}; "
        "did you mean {integration: alerts}?",
    ),
    Mistake(
        "a reference to what is not there",
        ("- integration: alerts", "- integration: alert"),
        'main.yaml:14:22: report.daily: destinations[0].integration: there is no integration "alert"; '
        'expected the key of an integration of this configuration; did you mean "alerts"?',
    ),
    Mistake(
        "a misspelt provider",
        ("integration: webhooks", "integration: slak"),
        'main.yaml:4:18: integration.alerts: integration: found the text "slak"; expected one of amplitude, '
        "appmetrica, facebook, firebase, mixpanel, posthog, segment, searchads, adjust, appsflyer, branch, "
        "kochava, singular, split_metrics, asapty, tenjin, amazon_s3, google_cloud_storage, slack, webhooks, "
        'braze, clevertap, mailchimp, onesignal, pushwoosh; did you mean "slack"?',
    ),
    Mistake(
        "a provider's title",
        ("integration: webhooks", "integration: Slack"),
        'main.yaml:4:18: integration.alerts: integration: found the text "Slack"; expected one of amplitude, '
        "appmetrica, facebook, firebase, mixpanel, posthog, segment, searchads, adjust, appsflyer, branch, "
        "kochava, singular, split_metrics, asapty, tenjin, amazon_s3, google_cloud_storage, slack, webhooks, "
        'braze, clevertap, mailchimp, onesignal, pushwoosh; did you mean "slack"?',
    ),
    Mistake(
        "initiator for initiators",
        ("initiators:", "initiator:"),
        'main.yaml:19:27: automation.welcome: data: unknown key "initiator"; expected one of platform, '
        'initiators, actions, segments; did you mean "initiators"?',
    ),
    Mistake(
        "an event without quotes",
        ('uid: "2"', "uid: 2"),
        "main.yaml:19:46: automation.welcome: data.initiators[0].uid: found the number 2; expected a text; "
        "write it in quotes",
    ),
    Mistake(
        "a variable of another tool",
        ("report_name: Daily", 'report_name: "${prefix} Daily"'),
        'main.yaml:8:18: "${prefix}" is no variable; expected ${var.NAME} (a plain ${ is written $${)',
    ),
    Mistake(
        "a variable that is not set",
        {
            "main.yaml": SOUND.replace("report_name: Daily", 'report_name: "${var.prefx} Daily"'),
            "reconciler.yaml": SETTINGS,
        },
        'main.yaml:8:18: the variable "prefx" is not set; expected a value under variables of the '
        'environment in reconciler.yaml; did you mean "prefix"?',
    ),
    Mistake(
        "a key that stands twice",
        ("    send_at: 09:00\n", "    send_at: 09:00\n    send_at: 10:00\n"),
        'main.yaml:10:5: duplicate key "send_at"; it is written first at line 9; expected it once',
    ),
    Mistake(
        "an alias without an anchor",
        ("    send_at: 09:00\n", "    <<: *daily\n"),
        "main.yaml:9:9: unknown alias *daily; expected an anchor &daily before it",
    ),
    Mistake(
        "a move that is no list",
        ("automations:\n", "moved: {from: report.a, to: report.daily}\nautomations:\n"),
        'main.yaml:15:8: moved: found a map of from, to; expected a list; write "- " before each item',
    ),
    Mistake(
        "an address with the section",
        ("automations:\n", "removed: [{from: reports.a, destroy: false}]\nautomations:\n"),
        'main.yaml:15:18: removed: from: found the text "reports.a"; expected the address it had, for '
        'example report.daily-revenue; did you mean "report.a"?',
    ),
    Mistake(
        "a key in the settings",
        {
            "reconciler.yaml": "environments: {production: {secret_env: sk_live_abc}}\n",
        },
        'reconciler.yaml:1:41: environments.production.secret_env: found the text "(a secret key, not '
        'shown)"; expected the name of the variable that holds the Secret Key, never the key itself, for '
        "example QONVERSION_SECRET",
    ),
    Mistake(
        "a misspelt time zone",
        {
            "reconciler.yaml": "time_zone: Europe/Berln\n",
        },
        'reconciler.yaml:1:12: "Europe/Berln" is no time zone; expected an IANA name, for example '
        'Europe/Berlin; did you mean "Europe/Berlin"?',
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=[each.title for each in MISTAKES])
def test_a_mistake_is_one_problem(
    folder: Folder, mistake: Mistake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever follows from it is not told; a plan says the same as validate; both end with exit code 3."""
    monkeypatch.setenv("QONVERSION_SECRET", "sk_test")
    what = mistake.what if isinstance(mistake.what, Mapping) else {"main.yaml": SOUND.replace(*mistake.what)}
    files = {"main.yaml": SOUND, **what}
    for name, text in files.items():
        if text is not None:
            folder.write(text.encode(), name)
    monkeypatch.chdir(folder.path)
    has_settings = any(text == SETTINGS and "reconciler" in name for name, text in what.items())
    environment = ["-e", "production"] if has_settings else []
    for arguments in (["validate"], ["plan", "--api-url", "simulator:simulator.db", *environment]):
        assert run([*arguments, mistake.path or "."]) == 3
        out, err = capsys.readouterr()
        lines = err.splitlines()
        assert (out, lines[0], lines[-1]) == ("", mistake.said, "error: 1 problem in the configuration")


def test_there_are_forty() -> None:
    """And each is told in its own way, or at its own place."""
    assert len({each.said for each in MISTAKES}) >= 40


@pytest.mark.parametrize("provider", ["hubspot", "slack_v2"])
def test_a_provider_that_the_documents_do_not_name(
    folder: Folder, provider: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API may have newer ones: offline it is a warning, and a plan asks the catalogue, which names its own."""
    monkeypatch.setenv("QONVERSION_SECRET", "sk_test")
    folder.write(SOUND.replace("webhooks", provider))
    code, lines = folder.validate()
    assert code == 0
    assert lines[0] == (
        f'warning: main.yaml:4:5: integration.alerts: integration: the documents do not name "{provider}"; '
        "a plan asks the API for it"
    )
    assert run(["plan", "--api-url", f"simulator:{folder.path}/simulator.db", str(folder.path)]) == 3
    said = capsys.readouterr().err
    assert f'main.yaml:2:3: integration.alerts: the catalogue of the API has no provider "{provider}"; expected' in said
    assert "slack, split_metrics" in said


def test_an_environment_of_the_folder_above(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder below a configuration is told as that, and not as an environment that is not there."""
    folder.write(SETTINGS, "reconciler.yaml")
    (folder.path / "empty").mkdir()
    assert run(["plan", "-e", "production", str(folder.path / "empty")]) == 3
    said = capsys.readouterr().err
    assert "empty: there is no reconciler.yaml in this folder; expected the folder " in said
