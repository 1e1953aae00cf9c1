"""`reconciler send-test`."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

from reconciler import commands
from reconciler.cli.options import ConnectionFlags, complete, connection_options, open_session, path_argument
from reconciler.output.terminal import escape, write_stderr


@click.command("send-test")
@click.argument("address", shell_complete=complete("reports"))
@path_argument
@connection_options
def send_test(address: str, path: Path, **flags: Unpack[ConnectionFlags]) -> None:
    """Send a report once, now, to its destinations (at most once a minute)."""
    with open_session(path, flags) as session:
        write_stderr(f"{address}: {escape(commands.send_test.send_test(session, address))}")
