"""The files of `--report`: a plan, what became of it, or why the command failed."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from reconciler import commands
from reconciler.errors import ReconcilerError, WrongUsage
from reconciler.model.reports import ApplyReport, Failure, Review
from reconciler.output.forms import APPLIED, FAILED, render_failure, render_plan, render_report
from reconciler.output.terminal import redact, strip_styles

Reports = Iterable[tuple[str, Path]]


class ReportFiles:
    """The files of one command, used as a context: if its block fails, the forms that can show a failure do so."""

    def __init__(self, command: str, path: Path, environment: str | None, reports: Reports) -> None:
        """`path`: the configuration. `reports`: the form and the file of each."""
        self._command = command
        self._path = path
        self._environment = environment
        self._reports = tuple(reports)
        self._review: Review | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        known = [(form, file) for form, file in self._reports if form in FAILED]
        if known and isinstance(error, Exception | KeyboardInterrupt):
            self._write_failure(error, known)

    def locate(self, path: Path, environment: str | None) -> None:
        """The configuration and the environment are known by now."""
        self._path, self._environment = path, environment

    def forms(self) -> list[str]:
        """The forms of the files."""
        return [form for form, _ in self._reports]

    def write_plan(self, review: Review) -> None:
        """Writes the plan of an apply that begins, in the forms that do not show its end. See `plans_only`."""
        self._review = review
        write_reports(review, plans_only(self._reports))

    def write_report(self, review: Review, done: ApplyReport) -> None:
        """Writes what became of the plan. WrongUsage if a file cannot be written."""
        write_reports(review, self._reports, done)

    def _write_failure(self, error: BaseException, reports: Reports) -> None:
        review, session = self._review, commands.session
        if review is not None:
            configuration, name, commit = review.plan.configuration or None, review.plan.environment, review.commit
        else:
            configuration, name = session.find_names(self._path, self._environment)
            commit = session.find_configuration_commit(self._path)
        failure = Failure(self._command, name, error, commit, review, configuration or "")
        for form, file in reports:
            # The error itself is what has to be heard, and it is told in the log in any case.
            with suppress(ReconcilerError):
                _write(file, render_failure(failure, form) or "")


def write_reports(review: Review, reports: Reports, done: ApplyReport | None = None) -> None:
    """Writes a plan in each of the forms into its file; `done`: what became of it, in the forms that know of that.

    WrongUsage if a file cannot be written.
    """
    for form, path in reports:
        text = render_plan(review, form) if done is None else render_report(review, done, form)
        if text is not None:
            _write(path, strip_styles(text) if form == "text" else text)


def plans_only(reports: Reports) -> list[tuple[str, Path]]:
    """Those that still show the plan once it is applied or failed. The others are written at the end only: what a
    reviewer approved stays as it is if an apply is cut off."""
    return [(form, path) for form, path in reports if not (form in APPLIED and form in FAILED)]


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(redact(text) + "\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise WrongUsage(f"{path} cannot be written ({error.strerror})", hint="see --report") from error
