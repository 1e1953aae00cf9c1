"""All problems of a run at once, and what a message never does."""

from __future__ import annotations

import re

import pytest

from .conftest import Folder, written

WRONG = {
    "a.yaml": """\
        integrations:
          Release Alerts: {title: A, integration: slack, target_platform: iOS}
          one: {title: B, integration: slack, target_platform: ios}
          two: {title: B, integration: slack, target_platform: ios, status: 1}
        reports:
          daily:
            report_name: ""
            send_at: 09:10
            included_range_days: "1"
            status: actve
            environment: !env production
            destinations: [{integration: daily}, {integration: on}, {}]
            color: red
        """,
    "b/more.yaml": """\
        reports:
          daily: {}
          weekly: *nothing
        automations:
          a: &a {name: A, status: active, data: {self: *a}}
          b: {name: A, status: active, status: paused, data: {}}
          c: {name: C, caption: 5, lifecycle: {replace: true}, status: active, data: {}}
        removed: [{from: automation.c, destroy: false}]
        report: {}
        """,
    "c.yaml": b"reports: \xff\n",
    "d.yaml": "reports:\n  x: [1\n",
    "reconciler.yaml": "guards: {max_delete: 1}\n",
}
FOUND = [
    'a.yaml:2:3: "Release Alerts" cannot be a key',
    'a.yaml:3:56: integration.one: target_platform: found the text "ios"',
    'a.yaml:4:3: integration.two has the same integration "slack", target_platform "ios", title "B"',
    'a.yaml:4:56: integration.two: target_platform: found the text "ios"',
    "a.yaml:4:69: integration.two: status: found the number 1",
    "a.yaml:7:18: report.daily: report_name: is empty",
    'a.yaml:8:14: report.daily: send_at: found the text "09:10"',
    'a.yaml:9:26: report.daily: included_range_days: found the text "1"',
    'a.yaml:10:13: report.daily: status: found the text "actve"',
    "a.yaml:11:18: unknown tag !env",
    'a.yaml:12:34: report.daily: destinations[0].integration: "daily" is a report',
    "a.yaml:12:61: report.daily: destinations[2]: is empty",
    'a.yaml:13:5: report.daily: unknown key "color"',
    "b/more.yaml:2:3: report.daily is written a second time",
    'b/more.yaml:2:3: report.daily: "destinations" is missing',
    'b/more.yaml:2:3: report.daily: "environment" is missing',
    'b/more.yaml:2:3: report.daily: "included_range_days" is missing',
    'b/more.yaml:2:3: report.daily: "report_name" is missing',
    'b/more.yaml:2:3: report.daily: "send_at" is missing',
    'b/more.yaml:2:3: report.daily: "status" is missing',
    "b/more.yaml:3:11: unknown alias *nothing",
    "b/more.yaml:5:48: recursive alias *a: it stands inside its own anchor",
    'b/more.yaml:6:3: automation.b has the same name "A" as automation.a',
    'b/more.yaml:6:32: duplicate key "status"',
    "b/more.yaml:7:25: automation.c: caption: found the number 5",
    "b/more.yaml:7:49: automation.c: lifecycle.replace: found the value true",
    "b/more.yaml:8:18: removed: from: automation.c is still in the configuration",
    'b/more.yaml:9:1: unknown key "report"',
    "c.yaml:1:10: not UTF-8: byte 0xff",
    'd.yaml:2:6: this "[" is not closed',
    'reconciler.yaml:1:10: guards: unknown key "max_delete"',
]


def test_every_problem_of_a_run_at_once(folder: Folder) -> None:
    """Problems of all files and all sorts come together, by file and line, each with what was expected or to do."""
    for name, text in WRONG.items():
        folder.write(text, name)
    problems = folder.problems()
    assert len(problems) == len(FOUND)
    for problem, begins in zip(problems, FOUND, strict=True):
        assert problem.startswith(begins)
        assert re.search("; (expected|save) ", problem), problem


