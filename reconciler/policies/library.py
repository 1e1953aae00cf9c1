"""The ready rules, which a policy includes by `use: NAME`, as `rules.yaml` declares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.model.policies import Policy
from reconciler.text import closest, quote
from reconciler.yaml import read

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@cache
def read_rules() -> Mapping[str, Mapping[str, Any]]:
    """The declarations by name. `with`: the values, each with a `default` if it may be left out, and an `example`."""
    (document,), _ = read(Path(__file__).with_name("rules.yaml").read_bytes(), "rules.yaml")
    return {name: {"when": "true", "kinds": [], "with": {}, **_plain(rule)} for name, rule in document.value.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def with_rule(policy: Policy) -> tuple[Policy, Mapping[str, Any]]:
    """A policy with what it takes from its ready rule, and that rule; nothing if it uses none."""
    if not policy.rule:
        return policy, {}
    rule = read_rules()[policy.rule]
    given = {name: each.get("default") for name, each in rule["with"].items()} | dict(policy.given)
    kinds, message = policy.kinds or tuple(rule["kinds"]), policy.message or rule["message"]
    return replace(policy, kinds=kinds, message=message, given=given), rule


def problem_of_given(name: str, given: Mapping[str, Any]) -> tuple[str, str] | None:
    """The key of a policy that is wrong about its ready rule, and why; None if none is."""
    rules = read_rules()
    if name not in rules:
        close = closest(name, list(rules))
        return ("use", f"there is no ready rule {quote(name)}{close}") if name else ("with", "expected only with `use`")
    takes = rules[name]["with"]
    for key, value in given.items():
        if key not in takes:
            return f"with.{key}", f"the rule {name} takes {', '.join(takes) or 'no values'}, and no {quote(key)}"
        example = takes[key]["example"]
        if type(value) is not type(example) or (isinstance(value, list) and not all(each in DAYS for each in value)):
            return f"with.{key}", f"expected a value such as {example}"
    missing = next((key for key, each in takes.items() if "default" not in each and key not in given), "")
    return ("use", f"the rule {name} needs {missing}; expected it below `with`") if missing else None
