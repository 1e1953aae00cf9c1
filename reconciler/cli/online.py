"""Commands that talk to the API: `plan`, `apply`, `export`, `send-test`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import click

from reconciler.cli.options import (
    ConnectionFlags,
    PlanFlags,
    connection_options,
    format_option,
    open_session,
    path_argument,
    plan_options,
    plan_wishes,
    require_base,
    scope_flags,
)
from reconciler.cli.reports import failures_reported, plan_format_option, plans_only, write_reports
from reconciler.errors import Exit, Refused, WrongUsage
from reconciler.output.forms import COMMANDS, render_plan
from reconciler.output.terminal import escape, prompt, write_stderr, write_stdout

if TYPE_CHECKING:
    from reconciler.commands.plan import Planned
    from reconciler.commands.session import Session
    from reconciler.model.plan import Plan


@click.command()
@path_argument
@plan_options
@plan_format_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan, for `apply --plan`.")
@click.option("--undo", metavar="RECEIPT", help="Plan the way back from an apply: a receipt's id, or latest.")
def plan(path: Path, out: Path | None, undo: str | None, **flags: Unpack[PlanFlags]) -> None:
    """Show what apply would do. Reads, and never writes.

    PATH is a folder (every *.yaml below it is merged) or one file.
    """
    from reconciler.commands import plan as planning  # noqa: PLC0415 - `--help` need not load the stages

    failing = failures_reported("plan", path, flags["environment"], flags["reports"])
    with failing, open_session(path, flags) as session:
        require_base(flags)
        if undo is not None and flags["base"] is not None:
            raise WrongUsage("--base cannot be used with --undo, which plans no configuration")
        planned = _planned(session, flags, undo)
        if out is not None:
            from reconciler.commands import apply as applying  # noqa: PLC0415 - a plan that is not saved need not load it

            applying.save_plan(session, planned, out)
        shown = (flags["form"], *(form for form, _ in flags["reports"]))
        review = planning.review(session, planned, forms=shown)
    write_reports(review, flags["reports"])
    write_stdout(render_plan(review, flags["form"]), commands=flags["form"] in COMMANDS)
    if flags["strict_scope"]:
        planning.require_scope(planned)
    planning.refuse(planned.plan)
    if flags["detailed_exitcode"] and planned.plan.changes:
        raise SystemExit(Exit.PENDING)


@click.command()
@path_argument
@plan_options
@format_option
@click.option("--auto-approve", is_flag=True, help="Do not ask: for CI, after a review.")
@click.option(
    "--plan", "saved", type=click.Path(path_type=Path), metavar="FILE", help="Carry out this plan, and nothing else."
)
@click.option(
    "--expect-digest",
    "expected",
    metavar="DIGEST|@FILE",
    help="Refuse any plan but the one with this digest. FILE is of `comment --read` or `plan --format json`.",
)
def apply(path: Path, auto_approve: bool, saved: Path | None, expected: str | None, **flags: Unpack[PlanFlags]) -> None:
    """Make it so: plan, ask, write, read back.

    PATH is a folder (every *.yaml below it is merged) or one file.
    """
    from reconciler.commands import apply as applying  # noqa: PLC0415 - `--help` need not load the stages
    from reconciler.commands import plan as planning  # noqa: PLC0415
    from reconciler.output.progress import progress  # noqa: PLC0415

    failing = failures_reported("apply", path, flags["environment"], flags["reports"])
    with failing as seen, open_session(path, flags) as session, applying.lock_state(session) as lock:
        require_base(flags)
        require = _approval(expected)
        planned = _saved(session, saved, flags) if saved else _planned(session, flags)
        planned = planning.require_current(planned, flags["allow"])
        seen.review = review = planning.review(session, planned, forms=[form for form, _ in flags["reports"]])
        write_reports(review, plans_only(flags["reports"]))
        write_stderr(render_plan(review, "text"))
        require(planned.plan)
        if flags["strict_scope"]:
            planning.require_scope(planned)
        planning.refuse(planned.plan)
        if planned.plan.changes and not auto_approve:
            _confirm(planned.plan)
        with progress(planned.plan) as display:
            report = applying.apply(
                session,
                planned,
                lock,
                lambda event: display(event.change, event.status, event.text),
                parallelism=flags["parallelism"],
                recheck=saved is not None,
            )
        write_reports(review, flags["reports"], report)
        write_stdout(_report(report, flags["form"]))
    code = report.exit_code()
    if code is Exit.DONE and flags["detailed_exitcode"] and any(each.status == "manual" for each in report.outcomes):
        code = Exit.PENDING
    if code:
        raise SystemExit(code)


def _approval(expected: str | None) -> Callable[[Plan], None]:
    """What refuses a plan that is not the approved one; reads now what was approved."""
    if expected is None:
        return lambda _: None
    from reconciler.plan.approval import read_approved, require_approved  # noqa: PLC0415 - only where one was approved

    approved = read_approved(expected)
    return lambda made: require_approved(made, approved)


def _planned(session: Session, flags: PlanFlags, undo: str | None = None) -> Planned:
    from reconciler.commands import plan as planning  # noqa: PLC0415 - `--help` need not load the stages

    return planning.plan(session, plan_wishes(flags), undo, base=flags["base"], only_scope=flags["only_scope"])


def _saved(session: Session, file: Path, flags: PlanFlags) -> Planned:
    from reconciler.commands import apply as applying  # noqa: PLC0415 - `--help` need not load the stages

    # How old a checkout is shows when it is applied
    given = {"--target": flags["target"], "--prune": flags["prune"], "--allow": {*flags["allow"]} - {"behind"}}
    given["--max-deletes"] = flags["max_deletes"] is not None
    given |= {"--base": flags["base"] is not None, **scope_flags(flags)}
    overridden = [name for name, value in given.items() if value]
    if overridden:
        raise WrongUsage(
            f"{', '.join(overridden)} cannot be used with --plan: the file holds what was decided",
            hint="give it to `reconciler plan --out FILE`",
        )
    return applying.load_saved_plan(session, file)


def _report(report: Any, form: str) -> str:
    if form == "json":
        from reconciler.output.document import report_json  # noqa: PLC0415 - only the renderer that is asked for

        return report_json(report)
    from reconciler.output.text import ReportText  # noqa: PLC0415

    return str(ReportText(report))


def _confirm(made: Plan) -> None:
    if not sys.stdin.isatty():
        raise Refused("there is nobody to ask: stdin is no terminal", hint="--auto-approve applies without asking")
    answer = prompt(f"Apply these changes to {escape(made.environment)}? Only yes is taken as one", default="no")
    if answer.strip().lower() != "yes":
        raise Refused("not approved; nothing was changed")


@click.command()
@path_argument
@connection_options
def export(path: Path, **flags: Unpack[ConnectionFlags]) -> None:
    """Write a live project as YAML into the folder PATH, and its state.

    A plan right after it is empty. The folder must not manage anything yet.
    """
    from reconciler.commands.export import export_project, write_exported_state  # noqa: PLC0415 - `--help` need not load the stages

    if path.exists() and not path.is_dir():
        raise WrongUsage(f"{path} is a file; expected the folder to write into")
    path.mkdir(parents=True, exist_ok=True)
    with open_session(path, flags) as session:
        exported = export_project(session)
        for name in exported.files:
            if (path / name).exists():
                raise Refused(f"{path / name} is there already", hint="export into an empty folder")
        for name, text in exported.files.items():
            (path / name).write_text(text, encoding="utf-8")
            write_stderr(f"wrote {path / name}")
        write_exported_state(session, exported)
        write_stderr(f"wrote {session.store.where}")
    for warning in exported.warnings:
        write_stderr(f"warning: {escape(warning)}")
    write_stderr(f"{len(exported.entries)} objects exported; `reconciler plan {path}` has nothing to do now")


@click.command("send-test")
@click.argument("address")
@path_argument
@connection_options
def send_test(address: str, path: Path, **flags: Unpack[ConnectionFlags]) -> None:
    """Send a report once, now, to its destinations (at most once a minute)."""
    from reconciler.commands import send_test as sending  # noqa: PLC0415 - `--help` need not load the stages

    with open_session(path, flags) as session:
        write_stderr(f"{address}: {escape(sending.send_test(session, address))}")
