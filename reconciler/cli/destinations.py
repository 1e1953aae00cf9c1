"""`reconciler destinations`: what reports can be sent to."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

from reconciler.cli.options import ConnectionFlags, connection_options, format_option, open_session, path_argument
from reconciler.render.terminal import put, say, visible


@click.command()
@path_argument
@format_option
@connection_options
def destinations(path: Path, form: str, **flags: Unpack[ConnectionFlags]) -> None:
    """List what reports can be sent to.

    Each destination with the line that is written for it, its label, and the integration that it is, if its id or its
    label proves that. A label that several destinations bear is marked.
    """
    from reconciler import errands  # noqa: PLC0415 - `--help` need not load the stages
    from reconciler.render.destinations import DestinationsText, destinations_json  # noqa: PLC0415

    with open_session(path, flags) as session:
        found = errands.destinations_of(session)
    put(destinations_json(found) if form == "json" else str(DestinationsText(found)))
    for warning in found.warnings if form == "text" else ():
        say(visible(f"warning: {warning}"))
