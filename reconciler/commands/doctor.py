"""Looks at all that a plan needs, and compares what the API answers with what is declared. It only reads."""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from reconciler import __version__, kinds
from reconciler.commands.api_checks import ask_api
from reconciler.commands.session import Session
from reconciler.config.files import Disk, is_resources
from reconciler.config.load import Configuration
from reconciler.errors import ConfigurationInvalid, NotAuthorised, ReconcilerError, some_of
from reconciler.git.checkout import find_checkout
from reconciler.git.history import DEEPEN, commits_cut_off, find_age, list_folder
from reconciler.git.repository import repository_top
from reconciler.kinds import KINDS
from reconciler.model.diagnosis import WARNING, WORDS, Check, Diagnosis, Fact
from reconciler.model.inputs import State
from reconciler.model.settings import Environment
from reconciler.state.backend import Backend
from reconciler.state.operations import open_backend, replay_state, require_own
from reconciler.text import counted
from reconciler.threads import Threads

Open = Callable[[str], AbstractContextManager[Session]]


def examine_all(opened: Configuration, names: Sequence[str], connect: Open) -> list[Diagnosis]:
    """What is found for these environments, side by side. One that fails does not hide the others."""
    with Threads(len(names)) as threads:
        work = [threads.submit(_examine, opened, opened.environments[name], connect) for name in names]
        found = [each.result() for each in work]
    machine = tuple(_check_machine())
    return [
        replace(each, checks=(*machine, *each.checks), facts=(*each.facts, *_compare_keys(each, found)))
        for each in found
    ]


def _check_machine() -> Iterator[Check]:
    yield Check("versions", f"reconciler {__version__}, Python {platform.python_version()}")
    try:
        yield Check("zone data", kinds.local_time.zone_data("00:00 Europe/Berlin"))
    except ImportError:
        yield Check("zone data", "there is none, so no local time can be read", "pip install tzdata", WARNING)


def _examine(opened: Configuration, environment: Environment, connect: Open) -> Diagnosis:
    local = [_run("configuration", lambda: _check_configuration(opened, environment))]
    try:
        with connect(environment.name) as session:
            state, checks = _check_disk(opened, environment, session.store)
            answered = ask_api(session, state)
            return replace(answered, checks=(*local, *checks, *answered.checks))
    except ReconcilerError as error:
        failed = Check.failed("key" if isinstance(error, NotAuthorised) else "address", error)
        _, checks = _check_disk(opened, environment, open_backend(environment, opened.folder, ""))
        return Diagnosis(environment.name, (*local, *checks, failed))


def _run(name: str, work: Callable[[], Check]) -> Check:
    try:
        return work()
    except ReconcilerError as error:
        return Check.failed(name, error)


def _check_configuration(opened: Configuration, environment: Environment) -> Check:
    name = "configuration"
    if not Disk(opened.path).resources()[0]:
        return Check(name, "none here yet", "`reconciler export` writes one from the live project")
    try:
        return Check(name, counted(len(opened.configuration.desired(environment).resources), "resource"))
    except ConfigurationInvalid as error:
        said = f"{counted(len(error.problems), 'problem')}, the first: {error.problems[0]}"
        return replace(Check.failed(name, error), message=said, hint="`reconciler validate` shows all of them")


def _check_disk(opened: Configuration, environment: Environment, store: Backend) -> tuple[State, list[Check]]:
    """The state, an empty one if it cannot be read; and the checks of it and of git."""
    known = [State(environment.name)]

    def check() -> Check:
        found = require_own(
            store.read(), environment.configuration, lambda: _named(opened, environment), store.where, allowed=False
        )
        replayed = replay_state(store, found)[1]
        known.append(replayed.state)
        told = f"{store.where}: {counted(len(replayed.state.entries), 'object')} remembered"
        if holder := store.who_applies():
            hint = f"wait; if that run is dead: `reconciler state unlock {holder.run}`"
            return Check("state store", f"{told}; {holder} applies", hint, WARNING)
        if replayed.open or replayed.unread:
            return Check("state store", f"{told}; an apply was cut off", "the next apply goes on from there", WARNING)
        return Check("state store", f"{told}; nobody applies")

    checks = [_run("state store", check)]
    return known[-1], [*checks, _run("git", lambda: _check_git(opened, known[-1]))]


def _named(opened: Configuration, environment: Environment) -> Collection[str]:
    return opened.configuration.named(environment)


def _check_git(opened: Configuration, state: State) -> Check:
    if repository_top(opened.folder) is None:
        return Check("git", "the configuration is in no repository, so no guard asks git")
    checkout = find_checkout(opened.folder, what="doctor looks at the checkout", otherwise="")
    off = [each for each in list_folder(opened.folder).kept_off if each.endswith("/") or is_resources(each)]
    if off:
        said, hint = f"git keeps {some_of(sorted(off))} off the disk", "git sparse-checkout disable, or git submodule"
        return Check("git", said, f"{hint} update --init; an apply is refused (missing-files)", WARNING)
    age = find_age(opened.folder, {each.commit for each in state.entries.values() if each.commit})
    for commit, subject in age.newer.items():
        said = f'this checkout is older than {commit[:12]} "{subject}", which was applied'
        return Check("git", said, "git pull; an apply of what it changed is refused (behind)", WARNING)
    if commits_cut_off(checkout.top):
        return Check("git", "the clone is shallow, so it may not tell whether it is behind", DEEPEN, WARNING)
    return Check("git", f"{checkout.commit()[:12]}; nothing is missing")


def _compare_keys(one: Diagnosis, found: Sequence[Diagnosis]) -> Iterator[Fact]:
    """Whether a sandbox and a production key see the same objects, as far as environments with both tell."""
    others = [each for each in found if each.ids and each.is_sandbox != one.is_sandbox]
    for kind in KINDS.values() if one.ids else ():
        both = [(one.ids[kind.name], each.ids[kind.name]) for each in others]
        shared = [bool(ours & theirs) for ours, theirs in both if ours and theirs]
        word = "the same objects" if kind.is_project_wide else "objects of their own"
        holds = any(shared) is kind.is_project_wide if shared else None
        yield Fact(f"{kind.section}: a sandbox and a production key see {word}", holds)


def check_facts(facts: Sequence[Fact]) -> Check:
    """The line on the facts: how many hold, and which do not."""
    told = ", ".join(f"{sum(each.holds is holds for each in facts)} {word}" for holds, word in WORDS.items())
    refuted = "; ".join(str(each) for each in facts if each.holds is False)
    if refuted:
        hint = "see in the next plan whether that matters, and report it"
        return Check("facts", f"{told} here; refuted: {refuted}", hint, WARNING)
    return Check("facts", f"{told} here")
