"""Runs the tests of a configuration: offline, in this process, each in a project and a time of the simulator."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reconciler import commands, output
from reconciler.api import RateLimiter, Secret, connect
from reconciler.commands.session import Session, parse_moment
from reconciler.config.cases import Case, normalize_guard, read_cases
from reconciler.config.files import make_error
from reconciler.config.load import Configuration
from reconciler.errors import ALLOWABLE, DELETE, GUARD, Exit, Problem, ReconcilerError, Refused, WrongUsage
from reconciler.kinds import KINDS
from reconciler.kinds.references import find_named_label, find_reference_items
from reconciler.kinds.settings import APPLIED, EMPTY, PLAN
from reconciler.kinds.wire import make_create_requests
from reconciler.lazy import frozen
from reconciler.model.addresses import address_kind
from reconciler.model.inputs import Desired
from reconciler.model.plan import NEW_ID, SUMMARY_ORDER, Plan
from reconciler.model.policies import PolicyReport
from reconciler.model.reports import Review, Status
from reconciler.model.results import CaseResult, Mismatch
from reconciler.model.settings import StateSettings
from reconciler.plan.guards import FROZEN, MAX_DELETES, PREVENT_DESTROY, Options
from reconciler.simulator import Faults, RuleError, Simulator, faults, routes, store, wire
from reconciler.state.file import FileBackend
from reconciler.state.journal import Journal
from reconciler.text import abridge
from reconciler.threads import Threads, result

USUAL = datetime(2026, 1, 14, 12, tzinfo=UTC)
"""When a test happens that does not say so: always the same moment, so that its result is always the same."""


@frozen
class RunResult:
    """The result of a run. `reason`: why it did not succeed. `guard`: what refused it, if that is no refusal of the
    plan. `left`: the actions that are left to do, by address, or why they are not known."""

    exit: Exit = Exit.DONE
    reason: str = ""
    guard: str = ""
    review: Review = field(default_factory=lambda: Review(Plan("", ())))
    judged: PolicyReport = field(default_factory=PolicyReport)
    requests: Sequence[str] = ()
    left: Mapping[str, str] | str = EMPTY


def run(path: Path, pattern: str, most: int) -> list[CaseResult]:
    """Runs the tests whose names fit a pattern, in their order. `most`: how many at once."""
    configuration = Configuration(path)
    configuration.check()
    cases, problems = read_cases(configuration)
    if problems := [*problems, *(problem for case in cases for problem in _find_problems(case))]:
        raise make_error(problems)
    chosen = [each for each in cases if pattern in each.name or fnmatchcase(each.name, pattern)]
    if not chosen:
        names = abridge(dict.fromkeys(each.name for each in cases))
        raise WrongUsage(f"-k {pattern} fits no test", hint=f"expected a part or a pattern of a name: {names}")
    with ExitStack() as stack, Threads(most) as threads:
        begun = {_find_start(each): each for each in chosen if each.values.get("given", APPLIED) == APPLIED}
        # They are first in the queue, so no test waits for one that cannot begin.
        bases = {key: threads.submit(_apply_before, stack, case) for key, case in begun.items()}
        ended = [threads.submit(_run_case, each, bases.get(_find_start(each))) for each in chosen]
        return list(map(result, ended))


def _find_problems(case: Case) -> Iterator[Problem]:
    """The problems that the schema does not find: unknown names, a moment or a fault that cannot be read."""
    named = (*ALLOWABLE, MAX_DELETES, PREVENT_DESTROY, *(each.guard for each in Refused.__subclasses__() if each.guard))
    guards = {*named, *(GUARD + name for name in case.after.merged.policies)}
    guards |= {DELETE + each.name for each in KINDS.values() if each.endpoints.closed}
    yield from case.find_unknown("guard", "refused", guards)
    yield from case.find_unknown("policy", "policies", case.after.merged.policies)
    yield from case.find_unknown("address", "changes", case.addresses() if "changes" in case.values["expect"] else ())
    yield from case.find_unknown("method", "requests", faults.METHODS)
    checks: dict[tuple[str | int, ...], Callable[[], object]] = {("at",): partial(_find_start, case)}
    checks |= {("faults", at): partial(Faults, [each]) for at, each in enumerate(case.values.get("faults", ()))}
    for path, check in checks.items():
        try:
            check()
        except (RuleError, WrongUsage) as error:
            yield case.problem(str(error), *path)


def _find_start(case: Case) -> tuple[str, datetime]:
    """The environment and the moment of a test. Tests that begin with the applied configuration share one apply of it
    for each of these."""
    return case.environment, parse_moment(case.values["at"], "at") if "at" in case.values else USUAL


def _apply_before(stack: ExitStack, case: Case) -> tuple[World, RunResult]:
    """A project in which the configuration was applied a day before the test."""
    world = stack.enter_context(open_world(case, case.before, _find_start(case)[1] - timedelta(days=1)))
    desired = case.before.desired(world.session.environment)
    for each in desired.imports:
        kind = KINDS[address_kind(each.target)]
        referring, fields = dict(kind.reference_fields), desired.resources[each.target].fields
        own = {name: value for name, value in fields.items() if name not in referring}
        world.insert([(kind.name, {**own, "id": each.id})])
    world.offer_destinations(desired)
    # What is given was applied once, so no guard and no policy may refuse it here.
    return world, _run(world.session, "apply", [*ALLOWABLE, *(GUARD + each.name for each in desired.policies)])


def _run_case(case: Case, beginning: Future[tuple[World, RunResult]] | None) -> CaseResult:
    given = case.values.get("given", APPLIED)
    base, ran = result(beginning) if given == APPLIED and beginning else (None, RunResult())
    problem = "it cannot be applied as it stands" if ran.exit else ""
    with open_world(case, case.after, _find_start(case)[1], base) as world:
        try:
            if base is None:
                world.insert(each for item in given if isinstance(given, list) for each in item.items())
                world.offer_destinations(case.before.desired(case.before.environments[case.environment]))
        except wire.ApiError as error:
            problem = error.message
        ran = ran if problem else _run_to_end(world, case)
    unmet = [Mismatch("given", case.place("given"), given, problem)] if problem else find_mismatches(case, ran)
    refused = ran.judged.refused
    seen = {name: (often > 0, refused.get(name, 0) > 0) for name, often in ran.judged.held.items()}
    return CaseResult(case.written.location, case.name, case.environment, tuple(unmet), ran.reason, seen)


def _run_to_end(world: World, case: Case) -> RunResult:
    """The result of a test's run, with what is left to do after it, if the test expects something of that."""
    command, then = case.values.get("run", PLAN), "then" in case.values["expect"]
    world.simulator.faults.add(*case.values.get("faults", ()))
    ran = _run(world.session, command)
    requests = map(json.loads, world.log.getvalue().splitlines())
    ran = replace(ran, requests=[f"{each['method']} {each['path']}" for each in requests])
    world.simulator.faults.clear()
    last = _run(world.session, "apply", [FROZEN]) if then and command == PLAN else RunResult()
    last = _run(world.session, PLAN) if then and not last.exit else last
    left = {each.address: str(each.action) for each in last.review.plan.changes}
    return replace(ran, left=last.reason or left or EMPTY)


