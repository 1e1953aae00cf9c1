"""The forms in which a plan leaves a command: one on stdout, any number in files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.errors import ReconcilerError, WrongUsage
from reconciler.output.forms import APPLIED, FAILED, FORMS, render_failure, render_plan, render_report
from reconciler.output.terminal import redact, strip_styles

if TYPE_CHECKING:
    from reconciler.model.apply_report import ApplyReport
    from reconciler.model.review import Review

Reports = Iterable[tuple[str, Path]]


def _parsed(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, Path], ...]:
    """`html=plan.html` is the form html and the file plan.html."""
    return tuple(_form_and_file(value) for value in values)


def _form_and_file(value: str) -> tuple[str, Path]:
    form, _, file = value.partition("=")
    if form not in FORMS or not file:
        raise click.BadParameter(f"{value!r} is no report; expected FORM=FILE, FORM one of {', '.join(FORMS)}")
    return form, Path(file)


plan_format_option = click.option(
    "--format", "form", type=click.Choice(FORMS), default="text", show_default=True, help="What stdout gets."
)
report_option = click.option(
    "--report",
    "reports",
    callback=_parsed,
    multiple=True,
    metavar="FORM=FILE",
    help="Also write the plan into a file, for example html=plan.html. May be given several times.",
)


def write_reports(review: Review, reports: Reports, done: ApplyReport | None = None) -> None:
    """Writes a plan in each of the forms into its file; `done`: what became of it, in the forms that know of that.

    WrongUsage where a file cannot be written.
    """
    for form, path in reports:
        text = render_plan(review, form) if done is None else render_report(review, done, form)
        if text is not None:
            _write(path, strip_styles(text) if form == "text" else text)


def plans_only(reports: Reports) -> list[tuple[str, Path]]:
    """Those that are still the plan's once it is applied or failed. The others are written at the end, and only then:
    what a reviewer approved is not said anew by an apply that was cut off."""
    return [(form, path) for form, path in reports if not (form in APPLIED and form in FAILED)]


@dataclass
class Seen:
    """What a command has come to before it failed."""

    review: Review | None = None


@contextmanager
def failures_reported(command: str, path: Path, environment: str | None, reports: Reports) -> Iterator[Seen]:
    """Where the block fails, the forms that can tell of it do so, and the error goes on. `path`: the configuration."""
    seen = Seen()
    try:
        yield seen
    except (Exception, KeyboardInterrupt) as error:
        known = [(form, file) for form, file in reports if form in FAILED]
        if known:
            _write_failure(command, path, environment, error, seen, known)
        raise


def _write_failure(
    command: str, path: Path, environment: str | None, error: BaseException, seen: Seen, reports: Reports
) -> None:
    from reconciler.commands.session import find_configuration_commit, find_names  # noqa: PLC0415
    from reconciler.model.apply_report import Failure  # noqa: PLC0415 - only a run that fails needs it

    plan = seen.review.plan if seen.review else None
    configuration, name = (plan.configuration, plan.environment) if plan else find_names(path, environment)
    commit = seen.review.commit if seen.review else find_configuration_commit(path)
    failure = Failure(command, name, error, commit, seen.review, configuration or "")
    for form, file in reports:
        # The error itself is what has to be heard, and it is told in the log in any case.
        with suppress(ReconcilerError):
            _write(file, render_failure(failure, form) or "")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(redact(text) + "\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise WrongUsage(f"{path} cannot be written ({error.strerror})", hint="see --report") from error
