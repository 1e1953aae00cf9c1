"""Each key of `expect`, `given`, `run`, `faults` and `at`: met, and not met."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import SETTINGS, Rehearsed

MOVED = 'change: {report.daily: {send_at: "10:00"}}'
GONE = "change: {integration.safe: null}"
MET = {
    "nothing to do": "expect: {summary: {unchanged: 6, unmanaged: 0}, refused: [], warnings: [], changes: {'*': null}}",
    "exit": f"{GONE}\nexpect: {{exit: 5}}",
    "summary": f"{MOVED}\nexpect: {{summary: {{update: 1, unchanged: 5}}}}",
    "an action": f"{MOVED}\nexpect: {{changes: {{report.daily: update, 'report.app-*': null}}}}",
    "fields": f"{MOVED}\nexpect: {{changes: {{report.daily: {{send_at: '10:00'}}}}}}",
    "a local time": "given: empty\nexpect: {changes: {report.app-go: {send_at: 09:00 Europe/Berlin}}}",
    "its UTC time": "given: empty\nexpect: {changes: {'report.app-*': {send_at: '08:00'}}}",
    "deep fields": "change: {automation.welcome: {data: {actions: {push: p2}}}}\n"
    "expect: {changes: {automation.welcome: {data.actions.push: p2}}}",
    "refused": f"{GONE}\nexpect: {{refused: prevent_destroy}}",
    "refused by name": f"{GONE}\nrun: apply\n"
    "expect: {exit: 5, refused: [prevent-destroy], requests: {'DELETE /*': 0}}",
    "a short list": "faults: ['GET /automations: omit 1']\nexpect: {refused: list_incomplete}",
    "requests": "run: apply\ngiven: empty\nexpect: {requests: {POST /integrations: 2, 'POST /integrations/*': 1}}",
    "patterns of methods": "expect: {requests: {'P* /*': 0, '*integrations/x': 0, '*': 5}}",
    "what a change takes away": "change: {automation.welcome: null}\nexpect: {changes: {automation.welcome: delete}}",
    "then": f"{MOVED}\nexpect: {{then: empty}}",
    "then of an apply": "run: apply\ngiven: empty\nexpect: {summary: {create: 6}, then: empty}",
    "given live objects": "given: [{integration: {title: Hook, integration: webhooks, target_platform: iOS, "
    "status: active}},"
    "{report: {id: wbRlfw1x, report_name: Old, destinations: [{type: target_integration, id: int-wh-01}]}}]\n"
    "expect: {summary: {create: 5, adopt: 1, unmanaged: 1}, changes: {integration.hook: adopt}}",
    "two that could be meant": "given: [{automation: {name: Welcome}}, {automation: {name: Welcome}}]\n"
    "expect: {refused: [identity-ambiguous]}",
    "a key in the configuration": "change: {automation.welcome: {name: sk_reconciler_test}}\n"
    "expect: {refused: key-exposed}",
    "a fault that passes": f"{MOVED}\nrun: apply\nfaults: ['PUT /*: status 503 twice']\n"
    "expect: {requests: {'PUT /*': 3}, then: empty}",
    "a lost answer": "run: apply\ngiven: empty\nfaults: ['POST /scheduled-reports: drop after, n=1']\n"
    "expect: {requests: {POST /scheduled-reports: 3}, then: empty}",
    "a fault that stays": f"{MOVED}\nrun: apply\nfaults: ['PUT /*: status 500']\nexpect: {{exit: 1}}",
    "applied in part": "run: apply\ngiven: empty\nfaults: ['POST /automations: status 422']\nexpect: {exit: 6}",
    "a key without rights": "faults: ['GET /*: status 403']\nexpect: {exit: 4}",
    "hours in no time": "faults: ['GET /*: delay 9000']\nexpect: {summary: {}}",
    "the night of the clocks": "at: 2027-03-27T12:00Z\n"
    "expect: {summary: {update: 2}, changes: {report.app-go: {send_at: '07:00'}}}",
    "an ordinary day in summer": "at: 2027-07-01T12:00Z\nexpect: {summary: {}}",
    "a warning": "change: {automation.welcome: {caption: x, lifecycle: {ignore_changes: "
    "[{field: caption, until: 2026-01-01, reason: r}]}}}\nexpect: {warnings: caption}",
}
UNMET: dict[str, tuple[str, dict[str, tuple[Any, Any]]]] = {
    "exit": ("expect: {exit: 5}", {"exit": (5, 0)}),
    "an error that nobody expects": (f"{GONE}\nexpect: {{}}", {"exit": (0, 5)}),
    "summary": (f"{MOVED}\nexpect: {{summary: {{}}}}", {"summary.update": (0, 1)}),
    "an action": (
        f"{MOVED}\nexpect: {{changes: {{report.daily: delete}}}}",
        {"changes.report.daily": ("delete", "update")},
    ),
    "no action": ("expect: {changes: {report.daily: update}}", {"changes.report.daily": ("update", None)}),
    "one too many": (f"{MOVED}\nexpect: {{changes: {{'report.*': null}}}}", {"changes.report.*": (None, "update")}),
    "a value": (
        f"{MOVED}\nexpect: {{changes: {{report.daily: {{send_at: '11:00'}}}}}}",
        {"changes.report.daily": ({"send_at": "11:00"}, {"send_at": "10:00"})},
    ),
    "a field that stays": (
        f"{MOVED}\nexpect: {{changes: {{report.daily: {{status: draft}}}}}}",
        {"changes.report.daily": ({"status": "draft"}, {"status": "(no change; what changes: send_at)"})},
    ),
    "refused": (f"{GONE}\nexpect: {{refused: vanished}}", {"refused": (["vanished"], ["prevent-destroy"])}),
    "not refused": ("expect: {refused: vanished, exit: 0}", {"refused": (["vanished"], [])}),
    "warnings": ("expect: {warnings: [nothing]}", {"warnings": (["nothing"], [])}),
    "requests": ("expect: {requests: {GET /automations: 2, 'POST /*': 0}}", {"requests.GET /automations": (2, 1)}),
    "then": (
        "change: {integration.safe: {title: Other}}\nexpect: {summary: {manual: 1}, then: empty}",
        {"then": ("empty", {"integration.safe": "manual"})},
    ),
    "given": (
        "given: [{automation: {id: a1, name: A}}, {automation: {id: a1, name: B}}]\nexpect: {}",
        {
            "given": (
                [{"automation": {"id": "a1", "name": "A"}}, {"automation": {"id": "a1", "name": "B"}}],
                "The id a1 is or was in use",
            )
        },
    ),
    "a fault that stays": (
        f"{MOVED}\nrun: apply\nfaults: ['PUT /*: status 503']\nexpect: {{requests: {{'PUT /*': 3}}}}",
        {"exit": (0, 1), "requests.PUT /*": (3, 5)},
    ),
    "another day": ("at: 2027-03-28T12:00Z\nexpect: {summary: {update: 2}}", {"summary.update": (2, 0)}),
}


@pytest.mark.parametrize("case", MET.values(), ids=MET)
def test_an_expectation_is_met(tested: Rehearsed, case: str) -> None:
    """The test passes."""
    tested.met(case)


@pytest.mark.parametrize(("case", "unmet"), UNMET.values(), ids=UNMET)
def test_an_expectation_is_not_met(tested: Rehearsed, case: str, unmet: dict[str, tuple[Any, Any]]) -> None:
    """The test fails for this reason, and for no other."""
    assert tested.unmet(case) == unmet


def test_what_a_run_ended_with_is_told(tested: Rehearsed) -> None:
    """The reason why a run did not succeed stands beside what was not met."""
    assert "protected by prevent_destroy" in tested.one(f"{GONE}\nexpect: {{exit: 0}}")["error"]


def test_a_closed_kind_refuses_by_its_name(tested: Rehearsed) -> None:
    """The name of a kind may have an underscore."""
    named = "{name: Paywall, context_key: main, segment_percent: 100, payload: {}}"
    tested.write(f"remote_configs: {{paywall: {named}}}", "remote.yaml")
    tested.met("change: {remote_config.paywall: null}\nexpect: {refused: 'delete:remote_config'}")


@pytest.mark.parametrize(
    "case",
    [
        "run: apply\nexpect: {refused: frozen, requests: {'PUT /*': 0}}",
        "expect: {exit: 0, summary: {update: 1}, then: empty}",
        "run: apply\nat: 2026-12-31T12:00Z\nexpect: {exit: 0, then: empty}",
    ],
)
def test_a_freeze_refuses_an_apply_and_no_plan(tested: Rehearsed, case: str) -> None:
    """The configuration that a test begins with was applied, although the freeze had begun."""
    tested.write(f"{SETTINGS}    freeze: [{{from: 2026-12-20, to: 2026-12-30, reason: holidays}}]\n", "reconciler.yaml")
    at = "" if "at:" in case else "at: 2026-12-24T12:00Z\n"
    tested.met(f"change: {{automation.welcome: {{name: Hi}}}}\n{at}{case}")
