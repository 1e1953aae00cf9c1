"""Reads policies: their expressions, and the ready rules that they use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.errors import ConfigurationInvalid, Problem
from reconciler.model.policies import Policy
from reconciler.policies.checks import Wrong, variables
from reconciler.policies.expressions import Expression
from reconciler.policies.library import problem_of_given, read_rules

NO_RULE: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy whose expressions were found to be right. `names` are the variables that they use."""

    policy: Policy
    rule: Mapping[str, Any]
    require: Expression
    when: Expression | None
    alike: Expression | None
    names: frozenset[str]

    def is_about(self, kind: str, file: str) -> bool:
        """Whether it holds for resources of a kind in a file; a file that is not known may be anywhere."""
        folder = f"{self.policy.folder}/" if self.policy.folder else ""
        return (not self.policy.kinds or kind in self.policy.kinds) and (not file or file.startswith(folder))

    def condition(self) -> str:
        """When it applies."""
        return self.when.source if self.when else "true"


def load(policies: Iterable[Policy]) -> list[Loaded]:
    """The policies, with their expressions compiled. ConfigurationInvalid with all that is wrong in them."""
    every = [_load(policy) for policy in policies]
    if problems := [each for each in every if isinstance(each, Problem)]:
        raise ConfigurationInvalid(problems)
    return [each for each in every if isinstance(each, Loaded)]


def _load(policy: Policy) -> Loaded | Problem:
    if (policy.rule or policy.given) and (problem := problem_of_given(policy.rule, policy.given)):
        return policy.problem(*problem)
    rule, key, found = NO_RULE, "", dict[str, Expression]()
    if policy.rule:
        rule = read_rules()[policy.rule]
        given = {name: each.get("default") for name, each in rule["with"].items()} | dict(policy.given)
        kinds, message = policy.kinds or tuple(rule["kinds"]), policy.message or rule["message"]
        policy = replace(policy, kinds=kinds, message=message, given=given)
    names = variables(policy.kinds, tuple(policy.given) if rule else None)
    try:
        for key, source in _sources(policy, rule):
            found[key] = Expression(source, names, is_condition=key != "alike")
    except Wrong as wrong:
        return policy.problem(key, str(wrong), wrong.at)
    used = frozenset[str]().union(*(each.names for each in found.values()))
    if policy.ratchet and "change" in used:
        return policy.problem("ratchet", "the policy judges changes, which no base has; expected no ratchet")
    return Loaded(policy, rule, found["require"], found.get("both", found.get("when")), found.get("alike"), used)


def _sources(policy: Policy, rule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The expressions of a policy, by key. If it narrows its rule, both conditions have to be true."""
    if when := policy.when or rule.get("when"):
        yield "when", when
    if policy.when and rule:
        yield "both", f"({rule['when']}) && ({policy.when}\n)"
    yield "require", rule.get("require", policy.require)
    if "alike" in rule:
        yield "alike", rule["alike"]
