"""Judges policies: on the resources of one environment, and on the changes of a plan."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.errors import Location
from reconciler.kinds import KINDS
from reconciler.kinds.references import references
from reconciler.model.inputs import Desired, Live, Resource, State
from reconciler.model.plan import Change
from reconciler.model.policies import Fault, NotJudged, Policy, PolicyReport, Violation
from reconciler.policies.checks import Wrong, variables
from reconciler.policies.expressions import Expression, Together
from reconciler.policies.library import DAYS, RULES, Rule, problem_of_given

SECONDS = 60.0
"""How long the processor may judge one environment: the bound of what each evaluation's own bounds leave open."""
LONGEST_TEXT = 100_000
PLAIN = frozenset({"resource", "address", "kind", "key", "environment", "file", "name"})
REFUSES, HOLDS, APPLIES_NOT = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy whose expressions were found to be right. `names` are the variables that they use, `given` the values of
    the ready rule."""

    policy: Policy
    rule: Rule | None
    given: Mapping[str, Any]
    require: Expression
    when: Expression | None
    alike: Expression | None
    names: frozenset[str]

    def is_about(self, kind: str, file: str) -> bool:
        """Whether it holds for resources of a kind in a file; a file that is not known may be anywhere."""
        folder = f"{self.policy.folder}/" if self.policy.folder else ""
        return (not self.policy.kinds or kind in self.policy.kinds) and (not file or file.startswith(folder))


def load(policies: Iterable[Policy]) -> list[Loaded]:
    """The policies, with their expressions compiled. NotJudged with all that is wrong in them."""
    loaded: list[Loaded] = []
    faults: list[Fault] = []
    for policy in policies:
        made = _load(policy)
        (faults if isinstance(made, Fault) else loaded).append(made)  # type: ignore[arg-type] # each to its own
    if faults:
        raise NotJudged(faults)
    return loaded


def _load(policy: Policy) -> Loaded | Fault:
    rule, given = RULES.get(policy.rule), dict(policy.given)
    if policy.rule or policy.given:
        key, message = problem_of_given(policy.rule, given)
        if message:
            return Fault(policy, key, message)
    if rule:
        given = {name: each.default for name, each in rule.given.items()} | given
        policy = replace(policy, kinds=policy.kinds or rule.kinds, message=policy.message or rule.message)
    names = variables(policy.kinds, tuple(given) if rule else None)
    found: dict[str, Expression] = {}
    key = ""
    try:
        for key, source in _sources(policy, rule):
            found[key] = Expression(source, names, is_condition=key != "alike")
    except Wrong as wrong:
        return Fault(policy, key, str(wrong), wrong.at)
    used = frozenset[str]().union(*(each.names for each in found.values()))
    if policy.ratchet and "change" in used:
        return Fault(policy, "ratchet", "the rule judges changes, which no base has; expected no ratchet")
    when = found.get("both", found.get("when"))
    return Loaded(policy, rule, given, found["require"], when, found.get("alike"), used)


def _sources(policy: Policy, rule: Rule | None) -> Iterator[tuple[str, str]]:
    """The expressions of a policy, by key. Both conditions of a rule that is narrowed hold together."""
    if policy.when or rule:
        yield "when", policy.when or (rule.when if rule else "")
    if policy.when and rule:
        yield "both", f"({rule.when}) && ({policy.when}\n)"
    yield "require", rule.require if rule else policy.require
    if rule and rule.alike:
        yield "alike", rule.alike


@dataclass(slots=True)
class _Group:
    """The policies about the resources of a kind in a folder: those that are evaluated together, and `others`. `seen`:
    what the first ones were, and how often."""

    plain: list[Loaded]
    others: list[Loaded]
    together: Together
    seen: Counter[tuple[int, ...]] = field(default_factory=Counter)


class Judge:
    """Judges one environment. `now` is the command's clock in the readers' time zone."""

    def __init__(self, loaded: Sequence[Loaded], desired: Desired, environment: str, now: datetime) -> None:
        self._desired = desired
        self._environment = environment
        self._now = now
        self.on_resources = [each for each in loaded if "change" not in each.names]
        self._on_changes = [each for each in loaded if "change" in each.names]
        self.counts = {value: Counter({each.policy.name: 0 for each in loaded}) for value in range(3)}
        self.violations: list[Violation] = []
        self.faults: list[Fault] = []
        self._groups: dict[tuple[str, str], _Group] = {}
        self._alike: dict[str, Counter[str]] = {}

    def judge_resources(self, seconds: float) -> None:
        """Judges every resource, for so many seconds of the processor at most."""
        end = time.thread_time() + seconds
        for resource in self._desired.resources.values() if self.on_resources else ():
            group = self._group(resource)
            own = [*group.plain, *group.others]
            data = self.data(resource, own)
            if own and _longest(data["resource"]) > LONGEST_TEXT:
                said = f"a text has more than {LONGEST_TEXT:,} characters; policies judge no such resource"
                self.faults.append(Fault(own[0].policy, "require", said, address=resource.address))
                continue
            for each in self._judge_together(group, resource, data):
                self.judge_one(each, resource, data)
            if time.thread_time() > end:
                self.faults.append(self._slowest(own, data, seconds))
                break
        for group in self._groups.values():
            for pattern, often in group.seen.items():
                for each, value in zip(group.plain, pattern, strict=True):
                    self.counts[value][each.policy.name] += often

    def _judge_together(self, group: _Group, resource: Resource, data: Mapping[str, Any]) -> list[Loaded]:
        """Judges the plain policies at once. Gives those that are left."""
        values = group.together.values(data) if group.plain else ()
        if values is None:
            return [*group.plain, *group.others]
        group.seen[tuple(values)] += 1
        for each, value in zip(group.plain, values, strict=True) if REFUSES in values else ():
            if value == REFUSES:
                self._refuse(each, resource)
        return group.others

    def judge_changes(self, changes: Iterable[Change], live: Live, state: State) -> None:
        """Judges every change of a plan."""
        for change in changes if self._on_changes else ():
            resource, entry = self._desired.resources.get(change.address), state.entries.get(change.address)
            record = live.records.get(change.kind, {}).get(change.id or "")
            before = dict(record.fields) if record else None
            if resource is None:
                place = Location("", 0, 0)
                resource = Resource(change.address, change.kind, before or {}, place, file=entry.file if entry else "")
                after = None
            else:
                after = dict(resource.fields)
            described = {
                "action": change.action.value,
                "before": before,
                "after": after,
                "fields": [each.path for each in change.fields],
                "causes": sorted({each.cause.value for each in change.fields}),
            }
            own = [each for each in self._on_changes if each.is_about(change.kind, resource.file)]
            data = self.data(resource, own) | {"change": described}
            for each in own:
                self.judge_one(each, resource, data)

    def judge_one(self, loaded: Loaded, resource: Resource, data: Mapping[str, Any]) -> int | None:
        """Whether a policy refuses a resource, holds, or does not apply; None if that cannot be told. It is noted."""
        key = "when"
        try:
            data = {**data, **self._given(loaded)}
            value = HOLDS if loaded.when is None or loaded.when.condition(data) else APPLIES_NOT
            key = "require"
            if value == HOLDS:
                if loaded.alike:
                    counts = self._count_alike(loaded)
                    data["alike"] = max((counts[each] for each in loaded.alike.value(data)), default=0)
                value = HOLDS if loaded.require.condition(data) else REFUSES
        except Wrong as wrong:
            self.faults.append(Fault(loaded.policy, key, str(wrong), address=resource.address))
            return None
        self.counts[value][loaded.policy.name] += 1
        if value == REFUSES:
            self._refuse(loaded, resource)
        return value

    def _group(self, resource: Resource) -> _Group:
        key = resource.kind, resource.file.rpartition("/")[0]
        if key not in self._groups:
            own = [each for each in self.on_resources if each.is_about(resource.kind, resource.file)]
            plain = [each for each in own if each.rule is None and each.names <= PLAIN]
            pairs = [(each.when.source if each.when else "true", each.require.source) for each in plain]
            others = [each for each in own if each not in plain]
            self._groups[key] = _Group(plain, others, Together(pairs, variables(())))
        return self._groups[key]

    def data(self, resource: Resource, own: Sequence[Loaded]) -> dict[str, Any]:
        """The values of the variables that some policies use."""
        needed = frozenset[str]().union(*(each.names for each in own))
        kind, fields = KINDS[resource.kind], dict(resource.fields)
        data = _describe(resource) | {"resource": fields, "environment": self._environment}
        data["name"] = str(fields.get(kind.name_field, ""))
        if "resources" in needed:
            data["resources"] = self._listed
        if "references" in needed:
            found, every = dict.fromkeys(each for each, *_ in references(kind, fields)), self._desired.resources
            data["references"] = [_describe(every[each]) for each in found if each in every]
        if "lifecycle" in needed:
            data["lifecycle"] = resource.lifecycle.written().get("lifecycle", {})
        return data

    @cached_property
    def _listed(self) -> list[dict[str, Any]]:
        return [_describe(each) for each in self._desired.resources.values()]

    def _given(self, loaded: Loaded) -> dict[str, Any]:
        """What the expressions of a ready rule see beside the rest."""
        given: dict[str, Any] = {"with": dict(loaded.given)} if loaded.rule else {}
        if loaded.rule and loaded.rule.clock:
            zone = loaded.given["time_zone"]
            now = self._now.astimezone(ZoneInfo(zone)) if zone else self._now
            given["clock"] = {"day": DAYS[now.weekday()], "time": f"{now:%H:%M}"}
        return given

    def _count_alike(self, loaded: Loaded) -> Counter[str]:
        """How many resources to which a rule applies have each text of its `alike`."""
        if loaded.policy.name not in self._alike and loaded.alike and loaded.when:
            counts = self._alike[loaded.policy.name] = Counter()
            for each in self._desired.resources.values():
                if loaded.is_about(each.kind, each.file):
                    data = self.data(each, [loaded]) | self._given(loaded)
                    counts.update(set(loaded.alike.value(data)) if loaded.when.condition(data) else ())
        return self._alike[loaded.policy.name]

    def _refuse(self, loaded: Loaded, resource: Resource) -> None:
        """Notes a violation."""
        policy, instance, today = loaded.policy, resource.instance, f"{self._now:%Y-%m-%d}"
        names = {resource.address, instance.definition if instance else ""}
        known = [each for each in policy.exceptions if each.address in names]
        self.violations.append(
            Violation(
                policy=policy.name,
                level=policy.level,
                address=resource.address,
                message=policy.message,
                location=resource.location if resource.location.file else policy.location,
                policy_location=policy.location,
                items=f"for {instance}" if instance else "",
                excepted=next((each for each in known if each.until >= today), None),
                ended=next((each for each in known if each.until < today), None),
            )
        )

    def _slowest(self, own: Sequence[Loaded], data: Mapping[str, Any], seconds: float) -> Fault:
        """What is said if judging takes too long: of the policy that takes the most of it."""

        def spent(loaded: Loaded) -> float:
            start = time.thread_time()
            self.judge_one(loaded, next(iter(self._desired.resources.values())), data)
            return time.thread_time() - start

        message = f"the policies take more than {seconds:g} seconds, and this one the most; expected a simpler one"
        return Fault(max(own, key=spent).policy, "require", message)


def judge(
    loaded: Sequence[Loaded],
    desired: Desired,
    environment: str,
    now: datetime,
    *,
    before: Desired | None = None,
    changes: Iterable[Change] = (),
    live: Live | None = None,
    state: State | None = None,
    seconds: float = SECONDS,
) -> PolicyReport:
    """What the policies say of an environment and of the changes of its plan. NotJudged if some cannot be judged.

    `before` is what the environment wanted at the base, for the ratchets. `now` knows the readers' time zone.
    """
    judged = Judge(loaded, desired, environment, now)
    judged.judge_resources(seconds)
    judged.judge_changes(changes, live or Live({}), state or State(environment))
    if judged.faults:
        raise NotJudged(judged.faults)
    found = judged.violations
    ratchets = [each for each in judged.on_resources if each.policy.ratchet]
    if before is not None and ratchets:
        earlier = Judge(ratchets, before, environment, now)
        earlier.judge_resources(seconds)
        existed = {(each.policy, each.address) for each in earlier.violations}
        found = [_ratcheted(each, desired, before, existed) for each in found]
    used = {id(each) for violation in found for each in (violation.excepted, violation.ended)}
    every = ((each.policy.name, one) for each in judged.on_resources for one in each.policy.exceptions)
    return PolicyReport(
        tuple(each for each in found if each.excepted is None),
        tuple(each for each in found if each.excepted is not None),
        tuple((name, one) for name, one in every if id(one) not in used),
        judged.counts[HOLDS],
        judged.counts[REFUSES],
    )


def _ratcheted(violation: Violation, now: Desired, before: Desired, existed: set[tuple[str, str]]) -> Violation:
    """A violation that the base has too: a warning if nothing of the resource was changed since."""
    if (violation.policy, violation.address) not in existed:
        return violation
    here, there = (each.resources[violation.address] for each in (now, before))
    same = (here.fields, here.lifecycle) == (there.fields, there.lifecycle)
    return replace(violation, level="warning", existed=True) if same else violation


def verdicts(
    loaded: Sequence[Loaded], desired: Desired, environment: str, now: datetime, resource: Resource
) -> Iterator[tuple[Policy, int | None, str]]:
    """Each policy about a resource, whether it refuses it (0), holds (1) or does not apply (2), None if that cannot be
    told, and why."""
    judged = Judge(loaded, desired, environment, now)
    for each in (each for each in judged.on_resources if each.is_about(resource.kind, resource.file)):
        value = judged.judge_one(each, resource, judged.data(resource, [each]))
        why = each.when.source if each.when and value == APPLIES_NOT else each.require.source
        if value is None:
            why = judged.faults[-1].message
        elif value == REFUSES and (found := judged.violations[-1].excepted):
            why += f"; excepted until {found.until}: {found.reason}"
        yield each.policy, value, " ".join(why.split())


def _describe(resource: Resource) -> dict[str, Any]:
    """A resource as an item of a list."""
    key, fields = resource.address.partition(".")[2], dict(resource.fields)
    return {"address": resource.address, "kind": resource.kind, "key": key, "file": resource.file, "fields": fields}


def _longest(value: Any) -> int:
    """The length of the longest text within a value."""
    if isinstance(value, str):
        return len(value)
    children: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max(map(_longest, children), default=0)
