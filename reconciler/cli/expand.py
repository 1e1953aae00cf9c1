"""`reconciler expand`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler import commands, config, output
from reconciler.cli.options import environment_option, format_option, path_argument, target_option
from reconciler.output.terminal import escape, write_stderr, write_stdout


@click.command()
@path_argument
@environment_option
@target_option
@format_option
def expand(path: Path, environment: str | None, target: tuple[str, ...], form: str) -> None:
    """Write out what a configuration comes to for an environment: offline, without a key.

    The YAML is valid, plans the same, and needs no for_each, defaults, only_in, key or variables. It has no policies.
    Behind each value stands where it came from.
    """
    desired = commands.expand.expand(path, environment, target)
    for warning in desired.warnings:
        write_stderr(escape(f"warning: {warning}"))
    write_stdout(
        output.expanded.expanded_json(desired)
        if form == "json"
        else output.expanded.expanded_yaml(desired, config.files.configuration_folder(path))
    )
