"""A plan as people are shown it, and the files of `--report`: a plan, what became of it, or why the command failed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from reconciler import commands
from reconciler.commands.plan import Planned, plan
from reconciler.commands.session import Session
from reconciler.config.files import configuration_folder
from reconciler.errors import Location, ReconcilerError, WrongUsage
from reconciler.lazy import load
from reconciler.model.reports import ApplyReport, Failure, Review
from reconciler.output.forms import APPLIED, FAILED, SHOW_COMMIT, render_failure, render_plan, render_report
from reconciler.output.terminal import redact, strip_styles
from reconciler.plan.guards import Options

Reports = Sequence[tuple[str, Path]]


def review(session: Session, planned: Planned, now: datetime | None = None, *, forms: Collection[str] = ()) -> Review:
    """The review of a plan. `now` knows its time zone; left out, it is the clock's.

    `forms` are those that it will be shown in: git is asked for the commit only if one of them shows it.
    """
    made = planned.plan
    if planned.behind or planned.snapshot.newer:
        warnings = commands.evidence.warnings_of(planned.behind, planned.snapshot)
        made = replace(made, warnings=(*made.warnings, *warnings))
    given = Review(
        made,
        planned.desired,
        planned.live,
        at=now or session.door.clock(),
        commit=session.commit() if SHOW_COMMIT.intersection(forms) else "",
        base=planned.base,
        scopes=planned.scopes,
        behind=planned.behind,
        gone=dict(_gone(planned, session.opened.folder)),
    )
    if not made.changes:
        return given
    zone = load("zoneinfo:ZoneInfo")(named) if (named := session.environment.time_zone) else None
    make_review: Callable[..., Review] = load("reconciler.review.review:make_review")
    return make_review(given, zone=zone, sandbox_key=session.door.secret.sandbox)


def _gone(planned: Planned, folder: Path) -> Iterator[tuple[str, tuple[Location, str]]]:
    """Where the blocks stood of the addresses that are not in the configuration any more: the base knows the line, the
    state the file."""
    for change in (each for each in planned.plan.changes if each.address not in planned.desired.resources):
        address = planned.plan.moved.get(change.address, change.address)
        stood, entry = planned.before.resources.get(address), planned.state.entries.get(address)
        if stood is not None:
            yield change.address, (stood.location, planned.base)
        elif entry is not None and entry.file:
            yield change.address, (Location(str(folder / entry.file), 0, 0), entry.commit)


def preview(
    session: Session,
    options: Options,
    undo: str | None,
    *,
    base: str | None,
    only_scope: bool,
    out: Path | None,
    forms: Collection[str] = (),
) -> tuple[Planned, Review]:
    """A plan as `commands.plan.plan` makes it, and its review. `out`: the file to save the plan in; `forms` as
    of `review`."""
    planned = plan(session, options, undo, base=base, only_scope=only_scope)
    if out is not None:
        commands.saved_plan.save_plan(session, planned, out)
    return planned, review(session, planned, forms=forms)


@dataclass
class ReportFiles:
    """The files of one command, used as a context: if its block fails, the forms that can show a failure do so.

    `path`: the configuration. `reports`: the form and the file of each. `review`: what an apply has begun with.
    """

    command: str
    path: Path
    environment: str | None
    reports: Reports
    review: Review | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        known = [(form, file) for form, file in self.reports if form in FAILED]
        if known and isinstance(error, Exception | KeyboardInterrupt):
            self._write_failure(error, known)

    def forms(self) -> list[str]:
        """The forms of the files."""
        return [form for form, _ in self.reports]

    def write_plan(self, review: Review) -> None:
        """Writes the plan of an apply that begins, in the forms that do not show its end. See `plans_only`."""
        self.review = review
        self._write_all(review, plans_only(self.reports))

    def write(self, review: Review, done: ApplyReport | None = None) -> None:
        """Writes a plan, or what became of it (`done`). WrongUsage if a file cannot be written."""
        self._write_all(review, self.reports, done)

    def _write_all(self, review: Review, reports: Reports, done: ApplyReport | None = None) -> None:
        for form, file in reports:
            text = render_plan(review, form) if done is None else render_report(review, done, form)
            if text is not None:
                _write(file, strip_styles(text) if form == "text" else text)

    def _write_failure(self, error: BaseException, reports: Reports) -> None:
        review, session = self.review, commands.session
        if review is not None:
            configuration, name, commit = review.plan.configuration or None, review.plan.environment, review.commit
        else:
            configuration, name = session.find_names(self.path, self.environment)
            commit = session.find_commit(configuration_folder(self.path))
        failure = Failure(self.command, name, error, commit, review, configuration or "")
        for form, file in reports:
            # The error itself is what has to be heard, and it is told in the log in any case.
            with suppress(ReconcilerError):
                _write(file, render_failure(failure, form) or "")


def plans_only(reports: Reports) -> list[tuple[str, Path]]:
    """Those that still show the plan once it is applied or failed. The others are written at the end only: what a
    reviewer approved stays as it is if an apply is cut off."""
    return [(form, path) for form, path in reports if not (form in APPLIED and form in FAILED)]


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(redact(text) + "\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise WrongUsage(f"{path} cannot be written ({error.strerror})", hint="see --report") from error
