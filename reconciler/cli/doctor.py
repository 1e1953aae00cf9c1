"""`reconciler doctor`."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from reconciler import commands, output
from reconciler.cli.environments import choose_environments
from reconciler.cli.options import (
    Guard,
    ManyFlags,
    NeverSuggested,
    format_option,
    many_connection_options,
    path_argument,
)
from reconciler.errors import Refused, WrongUsage, worst
from reconciler.model.diagnosis import Diagnosis
from reconciler.output.terminal import escape, prompt, write_stdout

if TYPE_CHECKING:
    from reconciler.commands.session import Session

QUESTION = "make, change and delete objects of its own; they may be seen in production for as long. Type yes to do it"


@click.command()
@path_argument
@click.option(
    "--probe",
    cls=NeverSuggested,
    is_flag=True,
    help="Also learn what the documents leave open, by objects of its own. It takes a sandbox key only.",
)
@click.option("--auto-approve", cls=NeverSuggested, is_flag=True, help="With --probe: do not ask.")
@click.option(
    "--allow",
    cls=NeverSuggested,
    type=Guard(()),
    multiple=True,
    help="With --probe: also objects of this closed kind, delete:KIND.",
)
@format_option
@many_connection_options
def doctor(
    path: Path, probe: bool, auto_approve: bool, allow: tuple[str, ...], form: str, **flags: Unpack[ManyFlags]
) -> None:
    """Check all that a plan needs: key, address, lists, state, git; and what is known of the API.

    It only reads, unless --probe is given. Each line is ok, warning or failed. Warnings leave the exit code at 0.
    """
    if (allow or auto_approve) and not probe:
        raise WrongUsage("--allow and --auto-approve are for --probe")
    environments = choose_environments(path, flags)
    opened = commands.doctor.Configuration(path)
    names = environments.names or [opened.environment(environments.one).name]
    if probe and len(names) > 1:
        raise WrongUsage("--probe takes one environment", hint="name it: --environment NAME")
    found = commands.doctor.examine_all(opened, names, environments.open)
    if probe and not found[0].exit_code:
        found = [_probe(found[0], environments.open(names[0]), allow, ask=not auto_approve)]
    found = [replace(each, checks=(*each.checks, commands.doctor.check_facts(each.facts))) for each in found]
    write_stdout(output.listings.diagnoses_json(found) if form == "json" else output.listings.diagnoses_text(found))
    if code := worst(each.exit_code for each in found):
        raise SystemExit(code)


def _probe(
    found: Diagnosis, opening: AbstractContextManager[Session], allow: tuple[str, ...], *, ask: bool
) -> Diagnosis:
    """The diagnosis with what a probe learned. Refused without a sandbox key, or without a yes."""
    with opening as session:
        commands.probe.require_sandbox(session)
        if ask and not sys.stdin.isatty():
            raise Refused("cannot ask: stdin is not a terminal", hint="--auto-approve probes without asking")
        if ask and prompt(f"{escape(found.environment)}: {QUESTION}:").lower() != "yes":
            raise Refused("not approved; nothing was made")
        facts, check = commands.probe.probe(session, allow)
    return replace(found, checks=(*found.checks, check), facts=(*found.facts, *facts))
