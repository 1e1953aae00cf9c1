"""Runs the tests of a configuration: each in a project of the simulator, in this process, in no time and offline."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reconciler import commands, output
from reconciler.api import RateLimiter, Secret, connect
from reconciler.commands.plan import refuse
from reconciler.commands.session import Session, parse_moment
from reconciler.config.cases import Case, read_cases
from reconciler.config.load import Configuration, read_configuration
from reconciler.config.reading import invalid
from reconciler.errors import Exit, Problem, ReconcilerError, Refused, WrongUsage, some_of
from reconciler.kinds import KINDS
from reconciler.kinds.cases import APPLIED, EMPTY, PLAN
from reconciler.kinds.references import named_label, reference_items
from reconciler.kinds.wire import create_requests
from reconciler.model.inputs import Desired, address_kind
from reconciler.model.plan import NEW_ID, SUMMARY_ORDER, Change, Plan
from reconciler.model.reports import CaseResult, Mismatch, Review, Status
from reconciler.model.settings import StateSettings
from reconciler.plan.guards import Options
from reconciler.simulator import Faults, RuleError, Simulator
from reconciler.simulator.routes import DASHBOARD
from reconciler.simulator.store import PROJECTS
from reconciler.simulator.wire import BASE, ApiError, Request
from reconciler.state.document import JournalFile
from reconciler.state.file import FileBackend
from reconciler.threads import Threads, result

USUAL = datetime(2026, 1, 14, 12, tzinfo=UTC)
"""When a test happens that does not say so: always the same moment, so that its result is always the same."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run. `said`: why it did not succeed. `refused`: the guards, or the error that is named like one.
    `requests` are `METHOD PATH`. `left`: what a plan after it would do, by address, or why there is none."""

    exit: Exit = Exit.DONE
    said: str = ""
    review: Review = field(default_factory=lambda: Review(Plan("", ())))
    refused: Sequence[str] = ()
    requests: Sequence[str] = ()
    left: Mapping[str, str] | str = EMPTY


def run(path: Path, pattern: str, most: int) -> list[CaseResult]:
    """Runs the tests whose names fit a pattern, in their order. `most`: how many at once.

    ConfigurationInvalid if the configuration or a file of tests is wrong, WrongUsage if the pattern fits none.
    """
    configuration = read_configuration(path)
    configuration.check()
    cases, problems = read_cases(configuration)
    if problems := [*problems, *(problem for case in cases for problem in _violations(case))]:
        raise invalid(problems)
    chosen = [each for each in cases if pattern in each.name or fnmatchcase(each.name, pattern)]
    if not chosen:
        names = some_of(dict.fromkeys(each.name for each in cases))
        raise WrongUsage(f"-k {pattern} fits no test", hint=f"expected a part or a pattern of a name, such as {names}")
    with ExitStack() as stack, Threads(most) as threads:
        begun = {_beginning(each): each for each in chosen if each.values.get("given", APPLIED) == APPLIED}
        # They are first in the queue, so no test waits for one that cannot begin.
        bases = {key: threads.submit(_apply_before, stack, case) for key, case in begun.items()}
        ended = [threads.submit(_run_case, each, bases.get(_beginning(each))) for each in chosen]
        return list(map(result, ended))


def _violations(case: Case) -> Iterator[Problem]:
    """What only the simulator and the clock know."""
    rules = enumerate(case.values.get("faults", ()))
    checks: list[tuple[Callable[[], object], *tuple[str | int, ...]]] = [(lambda: _beginning(case), "at")]
    checks += [(partial(Faults, [rule]), "faults", index) for index, rule in rules]
    for check, *path in checks:
        try:
            check()
        except (RuleError, WrongUsage) as error:
            yield case.problem(str(error), *path)


def _beginning(case: Case) -> tuple[str, datetime]:
    """The environment and the moment of a test: those that begin with the applied configuration share it by these."""
    return case.environment, parse_moment(case.values["at"], "at") if "at" in case.values else USUAL


def _apply_before(stack: ExitStack, case: Case) -> tuple[World, Ran]:
    """A project in which the configuration was applied, as it stands, a day before a test."""
    world = stack.enter_context(open_world(case, _beginning(case)[1] - DAY))
    desired = case.before.desired(case.before.environments[case.environment])
    for each in desired.imports:
        kind = KINDS[address_kind(each.target)]
        referring, fields = dict(kind.reference_fields()), desired.resources[each.target].fields
        own = {name: value for name, value in fields.items() if name not in referring}
        world.insert([(kind.name, {**own, "id": each.id})])
    world.offer_destinations(desired)
    with open_session(case.before, case.environment, world) as session:
        return world, _run(session, "apply")


def _run_case(case: Case, beginning: Future[tuple[World, Ran]] | None) -> CaseResult:
    given = case.values.get("given", APPLIED)
    base, applied = result(beginning) if given == APPLIED and beginning else (None, Ran())
    ran, problem = applied, "it cannot be applied as it stands" if applied.exit else ""
    with open_world(case, _beginning(case)[1], base) as world:
        try:
            if base is None:
                world.insert(each for item in given if isinstance(given, list) for each in item.items())
                world.offer_destinations(case.before.desired(case.before.environments[case.environment]))
        except ApiError as error:
            problem = error.message
        if not problem:
            with open_session(case.after, case.environment, world) as session:
                ran = _ran(session, world, case)
    unmet = [Mismatch("given", case.place("given"), given, problem)] if problem else find_mismatches(case, ran)
    return CaseResult(case.written.location, case.name, case.environment, tuple(unmet), ran.said)


def _ran(session: Session, world: World, case: Case) -> Ran:
    """What comes of the run of a test, and what is left to do after it, if that is expected to be nothing."""
    way, then = case.values.get("run", PLAN), "then" in case.values["expect"]
    world.simulator.faults.add(*case.values.get("faults", ()))
    ran = _run(session, way)
    requests = map(json.loads, world.log.getvalue().splitlines())
    ran = replace(ran, requests=[f"{each['method']} {each['path']}" for each in requests])
    world.simulator.faults.clear()
    last = _run(session, "apply") if then and way == PLAN else Ran()
    last = _run(session, PLAN) if then and not last.exit else last
    left = {each.address: str(each.action) for each in last.review.plan.changes}
    return replace(ran, left=last.said or left or EMPTY)


def _run(session: Session, way: str) -> Ran:
    """What comes of a plan or an apply."""
    review, apply = Ran().review, commands.apply
    try:
        with apply.lock_state(session) as lock:
            planned, review = apply.show(session, apply.ApplyRequest(Options(), 1), ())
            refuse(planned.plan)
            if way == PLAN:
                return Ran(review=review)
            report = apply.apply(session, planned, lock, lambda _event: None, parallelism=1)
    except ReconcilerError as error:
        name = re.sub(r"\B([A-Z])", r"-\1", type(error).__name__).lower() if isinstance(error, Refused) else ""
        guards = {each.guard for each in review.plan.refusals} or {*filter(None, [name])}
        return Ran(error.exit_code, str(error), review, sorted(guards))
    failures = [*report.of(Status.FAILED), *report.of(Status.SKIPPED)]
    said = "\n".join(f"{each.address}: {each.reason or f'skipped because of {each.because_of}'}" for each in failures)
    return Ran(report.exit_code(), said, review)


def find_mismatches(case: Case, ran: Ran) -> Iterator[Mismatch]:
    """Every expectation of the test that the run did not meet."""
    expect = {**case.values["expect"]}
    for name in {"refused", "warnings"} & expect.keys():
        expect[name] = sorted({expect[name]} if isinstance(expect[name], str) else {*expect[name]})
    expect |= {"refused": [each.replace("_", "-") for each in expect["refused"]]} if "refused" in expect else {}
    if "summary" in expect:
        expect["summary"] = dict.fromkeys(map(str, SUMMARY_ORDER), 0) | expect["summary"]
    for name, expected in ({"exit": Exit.REFUSED if expect.get("refused") else Exit.DONE} | expect).items():
        for part, value in expected.items() if isinstance(expected, dict) else [("", expected)]:
            way = (name, part) if part else (name,)
            if (got := GOT[name](ran, part, value)) != value:
                yield Mismatch(".".join(way), case.place("expect", *way), value, got)


def _changes(ran: Ran, pattern: str, expected: Any) -> Any:
    """What is expected of the changes that fit a pattern, if it came; else what came."""
    found = [each for each in ran.review.plan.changes if fnmatchcase(each.address, pattern)]
    got = {each.address: _change(ran, each, expected) for each in found}
    if all(each == expected for each in got.values()):
        return expected if got else None
    return next(iter(got.values())) if len(got) == 1 else got


def _change(ran: Ran, change: Change, expected: Any) -> Any:
    """The action, or the new values of the fields that are expected: as they are written, or as they are sent."""
    if not isinstance(expected, dict):
        return str(change.action)
    resource = ran.review.desired.resources.get(change.address)
    written = resource.fields if resource else {}
    got = {each.path: written.get(each.path, each.after) for each in change.fields}
    got |= {each.path: each.after for each in change.fields if expected.get(each.path) == each.after}
    return {path: got.get(path, f"(no change; what changes: {', '.join(got)})") for path in expected}


def _warnings(ran: Ran, expected: list[str]) -> list[str]:
    """The warnings; of one that was expected, the part that was."""
    found: list[str] = output.document.plan_values(ran.review)["warnings"]
    return sorted({next((part for part in expected if part in each), each) for each in found})


def _requests(ran: Ran, pattern: str) -> int:
    known = re.compile(re.escape(pattern).replace(r"\*", ".*"), re.DOTALL)
    return sum(known.fullmatch(each) is not None for each in ran.requests)


GOT: Mapping[str, Callable[[Ran, str, Any], Any]] = {
    "exit": lambda ran, _part, _expected: ran.exit,
    "summary": lambda ran, part, _expected: ran.review.plan.summary()[part],
    "changes": _changes,
    "refused": lambda ran, _part, _expected: [*ran.refused],
    "warnings": lambda ran, _part, expected: _warnings(ran, expected),
    "requests": lambda ran, part, _expected: _requests(ran, part),
    "then": lambda ran, _part, _expected: ran.left,
}
"""What came of a run, by the name of the expectation: of a part of it, and in its form."""


@dataclass(frozen=True, slots=True)
class World:
    """The project of a key, and its state in a temporary folder. `log` has a line of JSON for each request."""

    simulator: Simulator
    folder: Path
    log: io.StringIO
    secret: Secret

    def insert(self, objects: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Makes live objects (kind, fields, perhaps an id) as people do. ApiError if an id is in use."""
        for kind, fields in objects:
            known = {name: fields[name] for name in KINDS[kind].field_names() if name in fields}
            create, *settings = create_requests(KINDS[kind], known)
            identity = {"id": fields["id"]} if "id" in fields else {}
            made = self._ask("POST", f"{DASHBOARD}{create.path}", {**identity, **(create.body or {})})
            for each in settings:
                self._ask(each.method, f"{BASE}{each.path.replace(NEW_ID, made['id'])}", dict(each.body or {}))

    def offer_destinations(self, desired: Desired) -> None:
        """Makes what a configuration refers to and does not manage, unless it is there."""
        items = [
            found for each in desired.resources.values() for found in reference_items(KINDS[each.kind], each.fields)
        ]
        named = [(item, each) for _, item, each in items if isinstance(item, dict) and "type" in item]
        foreign = [(each.lookup, named_label(each, item), item.get("id")) for item, each in named]
        for path, label, object_id in dict.fromkeys(foreign):
            offered = self._ask("GET", f"{BASE}{path}")["data"]
            if not any(label == each["label"] if label else object_id == each["id"] for each in offered):
                body = {"label": label} if label else {"id": object_id, "label": object_id}
                self._ask("POST", f"{DASHBOARD}/{path.rpartition('/')[2]}", body)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        key, project = f"Bearer {self.secret.value}", PROJECTS[self.secret.sandbox]
        return self.simulator.answer(Request(method, path, body=body, authorization=key, project=project)).body