def _run(session: Session, command: str, allowed: Collection[str] = ()) -> RunResult:
    """The result of a plan or an apply. A freeze refuses no plan."""
    ran, apply = RunResult(), commands.apply
    options = Options(allowed=frozenset([FROZEN] if command == PLAN else allowed))
    try:
        with apply.lock_state(session) as lock:
            shown = apply.show(session, apply.ApplyRequest(options), ())
            ran = RunResult(review=shown.review, judged=shown.planned.judged or PolicyReport())
            if shown.refused:
                raise shown.refused
            if command == PLAN:
                return ran
            report = apply.apply(session, shown.planned, lock, lambda _event: None)
    except ReconcilerError as error:
        return replace(ran, exit=error.exit_code, reason=str(error), guard=getattr(error, "guard", ""))
    failed = (each for status in (Status.FAILED, Status.SKIPPED) for each in report.of(status))
    reason = "\n".join(f"{each.address}: {each.reason or f'skipped because of {each.because_of}'}" for each in failed)
    return replace(ran, exit=report.exit_code(), reason=reason)


def find_mismatches(case: Case, ran: RunResult) -> Iterator[Mismatch]:
    """Every expectation of the test that the run did not meet."""
    expect = {**case.values["expect"]}
    for name in {"refused", "policies", "warnings"} & expect.keys():
        expect[name] = sorted({expect[name]} if isinstance(expect[name], str) else {*expect[name]})
    expect |= {"refused": sorted(map(normalize_guard, expect["refused"]))} if "refused" in expect else {}
    expect |= {"summary": dict.fromkeys(map(str, SUMMARY_ORDER), 0) | expect["summary"]} if "summary" in expect else {}
    errors, got = {each.policy for each in ran.judged.violations if each.level == "error"}, _find_actual(ran, expect)
    refuses = expect.get("refused") or errors & {*expect.get("policies", ())}
    for name, expected in ({"exit": Exit.REFUSED if refuses else Exit.DONE} | expect).items():
        for part in expected if isinstance(expected, dict) else [None]:
            wanted, came = (expected, got[name]) if part is None else (expected[part], got[name][part])
            if wanted != came:
                keys = (name,) if part is None else (name, part)
                yield Mismatch(".".join(keys), case.place("expect", *keys), wanted, came)


