"""Commands that talk to the API: `plan`, `apply`, `export`, `send-test`."""

from __future__ import annotations

import sys
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
)
from reconciler.cli.reports import plan_format_option, write_reports
from reconciler.errors import Exit, Refused, WrongUsage
from reconciler.render.forms import shown
from reconciler.render.terminal import ask, put, say, visible

if TYPE_CHECKING:
    from reconciler.model.plan import Plan
    from reconciler.pipeline import Planned
    from reconciler.session import Session


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
    from reconciler import pipeline  # noqa: PLC0415 - `--help` need not load the stages

    with open_session(path, flags) as session:
        planned = pipeline.plan(session, plan_wishes(flags), undo)
        if out is not None:
            pipeline.save(session, planned, out)
        review = pipeline.review(session, planned)
    write_reports(review, flags["reports"])
    put(shown(review, flags["form"]))
    pipeline.refuse(planned.plan)
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
@click.option("--expect-digest", metavar="DIGEST", help="Refuse where the plan is not the one that bears this digest.")
def apply(
    path: Path, auto_approve: bool, saved: Path | None, expect_digest: str | None, **flags: Unpack[PlanFlags]
) -> None:
    """Make it so: plan, ask, write, read back.

    PATH is a folder (every *.yaml below it is merged) or one file.
    """
    from reconciler import pipeline  # noqa: PLC0415 - `--help` need not load the stages
    from reconciler.render.progress import progress  # noqa: PLC0415

    with open_session(path, flags) as session, pipeline.locked(session) as lock:
        planned = _saved(session, saved, flags) if saved else pipeline.plan(session, plan_wishes(flags))
        review = pipeline.review(session, planned)
        write_reports(review, flags["reports"])
        say(shown(review, "text"))
        pipeline.expect(planned.plan, expect_digest)
        pipeline.refuse(planned.plan)
        if planned.plan.changes and not auto_approve:
            _confirm(planned.plan)
        with progress(planned.plan) as display:
            report = pipeline.apply(
                session,
                planned,
                lock,
                lambda event: display(event.change, event.status, event.text),
                parallelism=flags["parallelism"],
                look_again=saved is not None,
            )
        put(_report(report, flags["form"]))
    code = report.exit_code()
    if code is Exit.DONE and flags["detailed_exitcode"] and any(each.status == "manual" for each in report.outcomes):
        code = Exit.PENDING
    if code:
        raise SystemExit(code)


def _saved(session: Session, file: Path, flags: PlanFlags) -> Planned:
    from reconciler import pipeline  # noqa: PLC0415 - `--help` need not load the stages

    given = {"--target": flags["target"], "--prune": flags["prune"], "--allow": flags["allow"]}
    given["--max-deletes"] = flags["max_deletes"] is not None
    overridden = [name for name, value in given.items() if value]
    if overridden:
        raise WrongUsage(
            f"{', '.join(overridden)} cannot be used with --plan: the file holds what was decided",
            hint="give it to `reconciler plan --out FILE`",
        )
    return pipeline.saved_plan(session, file)


def _report(report: Any, form: str) -> str:
    if form == "json":
        from reconciler.render.document import report_json  # noqa: PLC0415 - only the renderer that is asked for

        return report_json(report)
    from reconciler.render.text import ReportText  # noqa: PLC0415

    return str(ReportText(report))


def _confirm(made: Plan) -> None:
    if not sys.stdin.isatty():
        raise Refused("there is nobody to ask: stdin is no terminal", hint="--auto-approve applies without asking")
    answer = ask(f"Apply these changes to {visible(made.environment)}? Only yes is taken as one", default="no")
    if answer.strip().lower() != "yes":
        raise Refused("not approved; nothing was changed")


@click.command()
@path_argument
@connection_options
def export(path: Path, **flags: Unpack[ConnectionFlags]) -> None:
    """Write a live project as YAML into the folder PATH, and its state.

    A plan right after it is empty. The folder must not manage anything yet.
    """
    from reconciler import pipeline  # noqa: PLC0415 - `--help` need not load the stages

    if path.exists() and not path.is_dir():
        raise WrongUsage(f"{path} is a file; expected the folder to write into")
    path.mkdir(parents=True, exist_ok=True)
    with open_session(path, flags) as session:
        exported = pipeline.export_project(session)
        for name in exported.files:
            if (path / name).exists():
                raise Refused(f"{path / name} is there already", hint="export into an empty folder")
        for name, text in exported.files.items():
            (path / name).write_text(text, encoding="utf-8")
            say(f"wrote {path / name}")
        pipeline.remember(session, exported)
        say(f"wrote {session.store.where}")
    for warning in exported.warnings:
        say(f"warning: {visible(warning)}")
    say(f"{len(exported.entries)} objects exported; `reconciler plan {path}` has nothing to do now")


@click.command("send-test")
@click.argument("address")
@path_argument
@connection_options
def send_test(address: str, path: Path, **flags: Unpack[ConnectionFlags]) -> None:
    """Send a report once, now, to its destinations (at most once a minute)."""
    from reconciler import pipeline  # noqa: PLC0415 - `--help` need not load the stages

    with open_session(path, flags) as session:
        say(f"{address}: {visible(pipeline.send_test(session, address))}")