@contextmanager
def open_world(case: Case, now: datetime, base: World | None = None) -> Iterator[World]:
    """A project for the environment's key, as far as names tell its sort: with what another one holds, or new."""
    is_sandbox = "sandbox" in f"{case.environment} {case.before.environments[case.environment].secret_env}".lower()
    secret, log = Secret(f"{'test_' * is_sandbox}sk_reconciler_test", "the test"), io.StringIO()
    with TemporaryDirectory(prefix="reconciler-test-") as folder, Simulator(":memory:", log=log) as simulator:
        simulator.seed()
        if base is not None:
            simulator.take_over(base.simulator)
            shutil.copytree(base.folder, folder, dirs_exist_ok=True)
        simulator.clock.stop(now)
        yield World(simulator, Path(folder), log, secret)


@contextmanager
def open_session(configuration: Configuration, name: str, world: World) -> Iterator[Session]:
    """The session of an environment in a world: one request at once, so that they come in the same order each time."""
    state, clock = StateSettings("file", world.folder / "state.json"), world.simulator.clock
    environment = replace(configuration.environments[name], state=state)
    journal = JournalFile(world.folder / "journal", name, world.secret.value)
    with connect("simulator:", world.secret, 1, clock(), world.simulator) as door:
        door.pace = RateLimiter(1, sleep=clock.sleep, clock=lambda: clock().timestamp())
        backend = FileBackend(environment, configuration.folder, journal)
        yield Session(configuration, environment, backend, door, asks_git=False)
