"""The review of a plan for people, and the files of `--report`: a plan, its apply, or why the command failed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import wait
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler import commands
from reconciler import plan as plan_stage
from reconciler.commands.plan import find_refusal, make_refusal_error, plan
from reconciler.commands.session import Planned, Session
from reconciler.config.files import find_configuration_folder
from reconciler.errors import Location, ReconcilerError, Refused, WrongUsage
from reconciler.kinds import KINDS
from reconciler.lazy import frozen, load
from reconciler.model.addresses import ObjectRef
from reconciler.model.plan import DESTROYS, Action, Refusal
from reconciler.model.reports import Applied, Ended, Failure, Review
from reconciler.output import APPLIED, FAILED, SHOW_COMMIT, render_failure, render_plans, render_reports
from reconciler.output.terminal import redact, strip_styles
from reconciler.plan.guards import FROZEN, Options, find_freezes
from reconciler.state.backend import LockInfo
from reconciler.text import abridge
from reconciler.threads import Threads, span

if TYPE_CHECKING:
    from reconciler.plan.compare import Identity
    from reconciler.plan.plan_file import SavedPlan

SHARED = "shared-objects"
PASSES_SHARED = "a key of another project for one of the two, or a `removed` block with `destroy: false`"
LOCK_SECONDS = 1.0
"""How long a finished plan waits to learn who is applying. That is a note beside the plan, and no part of it."""
Reports = Sequence[tuple[str, Path]]
T = TypeVar("T", bound=Ended[Any])


@span("stage", stage="review")
def review(session: Session, planned: Planned, now: datetime | None = None, *, forms: Collection[str] = ()) -> Review:
    """The review of a plan. `now` has a time zone; the default is the clock's.

    `forms` are those that will show it: git is asked for the commit only if one of them shows it.
    """
    made = planned.plan
    if planned.behind or planned.snapshot.newer:
        warnings = commands.evidence.describe_behind(planned.behind, planned.snapshot)
        made = replace(made, warnings=(*made.warnings, *warnings))
    at = now or session.transport.clock()
    if all(each.guard != FROZEN for each in made.refusals):  # such a refusal says the same already
        made = replace(made, warnings=(*made.warnings, *(text for text, _ in find_freezes(session.environment, at))))
    commit = session.find_commit() if SHOW_COMMIT.intersection(forms) else ""
    gone: dict[str, tuple[Location, str]] = {}  # where the blocks stood that are not there any more, with the commit
    for address in (each.address for each in made.changes if each.address not in planned.desired.resources):
        earlier = made.moved.get(address, address)
        stood, entry = planned.before.resources.get(earlier), planned.state.entries.get(earlier)
        # The base knows the line, the state only the file.
        if stood is not None:
            gone[address] = stood.location, planned.base
        elif entry is not None and entry.file:
            gone[address] = Location(str(session.configuration.folder / entry.file), 0, 0), entry.commit
    given = Review(made, planned.desired, planned.live, at=at, commit=commit, base=planned.base, gone=gone)
    given = replace(given, scopes=planned.scopes, behind=planned.behind)
    if not made.changes:
        return given
    zone = load("zoneinfo:ZoneInfo")(named) if (named := session.environment.time_zone) else None
    make_review: Callable[..., Review] = load("reconciler.review.review:make_review")
    return make_review(given, zone=zone, sandbox_key=session.transport.secret.sandbox)


@frozen
class Preview:
    """A plan that is shown: `saved` is what `--out` keeps of it, `refused` why it may not be applied, and `lock` who
    applies at the moment."""

    planned: Planned
    review: Review
    saved: SavedPlan | None = None
    refused: Refused | None = None
    lock: LockInfo | None = None


def make_preview(
    session: Session, options: Options, forms: Collection[str], at: datetime | None, *, is_saved: bool
) -> Preview:
    """A plan, and what is shown of it in these forms. `at` is the moment of the plan, by default now. With `is_saved`,
    it is also bound to its state, to be written to a file."""
    if at is not None:
        # Local times, freezes and exceptions of policies are judged by this clock.
        session.transport.now = at
    # A remote backend needs a request to read the lock. It runs beside those of the plan.
    asked = Threads(1).submit(session.backend.find_applier)
    planned = plan(session, options)
    saved = commands.plan.bind_plan(session, planned) if is_saved else None
    made = review(session, planned, forms=forms)
    wait([asked], LOCK_SECONDS)
    holder = asked.result() if asked.done() and asked.exception() is None else None
    return Preview(planned, made, saved, find_refusal(planned, options), holder)


def judge_together(ended: Sequence[Ended[Preview]]) -> list[Ended[Preview]]:
    """The plans of several environments, with a warning if two of them manage the same objects; refused if one would
    delete what another one manages."""
    known = {each.environment: _find_identities(each.value.planned) for each in ended if each.value is not None}
    warnings = plan_stage.compare.find_shared_objects(known)

    def judge(made: Preview) -> Preview:
        plan, identify = made.review.plan, plan_stage.compare.identify
        going = {
            identify(plan.api, ObjectRef(each.kind, each.id), made.planned.live): each
            for each in plan.changes
            if each.action in DESTROYS and each.id
        }
        refusals = []
        for name, identities in known.items():
            found = [going[each] for each in identities.values() if each in going]
            if found and name != plan.environment:
                text = abridge(f"{change.address} ({change.id})" for change in found)
                message = f"this plan would delete or replace what the environment {name} manages: {text}"
                refusals.append(Refusal(SHARED, message, PASSES_SHARED))
        # Two that manage one object undo each other at every apply.
        texts = [text for names, text in warnings if plan.environment in names]
        shown = replace(plan, warnings=(*plan.warnings, *texts), refusals=(*plan.refusals, *refusals))
        refused = made.refused or (make_refusal_error(refusals) if refusals else None)
        return replace(made, review=replace(made.review, plan=shown), refused=refused)

    return [each.map(judge) for each in ended]


def _find_identities(planned: Planned) -> dict[str, Identity]:
    """The objects of an environment: those in its state, and new ones whose ids the configuration chose."""
    changes = {change.address: change for change in planned.plan.changes}
    ids = {address: entry.id for address, entry in planned.state.entries.items()}
    ids |= {address: change.id for address, change in changes.items() if change.id}
    for each in planned.desired.resources.values():
        if each.address in changes and (name := KINDS[each.kind].identity.chosen_id):
            ids[each.address] = str(each.fields[name])
    gone = {address for address, each in changes.items() if each.action in (*DESTROYS, Action.FORGET)}
    refs = {address: ObjectRef.at(address, object_id) for address, object_id in ids.items() if address not in gone}
    identify = plan_stage.compare.identify
    return {address: identify(planned.plan.api, ref, planned.live) for address, ref in refs.items()}


@dataclass
class ReportFiles(AbstractContextManager["ReportFiles"]):
    """The files of one command, used as a context: if its block fails, the forms that can show a failure do so.

    `path`: the configuration. `reports`: the form and the file of each. `names`: the environments, as far as they are
    known. `review`: what an apply has begun with.
    """

    command: str
    path: Path
    reports: Reports
    names: Sequence[str] = ()
    review: Review | None = None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        known = [(form, file) for form, file in self.reports if form in FAILED]
        if not known or not isinstance(error, Exception | KeyboardInterrupt):
            return
        review, session = self.review, commands.session
        if review is not None:
            configuration, name, commit = review.plan.configuration or None, review.plan.environment, review.commit
        else:
            configuration, name = session.find_names(self.path, self.names[0] if len(self.names) == 1 else None)
            commit = load(session.CONFIGURATION_COMMIT)(find_configuration_folder(self.path))
        several = tuple(self.names) if len(self.names) > 1 else ()
        failure = Failure(self.command, name, error, commit, review, configuration or "", several)
        for form, file in known:
            # A report that cannot be written must not hide the error itself, which stderr gets in any case.
            with suppress(ReconcilerError):
                _write(file, render_failure(failure, form) or "")

    def forms(self) -> list[str]:
        """The forms of the files."""
        return [form for form, _ in self.reports]

    def write_plans(self, reviews: Sequence[Ended[Review]], *, is_begun: bool = False) -> None:
        """Writes plans; of an apply that begins, only in forms that its end leaves as they are. WrongUsage if a file
        cannot be written."""
        self.review = reviews[0].value if is_begun and len(reviews) == 1 else None
        self._write_all(select_plans(self.reports) if is_begun else self.reports, reviews, render_plans)

    def write_reports(self, applied: Sequence[Ended[Applied]]) -> None:
        """Writes what became of plans. WrongUsage if a file cannot be written."""
        self._write_all(self.reports, applied, render_reports)

    def _write_all(
        self, reports: Reports, ended: Sequence[T], render: Callable[[Sequence[T], str, str | None], str | None]
    ) -> None:
        for form, file in reports:
            # The name of the configuration, if nothing else says it.
            is_known = any(each.value for each in ended)
            text = render(ended, form, None if is_known else commands.session.find_names(self.path, None)[0])
            if text is not None:
                _write(file, strip_styles(text) if form == "text" else text)


def select_plans(reports: Reports) -> list[tuple[str, Path]]:
    """The reports that still show the plan after the apply. The others are written at the end only: what a reviewer
    approved stays as it is if an apply is cut off."""
    return [(form, path) for form, path in reports if not (form in APPLIED and form in FAILED)]


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(redact(text) + "\n", encoding="utf-8", newline="\n", errors="backslashreplace")
    except OSError as error:
        raise WrongUsage(f"{path} cannot be written ({error.strerror})", hint="see --report") from error
