"""The library: a project as a value, with a call for each command. Every call reads files, key and state anew."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, cast

from reconciler import commands
from reconciler.apply.execute import Event
from reconciler.commands.session import Session
from reconciler.config.load import Configuration
from reconciler.errors import ALLOWABLE, DELETE, GUARD, KeyExposed, Problem, ReconcilerError, Refused, WrongUsage
from reconciler.kinds import BUILT_IN, Kinds, using
from reconciler.model.plan import Change, Refusal, Unmanaged
from reconciler.model.redaction import Spellings
from reconciler.model.reports import ApplyReport
from reconciler.model.results import Drift
from reconciler.plan.guards import Options
from reconciler.plan.plan_file import SavedPlan
from reconciler.threads import Threads, result

MOST_AT_ONCE = 64  # requests, as for the option --parallelism


@dataclass(frozen=True)
class Plan:
    """What `apply` would do. It is bound to its project, environment and state. `refusals` are the guards that refuse
    it, and what passes each."""

    environment: str
    digest: str
    changes: tuple[Change, ...]
    unmanaged: tuple[Unmanaged, ...]
    warnings: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    _saved: SavedPlan = field(repr=False)
    _allowed: frozenset[str] = field(repr=False)


@dataclass
class Project(AbstractContextManager["Project"]):
    """A configuration, and one of its environments.

    It writes nothing to stdout and stderr, asks nothing, and installs no signal handlers. Threads may share it.
    """

    path: Path
    environment: str
    env: Mapping[str, str] | None = field(default=None, repr=False)
    api_url: str | None = field(default=None, repr=False)
    kinds: Kinds = field(default=BUILT_IN, repr=False)
    parallelism: int = 10

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] = ".",
        environment: str | None = None,
        *,
        env: Mapping[str, str] | None = None,
        api_url: str | None = None,
        kinds: Kinds = BUILT_IN,
        parallelism: int = 10,
    ) -> Self:
        """A project. `environment` may be left out if there is one only; WrongUsage if there is no such one. `env` are
        the variables, one of which holds the key, by default the process's. `parallelism`: how many requests at once;
        WrongUsage if that is not 1 to 64."""
        if not 1 <= parallelism <= MOST_AT_ONCE:
            raise WrongUsage(f"parallelism {parallelism}: expected 1 to {MOST_AT_ONCE}")
        with using(kinds):
            name = Configuration(Path(path)).environment(environment).name
        return cls(Path(path), name, env, api_url, kinds, parallelism)

    def __exit__(self, *_: object) -> None:
        """Nothing stays open between two calls."""

    def validate(self) -> tuple[Problem, ...]:
        """Checks the configuration, offline and without a key. Gives warnings; ConfigurationInvalid with all errors."""
        with using(self.kinds):
            return commands.validate.check(self.path, [self.environment]).warnings

    def plan(
        self,
        *,
        targets: Iterable[str] = (),
        prune: bool = False,
        max_deletes: int | None = None,
        allow: Iterable[str] = (),
        undo: str | None = None,
    ) -> Plan:
        """What `apply` would do. Never writes. The arguments are the options of `reconciler plan`; a guard that refuses
        is in `Plan.refusals`. ConfigurationInvalid, NotAuthorised or ApiFailed if there can be no plan."""
        if isinstance(targets, str) or isinstance(allow, str):
            raise WrongUsage("targets and allow are lists of texts, and not a text")
        options = Options(tuple(targets), prune, max_deletes, frozenset(allow), undo=undo)
        with self._session() as session:
            known = {*ALLOWABLE, *(DELETE + each.name for each in self.kinds.by_name.values() if each.endpoints.closed)}
            if unknown := sorted(each for each in options.allowed - known if not each.startswith(GUARD)):
                raise WrongUsage(f"allow: {', '.join(unknown)}: expected names of {', '.join(sorted(known))}")
            planned = commands.plan.plan(session, options)
            saved = commands.plan.bind_plan(session, planned)
            made = commands.review.review(session, planned).plan
        shown = (made.changes, made.unmanaged, made.warnings, made.refusals)
        return Plan(made.environment, made.digest, *shown, saved, options.allowed)

    def apply(self, plan: Plan, *, on_event: Callable[[Event], None] = lambda _event: None) -> ApplyReport:
        """Carries a plan out, as `reconciler apply --plan` does, and reads back what it wrote.

        Refused if a guard refuses it, or if it is stale or of another project, environment or state. A change that
        fails is in the report, and not raised. Another thread calls `on_event` at each begin and end. If it fails, or
        on Ctrl-C, nothing new begins, and the exception is raised once what runs has ended and is recorded.
        """
        saved = plan._saved.plan
        if (plan.digest, plan.changes) != (saved.digest, saved.changes):
            raise Refused("the plan was changed after it was made", hint="plan again")
        options, screen = Options(allowed=plan._allowed), _Screen(on_event)
        request = commands.apply.ApplyRequest(options, {saved.environment: plan._saved})
        files = commands.review.ReportFiles("apply", self.path, ())
        # In the main thread, an apply would install a handler of signals.
        with self._session() as session, Threads(1) as aside:
            running = aside.submit(commands.apply.run, session, request, files, screen)
            try:
                applied = result(running)
            except KeyboardInterrupt as interrupt:
                screen.reason = interrupt
                applied = result(running)
        if screen.reason is not None:
            raise screen.reason
        return cast("ApplyReport", applied.report)

    def drift(self) -> Drift:
        """What somebody changed outside since the last apply, and what does not deliver."""
        with self._session() as session:
            return commands.drift.read_drift(session)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        keys: list[str] = []
        env = os.environ if self.env is None else self.env
        opened = (self.path, self.environment, self.api_url, env, self.parallelism, keys.append)
        try:
            with using(self.kinds), commands.session.open_session(*opened) as session:
                yield session
        except ReconcilerError as error:
            if any(Spellings(key).are_in(f"{error} {error.hint}".encode()) for key in keys):
                raise KeyExposed("an error quotes the secret key", hint="`reconciler plan` shows its place") from None
            raise


class _Screen:
    """Shows nothing, and passes events on, until there is a `reason` to stop."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self.reason: BaseException | None = None
        self._on_event = on_event

    def show_plans(self, *_: object, **__: object) -> None:
        """Shows nothing, and asks nothing."""

    confirm = show_report = begin = show_ends = show_plans

    @contextmanager
    def show_progress(self, _plan: object, /) -> Iterator[Callable[[Event], None]]:
        """The function that gets each event."""

        def show(event: Event) -> None:
            try:
                self._on_event(event)
            except Exception as error:
                self.reason = error
                raise KeyboardInterrupt from error
            if self.reason is not None:
                raise KeyboardInterrupt

        yield show
