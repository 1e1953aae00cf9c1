"""`reconciler plan`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from reconciler import commands
from reconciler.cli.environments import Environments, choose_environments, require_all
from reconciler.cli.options import (
    FILE,
    PlanFlags,
    complete,
    form_option,
    path_argument,
    plan_options,
    read_options,
    require_base,
)
from reconciler.errors import Exit, WrongUsage
from reconciler.output.forms import COMMANDS, FORMS, render_plans
from reconciler.output.terminal import escape, write_stderr, write_stdout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.commands.review import Preview, PreviewRequest


@click.command()
@path_argument
@plan_options
@form_option(FORMS)
@click.option("--out", type=FILE, help="Save the plan, for `apply --plan`.")
@click.option("--at", metavar="TIME", help="Show the plan of that moment, for example 2027-03-28T01:30Z.")
@click.option(
    "--undo",
    metavar="RECEIPT",
    shell_complete=complete("receipts"),
    help="Plan the way back from an apply: a receipt's id, or latest.",
)
def plan(path: Path, out: Path | None, at: str | None, undo: str | None, **flags: Unpack[PlanFlags]) -> None:
    """Show what apply would do. Reads, and never writes.

    PATH is a folder (every *.yaml below it is merged) or one file.
    """
    if at is not None and out is not None:
        raise WrongUsage("--out cannot be used with --at: the plan of another moment is shown, and never applied")
    files = commands.review.ReportFiles("plan", path, None, flags["reports"])
    files.chosen = flags["environments"], flags["every"]
    with files:
        environments = choose_environments(path, flags)
        files.environment = environments.one
        request = _read_request(flags, environments, files.forms(), at, undo)
        environments.leave_out_untouched(flags["base"], every=flags["every"])
        ended = environments.run(lambda session: commands.review.preview(session, replace(request, is_saved=bool(out))))
        made = [each.value for each in ended if each.value is not None]
        failed = [each.environment for each in ended if each.error is not None]
        if out is not None and failed:
            write_stderr(escape(f"note: {out} is not written: there is no plan for {', '.join(failed)}"))
        elif out is not None:
            commands.saved_plan.save_plans((each.saved for each in made), out)
    for each in made:
        if each.lock:
            where = f" to {each.review.plan.environment}" if environments.are_several else ""
            write_stderr(escape(f"note: somebody is applying{where}: {each.lock}; plan again once that has ended"))
    if environments.are_several:
        ended = commands.review.judge_together(ended)
    form, reviews = flags["form"], [each.map(lambda made: made.review) for each in ended]
    files.write(reviews)
    write_stdout(render_plans(reviews, form), commands=form in COMMANDS)
    require_all(
        replace(each, error=each.value.refused if each.value else each.error, code=_code(each.value, flags))
        for each in ended
    )


def _code(made: Preview | None, flags: PlanFlags) -> Exit:
    is_pending = made is not None and flags["detailed_exitcode"] and made.planned.plan.changes
    return Exit.PENDING if is_pending else Exit.DONE


def _read_request(
    flags: PlanFlags, environments: Environments, forms: Sequence[str], at: str | None, undo: str | None
) -> PreviewRequest:
    require_base(flags)
    if undo is not None and flags["base"] is not None:
        raise WrongUsage("--base cannot be used with --undo, which plans no configuration")
    if undo is not None and environments.are_several:
        raise WrongUsage("--undo takes one environment: a receipt is of one", hint="name it: --environment NAME")
    moment = None if at is None else commands.session.parse_moment(at, "--at")
    if moment is not None:
        write_stderr(f"note: this is the plan of {moment:%Y-%m-%d %H:%M} UTC, to look at only")
    return commands.review.PreviewRequest(
        read_options(flags),
        undo,
        base=flags["base"],
        only_scope=flags["only_scope"],
        strict_scope=flags["strict_scope"],
        forms=[flags["form"], *forms],
        at=moment,
    )
