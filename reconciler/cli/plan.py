"""`reconciler plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

from reconciler import commands
from reconciler.cli.options import (
    PlanFlags,
    complete,
    open_session,
    path_argument,
    plan_format_option,
    plan_options,
    read_options,
    require_base,
)
from reconciler.errors import Exit, WrongUsage
from reconciler.output.forms import COMMANDS, render_plan
from reconciler.output.terminal import escape, write_stderr, write_stdout


@click.command()
@path_argument
@plan_options
@plan_format_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan, for `apply --plan`.")
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
    files = commands.report_files.ReportFiles("plan", path, flags["environment"], flags["reports"])
    with files, open_session(path, flags) as session:
        require_base(flags)
        if undo is not None and flags["base"] is not None:
            raise WrongUsage("--base cannot be used with --undo, which plans no configuration")
        if at is not None:
            session.door.now = commands.session.parse_moment(at, "--at")
            write_stderr(f"note: this is the plan of {session.door.now:%Y-%m-%d %H:%M} UTC, to look at only")
        who_applies = session.watch_lock()
        planned, review = commands.review.preview(
            session,
            read_options(flags),
            undo,
            base=flags["base"],
            only_scope=flags["only_scope"],
            out=out,
            forms=[flags["form"], *files.forms()],
        )
        if who := who_applies():
            write_stderr(escape(f"note: somebody is applying: {who}; plan again once that has ended"))
    commands.report_files.write_reports(review, flags["reports"])
    write_stdout(render_plan(review, flags["form"]), commands=flags["form"] in COMMANDS)
    commands.plan.require_applicable(planned, strict_scope=flags["strict_scope"])
    if flags["detailed_exitcode"] and planned.plan.changes:
        raise SystemExit(Exit.PENDING)
