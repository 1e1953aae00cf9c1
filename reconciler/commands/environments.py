"""One command for several environments: which are meant, and each with its own answer, side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from reconciler.commands.base_plan import read_base_plan
from reconciler.commands.session import Session
from reconciler.config.load import Configuration
from reconciler.errors import ConfigurationInvalid, NoSuchTarget, ReconcilerError, WrongUsage, fold
from reconciler.model.inputs import Desired
from reconciler.model.reports import Ended
from reconciler.model.settings import Environment
from reconciler.serialization import canonical
from reconciler.threads import Threads, result

T = TypeVar("T")
NOTHING: Mapping[str, str] = MappingProxyType({})


def choose(path: Path, patterns: Sequence[str], *, every: bool) -> list[str]:
    """The environments that are meant, each once: in the order of the patterns, else all in that of `reconciler.yaml`.

    WrongUsage if a pattern fits none; ConfigurationInvalid if `reconciler.yaml` has problems.
    """
    if every and patterns:
        raise WrongUsage("--all cannot be used with --environment: it means every environment")
    opened = Configuration(path)
    opened.require_sound_settings()
    names = list(opened.environments)
    if every:
        return names
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            opened.environment(pattern)  # It raises what is to be said.
    return list(dict.fromkeys(name for pattern in patterns for name in names if fnmatchcase(name, pattern)))


def find_chosen(path: Path, patterns: Sequence[str], every: bool) -> list[str]:
    """The environments that were asked for, as far as `reconciler.yaml` can be read; nothing if none was named."""
    if not (patterns or every):
        return []
    with suppress(ReconcilerError):
        names = list(Configuration(path).environments)
        return [name for name in names if every or any(fnmatchcase(name, pattern) for pattern in patterns)]
    return []


def run_each(
    names: Sequence[str],
    open_session: Callable[[str], AbstractContextManager[Session]],
    work: Callable[[Session], T],
    most: int,
    left_out: Mapping[str, str] = NOTHING,
) -> list[Ended[T]]:
    """What `work` gives for each environment, in their order. `most`: how many are worked on at once. `left_out`: those
    for which nothing is done, and why.

    ConfigurationInvalid if the configuration is invalid for all of them, WrongUsage if what was asked fits none. Else
    an error is the end of one alone, and one without a target of `--target` is left out.
    """
    with Threads(most) as threads:
        futures = {name: threads.submit(run_one, name, open_session, work) for name in names if name not in left_out}
        ended = [result(futures[name]) if name in futures else Ended(name, left_out=left_out[name]) for name in names]
    errors = {each.environment: each.error for each in ended if each.error is not None}
    if futures and len(errors) == len(futures):
        invalid = {name: error.problems for name, error in errors.items() if isinstance(error, ConfigurationInvalid)}
        if len(invalid) == len(errors):
            raise ConfigurationInvalid(fold(invalid))
        if all(isinstance(error, WrongUsage) for error in errors.values()):
            raise next(iter(errors.values()))
    return [
        replace(each, error=None, left_out=str(each.error)) if isinstance(each.error, NoSuchTarget) else each
        for each in ended
    ]


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


def find_untouched(configuration: Configuration, names: Iterable[str], base: str) -> dict[str, str]:
    """The environments of which the configuration says what it said where HEAD and `base` part, and that in words.

    One whose configuration is invalid, now or then, is not among them.
    """
    untouched = {}
    for name in names:
        environment = configuration.environments[name]
        try:
            before, now = read_base_plan(configuration, environment, base), configuration.desired(environment)
        except ConfigurationInvalid:
            continue
        is_same = before.environment and _settings(before.environment) == _settings(environment)
        if is_same and before.desired is not None and _wanted(before.desired) == _wanted(now):
            untouched[name] = f"nothing of it has changed since {before.commit[:12]}"
    return untouched


def _settings(environment: Environment) -> Environment:
    """What `reconciler.yaml` says of an environment, but for the variables, of which the values count, for what
    `compare` ignores, and for `freeze`."""
    return replace(environment, variables={}, variable_locations={}, unset={}, ignored=(), freeze=())


def _wanted(desired: Desired) -> object:
    """What an environment wants, wherever that is written."""
    return (
        # As JSON: in Python, true is 1.
        {address: (canonical(each.fields), each.lifecycle) for address, each in desired.resources.items()},
        sorted((each.source, each.target) for each in desired.moved),
        sorted((each.source, each.destroy) for each in desired.removed),
        sorted((each.target, each.id) for each in desired.imports),
        [each.content() for each in desired.policies],
    )
