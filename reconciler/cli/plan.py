"""`reconciler plan` and `reconciler apply`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from reconciler import commands, output
from reconciler.cli import options
from reconciler.errors import Exit, ReconcilerError, WrongUsage
from reconciler.lazy import load
from reconciler.output.terminal import bold, escape, log, write_stderr, write_stdout

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.apply.execute import Event
    from reconciler.commands.environments import Environments
    from reconciler.model.plan import Plan
    from reconciler.model.reports import Applied, ApplyReport, Ended, Review
    from reconciler.plan.plan_file import SavedPlan


@click.command()
@options.path_argument
@options.plan_options
@options.form_option(output.FORMS)
@click.option("--out", type=options.FILE, help="Save the plan, for `apply --plan`.")
@click.option("--at", metavar="TIME", help="Show the plan of that moment, for example 2027-03-28T01:30Z.")
@click.option(
    "--undo",
    metavar="RECEIPT",
    shell_complete=options.complete("receipts"),
    help="Plan the way back from an apply: a receipt's id, or latest.",
)
def plan(path: Path, out: Path | None, at: str | None, undo: str | None, **flags: Unpack[options.PlanFlags]) -> None:
    """Show what apply would do. Reads, and never writes.

    PATH is a folder (every *.yaml below it is merged) or one file.
    """
    if at is not None and out is not None:
        raise WrongUsage("--out cannot be used with --at: the plan of another moment is shown, and never applied")
    files = commands.review.ReportFiles("plan", path, flags["reports"])
    with files:
        environments = options.choose_environments(path, flags)
        files.names = environments.names
        wanted, moment = replace(options.read_options(flags), undo=undo), _read_moment(flags, environments, at, undo)
        environments.leave_out_untouched(flags["base"], every=flags["every"])
        forms, preview = [flags["form"], *files.forms()], commands.review.make_preview
        ended = environments.run(lambda session: preview(session, wanted, forms, moment, is_saved=out is not None))
        made = [each.value for each in ended if each.value is not None]
        failed = [each.environment for each in ended if each.error is not None]
        if out is not None and failed:
            write_stderr(escape(f"note: {out} is not written: there is no plan for {', '.join(failed)}"))
        elif out is not None:
            load("reconciler.plan.plan_file:write_plans")(out, [each.saved for each in made if each.saved])
    for each in made:
        if each.lock:
            where = f" to {each.review.plan.environment}" if environments.are_several else ""
            write_stderr(escape(f"note: somebody is applying{where}: {each.lock}; plan again once that has ended"))
    # One alone shares nothing with another, so what compares them is not loaded.
    if environments.are_several:
        ended = commands.review.judge_together(ended)
    form, reviews = flags["form"], [each.map(lambda made: made.review) for each in ended]
    files.write_plans(reviews)
    write_stdout(output.render_plans(reviews, form), commands=form in output.COMMAND_FORMS)
    code = Exit.PENDING if flags["detailed_exitcode"] else Exit.DONE
    commands.environments.require_all(
        replace(each, error=each.value.refused, code=code if each.value.planned.plan.changes else Exit.DONE)
        if each.value
        else each
        for each in ended
    )


def _read_moment(
    flags: options.PlanFlags, environments: Environments, at: str | None, undo: str | None
) -> datetime | None:
    """The moment of the plan; None if it is now. WrongUsage if options exclude each other."""
    if undo is not None and flags["base"] is not None:
        raise WrongUsage("--base cannot be used with --undo, which plans no configuration")
    if undo is not None and environments.are_several:
        raise WrongUsage("--undo takes one environment: a receipt is of one", hint="name it: --environment NAME")
    moment = None if at is None else commands.session.parse_moment(at, "--at")
    if moment is not None:
        write_stderr(f"note: this is the plan of {moment:%Y-%m-%d %H:%M} UTC, to look at only")
    return moment


@click.command()
@options.path_argument
@options.plan_options
@options.format_option
@options.unsafe_flag("--auto-approve", help="Do not ask: for CI, after a review.")
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
    type=options.OneOf(["clock"]),
    help="Only changes that are due to the clocks alone; for a nightly job, without a digest.",
)
@options.unsafe_flag("--keep-going", help="With several environments: go on with the next one if one fails.")
def apply(
    path: Path,
    auto_approve: bool,
    saved: Path | None,
    expected: str | None,
    only: str | None,
    keep_going: bool,
    **flags: Unpack[options.PlanFlags],
) -> None:
    """Carry out the plan: show it, ask, write, and read it back.

    PATH is a folder (every *.yaml below it is merged) or one file.
    """
    files = commands.review.ReportFiles("apply", path, flags["reports"])
    with files:
        plans: Mapping[str, SavedPlan] = {}
        if only and (saved is not None or expected is not None or flags["prune"]):
            raise WrongUsage(
                "--only clock cannot be used with --plan, --expect-digest or --prune",
                hint="it does what the clocks bring about: the local times were approved when they were written",
            )
        if saved is not None:
            _require_no_plan_flags(flags)
            plans, path = commands.apply.open_saved_plans(saved, path if options.find_given("path") else None)
            if not plans:
                write_stderr(escape(f"nothing to do: {saved} holds no plan, since every environment was left out"))
                return
            if not (flags["every"] or flags["environments"]):
                flags["environments"] = tuple(plans)
        files.path = path
        environments = options.choose_environments(path, flags)
        files.names = environments.names
        wanted = replace(options.read_options(flags), only_clock=only is not None)
        environments.leave_out_untouched(flags["base"], every=flags["every"])
        request = commands.apply.ApplyRequest(wanted, plans, expected)
        screen = _Screen(flags["form"], ask=not auto_approve, are_several=environments.are_several)
        if environments.are_several:
            ended = commands.apply_each.ApplyEach(environments, request, files, screen, keep_going=keep_going).run()
        else:
            ended = environments.run(lambda session: commands.apply.run(session, request, files, screen))
    commands.environments.require_all(replace(each, code=_find_code(each, flags)) for each in ended)


def _find_code(ended: Ended[Applied], flags: options.PlanFlags) -> Exit:
    report = ended.value.report if ended.value else None
    code = report.exit_code() if report else ended.code
    is_left = report is not None and any(each.status == "manual" for each in report.outcomes)
    return Exit.PENDING if code is Exit.DONE and flags["detailed_exitcode"] and is_left else code


class _Screen:
    """Shows an apply on the terminal, and asks there."""

    def __init__(self, form: str, *, ask: bool, are_several: bool) -> None:
        self._form = form
        self._are_several = are_several
        self._ask = ask

    def show_plans(self, reviews: Sequence[Ended[Review]]) -> None:
        """The plans. Of several environments, each was shown before it is planned again under its lock."""
        if self._are_several and len(reviews) == 1:
            return
        text = output.render_plans(reviews, "text")
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

    def confirm(self, environments: Sequence[str]) -> None:
        """Asks once: of several environments, for all of them."""
        if self._ask:
            names = ", ".join(environments)
            commands.environments.require_yes(f"Apply this to {names}? Type yes to apply; anything else cancels:")
            self._ask = not self._are_several

    def begin(self, environment: str) -> None:
        write_stderr(bold(f"Applying to {escape(environment)}"))

    @contextmanager
    def show_progress(self, plan: Plan) -> Iterator[Callable[[Event], None]]:
        # The report has them, but who looks at stderr may not see it.
        elsewhere = self._form == "json" or sys.stdout.isatty() != sys.stderr.isatty()
        if log.get():  # which has the events themselves
            yield lambda event: None if event.change else write_stderr(escape(event.text))
            return
        with output.text.Progress(plan, reasons=elsewhere) as display:
            yield lambda event: display(event.change, event.status, event.text)

    def show_report(self, report: ApplyReport) -> None:
        if self._form != "json":
            write_stdout(output.text.render_report_text(report))
        elif not self._are_several:
            write_stdout(output.document.to_json(**output.document.collect_report_values(report)))

    def show_ends(self, ended: Sequence[Ended[Applied]]) -> None:
        shown, values = output.environments, output.document.collect_report_values
        is_json = self._form == "json"
        reports = shown.list_reports(ended)
        write_stdout(shown.render_ended_json(reports, values) if is_json else shown.render_reports_text(reports))


def _require_no_plan_flags(flags: options.PlanFlags) -> None:
    """WrongUsage if a flag asks for another plan than the one in the file of --plan."""
    # How old a checkout is, and whether there is a freeze, shows when it is applied.
    allow = ["allow"] if {*flags["allow"]} - {"behind", "frozen"} else []
    overridden = options.find_given("target", "prune", *allow, "max_deletes", "base", "only_scope", "strict_scope")
    if overridden:
        raise WrongUsage(
            f"{', '.join(overridden)} cannot be used with --plan: the file holds what was decided",
            hint="give it to `reconciler plan --out FILE`",
        )
