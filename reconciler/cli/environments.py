"""The environments that a command line names, and how what ended in several of them becomes one exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler import commands
from reconciler.cli.options import ApiFlags, ConnectionFlags, ManyFlags
from reconciler.errors import EnvironmentsFailed, Refused, worst
from reconciler.model.reports import Ended
from reconciler.output.terminal import dim, escape, log, prompt, register_secret, write_stderr
from reconciler.threads import Fields, listen, span

if TYPE_CHECKING:
    from reconciler.commands.session import Session

T = TypeVar("T")
WILDCARDS = frozenset("*?[")
"""The characters that make a pattern of a name."""

REMOVED = "it is not in reconciler.yaml any more: its objects stay live, and nothing manages them"


class Environments:
    """The environments that a command is for: those of these names, or the only one if there is no name. Several share
    the configuration, the connections and a rate limit for each key. `left_out` are those for which nothing is done,
    and why."""

    def __init__(self, path: Path, names: Sequence[str], flags: ApiFlags) -> None:
        self.names = names
        self.are_several = len(names) > 1
        self.left_out: Mapping[str, str] = {}
        self._path = path
        self._flags = flags
        self._shared = commands.session.Shared(path, flags["parallelism"]) if self.are_several else None

    @property
    def one(self) -> str | None:
        """The name if there is one alone; None if it is not named."""
        return self.names[0] if len(self.names) == 1 else None

    @contextmanager
    def open(self, name: str | None = None) -> Iterator[Session]:
        """The session of one of them. The name may be left out if there is one alone."""
        name, flags = name or self.one, self._flags
        opened = (self._path, name, flags["api_url"], os.environ, flags["parallelism"], register_secret, self._shared)
        session = commands.session.open_session(*opened, attended=sys.stdin.isatty())
        shown = show_requests(flags["debug"], f"{name}: " if self.are_several else "")
        with span("environment", environment=name) as fields, shown, session as made:
            fields["environment"] = made.environment.name
            yield made

    def leave_out_untouched(self, base: str | None, *, every: bool) -> None:
        """Leaves out those of several that have not changed since `base`, a commit or branch. With `every`, those that
        have gone since are named, too."""
        if base is not None and self._shared is not None:
            configuration = self._shared.configuration
            self.left_out = commands.environments.find_untouched(configuration, self.names, base)
            if self.left_out:
                note = f"note: left out, because {base} wants the same of them: {', '.join(self.left_out)}"
                write_stderr(escape(note))
            removed = commands.base_plan.find_removed(configuration, base) if every else []
            self.names = [*self.names, *removed]
            self.left_out = {**self.left_out, **dict.fromkeys(removed, REMOVED)}

    def run(self, work: Callable[[Session], T]) -> list[Ended[T]]:
        """What `work` gives for each of them, side by side. An error is raised if there is one alone."""
        if not self.are_several:
            with self.open() as session:
                return [Ended(session.environment.name, work(session))]
        return commands.environments.run_each(self.names, self.open, work, self._flags["parallelism"], self.left_out)


def open_session(path: Path, flags: ConnectionFlags) -> AbstractContextManager[Session]:
    """What a command works with, opened."""
    return Environments(path, [flags["environment"]] if flags["environment"] else [], flags).open()


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


def choose_environments(path: Path, flags: ManyFlags) -> Environments:
    """The environments that the flags name."""
    return Environments(path, choose_names(path, flags["environments"], every=flags["every"]), flags)


def choose_names(path: Path, patterns: Sequence[str], *, every: bool) -> list[str]:
    """The names of the environments that are meant; none if the only one is. `reconciler.yaml` is read only if several
    are named, or a pattern."""
    if not every and len(patterns) <= 1 and not WILDCARDS.intersection("".join(patterns)):
        return list(patterns)
    return commands.environments.choose(path, patterns, every=every)


def require_all(ended: Iterable[Ended[Any]]) -> None:
    """Raises what went wrong: the error of one environment, or those of several, with the worst exit code of all."""
    every = list(ended)
    code = worst(each.exit_code for each in every)
    if len(every) == 1 and every[0].error is not None:
        raise every[0].error
    if any(each.error for each in every):
        raise EnvironmentsFailed({each.environment: each.error for each in every}, code)
    if code:
        raise SystemExit(code)


def require_yes(question: str) -> None:
    """Asks on the terminal. Refused if there is none, or if the answer is another one."""
    if not sys.stdin.isatty():
        raise Refused("cannot ask for approval: stdin is not a terminal", hint="--auto-approve does not ask")
    if prompt(escape(question)).lower() != "yes":
        raise Refused("not approved; nothing was changed")
