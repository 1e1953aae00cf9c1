"""`reconciler graph`."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

from reconciler import commands, output
from reconciler.cli.options import ConnectionFlags, OneOf, connection_options, open_session, path_argument
from reconciler.output.terminal import write_stderr, write_stdout


@click.command()
@path_argument
@connection_options
@click.option(
    "--format",
    "form",
    type=OneOf(["mermaid", "dot", "svg"]),
    default="mermaid",
    show_default=True,
    help="The picture's language.",
)
@click.option("--offline", is_flag=True, help="The configuration alone, without a key: nothing is planned.")
def graph(path: Path, form: str, offline: bool, **flags: Unpack[ConnectionFlags]) -> None:
    """Draw what refers to what, coloured by what would happen.

    Makes a plan for that, and never writes. Of many objects, Mermaid and SVG draw alike ones as one box, and a
    hundred boxes at most, what changes first; DOT draws all.

    PATH is a folder (every *.yaml below it is merged) or one file.
    """
    if offline:
        drawn = commands.graph.configured_graph(path, flags["environment"])
    else:
        with open_session(path, flags) as session:
            drawn = commands.graph.planned_graph(session)
    _, left_out = output.graph.excerpt(drawn)
    if left_out and form != "dot":
        write_stderr(f"{left_out} --format dot draws all.")
    write_stdout(str(output.graph.PICTURES[form](drawn)))
