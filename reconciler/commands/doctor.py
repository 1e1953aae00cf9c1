"""Looks at all that a plan needs, and compares what the API answers with what is declared. It only reads."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reconciler import __version__, kinds
from reconciler.api import Reader, Transport
from reconciler.api.address import base_url, proxy_for
from reconciler.api.lists import LIMIT, Item, read_list, read_table
from reconciler.api.rate_limiter import RETRIED
from reconciler.api.response import FORBIDDEN, NOT_FOUND, Response
from reconciler.commands.session import NOW, Session, written_kinds
from reconciler.config.files import Disk, is_resources
from reconciler.config.load import Configuration
from reconciler.config.schema_problems import violations
from reconciler.errors import AnswerRefused, CertificateUntrusted, NotAuthorised, ReconcilerError, Unreachable, some_of
from reconciler.git import repository_top
from reconciler.git.checkout import find_checkout
from reconciler.git.history import DEEPEN, commits_cut_off, find_age, list_folder
from reconciler.kinds import KINDS, Kind, Pages, Reference
from reconciler.kinds.facts import NOBODY, Claims, find_claims, list_questions, make_facts
from reconciler.kinds.wire import object_path
from reconciler.model.inputs import State, address_kind
from reconciler.model.redaction import without_credentials
from reconciler.model.results import Check, Diagnosis, Fact
from reconciler.model.settings import VENDOR_URL
from reconciler.state.operations import replay_state
from reconciler.text import counted
from reconciler.threads import Threads, result

Open = Callable[[str], AbstractContextManager[Session]]
MOST_AT_ONCE, MOST_SKEW = 16, 60
"""Lists that are read at once, and the seconds by which our clock may differ from that of the API."""
TYPES, ERROR = ("request", "resource", "logical", "internal"), {"type", "code", "message"}


def examine_all(path: Path, names: Sequence[str | None], connect: Open) -> list[Diagnosis]:
    """What is found for these environments (None: the only one), side by side. One that fails hides no other one.
    WrongUsage or ConfigurationInvalid if `reconciler.yaml` has none of that name."""
    opened = Configuration(path).configuration
    chosen = [opened.environment(name).name for name in names]
    with Threads(len(chosen)) as threads:
        found = [result(each) for each in [threads.submit(_examine, opened, name, connect) for name in chosen]]
    machine = (
        Check("versions", f"reconciler {__version__}, Python {platform.python_version()}"),
        Check("zone data", kinds.local_time.zone_data("00:00 Europe/Berlin")),
    )
    return [replace(one, checks=machine + one.checks, facts=(*one.facts, *_compare(one, found))) for one in found]


def _compare(one: Diagnosis, found: Sequence[Diagnosis]) -> Iterator[Fact]:
    """Whether a sandbox and a production key see the same objects, as far as environments with both tell."""
    others = [each for each in found if each.ids and each.is_sandbox != one.is_sandbox]
    for name, ids in one.ids.items():
        kind, shared = KINDS[name], [bool(ids & each.ids[name]) for each in others if ids and each.ids[name]]
        word = "the same objects" if kind.identity.is_project_wide else "objects of their own"
        failing = ["it is the other way"] * (any(shared) is not kind.identity.is_project_wide) if shared else None
        yield from make_facts(kind.section, [(f"a sandbox and a production key see {word}", failing)])


def _examine(opened: Configuration, name: str, connect: Open) -> Diagnosis:
    states = [State(name)]
    checks = [_run("configuration", lambda: _check_configuration(opened, name))]
    found = Diagnosis(name)
    try:
        with connect(name) as session:
            checks.append(_run("state store", lambda: _check_store(session, states)))
            found = _ask_api(session, states[-1])
    except ReconcilerError as error:
        checks.append(Check.failed("key" if isinstance(error, NotAuthorised) else "address", error))
    checks.append(_run("git", lambda: _check_git(opened, states[-1])))
    return replace(found, checks=(*checks, *found.checks))


def _run(name: str, work: Callable[[], Check]) -> Check:
    try:
        return work()
    except ReconcilerError as error:
        return Check.failed(name, error)


def _check_configuration(opened: Configuration, name: str) -> Check:
    if not Disk(opened.path).resources()[0]:
        return Check("configuration", "none here yet", "`reconciler export` writes one from the live project")
    desired = opened.configuration.desired(opened.environments[name])
    return Check("configuration", counted(len(desired.resources), "resource"))


def _check_store(session: Session, states: list[State]) -> Check:
    """Appends the state to `states`."""
    store, name = session.store, "state store"
    found = replay_state(store, session.read_state())[1]
    states.append(found.state)
    message = f"{store.where} remembers {counted(len(found.state.entries), 'object')}"
    if holder := store.who_applies():
        hint = f"wait; if that run is dead: `reconciler state unlock {holder.run}`"
        return Check.warning(name, f"{message}; {holder} applies", hint)
    if found.open or found.unread:
        return Check.warning(name, f"{message}; an apply was cut off", "the next apply goes on from there")
    return Check(name, f"{message}; nobody applies")


def _check_git(opened: Configuration, state: State) -> Check:
    if repository_top(opened.folder) is None:
        return Check("git", "the configuration is in no repository, so no guard asks git")
    checkout = find_checkout(opened.folder, what="doctor looks at the checkout", otherwise="")
    if off := [each for each in list_folder(opened.folder).kept_off if each.endswith("/") or is_resources(each)]:
        hint = "git sparse-checkout disable; git submodule update --init"
        return Check.warning("git", f"git keeps {some_of(sorted(off))} off the disk", hint)
    age = find_age(opened.folder, {each.commit for each in state.entries.values() if each.commit})
    for commit, subject in age.newer.items():
        message = f'this checkout is older than {commit[:12]} "{subject}", which was applied'
        return Check.warning("git", message, "git pull; an apply of what it changed is refused (behind)")
    if commits_cut_off(checkout.top):
        return Check.warning("git", "the clone is shallow, so it may not tell whether it is behind", DEEPEN)
    return Check("git", f"{checkout.commit()[:12]}; no file is missing")


class _Watch(Reader):
    """Notes by path what came: items, error, status, seconds. `skew`: the seconds that our clock is ahead of theirs."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self.items, self.errors, self.answers = dict[str, list[Item]](), dict[str, ReconcilerError](), list[Response]()
        self.statuses, self.seconds, self.skew = dict[str, int](), dict[str, float](), 0.0

    def _once(self, method: str, path: str, **rest: Any) -> Response:
        answer = super()._once(method, path, **rest)
        self.statuses[path] = answer.status
        self.answers.append(answer)
        with suppress(ValueError, TypeError):
            self.skew = (datetime.now(UTC) - parsedate_to_datetime(answer.headers.get("date", ""))).total_seconds()
        return answer

    def see(self, path: str, query: Mapping[str, str | int] | None = None) -> Response | None:
        """The answer if it tells something of the API, whatever its status."""
        with suppress(ReconcilerError):
            answer = self._exchange("GET", path, idempotent=True, query=query)
            return None if answer.status in RETRIED else answer
        return None

    def note(self, path: str, style: str = "") -> None:
        """Reads a list in the style of a kind's, or as a table."""
        began = time.monotonic()
        try:
            self.items[path] = read_list(self, path, style) if style else read_table(self, path)
        except ReconcilerError as error:
            self.errors[path] = error
        self.seconds[path] = time.monotonic() - began


