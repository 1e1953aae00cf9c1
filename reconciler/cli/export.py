"""`reconciler export`."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

from reconciler import commands
from reconciler.cli.options import ConnectionFlags, connection_options, open_session, path_argument
from reconciler.errors import Refused, WrongUsage
from reconciler.output.labels import api_note
from reconciler.output.terminal import escape, write_stderr
from reconciler.text import counted


@click.command()
@path_argument
@connection_options
def export(path: Path, **flags: Unpack[ConnectionFlags]) -> None:
    """Write a live project as YAML into the folder PATH, and its state.

    A plan right after it is empty. The folder must not manage anything yet.
    """
    if path.exists() and not path.is_dir():
        raise WrongUsage(f"{path} is a file; expected the folder to write into")
    path.mkdir(parents=True, exist_ok=True)
    with open_session(path, flags) as session:
        exported = commands.export.export_project(session)
        for name in exported.files:
            if (path / name).exists():
                raise Refused(f"{path / name} is there already", hint="export into an empty folder")
        for name, text in exported.files.items():
            (path / name).parent.mkdir(exist_ok=True)
            (path / name).write_text(text, encoding="utf-8")
            write_stderr(f"wrote {path / name}")
        commands.export.write_exported_state(session, exported)
        write_stderr(f"wrote {session.store.where}")
    for warning in exported.warnings:
        write_stderr(f"warning: {escape(warning)}")
    count = counted(len(exported.entries), "object")
    write_stderr(f"{count} exported{api_note(session.door.address)}; `reconciler plan {path}` has nothing to do now")
