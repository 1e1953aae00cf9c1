"""The policies stage: rules in CEL, judged on resources and on changes. A plan loads it only if there are policies.

Here are the ready rules, which a policy includes by `use: NAME`, as `rules.yaml` declares them. They are listed without
CEL, which may not be installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.model.policies import Policy
from reconciler.policies.checks import CelError
from reconciler.text import quote, suggest_similar
from reconciler.yaml import copy_plain, read

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@cache
def read_rules() -> Mapping[str, Mapping[str, Any]]:
    """The declarations by name. `with`: the values, each with a `default` if it may be left out, and an `example`."""
    (document,), _ = read(Path(__file__).with_name("rules.yaml").read_bytes(), "rules.yaml")
    rules = copy_plain(document.value)  # as plain maps and lists, which CEL takes
    return {name: {"when": "true", "kinds": [], "with": {}, **rule} for name, rule in rules.items()}


def with_rule(policy: Policy) -> tuple[Policy, Mapping[str, Any]]:
    """A policy with what it takes from its ready rule, and that rule; nothing if it uses none. CelError if it does so
    in a wrong way."""
    rules, name = read_rules(), policy.rule
    if not name and not policy.given:
        return policy, {}
    if name not in rules:
        close = suggest_similar(name, list(rules))
        text = f"there is no ready rule {quote(name)}{close}" if name else "expected only with `use`"
        raise CelError(text, key="use" if name else "with")
    rule, takes = rules[name], rules[name]["with"]
    for key, value in policy.given.items():
        if key not in takes:
            text = f"the rule {name} takes {', '.join(takes) or 'no values'}, and no {quote(key)}"
            raise CelError(text, key=f"with.{key}")
        example = takes[key]["example"]
        if type(value) is not type(example) or (isinstance(value, list) and not all(each in DAYS for each in value)):
            raise CelError(f"expected a value such as {example}", key=f"with.{key}")
    given = {key: each.get("default") for key, each in takes.items()} | dict(policy.given)
    if missing := [key for key, value in given.items() if value is None]:
        raise CelError(f"the rule {name} needs {missing[0]}; expected it below `with`", key="use")
    kinds, message = policy.kinds or tuple(rule["kinds"]), policy.message or rule["message"]
    return replace(policy, kinds=kinds, message=message, given=given), rule