def _ask_api(session: Session, state: State) -> Diagnosis:
    """The checks of the API, and the facts. If it does not take the key, nothing more is asked."""
    transport, watch = session.transport, _Watch(session.transport)
    first, *others = sorted(KINDS.values(), key=lambda kind: kind.endpoints.on_demand)
    watch.note(first.endpoints.path, first.endpoints.pages.value)
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
            threads.submit(watch.note, path, style)
    used = written_kinds(session) | set(map(address_kind, state.entries))
    asked = [*_check_lists(watch, used), *(_check_table(watch, path, references.get(path)) for path in styles)]
    with Threads(MOST_AT_ONCE) as threads:
        found_facts = list(threads.map(lambda kind: list(_find_facts(kind, watch)), KINDS.values()))
    facts = (*make_facts("api", _answer_claims(watch.answers)), *(each for one in found_facts for each in one))
    paths = {kind.name: kind.endpoints.path for kind in KINDS.values()}
    ids = {name: frozenset(each["id"] for each in watch.items.get(path, ())) for name, path in paths.items()}
    return replace(found, checks=(*checks, *asked), facts=facts, ids=ids)


def _check_answer(transport: Transport, watch: _Watch, path: str) -> Iterator[Check]:
    """Address, proxy, certificate, key and clock, by the answer to the first request."""
    secret, error, status, skew = transport.secret, watch.errors.get(path), watch.statuses.get(path), watch.skew
    if status is None and error is not None:
        yield Check.failed("certificate" if isinstance(error, CertificateUntrusted) else "address", error)
        return
    own = "" if transport.address == VENDOR_URL else "; not the vendor's"
    yield Check("address", f"{transport.address} answers{own}")
    if transport.address.startswith("https:"):
        proxy = proxy_for(urlsplit(base_url(transport.address)).hostname or "")
        yield from (Check("proxy", without_credentials(proxy or "none")), Check("certificate", "trusted"))
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


