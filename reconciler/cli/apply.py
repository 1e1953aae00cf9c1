"""`reconciler apply`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from reconciler import commands, output
from reconciler.cli.options import (
    NeverSuggested,
    OneOf,
    PlanFlags,
    format_option,
    open_session,
    path_argument,
    plan_options,
    read_options,
    require_base,
    scope_flags,
)
from reconciler.errors import Exit, ReconcilerError, Refused, WrongUsage
from reconciler.output.forms import render_plan
from reconciler.output.terminal import escape, prompt, write_stderr, write_stdout

if TYPE_CHECKING:
    from reconciler.apply.execute import Event
    from reconciler.model.plan import Plan
    from reconciler.model.reports import ApplyReport, Review


@click.command()
@path_argument
@plan_options
@format_option
@click.option("--auto-approve", cls=NeverSuggested, is_flag=True, help="Do not ask: for CI, after a review.")
@click.option(
    "--plan", "saved", type=click.Path(path_type=Path), metavar="FILE", help="Carry out this plan, and nothing else."
)
@click.option(
    "--expect-digest",
    "expected",
    metavar="DIGEST|@FILE",
    help="Refuse any plan but the one with this digest. FILE is of `comment --read` or `plan --format json`.",
)
@click.option(
    "--only",
    type=OneOf(["clock"]),
    help="Only the changes of which every field is due to the clocks; for a job of every night, without a digest.",
)
def apply(
    path: Path,
    auto_approve: bool,
    saved: Path | None,
    expected: str | None,
    only: str | None,
    **flags: Unpack[PlanFlags],
) -> None:
    """Carry out the plan: show it, ask, write, and read it back.

    PATH is a folder (every *.yaml below it is merged) or one file.
    """
    files = commands.report_files.ReportFiles("apply", path, flags["environment"], flags["reports"])
    with files:
        made = None
        if only and (saved is not None or expected is not None or flags["prune"]):
            raise WrongUsage(
                "--only clock cannot be used with --plan, --expect-digest or --prune",
                hint="it does what the clocks bring about: the local times were approved when they were written",
            )
        if saved is not None:
            _require_no_plan_flags(flags)
            made, path = commands.saved_plan.open_saved_plan(saved, None if _is_left_out("path") else path)
            flags["environment"] = flags["environment"] or made.plan.environment
            files.locate(path, flags["environment"])
        require_base(flags)
        request = commands.apply.ApplyRequest(
            replace(read_options(flags), only_clock=only is not None),
            flags["parallelism"],
            base=flags["base"],
            only_scope=flags["only_scope"],
            strict_scope=flags["strict_scope"],
            saved=made,
            expected=expected,
        )
        with open_session(path, flags) as session:
            report = commands.apply.run(session, request, files, _Screen(flags["form"], ask=not auto_approve))
    code = report.exit_code()
    if code is Exit.DONE and flags["detailed_exitcode"] and any(each.status == "manual" for each in report.outcomes):
        code = Exit.PENDING
    if code:
        raise SystemExit(code)


def _is_left_out(name: str) -> bool:
    """Whether the command line does not say it."""
    return click.get_current_context().get_parameter_source(name) is click.core.ParameterSource.DEFAULT


class _Screen:
    """The terminal: what is shown and asked while an apply goes on."""

    def __init__(self, form: str, *, ask: bool) -> None:
        self._form = form
        self._ask = ask

    def show_plan(self, review: Review) -> None:
        text = render_plan(review, "text")
        # Who is asked has to see what about.
        on_stderr = self._form == "json" or (self._ask and sys.stdin.isatty() and not sys.stdout.isatty())
        if self._form != "json":
            try:
                write_stdout(text)
            except (SystemExit, ReconcilerError):
                # An apply that was asked for is done all the same; its report says that stdout takes nothing.
                on_stderr = True
        if on_stderr:
            write_stderr(text)

    def confirm(self, plan: Plan) -> None:
        if not self._ask:
            return
        if not sys.stdin.isatty():
            raise Refused(
                "cannot ask for approval: stdin is not a terminal", hint="--auto-approve applies without asking"
            )
        question = f"Apply this to {escape(plan.environment)}? Type yes to apply, anything else is a no:"
        if prompt(question).lower() != "yes":
            raise Refused("not approved; nothing was changed")

    @contextmanager
    def progress(self, plan: Plan) -> Iterator[Callable[[Event], None]]:
        # The report has them, but who looks at stderr may not see it.
        elsewhere = self._form == "json" or sys.stdout.isatty() != sys.stderr.isatty()
        with output.progress.progress(plan, reasons=elsewhere) as display:
            yield lambda event: display(event.change, event.status, event.text)

    def show_report(self, report: ApplyReport) -> None:
        as_json = self._form == "json"
        write_stdout(output.document.report_json(report) if as_json else output.text.report_text(report))


def _require_no_plan_flags(flags: PlanFlags) -> None:
    """WrongUsage if a flag asks for another plan than the one in the file of --plan."""
    # How old a checkout is shows when it is applied.
    given = {"--target": flags["target"], "--prune": flags["prune"], "--allow": {*flags["allow"]} - {"behind"}}
    given["--max-deletes"] = flags["max_deletes"] is not None
    given |= {"--base": flags["base"] is not None, **scope_flags(flags)}
    overridden = [name for name, value in given.items() if value]
    if overridden:
        raise WrongUsage(
            f"{', '.join(overridden)} cannot be used with --plan: the file holds what was decided",
            hint="give it to `reconciler plan --out FILE`",
        )
