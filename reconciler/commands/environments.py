"""The environments that a command is for: which are meant, the session of each, and each with its own end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from reconciler import commands, errors
from reconciler.api import SharedLimits
from reconciler.commands.session import Session, open_session
from reconciler.config.load import Configuration
from reconciler.errors import ConfigurationInvalid, ReconcilerError, Refused, WrongUsage
from reconciler.model.inputs import Desired
from reconciler.model.reports import Ended
from reconciler.model.settings import Environment
from reconciler.output.terminal import dim, escape, log, prompt, register_secret, write_stderr
from reconciler.serialization import to_canonical
from reconciler.threads import Fields, Threads, listen, result, span

T = TypeVar("T")
REMOVED = "it is not in reconciler.yaml any more: its objects stay live, and nothing manages them"


@dataclass
class Environments:
    """The environments of these names, or the only one if there is no name. Several share the configuration, the
    connections and a rate limit for each key. `left_out` are those for which nothing is done, and why.

    `parallelism`: how many requests at once. `debug`: each of them has a line on stderr."""

    path: Path
    names: Sequence[str]
    api_url: str | None
    parallelism: int
    debug: bool
    left_out: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._limits = SharedLimits(self.parallelism) if self.are_several else None
        # Its files are read before threads ask for them. A plan of one reads them while the lists are on their way.
        self._configuration = Configuration(self.path).read() if self.are_several else None

    @property
    def are_several(self) -> bool:
        """Whether they are shown as several, each by its name."""
        return len(self.names) > 1

    @contextmanager
    def open(self, name: str | None = None) -> Iterator[Session]:
        """The session of one of them. The name may be left out if there is one alone."""
        name = name or next(iter(self.names), None)
        given = (self.path, name, self.api_url, os.environ, self.parallelism, register_secret)
        shared: Any = {"configuration": self._configuration, "limits": self._limits}
        session = open_session(*given, **shared, attended=sys.stdin.isatty())
        shown = show_requests(self.debug, f"{name}: " if self.are_several else "")
        with span("environment", environment=name) as fields, shown, session as made:
            fields["environment"] = made.environment.name
            yield made

    def leave_out_untouched(self, base: str | None, *, every: bool) -> None:
        """Leaves out those of several that have not changed since `base`, a commit or branch. With `every`, those that
        have gone since are named, too."""
        configuration, left_out = self._configuration, dict[str, str]()
        if base is None or configuration is None:
            return
        for environment in map(configuration.environments.__getitem__, self.names):
            try:
                before = commands.base_plan.read_base_plan(configuration, environment, base)
                now = configuration.desired(environment)
            except ConfigurationInvalid:
                continue  # planning it says why
            is_same = before.environment and _select_settings(before.environment) == _select_settings(environment)
            if is_same and before.desired is not None and _select_wanted(before.desired) == _select_wanted(now):
                left_out[environment.name] = f"nothing of it has changed since {before.commit[:12]}"
        if left_out:
            write_stderr(escape(f"note: left out, because {base} wants the same of them: {', '.join(left_out)}"))
        removed = commands.base_plan.find_removed(configuration, base) if every else []
        self.names = [*self.names, *removed]
        self.left_out = {**left_out, **dict.fromkeys(removed, REMOVED)}

    def run(self, work: Callable[[Session], T]) -> list[Ended[T]]:
        """What `work` gives for each of them, in their order: side by side, if they are several.

        An error is raised if there is one alone; ConfigurationInvalid if the configuration is invalid for all of them,
        WrongUsage if what was asked fits none. Else an error is the end of one alone, and one without a target of
        `--target` is left out.
        """
        if not self.are_several:
            with self.open() as session:
                return [Ended(session.environment.name, work(session))]
        with Threads(self.parallelism) as threads:
            names = [name for name in self.names if name not in self.left_out]
            futures = {name: threads.submit(self.run_one, name, work) for name in names}
            ended: list[Ended[T]] = [
                result(futures[name]) if name in futures else Ended(name, left_out=self.left_out[name])
                for name in self.names
            ]
        failed = {each.environment: each.error for each in ended if each.error is not None}
        if futures and len(failed) == len(futures):
            invalid = {name: each.problems for name, each in failed.items() if isinstance(each, ConfigurationInvalid)}
            if len(invalid) == len(failed):
                raise ConfigurationInvalid(errors.fold(invalid))
            if all(isinstance(error, WrongUsage) for error in failed.values()):
                raise next(iter(failed.values()))
        return [
            replace(each, error=None, left_out=str(each.error)) if isinstance(each.error, errors.NoSuchTarget) else each
            for each in ended
        ]

    def run_one(self, name: str, work: Callable[[Session], T]) -> Ended[T]:
        """What `work` gives for one environment, or the error that it raises."""

        def open_and_work() -> T:
            with self.open(name) as session:
                return work(session)

        return run_to_end(name, open_and_work)


def choose_names(path: Path, patterns: Sequence[str], *, every: bool, is_checked: bool = False) -> list[str]:
    """The environments that are meant, each once: in the order of the patterns, with `every` in that of
    `reconciler.yaml`. Empty if nothing is named.

    Without `is_checked`, one plain name is returned as it is: opening its session shows whether it exists, and a plan
    reads the files while the API answers. WrongUsage if a pattern fits none; ConfigurationInvalid if `reconciler.yaml`
    has problems.
    """
    if every and patterns:
        raise WrongUsage("--all cannot be used with --environment: it means every environment")
    has_wildcard = any(each in pattern for pattern in patterns for each in "*?[")
    if not (every or is_checked or has_wildcard) and len(patterns) <= 1:
        return list(patterns)
    configuration = Configuration(path)
    configuration.require_sound_settings()
    names = list(configuration.environments)
    if every:
        return names
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            configuration.environment(pattern)  # It raises what is to be said.
    return list(dict.fromkeys(name for pattern in patterns for name in names if fnmatchcase(name, pattern)))


def run_to_end(name: str, work: Callable[[], T]) -> Ended[T]:
    """How some work ended for an environment: what it gives, or the error that it raises."""
    began = time.monotonic()
    try:
        return Ended(name, work(), seconds=time.monotonic() - began)
    except ReconcilerError as error:
        return Ended(name, error=error, seconds=time.monotonic() - began)


def require_all(ended: Iterable[Ended[Any]]) -> None:
    """Raises what went wrong: the error of one environment, or those of several, with the worst exit code of all."""
    every = list(ended)
    code = errors.find_worst(each.exit_code for each in every)
    if len(every) == 1 and every[0].error is not None:
        raise every[0].error
    if any(each.error for each in every):
        raise errors.EnvironmentsFailed({each.environment: each.error for each in every}, code)
    if code:
        raise SystemExit(code)


def require_yes(question: str) -> None:
    """Asks on the terminal. Refused if there is none, or if the answer is another one."""
    if not sys.stdin.isatty():
        raise Refused("cannot ask for approval: stdin is not a terminal", hint="--auto-approve does not ask")
    if prompt(escape(question)).lower() != "yes":
        raise Refused("not approved; nothing was changed")


def show_requests(debug: bool, prefix: str = "") -> AbstractContextManager[None]:
    """A block in which each request has a line on stderr, if --debug asks for it. `prefix`: what it begins with."""

    @contextmanager
    def show(name: str, fields: Fields) -> Iterator[None]:
        try:
            yield
        finally:
            if name == "request" and "message" in fields:
                milliseconds = fields["http.client.request.duration"] * 1000
                write_stderr(dim(escape(f"debug: {prefix}{fields['message']}, {milliseconds:.0f} ms")))

    return listen(show) if debug and not log.get() else listen()


def _select_settings(environment: Environment) -> Environment:
    """The settings that can change a plan. Variables count by the values that they give; `freeze` refuses a plan and
    does not change it."""
    return replace(environment, variables={}, variable_locations={}, unset={}, ignored=(), freeze=())


def _select_wanted(desired: Desired) -> object:
    """What the configuration wants of an environment. The files and lines that say so do not count."""
    return (
        # As JSON: in Python, true is 1.
        {address: (to_canonical(each.fields), each.lifecycle) for address, each in desired.resources.items()},
        sorted((each.source, each.target) for each in desired.moved),
        sorted((each.source, each.destroy) for each in desired.removed),
        sorted((each.target, each.id) for each in desired.imports),
        [each.content() for each in desired.policies],
    )
