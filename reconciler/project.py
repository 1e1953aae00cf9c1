"""The library: a project as a value, with a call for each command. Every call reads files, key and state anew."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from reconciler import commands
from reconciler.apply.execute import Event
from reconciler.commands.session import Session
from reconciler.config.load import Opened
from reconciler.errors import ALLOWABLE, DELETE, ConfigurationInvalid, Problem, ReconcilerError, WrongUsage
from reconciler.kinds import BUILT_IN, Kinds, using
from reconciler.model.drift import Drift
from reconciler.model.plan import Change, Refusal, Unmanaged
from reconciler.model.redaction import Spellings
from reconciler.model.reports import ApplyReport
from reconciler.plan.guards import Options
from reconciler.plan.plan_file import SavedPlan
from reconciler.threads import Threads, result


class Plan:
    """What `Project.plan` returns and `Project.apply` takes: bound to its project, environment and state."""

    def __init__(self, saved: SavedPlan, warnings: Sequence[str], allowed: frozenset[str]) -> None:
        self._saved = saved
        self._allowed = allowed
        self._warnings = tuple(warnings)

    def __repr__(self) -> str:
        return f"<Plan for {self.environment}: {len(self.changes)} changes, {self.digest}>"

    @property
    def environment(self) -> str:
        """The environment that it is for."""
        return self._saved.plan.environment

    @property
    def digest(self) -> str:
        """The hash of the changes, as `reconciler plan` shows it."""
        return self._saved.plan.digest

    @property
    def changes(self) -> tuple[Change, ...]:
        """What will be done, in the order in which people see it."""
        return self._saved.plan.changes

    @property
    def unmanaged(self) -> tuple[Unmanaged, ...]:
        """The live objects that neither the configuration nor the state has."""
        return self._saved.plan.unmanaged

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know of it."""
        return self._warnings

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """The guards that refuse it, and what passes each. Empty if it may be applied."""
        return self._saved.plan.refusals


@dataclass
class Project:
    """A configuration, and one of its environments. A context: after its block, each call raises ValueError.

    It writes nothing to stdout and stderr, asks nothing, and installs no signal handlers. Threads may share it.
    """

    path: Path
    environment: str | None = None
    env: Mapping[str, str] | None = field(default=None, repr=False)
    api_url: str | None = None
    kinds: Kinds = field(default=BUILT_IN, repr=False)
    parallelism: int = 10
    _is_closed: bool = field(default=False, init=False, repr=False)

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
        """A project. `environment` may be left out if there is one only; WrongUsage if there is none of that name.

        `env` are the variables, by default those of the process: the one that `reconciler.yaml` names holds the key.
        `parallelism`: how many requests at once.
        """
        with using(kinds):
            name = Opened(Path(path)).environment(environment).name
        return cls(Path(path), name, env, api_url, kinds, parallelism)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._is_closed = True

    def validate(self) -> tuple[Problem, ...]:
        """Checks the configuration, offline and without a key. Returns warnings; ConfigurationInvalid with all that is
        wrong."""
        with self._used():
            return commands.validate.check(self.path, [self.environment] if self.environment else None).warnings

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
        options = Options(tuple(targets), prune, max_deletes, frozenset(allow))
        with self._session() as session:
            known = {*ALLOWABLE, *(DELETE + each.name for each in self.kinds.by_name.values() if each.closed)}
            if unknown := sorted(options.allowed - known):
                raise WrongUsage(f"allow: {', '.join(unknown)}: expected names of {', '.join(sorted(known))}")
            planned = commands.plan.plan(session, options, undo)
            saved = commands.saved_plan.bind_plan(session, planned)
            return Plan(saved, commands.review.review(session, planned).plan.warnings, options.allowed)

    def apply(self, plan: Plan, *, on_event: Callable[[Event], None] = lambda _event: None) -> ApplyReport:
        """Carries a plan out, as `reconciler apply --plan` does, and reads back what it wrote.

        Refused if a guard refuses it, or if it is stale or of another project, environment or state. A change that
        fails is in the report, and not raised. `on_event` is told of each begin and end. If it raises an exception, or
        on Ctrl-C, nothing new begins, and the exception is raised once what runs has ended and is recorded.
        """
        saved = {plan.environment: plan._saved}
        request = commands.apply.ApplyRequest(Options(allowed=plan._allowed), self.parallelism, saved=saved)
        files, observer = commands.review.ReportFiles("apply", self.path, self.environment, ()), _Observer(on_event)
        # A handler of signals is installed in the main thread only.
        with self._session() as session, Threads(1) as aside:
            running = aside.submit(commands.apply.run, session, request, files, observer)
            try:
                applied = result(running)
            except KeyboardInterrupt:
                observer.is_stopping = True
                result(running)
                raise
        if observer.error is not None:
            raise observer.error
        return cast("ApplyReport", applied.report)

    def drift(self) -> Drift:
        """What somebody changed outside since the last apply, and what does not deliver."""
        with self._session() as session:
            return commands.drift.read_drift(session)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        env = os.environ if self.env is None else self.env
        keys: list[str] = []
        opened = (self.path, self.environment, self.api_url, env, self.parallelism, None, keys.append)
        try:
            with self._used(), commands.session.open_session(*opened) as session:
                yield session
        except ReconcilerError as error:
            _redact(error, keys)
            raise

    @contextmanager
    def _used(self) -> Iterator[None]:
        if self._is_closed:
            raise ValueError("this project is closed")
        with using(self.kinds):
            yield


def _redact(error: ReconcilerError, keys: Iterable[str]) -> None:
    """Takes keys out of an error: it may quote the configuration, and ends in logs."""
    for spellings in map(Spellings, keys):

        def redact(text: str, spellings: Spellings = spellings) -> str:
            return spellings.redact(text.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")

        error.args = tuple(redact(each) for each in error.args)
        error.hint = error.hint and redact(error.hint)
        if isinstance(error, ConfigurationInvalid):
            error.problems = [replace(each, message=redact(each.message)) for each in error.problems]


class _Observer:
    """The screen of an apply that has none: it passes events on. Raises KeyboardInterrupt once to stop the run."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self.is_stopping = False
        self.error: Exception | None = None
        self._on_event = on_event
        self._has_stopped = False

    def show_plans(self, reviews: object) -> None:
        pass

    def confirm(self, environments: object) -> None:
        pass

    def show_report(self, report: object) -> None:
        pass

    @contextmanager
    def progress(self, _plan: object) -> Iterator[Callable[[Event], None]]:
        yield self._tell

    def _tell(self, event: Event) -> None:
        try:
            if self.error is None:
                self._on_event(event)
        except Exception as error:
            self.error, self._has_stopped = error, True
            raise KeyboardInterrupt from error
        if self.is_stopping and not self._has_stopped:
            self._has_stopped = True
            raise KeyboardInterrupt
