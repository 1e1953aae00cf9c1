"""`reconciler policies`."""

from __future__ import annotations

import click

from reconciler import output
from reconciler.cli import Group
from reconciler.cli.options import format_option
from reconciler.lazy import load
from reconciler.output.terminal import write_stdout


@click.group(cls=Group)
def policies() -> None:
    """The ready rules that a policy includes by `use: NAME`."""


@policies.command("list")
@format_option
def list_(form: str) -> None:
    """What each ready rule says, what it takes, and the lines to paste. Needs no configuration."""
    rules = load("reconciler.policies.library:read_rules")()
    write_stdout(output.document.document(1, rules=rules) if form == "json" else output.listings.rules_text(rules))
