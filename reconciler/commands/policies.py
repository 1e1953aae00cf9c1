"""Policies: judged for a configuration and for a plan, and explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler.commands.base_plan import read_base_plan
from reconciler.commands.session import Planned, Session, find_address, read_clock
from reconciler.config.load import Configuration
from reconciler.errors import GUARD, ConfigurationInvalid, Problem, WrongUsage, fold
from reconciler.lazy import load
from reconciler.model.inputs import Desired
from reconciler.model.plan import Refusal
from reconciler.model.policies import Policy, PolicyReport
from reconciler.model.results import Rule
from reconciler.model.settings import Environment
from reconciler.plan.guards import Options
from reconciler.text import abridge, suggest_close


def judge(
    policies: Sequence[Policy], desired: Desired, environment: Environment, now: datetime, **more: Any
) -> PolicyReport:
    """The report of policies on what an environment wants. `more` goes to `policies.judge.judge`.

    ConfigurationInvalid if a policy cannot be read or judged, or if the library is not installed.
    """
    if not policies:
        return PolicyReport()
    loaded, zone = _load(policies), environment.time_zone
    clock = now.astimezone(load("zoneinfo:ZoneInfo")(zone) if zone else UTC)
    report: PolicyReport = load("reconciler.policies.judge:judge")(loaded, desired, environment.name, clock, **more)
    return report


def _load(policies: Sequence[Policy]) -> Any:
    try:
        return load("reconciler.policies.judge:load")(policies)
    except ModuleNotFoundError as error:
        if error.name != "cel_expr_python":
            raise
        message = "policies need a library that is not installed; run: pip install 'qonversion-reconciler[policies]'"
        raise ConfigurationInvalid([Problem(*policies[0].location, message)]) from None


def check(
    configuration: Configuration, desired: Mapping[str, Desired], base: str | None, variables: Mapping[str, str]
) -> list[Problem]:
    """The warnings of the policies of these environments. ConfigurationInvalid with the violations of level `error`.

    `base` is a commit or branch to compare with; `variables` are the process's.
    """
    reports, notes = {}, dict[Problem, None]()
    for name, each in desired.items():
        environment = configuration.environments[name]
        now = read_clock(find_address(environment, None, variables), variables) or datetime.now(UTC)
        earlier = read_base_plan(configuration, environment, base) if base else None
        reports[name] = judge(each.policies, each, environment, now, before=earlier.desired if earlier else None)
        ratchet = next((policy for policy in each.policies if policy.ratchet), None)
        notes |= {Problem(*ratchet.location, text): None for text in earlier.warnings} if earlier and ratchet else {}
    if errors := fold({name: each.problems("error") for name, each in reports.items()}):
        raise ConfigurationInvalid(errors, notes)
    first, *others = [dict.fromkeys(each.unused) for each in reports.values()]
    # An exception that one environment needs is no mistake in the others.
    unused = [each for each in first if all(each in other for other in others)]
    named = map(configuration.list_addresses, configuration.environments.values()) if unused else ()
    known = {*configuration.merged.resources}.union(*named)
    warnings = fold({name: each.problems("warning") for name, each in reports.items()})
    for name, one in unused:
        why = f": there is no such address{suggest_close(one.address, known)}"
        why = " excepts nothing; expected it gone" if one.address in known else why
        text = f"policy.{name}: the exception for {one.address}{why}"
        warnings.append(Problem(*one.location, text, code=GUARD + name))
    return [*notes, *warnings]


def judge_plan(
    session: Session, planned: Planned, policies: Sequence[Policy], options: Options, before: Desired | None
) -> Planned:
    """The plan with the refusals and warnings of policies, and their report. `before` is what the base wanted.
    WrongUsage if `options` allow a policy that does not exist."""
    made, allowed = planned.plan, options.allowed
    known = [GUARD + each.name for each in policies]
    if unknown := sorted(each for each in allowed if each.startswith(GUARD) and each not in known):
        raise WrongUsage(f"--allow {unknown[0]}: there is no such policy{suggest_close(unknown[0], known)}")
    now = session.transport.clock()
    about = {"changes": made.changes, "live": planned.live, "state": planned.state, "before": before}
    about |= {"only_changes": options.undo is not None}
    report = judge(policies, planned.desired, session.environment, now, **about)
    found = report.problems("error")
    passed = [*report.problems("warning"), *(each for each in found if each.code in allowed)]
    # A saved plan still has the refusals of the time when it was made.
    refusals = [each for each in made.refusals if not each.guard.startswith(GUARD)]
    for guard in dict.fromkeys(each.code for each in found if each.code not in allowed):
        own = fold({"": [each for each in found if each.code == guard]})
        text = abridge(map(str, own), rest="\n… and # more of this policy", separator="\n")
        passes = f"a change that it allows; an exception below `except`; or --allow {guard}"
        refusals.append(Refusal(guard, text, passes, tuple(own)))
    warnings = tuple(dict.fromkeys([*made.warnings, *map(str, fold({"": passed}))]))
    return replace(planned, plan=replace(made, refusals=tuple(refusals), warnings=warnings), judged=report)


def explain(session: Session, desired: Desired, address: str) -> list[Rule]:
    """The policies that are about an address, each with what it says."""
    if address not in desired.resources:
        return []
    given = (_load(desired.policies), desired, session.environment.name, session.transport.clock(), address)
    return [Rule(text, str(place)) for text, place in load("reconciler.policies.judge:explain")(*given)]
