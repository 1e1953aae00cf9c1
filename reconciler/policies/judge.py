"""Compiles policies, and judges them: on the resources of one environment, and on the changes of a plan."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.errors import ConfigurationInvalid, Location, Problem
from reconciler.kinds import KINDS
from reconciler.kinds.references import references
from reconciler.lazy import frozen
from reconciler.model.addresses import address_key
from reconciler.model.inputs import Desired, Live, Resource, State
from reconciler.model.plan import Change
from reconciler.model.policies import Policy, PolicyReport, Violation
from reconciler.policies import DAYS, with_rule
from reconciler.policies.checks import CelError, list_variables
from reconciler.policies.expressions import ConditionBatch, Expression

SECONDS = 60.0
"""How long the processor may judge one environment: the bound of what each evaluation's own bounds leave open."""
LARGEST = 100_000
"""Characters of a resource, on which the work of one evaluation depends."""
# What policies may name that are evaluated together: ready rules see more, and `change` is judged by itself.
PLAIN = frozenset({"resource", "address", "kind", "key", "environment", "file", "name", "lifecycle", "references"})
REFUSES, HOLDS, APPLIES_NOT = 0, 1, 2


@frozen
class Compiled:
    """A policy whose expressions were found to be right. `names` are the variables that they use; `condition` is the
    text of `when`."""

    policy: Policy
    rule: Mapping[str, Any]
    require: Expression
    when: Expression | None
    condition: str
    alike: Expression | None
    names: frozenset[str]

    def is_about(self, kind: str, file: str) -> bool:
        """Whether it holds for resources of a kind in a file; a file that is not known may be anywhere."""
        folder = f"{self.policy.folder}/" if self.policy.folder else ""
        return (not self.policy.kinds or kind in self.policy.kinds) and (not file or file.startswith(folder))


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
    """The policy with its expressions, those of its ready rule included. CelError with the key of the wrong one."""
    names = list_variables(policy.kinds, tuple(policy.given) if rule else None)
    # If a policy narrows its rule, both conditions have to be true.
    both = f"({rule['when']}) && ({policy.when}\n)" if rule and policy.when else ""
    every = {"when": policy.when or rule.get("when"), "both": both, "require": rule.get("require", policy.require)}
    every["alike"] = rule.get("alike")
    ours = {**rule, "both": both}
    texts = {key: text for key, text in every.items() if text}
    found = {key: Expression(text, names, key, is_ours=text == ours.get(key)) for key, text in texts.items()}
    used = frozenset[str]().union(*(each.names for each in found.values()))
    if policy.ratchet and "change" in used:
        raise CelError("the policy judges changes, which no base has; expected no ratchet", key="ratchet")
    when = found.get("both", found.get("when"))
    condition = when.source if when else "true"
    return Compiled(policy, rule, found["require"], when, condition, found.get("alike"), used)