def _check_lists(watch: _Watch, used: set[str]) -> Iterator[Check]:
    read, absent = list[str](), ""
    errors: dict[str, list[ReconcilerError]] = {"lists": [], "rights": []}
    for kind in KINDS.values():
        path = kind.endpoints.path
        error, is_lacking = watch.errors.get(path), watch.statuses.get(path) in (FORBIDDEN, NOT_FOUND)
        if error is None:
            number = counted(len(watch.items[path]), kind.name.replace("_", " "))
            read.append(f"{number} in {watch.seconds[path]:.1f} s")
        elif kind.endpoints.on_demand and kind.name not in used and is_lacking:
            absent += f"; the project has no {kind.section.replace('_', ' ')}"
        else:
            errors["rights" if isinstance(error, NotAuthorised) else "lists"].append(error)
    messages = {"rights": "the key may read; whether it may write shows only if something is written"}
    messages["lists"] = f"read whole: {', '.join(read) or 'none'}{absent}"
    yield from (Check.failed(name, *found) if found else Check(name, messages[name]) for name, found in errors.items())


def _check_table(watch: _Watch, path: str, reference: Reference | None) -> Check:
    """A list beside those of the kinds. One that references are looked up in should have the ids of their targets."""
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
        return Check.warning(name, f"{message}, although {some_of(dangling)} has the label of one", hint)
    return Check(name, message)


def _find_facts(kind: Kind, watch: _Watch) -> Iterator[Fact]:
    """All that is asked of a kind. What only a probe can tell is unknown."""
    error, rows = watch.errors.get(kind.endpoints.path), watch.items.get(kind.endpoints.path, [])
    is_unclear = isinstance(error, (NotAuthorised, AnswerRefused, Unreachable))
    whole = ("the list can be read whole", None if is_unclear else [error] if error else [])
    seen = () if error else _look_closer(kind, watch, rows)
    claims = make_facts(kind.section, [whole, *seen, *find_claims(kind, rows, watch.items, violations)])
    asked = make_facts(kind.section, ((text, None) for text in list_questions(kind).values()))
    yield from {each.text: each for each in (*asked, *claims)}.values()


def _look_closer(kind: Kind, watch: _Watch, rows: Sequence[Item]) -> Claims:
    bodies, path = (
        [each.fields() for each in watch.answers if each.path == kind.endpoints.path and each.ok],
        kind.endpoints.path,
    )
    yield "the list says `object: list`", {str(each.get("object")) for each in bodies} - {"list"}
    yield "the list has its path in `url`", {str(each.get("url")) for each in bodies} - {f"/v4{path}"}
    if after := {Pages.OFFSET: "offset", Pages.CURSOR: "starting_after"}.get(kind.endpoints.pages):
        page = watch.see(path, {"limit": 1, after: 1 if after == "offset" else rows[0]["id"]}) if rows[1:] else None
        failing = [page.status] * (page.fields().get("data") != rows[1:2]) if page else None
        yield f"limit and {after} give the next object", failing
        beyond = watch.see(path, {"limit": LIMIT + 1})
        yield f"a limit above {LIMIT} is refused (unsure)", [beyond.status] * beyond.ok if beyond else None
    answer = watch.see(object_path(kind, rows[0]["id"])) if rows else None
    item = answer.fields() if answer and answer.ok else {}
    lacks = sorted(rows[0].keys() - item.keys()) if item else [answer and answer.status]
    text = f"GET by an id {'shows the record' if kind.endpoints.readable else 'does not exist'}"
    yield text, (lacks if kind.endpoints.readable else [*item][:1]) if answer else None
    if kind.endpoints.readable and (missing := watch.see(f"{path}/{NOBODY}")):
        yield "an id that nobody has answers 404", {missing.status} - {NOT_FOUND}
    for name, each in kind.sub_endpoints:
        if item and not each.words:
            yield list_questions(kind)[f"{name} by id"], [name] * ((name in item) is not each.by_id)
        if each.terminal and any(row.get(name) == each.terminal for row in rows):
            yield list_questions(kind)[f"{name} ended"], ()


def _answer_claims(answers: Sequence[Response]) -> Claims:
    yield "no answer has an ETag", [each.path for each in answers if "etag" in each.headers]
    found = [(each.status, each.fields().get("error")) for each in answers if not each.ok]
    errors = [(status, error if isinstance(error, dict) else {}) for status, error in found]
    absent, types = [each for at, each in errors if at == NOT_FOUND], {str(each.get("type")) for _, each in errors}
    codes = {str(each.get("code")) for each in absent}
    yield "an error has type, code and message", {k for _, each in errors for k in ERROR - {*each}} if errors else None
    yield f"the type of an error is one of {', '.join(TYPES)}", types - {*TYPES} if errors else None
    yield "the code of a 404 is not_found", codes - {"not_found"} if absent else None
    yield "a 404 has no details", [each["details"] for each in absent if "details" in each] if absent else None
