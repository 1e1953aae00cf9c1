"""Checks all that a plan needs, and compares the API's answers with the declarations. It only reads."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from reconciler import __version__, kinds
from reconciler.api import Transport
from reconciler.api.response import FORBIDDEN, NOT_FOUND
from reconciler.api.secret import find_proxy, make_base_url
from reconciler.commands.facts import RecordingReader, find_answer_claims, find_facts
from reconciler.commands.session import NOW, Session
from reconciler.config.files import Disk, is_resources
from reconciler.config.load import Configuration
from reconciler.errors import CertificateUntrusted, NotAuthorised, ReconcilerError
from reconciler.git import find_repository_top
from reconciler.git.checkout import find_checkout
from reconciler.git.history import DEEPEN, find_age, list_cut_off_commits, list_folder
from reconciler.kinds import KINDS, Reference
from reconciler.kinds.facts import make_facts
from reconciler.model.addresses import address_kind
from reconciler.model.inputs import State
from reconciler.model.redaction import remove_credentials
from reconciler.model.results import Check, Diagnosis, Fact
from reconciler.model.settings import VENDOR_URL
from reconciler.state.operations import replay_state
from reconciler.text import abridge, format_count
from reconciler.threads import Threads, result

Open = Callable[[str], AbstractContextManager[Session]]
MOST_AT_ONCE, MOST_SKEW = 16, 60
"""Lists that are read at once, and the seconds by which our clock may differ from the API's: its `Date` has whole
seconds and is as old as the answer."""


def examine_all(path: Path, names: Sequence[str | None], connect: Open) -> list[Diagnosis]:
    """What is found for these environments (None: the only one), side by side; a failure is a check of its environment.
    WrongUsage or ConfigurationInvalid if `reconciler.yaml` has none of that name."""
    opened = Configuration(path).read()
    chosen = [opened.environment(name).name for name in names]
    with Threads(len(chosen)) as threads:
        found = [result(each) for each in [threads.submit(_examine, opened, name, connect) for name in chosen]]
    machine = (
        Check("versions", f"reconciler {__version__}, Python {platform.python_version()}"),
        Check("zone data", kinds.local_time.read_zone_version("00:00 Europe/Berlin")),
    )
    return [replace(one, checks=machine + one.checks, facts=(*one.facts, *_compare(one, found))) for one in found]


def _compare(one: Diagnosis, found: Sequence[Diagnosis]) -> Iterator[Fact]:
    """Whether a sandbox and a production key see the same objects, if there are environments with both."""
    others = [each for each in found if each.ids and each.is_sandbox != one.is_sandbox]
    for name, ids in one.ids.items():
        kind, shared = KINDS[name], [bool(ids & each.ids[name]) for each in others if ids and each.ids[name]]
        word = "the same objects" if kind.identity.is_project_wide else "objects of their own"
        failing = ["it is the other way"] * (any(shared) is not kind.identity.is_project_wide) if shared else None
        yield from make_facts(kind.section, [(f"a sandbox and a production key see {word}", failing)])


def _examine(opened: Configuration, name: str, connect: Open) -> Diagnosis:
    states = [State(name)]
    checks = [_run_check("configuration", lambda: _check_configuration(opened, name))]
    found = Diagnosis(name)
    try:
        with connect(name) as session:
            checks.append(_run_check("state store", lambda: _check_store(session, states)))
            found = _ask_api(session, states[-1])
    except ReconcilerError as error:
        checks.append(Check.failed("key" if isinstance(error, NotAuthorised) else "address", error))
    checks.append(_run_check("git", lambda: _check_git(opened, states[-1])))
    return replace(found, checks=(*checks, *found.checks))


def _run_check(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except ReconcilerError as error:
        return Check.failed(name, error)


def _check_configuration(opened: Configuration, name: str) -> Check:
    if not Disk(opened.path).list_resources()[0]:
        return Check("configuration", "none here yet", "`reconciler export` writes one from the live project")
    desired = opened.desired(opened.environments[name])
    return Check("configuration", format_count(len(desired.resources), "resource"))


def _check_store(session: Session, states: list[State]) -> Check:
    """Also appends the state to `states`: the check of git needs its commits."""
    backend, name = session.backend, "state store"
    found = replay_state(backend, session.read_state())
    states.append(found.state)
    message = f"{backend.where} remembers {format_count(len(found.state.entries), 'object')}"
    if holder := backend.find_applier():
        hint = f"wait; if that run is dead: `reconciler state unlock {holder.run}`"
        return Check.warning(name, f"{message}; {holder} applies", hint)
    if found.open or found.has_unread:
        return Check.warning(name, f"{message}; an apply was cut off", "the next apply goes on from there")
    return Check(name, f"{message}; nobody applies")


def _check_git(opened: Configuration, state: State) -> Check:
    if find_repository_top(opened.folder) is None:
        return Check("git", "the configuration is in no repository, so no guard asks git")
    checkout = find_checkout(opened.folder, what="doctor looks at the checkout", otherwise="")
    if off := [each for each in list_folder(opened.folder).kept_off if each.endswith("/") or is_resources(each)]:
        hint = "git sparse-checkout disable; git submodule update --init"
        return Check.warning("git", f"git keeps {abridge(sorted(off))} off the disk", hint)
    age = find_age(opened.folder, {each.commit for each in state.entries.values() if each.commit})
    for commit, subject in age.newer.items():
        message = f'this checkout is older than {commit[:12]} "{subject}", which was applied'
        return Check.warning("git", message, "git pull; an apply of what it changed is refused (behind)")
    if list_cut_off_commits(checkout.top):
        return Check.warning("git", "the clone is shallow, so it may not tell whether it is behind", DEEPEN)
    return Check("git", f"{checkout.commit()[:12]}; no file is missing")


def _ask_api(session: Session, state: State) -> Diagnosis:
    """The checks of the API, and the facts. If it does not take the key, nothing more is asked."""
    transport, watch = session.transport, RecordingReader(session.transport)
    # The first list is one that every project has: a 403 or 404 there is about the key or the address.
    first, *others = sorted(KINDS.values(), key=lambda kind: kind.endpoints.on_demand)
    watch.read(first.endpoints.path, first.endpoints.pages.value)
    checks = tuple(_check_answer(transport, watch, first.endpoints.path))
    found = Diagnosis(session.environment.name, checks, api=transport.address, is_sandbox=transport.secret.sandbox)
    if found.exit_code:
        return found
    references = {each.lookup: each for kind in KINDS.values() for _, each in kind.lists}
    styles = dict.fromkeys([*references, *(path for kind in KINDS.values() for path in kind.endpoints.lookups)], "")
    vendors = {f"{kind.endpoints.path}/system": "" for kind in KINDS.values() if kind.identity.vendor_flag}
    paged = {kind.endpoints.path: kind.endpoints.pages.value for kind in others}
    with Threads(MOST_AT_ONCE) as threads:
        for path, style in {**styles, **vendors, **paged}.items():
            threads.submit(watch.read, path, style)
    used = session.find_written_kinds() | set(map(address_kind, state.entries))
    asked = [*_check_lists(watch, used), *(_check_table(watch, path, references.get(path)) for path in styles)]
    with Threads(MOST_AT_ONCE) as threads:
        found_facts = list(threads.map(lambda kind: list(find_facts(kind, watch)), KINDS.values()))
    facts = (*make_facts("api", find_answer_claims(watch.answers)), *(each for one in found_facts for each in one))
    paths = {kind.name: kind.endpoints.path for kind in KINDS.values()}
    ids = {name: frozenset(each["id"] for each in watch.items.get(path, ())) for name, path in paths.items()}
    return replace(found, checks=(*checks, *asked), facts=facts, ids=ids)


def _check_answer(transport: Transport, watch: RecordingReader, path: str) -> Iterator[Check]:
    """Address, proxy, certificate, key and clock, by the answer to the first request."""
    secret, error, status, skew = transport.secret, watch.errors.get(path), watch.statuses.get(path), watch.skew
    if status is None and error is not None:
        yield Check.failed("certificate" if isinstance(error, CertificateUntrusted) else "address", error)
        return
    own = "" if transport.address == VENDOR_URL else "; not the vendor's"
    yield Check("address", f"{transport.address} answers{own}")
    if transport.address.startswith("https:"):
        proxy = find_proxy(urlsplit(make_base_url(transport.address)).hostname or "")
        yield from (Check("proxy", remove_credentials(proxy or "none")), Check("certificate", "trusted"))
    if isinstance(error, NotAuthorised) and status != FORBIDDEN:
        yield Check.failed("key", error)
        return
    message = f"{secret.source}: a {'sandbox' if secret.sandbox else 'production'} key, accepted"
    is_malformed, hint = not secret.value.startswith(("sk_", "test_sk_")), "a Secret Key begins with sk_ or test_sk_"
    yield Check.warning("key", message, hint) if is_malformed else Check("key", message)
    if transport.now is None and abs(skew) > MOST_SKEW:
        message = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} that of the API"
        yield Check.warning("clock", message, "set the clock of this machine: local times are judged by it")
    else:
        yield Check("clock", f"set by {NOW}" if transport.now else "the API tells no other time")


def _check_lists(watch: RecordingReader, used: set[str]) -> Iterator[Check]:
    read, absent = list[str](), ""
    errors: dict[str, list[ReconcilerError]] = {"lists": [], "rights": []}
    for kind in KINDS.values():
        path = kind.endpoints.path
        error, is_lacking = watch.errors.get(path), watch.statuses.get(path) in (FORBIDDEN, NOT_FOUND)
        if error is None:
            number = format_count(len(watch.items[path]), kind.name.replace("_", " "))
            read.append(f"{number} in {watch.seconds[path]:.1f} s")
        elif kind.endpoints.on_demand and kind.name not in used and is_lacking:
            absent += f"; the project has no {kind.section.replace('_', ' ')}"
        else:
            errors["rights" if isinstance(error, NotAuthorised) else "lists"].append(error)
    messages = {"rights": "the key may read; only a write shows whether it may write, too"}
    messages["lists"] = f"read whole: {', '.join(read) or 'none'}{absent}"
    yield from (Check.failed(name, *found) if found else Check(name, messages[name]) for name, found in errors.items())


def _check_table(watch: RecordingReader, path: str, reference: Reference | None) -> Check:
    """A lookup. One that references are looked up in should have the ids of their targets."""
    name = path.rpartition("/")[2] if reference else "catalogue"
    if error := watch.errors.get(path):
        return Check.failed(name, error)
    items, rows = watch.items[path], watch.items.get(KINDS[reference.kind].endpoints.path, ()) if reference else ()
    if reference is None:
        hint = "no name can be checked by it; tell the vendor"
        return Check(name, f"{path} has {len(items)} items") if items else Check.warning(name, f"{path} is empty", hint)
    ids, labels = {each["id"] for each in rows}, {reference.label(each) for each in rows} - {None}
    foreign = [each for each in items if str(each.get("id")) not in ids]
    message = f"{len(items)} offered, {len(foreign)} of them with the id of no {reference.kind}"
    if dangling := [str(each.get("id")) for each in foreign if str(each.get("label")) in labels]:
        hint = "a reference goes by the label then; `reconciler destinations` shows each"
        return Check.warning(name, f"{message}, although {abridge(dangling)} has the label of one", hint)
    return Check(name, message)
