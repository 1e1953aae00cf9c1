"""`reconciler explain` and `reconciler graph`: they make a plan, and never write."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

from reconciler import commands, output
from reconciler.cli.environments import open_session
from reconciler.cli.options import (
    ConnectionFlags,
    complete,
    connection_options,
    form_option,
    format_option,
    path_argument,
)
from reconciler.output.terminal import write_stderr, write_stdout


@click.command()
@click.argument("target", metavar="ADDRESS[.FIELD]", shell_complete=complete("addresses"))
@path_argument
@format_option
@connection_options
def explain(target: str, path: Path, form: str, **flags: Unpack[ConnectionFlags]) -> None:
    """Say why something is equal, different, ignored, moved or manual.

    The line of YAML, the live value, what was last applied and when, what the next apply does, and the rule that
    decides, with its source. ADDRESS is KIND.KEY, or KIND[ID] of a live object; FIELD may be nested:

    \b
      reconciler explain report.daily-revenue
      reconciler explain automation.welcome-flow.data.actions.push
      reconciler explain 'report[wbRlfw1x].send_at'
    """
    with open_session(path, flags) as session:
        found = commands.explain.explain_address(session, target)
    as_json = form == "json"
    write_stdout(output.explain.explanation_json(found) if as_json else output.explain.explanation_text(found))


@click.command()
@path_argument
@connection_options
@form_option(["mermaid", "dot", "svg"], "The picture's language.")
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
    write_stdout(output.graph.PICTURES[form](drawn))
