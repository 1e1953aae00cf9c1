"""Commands that look at what is live and may write YAML: `drift`, `import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from reconciler.cli.options import ConnectionFlags, connection_options, open_session, path_argument
from reconciler.errors import Exit
from reconciler.output.terminal import escape, write_stderr, write_stdout

if TYPE_CHECKING:
    from reconciler.commands.edits import Written
    from reconciler.model.drift import Drift


@click.command()
@path_argument
@click.option("--adopt", is_flag=True, help="Write the live values into the YAML, comments kept, for a pull request.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="What stdout gets; markdown is for `comment`, which makes an issue of it.",
)
@connection_options
def drift(path: Path, adopt: bool, form: str, **flags: Unpack[ConnectionFlags]) -> None:
    """Show what somebody changed outside since the last apply.

    Exits with 2 where there is something.
    """
    from reconciler.commands.drift import adopt_drift, find_drift  # noqa: PLC0415 - `--help` need not load the stages
    from reconciler.commands.plan import plan  # noqa: PLC0415
    from reconciler.plan import Options  # noqa: PLC0415

    with open_session(path, flags) as session:
        if adopt:
            found, written = adopt_drift(session)
        else:
            found, written = find_drift(plan(session, Options(to_apply=False))), None
    write_stdout(_shown(found, form))
    if written is not None:
        _tell(written)
    if found.objects:
        raise SystemExit(Exit.PENDING)


@click.command("import")
@click.argument("address")
@click.argument("object_id", metavar="ID")
@path_argument
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="Where to write it; else SECTION.yaml.")
@connection_options
def import_(address: str, object_id: str, path: Path, file: Path | None, **flags: Unpack[ConnectionFlags]) -> None:
    """Write the YAML for a live object, with the line that adopts it.

    ADDRESS is what it is to be called, for example report.daily-revenue; ID is the API's.
    """
    from reconciler.commands.imports import import_object  # noqa: PLC0415 - `--help` need not load the stages

    with open_session(path, flags) as session:
        written = import_object(session, address, object_id, file)
    _tell(written)
    write_stderr("Look at it, then plan: it is adopted by the next apply, and the `imports` line can go after that.")


def _shown(found: Drift, form: str) -> str:
    from reconciler.output.listings import drift_json, drift_text  # noqa: PLC0415 - only the renderer that is asked for
    from reconciler.output.markdown import DriftMarkdown  # noqa: PLC0415

    if form == "json":
        return drift_json(found)
    return str(DriftMarkdown(found)) if form == "markdown" else drift_text(found)


def _tell(written: Written) -> None:
    for file in written.files:
        write_stderr(escape(f"wrote {file}"))
    for text in written.left:
        write_stderr(escape(f"left to you: {text}"))
