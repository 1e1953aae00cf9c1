"""`reconciler fold`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler import commands
from reconciler.cli.options import NeverSuggested, path_argument, target_option
from reconciler.errors import some_of
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
    for group in found.folded:
        if heading != (heading := (f"# {group.file}", f"{group.section}:")):
            write_stdout("\n".join(heading))
        write_stdout("\n".join(group.text.splitlines()))
        some, many = some_of(map(group.name, group.joined.keys)), counted(len(group.joined.keys), "resource")
        write_stderr(escape(f"{many} ({some}) become {group.name(group.joined.name)}"))
    for group in found.left:
        write_stderr(escape(f"left as they are: {some_of(map(group.name, group.joined.keys))}: {group.text}"))
    if not found.folded:
        why = "no three resources of a section have the same fields, and keys and values that differ in one part only"
        write_stderr("nothing to fold" if found.left else f"nothing to fold: {why}")
    elif write:
        for file in commands.edits.write_edits(found.edits):
            write_stderr(escape(f"wrote {file}"))
    else:
        write_stderr("nothing is written; --write does that")