class Judge:
    """Judges one environment. `now` is the command's clock in the readers' time zone."""

    def __init__(self, loaded: Sequence[Compiled], desired: Desired, environment: str, now: datetime) -> None:
        self._desired, self._environment, self._now = desired, environment, now
        self.on_resources = [each for each in loaded if "change" not in each.names]
        self._on_changes = [each for each in loaded if "change" in each.names]
        self.counts = {value: Counter({each.policy.name: 0 for each in loaded}) for value in range(3)}
        self.violations: list[Violation] = []
        self.problems: list[Problem] = []
        self._alike: dict[str, Counter[str]] = {}

    def judge_resources(self, seconds: float) -> None:
        """Judges every resource, for so many seconds of the processor at most."""
        self._start = time.monotonic(), time.thread_time()
        groups: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for each in self._desired.resources.values():
            groups[each.kind, each.file.rpartition("/")[0]].append(each)
        for (kind, _), resources in groups.items():
            if own := [each for each in self.on_resources if each.is_about(kind, resources[0].file)]:
                self._judge_alike(own, resources, seconds)

    def _judge_alike(self, own: Sequence[Compiled], resources: Sequence[Resource], seconds: float) -> None:
        """Judges resources that the same policies are about. The plain policies are evaluated together."""
        # Those with one condition stand side by side, since the batch asks for it once then.
        plain = sorted((each for each in own if not each.rule and each.names <= PLAIN), key=attrgetter("condition"))
        others, names = [each for each in own if each not in plain], {name for each in own for name in each.names}
        together = ConditionBatch([(each.condition, each.require.source) for each in plain], list_variables(()))
        seen: Counter[tuple[int, ...]] = Counter()
        for resource in resources:
            data = self.collect_values(resource, names)
            if len(str(resource.fields)) > LARGEST:
                message = f"the resource has more than {LARGEST:,} characters; no policy judges such a one"
                self.problems.append(own[0].policy.problem("require", message, address=resource.address))
                continue
            values = together.evaluate(data)
            seen[tuple(values or ())] += 1
            for each in (each for each, value in zip(plain, values or (), strict=False) if value == REFUSES):
                self._refuse(each, resource)
            for each in own if values is None else others:
                self.judge_one(each, resource, data)
            # The processor's time takes longer to ask for, and is no longer than that.
            if time.monotonic() - self._start[0] > seconds and time.thread_time() - self._start[1] > seconds:
                message = f"the policies take more than {seconds:g} seconds of the processor; expected fewer loops"
                raise ConfigurationInvalid([each.policy.problem("require", message) for each in others or own])
        for pattern, often in seen.items():
            for each, value in zip(plain, pattern, strict=False):
                self.counts[value][each.policy.name] += often

    def judge_changes(self, changes: Iterable[Change], live: Live, state: State) -> None:
        """Judges every change of a plan."""
        for change in changes if self._on_changes else ():
            resource, entry = self._desired.resources.get(change.address), state.entries.get(change.address)
            record = live.find(change.kind, change.id)
            before = dict(record.fields) if record else None
            described = {
                "action": change.action.value,
                "before": before,
                "after": dict(resource.fields) if resource else None,
                "fields": [each.path for each in change.fields],
                "causes": sorted({each.cause.value for each in change.fields}),
            }
            if resource is None:
                file, nowhere = entry.file if entry else "", Location("", 0, 0)
                resource = Resource(change.address, change.kind, before or {}, nowhere, file=file)
            own = [each for each in self._on_changes if each.is_about(change.kind, resource.file)]
            for each in own:
                self.judge_one(each, resource, self.collect_values(resource, each.names) | {"change": described})

    def judge_one(self, loaded: Compiled, resource: Resource, data: Mapping[str, Any]) -> int | None:
        """Whether a policy refuses a resource, holds, or does not apply; None if that cannot be told. It is noted."""
        try:
            data = {**data, **self._collect_given(loaded)}
            value = APPLIES_NOT
            if loaded.when is None or loaded.when.is_true(data):
                if loaded.alike:
                    counts = self._count_alike(loaded)
                    data["alike"] = max((counts[each] for each in loaded.alike.evaluate(data)), default=0)
                value = HOLDS if loaded.require.is_true(data) else REFUSES
        except CelError as wrong:
            self.problems.append(loaded.policy.problem(wrong.key, str(wrong), address=resource.address))
            return None
        self.counts[value][loaded.policy.name] += 1
        if value == REFUSES:
            self._refuse(loaded, resource)
        return value

    def collect_values(self, resource: Resource, needed: Collection[str]) -> dict[str, Any]:
        """The values of variables."""
        kind, fields, every = KINDS[resource.kind], dict(resource.fields), self._desired.resources
        data = _describe(resource) | {"resource": fields, "environment": self._environment}
        data["name"] = str(fields.get(kind.identity.name_field, ""))
        if "resources" in needed:
            data["resources"] = self._listed
        if "references" in needed:
            found = dict.fromkeys(each for each, *_ in references(kind, fields))
            data["references"] = [_describe(every[each]) for each in found if each in every]
        if "lifecycle" in needed:
            data["lifecycle"] = resource.lifecycle.written().get("lifecycle", {})
        return data

    @cached_property
    def _listed(self) -> list[dict[str, Any]]:
        return [_describe(each) for each in self._desired.resources.values()]

    def _collect_given(self, loaded: Compiled) -> dict[str, Any]:
        """What the expressions of a ready rule see beside the rest."""
        given: dict[str, Any] = {"with": dict(loaded.policy.given)} if loaded.rule else {}
        if loaded.rule.get("clock"):
            zone = loaded.policy.given["time_zone"]
            now = self._now.astimezone(ZoneInfo(zone)) if zone else self._now
            given["clock"] = {"day": DAYS[now.weekday()], "time": f"{now:%H:%M}"}
        return given

    def _count_alike(self, loaded: Compiled) -> Counter[str]:
        """How many resources to which a rule applies have each text of its `alike`."""
        if loaded.policy.name not in self._alike and loaded.alike and loaded.when:
            counts = self._alike[loaded.policy.name] = Counter()
            for each in self._desired.resources.values():
                if loaded.is_about(each.kind, each.file):
                    data = self.collect_values(each, loaded.names) | self._collect_given(loaded)
                    counts.update(set(loaded.alike.evaluate(data)) if loaded.when.is_true(data) else ())
        return self._alike[loaded.policy.name]

    def _refuse(self, loaded: Compiled, resource: Resource) -> None:
        """Notes a violation."""
        policy, made, today = loaded.policy, resource.instance, f"{self._now:%Y-%m-%d}"
        names = {resource.address, made.definition if made else ""}
        known = [each for each in policy.exceptions if each.address in names]
        excepted = next((each for each in known if each.until >= today), None)
        ended = next((each for each in known if each.until < today), None)
        place = resource.location if resource.location.file else policy.location
        about = (policy.name, policy.level, resource.address, policy.message, place, policy.location)
        self.violations.append(Violation(*about, str(made or ""), excepted, ended))


