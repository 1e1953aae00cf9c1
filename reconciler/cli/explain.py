"""`reconciler explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

from reconciler import commands, output
from reconciler.cli.options import (
    ConnectionFlags,
    complete,
    connection_options,
    format_option,
    open_session,
    path_argument,
)
from reconciler.output.terminal import write_stdout


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
