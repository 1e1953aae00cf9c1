"""One command for several environments: which are meant, and each with its own answer, side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from reconciler.commands.session import Session
from reconciler.config.load import Opened
from reconciler.errors import ConfigurationInvalid, ReconcilerError, WrongUsage, fold
from reconciler.model.reports import Ended
from reconciler.threads import Threads, result

T = TypeVar("T")


def choose(path: Path, patterns: Sequence[str], *, every: bool) -> list[str]:
    """The environments that are meant, each once: in the order of the patterns, else all in that of `reconciler.yaml`.

    WrongUsage if a pattern fits none; ConfigurationInvalid if `reconciler.yaml` has problems.
    """
    if every and patterns:
        raise WrongUsage("--all cannot be used with --environment: it means every environment")
    opened = Opened(path)
    opened.require_sound_settings()
    names = list(opened.environments)
    if every:
        return names
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            opened.environment(pattern)  # It raises what is to be said.
    return list(dict.fromkeys(name for pattern in patterns for name in names if fnmatchcase(name, pattern)))


def run_each(
    names: Sequence[str],
    open_session: Callable[[str], AbstractContextManager[Session]],
    work: Callable[[Session], T],
    most: int,
) -> list[Ended[T]]:
    """What `work` gives for each environment, in their order. `most`: how many are worked on at once.

    ConfigurationInvalid if the configuration is invalid for all of them; else an error is the end of one alone.
    """
    with Threads(min(most, len(names))) as threads:
        futures = [threads.submit(run_one, name, open_session, work) for name in names]
        ended = [result(each) for each in futures]
    invalid = {each.environment: each.error for each in ended if isinstance(each.error, ConfigurationInvalid)}
    if len(invalid) == len(ended):
        raise ConfigurationInvalid(fold({name: error.problems for name, error in invalid.items()}))
    return ended


def run_one(
    name: str, open_session: Callable[[str], AbstractContextManager[Session]], work: Callable[[Session], T]
) -> Ended[T]:
    """What `work` gives for one environment, or the error that it raises."""

    def opened() -> T:
        with open_session(name) as session:
            return work(session)

    return end(name, opened)


def end(name: str, work: Callable[[], T]) -> Ended[T]:
    """How some work ended for an environment: what it gives, or the error that it raises."""
    began = time.monotonic()
    try:
        return Ended(name, work(), seconds=time.monotonic() - began)
    except ReconcilerError as error:
        return Ended(name, error=error, seconds=time.monotonic() - began)