def judge(
    loaded: Sequence[Compiled],
    desired: Desired,
    environment: str,
    now: datetime,
    *,
    before: Desired | None = None,
    changes: Iterable[Change] = (),
    live: Live | None = None,
    state: State | None = None,
    only_changes: bool = False,
    seconds: float = SECONDS,
) -> PolicyReport:
    """What the policies say of an environment and of the changes of its plan. ConfigurationInvalid if some cannot be
    judged. `before` is what the environment wanted at the base, for the ratchets."""
    judged = Judge(loaded, desired, environment, now)
    if not only_changes:
        judged.judge_resources(seconds)
    judged.judge_changes(changes, live or Live({}), state or State(environment))
    if judged.problems:
        raise ConfigurationInvalid(judged.problems)
    found, ratchets = judged.violations, [each for each in judged.on_resources if each.policy.ratchet]
    if before is not None and ratchets:
        earlier = Judge(ratchets, before, environment, now)
        earlier.judge_resources(seconds)
        existed = {(each.policy, each.address) for each in earlier.violations}
        found = [_apply_ratchet(each, desired, before, existed) for each in found]
    used = {id(each) for violation in found for each in (violation.excepted, violation.ended)}
    every = ((each.policy.name, one) for each in judged.on_resources for one in each.policy.exceptions)
    unused = tuple((name, one) for name, one in every if id(one) not in used)
    excepted = tuple(each for each in found if each.excepted is not None)
    violations = tuple(each for each in found if each.excepted is None)
    return PolicyReport(violations, excepted, unused, judged.counts[HOLDS], judged.counts[REFUSES])


def _apply_ratchet(violation: Violation, now: Desired, before: Desired, existed: set[tuple[str, str]]) -> Violation:
    """A violation that the base has too: a warning if nothing of the resource was changed since."""
    if (violation.policy, violation.address) not in existed:
        return violation
    here, there = (each.resources[violation.address] for each in (now, before))
    same = (here.fields, here.lifecycle) == (there.fields, there.lifecycle)
    return replace(violation, level="warning", existed=True) if same else violation


VERDICTS = {REFUSES: "does not hold", HOLDS: "holds", APPLIES_NOT: "does not apply", None: "cannot be judged"}


def explain(
    loaded: Sequence[Compiled], desired: Desired, environment: str, now: datetime, address: str
) -> Iterator[tuple[str, Location]]:
    """What each policy about an address says of it and why, and the place of the policy."""
    judged, resource = Judge(loaded, desired, environment, now), desired.resources[address]
    for each in (each for each in judged.on_resources if each.is_about(resource.kind, resource.file)):
        value = judged.judge_one(each, resource, judged.collect_values(resource, each.names))
        why = (each.when if each.when and value == APPLIES_NOT else each.require).source
        if value == REFUSES and (found := judged.violations[-1].excepted):
            why += f"; excepted until {found.until}: {found.reason}"
        yield f"the policy {each.policy.name} {VERDICTS[value]}: {' '.join(why.split())}", each.policy.location


def _describe(resource: Resource) -> dict[str, Any]:
    """A resource as an item of a list."""
    key, fields = address_key(resource.address), dict(resource.fields)
    return {"address": resource.address, "kind": resource.kind, "key": key, "file": resource.file, "fields": fields}
