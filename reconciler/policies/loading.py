"""Reads policies: their expressions, and the ready rules that they use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.errors import ConfigurationInvalid
from reconciler.lazy import frozen
from reconciler.model.policies import Policy
from reconciler.policies.checks import CelError, variables
from reconciler.policies.expressions import Expression
from reconciler.policies.library import with_rule


@frozen
class Compiled:
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


def load(policies: Iterable[Policy]) -> list[Compiled]:
    """The policies, with their expressions compiled. ConfigurationInvalid with all that is wrong in them."""
    loaded, problems = [], []
    for policy in policies:
        try:
            loaded.append(_load(*with_rule(policy)))
        except CelError as error:
            problems.append(policy.problem(error.key, str(error), error.at))
    if problems:
        raise ConfigurationInvalid(problems)
    return loaded


def _load(policy: Policy, rule: Mapping[str, Any]) -> Compiled:
    names = variables(policy.kinds, tuple(policy.given) if rule else None)
    # If a policy narrows its rule, both conditions have to be true.
    both = f"({rule['when']}) && ({policy.when}\n)" if rule and policy.when else ""
    every = {"when": policy.when or rule.get("when"), "both": both, "require": rule.get("require", policy.require)}
    every["alike"] = rule.get("alike")
    ours = {**rule, "both": both}
    found = {
        key: Expression(each, names, key, is_ours=bool(each == ours.get(key))) for key, each in every.items() if each
    }
    used = frozenset[str]().union(*(each.names for each in found.values()))
    if policy.ratchet and "change" in used:
        raise CelError("the policy judges changes, which no base has; expected no ratchet", key="ratchet")
    return Compiled(policy, rule, found["require"], found.get("both", found.get("when")), found.get("alike"), used)
