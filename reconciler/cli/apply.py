"""`reconciler apply`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from reconciler import commands, output
from reconciler.cli.environments import Environments, choose_environments, require_all, require_yes
from reconciler.cli.options import (
    NeverSuggested,
    OneOf,
    PlanFlags,
    format_option,
    path_argument,
    plan_options,
    read_options,
    require_base,
    scope_flags,
)
from reconciler.errors import Exit, ReconcilerError, WrongUsage
from reconciler.model.reports import Ended
from reconciler.output.forms import render_plans
from reconciler.output.terminal import bold, escape, log, write_stderr, write_stdout

if TYPE_CHECKING:
    from reconciler.apply.execute import Event
    from reconciler.commands.apply import ApplyRequest
    from reconciler.commands.review import ReportFiles
    from reconciler.model.plan import Plan
    from reconciler.model.reports import Applied, ApplyReport, Review
    from reconciler.plan.plan_file import SavedPlan


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
@click.option(
    "--keep-going",
    cls=NeverSuggested,
    is_flag=True,
    help="With several environments: go on with the next one if one fails.",
)
def apply(
    path: Path,
    auto_approve: bool,
    saved: Path | None,
    expected: str | None,
    only: str | None,
    keep_going: bool,
    **flags: Unpack[PlanFlags],
) -> None:
    """Carry out the plan: show it, ask, write, and read it back.

    PATH is a folder (every *.yaml below it is merged) or one file.
    """
    files = commands.review.ReportFiles("apply", path, None, flags["reports"])
    with files:
        plans: Mapping[str, SavedPlan] = {}
        if only and (saved is not None or expected is not None or flags["prune"]):
            raise WrongUsage(
                "--only clock cannot be used with --plan, --expect-digest or --prune",
                hint="it does what the clocks bring about: the local times were approved when they were written",
            )
        if saved is not None:
            _require_no_plan_flags(flags)
            source = click.get_current_context().get_parameter_source("path")
            is_given = source is not click.core.ParameterSource.DEFAULT
            plans, path = commands.saved_plan.open_saved_plans(saved, path if is_given else None)
            if not plans:
                write_stderr(escape(f"nothing to do: {saved} holds no plan, since every environment was left out"))
                return
            if not (flags["every"] or flags["environments"]):
                flags["environments"] = tuple(plans)
        files.path, files.chosen = path, (flags["environments"], flags["every"])
        environments = choose_environments(path, flags)
        files.environment = environments.one
        require_base(flags)
        environments.leave_out_untouched(flags["base"])
        request = commands.apply.ApplyRequest(
            replace(read_options(flags), only_clock=only is not None),
            flags["parallelism"],
            base=flags["base"],
            only_scope=flags["only_scope"],
            strict_scope=flags["strict_scope"],
            saved=plans,
            expected=expected,
        )
        screen = _Screen(flags["form"], environments.names, ask=not auto_approve)
        ended = _apply(environments, request, files, screen, keep_going=keep_going)
    require_all(replace(each, code=_code(each, flags)) for each in ended)


def _apply(
    environments: Environments, request: ApplyRequest, files: ReportFiles, screen: _Screen, *, keep_going: bool
) -> Sequence[Ended[Applied]]:
    if not environments.names:
        with environments.open() as session:
            applied = commands.apply.run(session, request, files, screen)
            return [Ended(session.environment.name, applied)]
    several = commands.apply_each.ApplyEach(
        environments.names, environments.open, request, files, screen, environments.left_out, keep_going=keep_going
    )
    return several.run()


def _code(ended: Ended[Applied], flags: PlanFlags) -> Exit:
    report = ended.value.report if ended.value else None
    code = report.exit_code() if report else ended.code
    is_left = report is not None and any(each.status == "manual" for each in report.outcomes)
    return Exit.PENDING if code is Exit.DONE and flags["detailed_exitcode"] and is_left else code


class _Screen:
    """The terminal: what is shown and asked while an apply goes on. `names`: the environments, if they are several."""

    def __init__(self, form: str, names: Sequence[str], *, ask: bool) -> None:
        self._form = form
        self._names = names
        self._ask = ask
        self._is_confirmed = False

    def show_plans(self, reviews: Sequence[Ended[Review]]) -> None:
        """The plans. Of several environments, each was shown before it is planned again under its lock."""
        if self._names and len(reviews) == 1:
            return
        text = render_plans(reviews, "text")
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
        if not self._ask or (self._names and self._is_confirmed):
            return
        require_yes(f"Apply this to {', '.join(environments)}? Type yes to apply, anything else is a no:")
        self._is_confirmed = True

    def begin(self, environment: str) -> None:
        write_stderr(bold(f"Applying to {escape(environment)}"))

    @contextmanager
    def progress(self, plan: Plan) -> Iterator[Callable[[Event], None]]:
        # The report has them, but who looks at stderr may not see it.
        elsewhere = self._form == "json" or sys.stdout.isatty() != sys.stderr.isatty()
        if log.get():  # which has the events themselves
            yield lambda event: None if event.change else write_stderr(escape(event.text))
            return
        with output.progress.progress(plan, reasons=elsewhere) as display:
            yield lambda event: display(event.change, event.status, event.text)

    def show_report(self, report: ApplyReport) -> None:
        if self._form != "json":
            write_stdout(output.text.report_text(report))
        elif not self._names:
            write_stdout(output.document.document(**output.document.report_values(report)))

    def show_ends(self, ended: Sequence[Ended[Applied]]) -> None:
        """How it ended for each of several environments."""
        as_json = self._form == "json"
        write_stdout(output.environments.reports_json(ended) if as_json else output.environments.reports_text(ended))


def _require_no_plan_flags(flags: PlanFlags) -> None:
    """WrongUsage if a flag asks for another plan than the one in the file of --plan."""
    # How old a checkout is, and whether there is a freeze, shows when it is applied.
    given = {"--target": flags["target"], "--prune": flags["prune"]}
    given["--allow"] = {*flags["allow"]} - {"behind", "frozen"}
    given["--max-deletes"] = flags["max_deletes"] is not None
    given |= {"--base": flags["base"] is not None, **scope_flags(flags)}
    overridden = [name for name, value in given.items() if value]
    if overridden:
        raise WrongUsage(
            f"{', '.join(overridden)} cannot be used with --plan: the file holds what was decided",
            hint="give it to `reconciler plan --out FILE`",
        )
