"""`reconciler fold`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler import commands
from reconciler.cli.options import NeverSuggested, path_argument, target_option
from reconciler.output.terminal import escape, write_stderr, write_stdout
from reconciler.text import counted


@click.command()
@path_argument
@click.option("--write", cls=NeverSuggested, is_flag=True, help="Write it into the files.")
@target_option
def fold(path: Path, write: bool, target: tuple[str, ...]) -> None:
    """Make one for_each of many resources that are nearly equal: offline, without a key.

    It shows the blocks, and --write writes them. All addresses stay, and every environment gets the same as before.
    """
    found = commands.fold.Folder(path, target)
    heading = ("", "")
    for group, _, text in found.folded:
        if heading != (heading := (f"# {group.file}", f"{group.section}:")):
            write_stdout("\n".join(heading))
        write_stdout("\n".join(text.splitlines()))
    for group, saved, _ in found.folded:
        become = f"become {group.address}; {counted(saved, 'line')} less"
        write_stderr(escape(f"{counted(len(group.joined.keys), 'resource')} ({group.resources}) {become}"))
    for group, why in found.left.values():
        write_stderr(escape(f"left as they are: {group.resources}: {why}"))
    if not found.folded:
        write_stderr("nothing to fold")
    elif write:
        for file in commands.edits.write_edits(found.edits):
            write_stderr(escape(f"wrote {file}"))
    else:
        write_stderr("nothing is written; --write does that")
