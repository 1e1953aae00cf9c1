"""Policies: judged for a configuration and for a plan, and explained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from reconciler import config
from reconciler.commands.base_plan import read_base_plan
from reconciler.commands.session import Session, find_address, read_clock
from reconciler.config.load import Configuration
from reconciler.errors import ConfigurationInvalid, Problem, WrongUsage, fold
from reconciler.lazy import load
from reconciler.model.explanation import Rule
from reconciler.model.inputs import Desired
from reconciler.model.plan import Refusal
from reconciler.model.policies import GUARD, Fault, NotJudged, Policy, PolicyReport, Violation
from reconciler.model.settings import Environment
from reconciler.text import did_you_mean

if TYPE_CHECKING:
    from reconciler.commands.plan import Planned
    from reconciler.policies.judge import Loaded

LIBRARY = "cel_expr_python"
MOST_TOLD = 3
VALUES = ("does not hold", "holds", "does not apply")


@contextmanager
def _telling() -> Iterator[None]:
    """While the block runs, what cannot be judged is an invalid configuration, at its place."""
    try:
        yield
    except NotJudged as error:
        line = config.locations.line_reader()
        problems = []
        for each in error.faults:
            place, text = (
                each.policy.locations.get(each.key, each.policy.location),
                str(getattr(each.policy, each.key, "")),
            )
            place = config.policies.place_in_text(place, text, each.at, line) if text else place
            problems.append(_problem_of(each, place))
        raise ConfigurationInvalid(problems) from None


def _problem_of(fault: Fault, place: tuple[str, int, int]) -> Problem:
    said = f"policy.{fault.policy.name}: {fault.key}: {fault.message}"
    about = f"{fault.address}: " if fault.address else ""
    return Problem(*place, about + said, subject=fault.address, cause=f"{place}{said}")


def load_policies(policies: Sequence[Policy]) -> Sequence[Loaded]:
    """The policies with their expressions compiled. ConfigurationInvalid with all that is wrong in them, or if the
    library is not installed."""
    if not policies:
        return []
    try:
        compile_all = load("reconciler.policies.judge:load")
    except ModuleNotFoundError as error:
        if error.name != LIBRARY:
            raise
        said = "policies need a library that is not installed; expected it: pip install '.[policies]'"
        raise ConfigurationInvalid([Problem(*policies[0].location, said)]) from None
    with _telling():
        loaded: Sequence[Loaded] = compile_all(policies)
        return loaded


def judge_desired(
    environment: Environment, desired: Desired, now: datetime, before: Desired | None = None
) -> PolicyReport:
    """What the policies say of what an environment wants. `before` is what it wanted at the base."""
    if not desired.policies:
        return PolicyReport()
    loaded = load_policies(desired.policies)
    with _telling():
        report: PolicyReport = load("reconciler.policies.judge:judge")(
            loaded, desired, environment.name, now.astimezone(_zone(environment)), before=before
        )
        return report


def _zone(environment: Environment) -> tzinfo:
    zone: tzinfo = load("zoneinfo:ZoneInfo")(environment.time_zone) if environment.time_zone else UTC
    return zone


def check(
    configuration: Configuration, desired: Mapping[str, Desired], base: str | None, variables: Mapping[str, str]
) -> list[Problem]:
    """The warnings of the policies of these environments. ConfigurationInvalid with the violations that refuse."""
    reports = {}
    for name, each in desired.items() if any(one.policies for one in desired.values()) else ():
        environment = configuration.environments[name]
        now = read_clock(find_address(environment, None, variables), variables) or datetime.now(UTC)
        before = read_base_plan(configuration, environment, base).desired if base and each.policies else None
        reports[name] = judge_desired(environment, each, now, before)
    if errors := fold({name: map(problem_of, each.errors()) for name, each in reports.items()}):
        raise ConfigurationInvalid(errors)
    unused = [dict.fromkeys(each.unused) for each in reports.values()]
    idle = [each for each in (unused[0] if unused else ()) if all(each in others for others in unused)]
    said = "policy.{}: the exception for {} excepts nothing; expected it gone"
    told = [Problem(*one.location, said.format(name, one.address), GUARD + name) for name, one in idle]
    return [*fold({name: map(problem_of, each.warnings()) for name, each in reports.items()}), *told]


def problem_of(violation: Violation) -> Problem:
    """A violation at the place of its resource. Those of one definition are one problem."""
    cause = f"{violation.guard}{violation.location}{violation.level}"
    message = f"{violation.subject}: {_sentence(violation)}"
    return Problem(*violation.location, message, violation.guard, violation.subject, cause)


def _sentence(violation: Violation) -> str:
    """What is said of a violation, with the policy and its place."""
    ended = f"; its exception ended after {violation.ended.until}" if violation.ended else ""
    existed = "; it was so at the base" if violation.existed else ""
    return f"{violation.message.rstrip('.')} (policy {violation.policy}, {violation.policy_location}{ended}{existed})"


def judge_plan(
    session: Session,
    planned: Planned,
    policies: Sequence[Policy],
    allowed: Iterable[str],
    before: Desired | None,
    *,
    is_undo: bool,
) -> Planned:
    """The plan with what policies refuse and warn of."""
    names = {each.removeprefix(GUARD) for each in allowed if each.startswith(GUARD)}
    if unknown := sorted(names - {each.name for each in policies}):
        close = did_you_mean(unknown[0], [each.name for each in policies])
        raise WrongUsage(f"--allow {GUARD}{unknown[0]}: there is no such policy{close}")
    loaded, now = load_policies(policies), session.door.clock().astimezone(_zone(session.environment))
    made, wanted = planned.plan, Desired({}) if is_undo else planned.desired
    with _telling():
        report: PolicyReport = load("reconciler.policies.judge:judge")(
            loaded,
            wanted,
            made.environment,
            now,
            before=before,
            changes=made.changes,
            live=planned.live,
            state=planned.state,
        )
    refused = [each for each in report.errors() if each.policy not in names]
    told = [*report.warnings(), *(each for each in report.errors() if each.policy in names)]
    # A saved plan has what was said when it was made.
    kept = [each for each in made.refusals if not each.guard.startswith(GUARD)]
    warnings = dict.fromkeys([*made.warnings, *(str(each) for each in fold({"": map(problem_of, told)}))])
    return replace(planned, plan=replace(made, refusals=(*kept, *_refusals(refused)), warnings=tuple(warnings)))


def _refusals(violations: Iterable[Violation]) -> Iterator[Refusal]:
    """A refusal for each policy."""
    by_policy: dict[str, list[Violation]] = {}
    for each in violations:
        by_policy.setdefault(each.guard, []).append(each)
    for guard, found in by_policy.items():
        passes = f"a change that it allows; an exception below `except`; or --allow {guard}"
        told = fold({"": map(problem_of, found)})
        more = [f"… and {len(told) - MOST_TOLD} more of this policy"] if len(told) > MOST_TOLD else []
        message = "\n".join([*map(str, told[:MOST_TOLD]), *more])
        yield Refusal(guard, message, passes, tuple(map(problem_of, found)))


def explain(session: Session, desired: Desired, address: str) -> list[Rule]:
    """Which policies are about an address, and what each says of it."""
    resource = desired.resources.get(address)
    if resource is None or not desired.policies:
        return []
    loaded, now = load_policies(desired.policies), session.door.clock().astimezone(_zone(session.environment))
    verdicts = load("reconciler.policies.judge:verdicts")(loaded, desired, session.environment.name, now, resource)
    rules = []
    for policy, value, why in verdicts:
        said = VALUES[value] if isinstance(value, int) else "cannot be judged"
        rules.append(Rule(f"the policy {policy.name} {said}: {why}", str(policy.location)))
    return rules