def test_an_alias_that_brings_nothing_is_one_problem(folder: Folder) -> None:
    """A misspelled merge is not also a list of missing fields; the next resource is checked as ever."""
    folder.write("""\
        x-base: &base {status: active, data: {}}
        automations:
          a: {<<: *bass, name: A}
          b: {<<: *base}
    """)
    assert folder.problems() == [
        "main.yaml:3:11: unknown alias *bass; expected an anchor &bass before it; did you mean *base?",
        'main.yaml:4:3: automation.b: "name" is missing; expected a text of 1 to 255 characters',
    ]


def test_an_alias_bomb_is_a_problem(folder: Folder) -> None:
    """A few lines that expand to billions of values end at once, with one message."""
    lines = ["x-0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    folder.write("\n".join(lines))
    (problem,) = folder.problems()
    assert re.fullmatch(
        r"main\.yaml:\d+:\d+: alias \*a\d expands to too many values; "
        "expected at most 1000000 through aliases in a configuration",
        problem,
    )


def test_numbers_that_json_does_not_have(folder: Folder) -> None:
    """NaN and the infinities are refused where they stand, once."""
    folder.write(written("reports", report_name=".nan", included_range_days=".inf"))
    said = "expected a finite number, or the text in quotes"
    assert folder.problems() == [
        f"main.yaml:3:18: JSON has no such number as .nan; {said}",
        f"main.yaml:4:26: JSON has no such number as .inf; {said}",
    ]


KEYS = ["sk_live_Abc123", "test_sk_Abc123", "Bearer sk_Abc123"]


@pytest.mark.parametrize("key", KEYS)
def test_a_pasted_key_is_never_printed(folder: Folder, key: str) -> None:
    """Whatever a Secret Key is pasted into, messages show that one was there, and not which."""
    folder.write(
        f"""\
        "{key}": {{}}
        integrations: {{"{key}": {{}}}}
        reports:
          a: {{status: "{key}", destinations: [{{integration: "{key}"}}, {{type: "{key}", id: "{key}"}}], "{key}": 1}}
        automations:
          b: {{status: "{key}", lifecycle: {{ignore_changes: ["{key}"]}}, name: {{"{key}": 1}}, "{key}": 1, "{key}": 2}}
        moved: [{{from: "{key}", to: "report.{key}"}}]
        imports: [{{to: report.sk_live_abc123, id: "{key}"}}, {{to: report.a, id: "{key}"}}]
        """
    )
    folder.write(f'environments: {{"{key}": {{secret_env: "{key}", api_url: "{key}"}}}}', "reconciler.yaml")
    text = "\n".join(folder.problems())
    assert "(a secret key, not shown)" in text
    assert "abc123" not in text.lower()


def test_nothing_acts_on_the_terminal(folder: Folder) -> None:
    """Control characters, line breaks and direction marks of a value or a key are shown as escapes."""
    evil = "\\e[2J\\n\\r\\u202e\\u2028\\x9b\\0"
    folder.write(f'"{evil}": 1\n' + written("reports", f'"a{evil}"', status=f'"{evil}"', **{f'"{evil}"': "1"}))
    problems = folder.problems()
    assert len(problems) == 4
    assert 'found the text "\\u001b[2J\\n\\r\\u202e\\u2028\\u009b\\u0000"' in problems[2]
    assert all(each.isprintable() for each in problems)


def test_long_values_are_cut(folder: Folder) -> None:
    """A message stays a message, whatever was pasted."""
    long = "x" * 800
    folder.write(written("reports", long, status=long, send_at="9" * 400, **{long: "1"}) + f"{long}: 1\n")
    folder.write(f"imports: [{{to: report.{long}y, id: {long}}}]\n", "i.yaml")
    problems = folder.problems()
    assert len(problems) == 5
    assert max(map(len, problems)) < 400
