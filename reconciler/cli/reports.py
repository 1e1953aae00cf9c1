"""The forms in which a plan leaves a command: one on stdout, any number in files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.errors import WrongUsage
from reconciler.render.forms import FORMS, shown

if TYPE_CHECKING:
    from reconciler.model.review import Review


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


def write_reports(review: Review, reports: Iterable[tuple[str, Path]]) -> None:
    """Writes a plan in each of the forms into its file. WrongUsage where a file cannot be written."""
    for form, path in reports:
        try:
            path.write_text(shown(review, form) + "\n", encoding="utf-8")
        except OSError as error:
            raise WrongUsage(f"{path} cannot be written ({error.strerror})", hint="see --report") from error