def _find_actual(ran: RunResult, expect: Mapping[str, Any]) -> dict[str, Any]:
    """The results of a run, in the form of the expectations. Of an expected warning, it has the expected part."""
    parts, plan = expect.get("warnings", ()), ran.review.plan
    warnings = output.document.collect_plan_values(ran.review)["warnings"] if "warnings" in expect else ()
    return {
        "exit": ran.exit,
        "summary": plan.summary(),
        "changes": {pattern: _find_changes(ran, pattern, each) for pattern, each in expect.get("changes", {}).items()},
        "refused": sorted({each.guard for each in plan.refusals} | {ran.guard} - {""}),
        "policies": sorted({each.policy for each in ran.judged.violations}),
        "warnings": sorted({next((part for part in parts if part in each), each) for each in warnings}),
        "requests": {each: sum(fnmatchcase(one, each) for one in ran.requests) for each in expect.get("requests", ())},
        "then": ran.left,
    }


def _find_changes(ran: RunResult, pattern: str, expected: Any) -> Any:
    """The expectation of the changes that fit a pattern, if every one meets it; else what they are: the action, or the
    new values of the expected fields."""
    got: dict[str, Any] = {}
    for change in ran.review.plan.changes:
        if fnmatchcase(change.address, pattern):
            got[change.address] = str(change.action)
            if isinstance(expected, dict):
                # A value may be expected as it is written, or as it is sent.
                written = getattr(ran.review.desired.resources.get(change.address), "fields", {})
                values = {each.path: written.get(each.path, each.after) for each in change.fields}
                values |= {each.path: each.after for each in change.fields if expected.get(each.path) == each.after}
                none = f"(no change; what changes: {', '.join(values)})"
                got[change.address] = {path: values.get(path, none) for path in expected}
    if all(each == expected for each in got.values()):
        return expected if got else None
    return next(iter(got.values())) if len(got) == 1 else got


@frozen
class World:
    """A project, and the session with it. `log` has a line of JSON for each request."""

    session: Session
    simulator: Simulator
    folder: str
    log: io.StringIO

    def insert(self, objects: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Makes live objects (kind, fields, perhaps an id) as people do. ApiError if an id is in use."""
        for kind, fields in objects:
            known = {name: fields[name] for name in KINDS[kind].field_names if name in fields}
            create, *settings = make_create_requests(KINDS[kind], known)
            body = dict(create.body or {}) | ({"id": fields["id"]} if "id" in fields else {})
            made = self._ask("POST", f"{routes.DASHBOARD}{create.path}", body)
            for each in settings:
                self._ask(each.method, f"{wire.BASE}{each.path.replace(NEW_ID, made['id'])}", dict(each.body or {}))

    def offer_destinations(self, desired: Desired) -> None:
        """Makes the destinations that a configuration refers to and does not manage, unless they exist."""
        items = [
            found
            for each in desired.resources.values()
            for found in find_reference_items(KINDS[each.kind], each.fields)
        ]
        named = [(item, each) for _, item, each in items if isinstance(item, dict) and "type" in item]
        foreign = [(each.lookup, find_named_label(each, item), item.get("id")) for item, each in named]
        for path, label, object_id in dict.fromkeys(foreign):
            available = self._ask("GET", f"{wire.BASE}{path}")["data"]
            if not any(label == each["label"] if label else object_id == each["id"] for each in available):
                body = {"label": label} if label else {"id": object_id, "label": object_id}
                self._ask("POST", f"{routes.DASHBOARD}/{path.rpartition('/')[2]}", body)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        secret = self.session.transport.secret
        key, project = f"Bearer {secret.value}", store.PROJECTS[secret.sandbox]
        return self.simulator.answer(wire.Request(method, path, body=body, authorization=key, project=project)).body


@contextmanager
def open_world(case: Case, configuration: Configuration, now: datetime, base: World | None = None) -> Iterator[World]:
    """A project of the simulator: new, or with a copy of what `base` holds. It is a sandbox project if the name of the
    environment or of its variable says so."""
    name, environment = case.environment, configuration.environments[case.environment]
    is_sandbox = "sandbox" in f"{name} {environment.secret_env}".lower()
    secret, log = Secret(f"{'test_' * is_sandbox}sk_reconciler_test", "the test"), io.StringIO()
    with TemporaryDirectory(prefix="reconciler-test-") as folder, Simulator(":memory:", log=log) as simulator:
        simulator.seed()
        if base is not None:
            simulator.store.take_over(base.simulator.store)
            shutil.copytree(base.folder, folder, dirs_exist_ok=True)
        (clock := simulator.clock).stop(now)
        environment = replace(environment, state=StateSettings("file", Path(folder, "state.json")))
        backend = FileBackend(environment, Path(folder), Journal(Path(folder, "journal"), name, secret.value))
        with connect("simulator:", secret, 1, now, simulator) as transport:
            # A wait of the tool moves the simulator's clock, so no test takes time. One request at once: one order.
            transport.rate_limiter = RateLimiter(1, sleep=clock.sleep, clock=lambda: clock().timestamp())
            yield World(Session(configuration, environment, backend, transport, asks_git=False), simulator, folder, log)
