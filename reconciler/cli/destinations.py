"""`reconciler destinations` and `reconciler send-test`: where reports are sent."""

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
    format_option,
    path_argument,
)
from reconciler.output.terminal import escape, write_stderr, write_stdout


@click.command()
@path_argument
@format_option
@connection_options
def destinations(path: Path, form: str, **flags: Unpack[ConnectionFlags]) -> None:
    """List what reports can be sent to.

    Each destination with the line that is written for it, its label, and the integration that it is, if its id or its
    label proves that. A label that several destinations bear is marked.
    """
    with open_session(path, flags) as session:
        found = commands.destinations.list_destinations(session)
    as_json = form == "json"
    write_stdout(output.listings.destinations_json(found) if as_json else output.listings.destinations_text(found))
    for warning in found.warnings if form == "text" else ():
        write_stderr(escape(f"warning: {warning}"))


@click.command("send-test")
@click.argument("address", shell_complete=complete("reports"))
@path_argument
@connection_options
def send_test(address: str, path: Path, **flags: Unpack[ConnectionFlags]) -> None:
    """Send a report once, now, to its destinations (at most once a minute)."""
    with open_session(path, flags) as session:
        write_stderr(f"{address}: {escape(commands.send_test.send_test(session, address))}")
