"""Options that several commands share, and what is made of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from reconciler import commands
from reconciler.errors import ALLOWABLE, WrongUsage
from reconciler.lazy import load
from reconciler.output.forms import FORMS
from reconciler.output.terminal import dim, escape, register_secret, write_stderr

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from reconciler.commands.session import Session
    from reconciler.plan.guards import Options

Command = TypeVar("Command", bound=Callable[..., Any])


path_argument = click.argument("path", type=click.Path(path_type=Path), default=".")
environment_option = click.option(
    "--environment", "-e", metavar="NAME", help="The environment of reconciler.yaml; needed if there are several."
)
api_url_option = click.option(
    "--api-url", metavar="URL", help="The API's address, or simulator:FILE. Also from QONVERSION_API_URL."
)
parallelism_option = click.option(
    "--parallelism",
    type=click.IntRange(1, 64),
    default=10,
    show_default=True,
    metavar="N",
    help="How many requests at once.",
)
format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="What stdout gets."
)
plan_format_option = click.option(
    "--format", "form", type=click.Choice(FORMS), default="text", show_default=True, help="What stdout gets."
)
debug_option = click.option("--debug", is_flag=True, help="Show each request on stderr, without the key and bodies.")


def _form_and_file(value: str) -> tuple[str, Path]:
    """`html=plan.html` is the form html and the file plan.html."""
    form, _, file = value.partition("=")
    if form not in FORMS or not file:
        raise click.BadParameter(f"{value!r} is no report; expected FORM=FILE, FORM one of {', '.join(FORMS)}")
    return form, Path(file)


report_option = click.option(
    "--report",
    "reports",
    callback=lambda ctx, param, values: tuple(map(_form_and_file, values)),
    multiple=True,
    metavar="FORM=FILE",
    help="Also write the plan into a file, for example html=plan.html. May be given several times.",
)


def connection_options(command: Command) -> Command:
    """For every command that talks to the API."""
    for option in (debug_option, parallelism_option, api_url_option, environment_option):
        command = option(command)
    return command


def plan_options(command: Command) -> Command:
    """For every command that makes a plan."""
    options = (
        click.option(
            "--detailed-exitcode", is_flag=True, help="Exit with 2 if something is left to do, with 0 if not."
        ),
        click.option(
            "--allow",
            type=click.Choice(ALLOWABLE),
            multiple=True,
            help="Pass this guard, once you know why it refuses.",
        ),
        click.option(
            "--max-deletes", type=click.IntRange(0), metavar="N", help="Delete or replace up to N objects, and no more."
        ),
        click.option("--prune", is_flag=True, help="Also delete live objects that are not managed."),
        click.option(
            "--target",
            multiple=True,
            metavar="ADDRESS",
            help="Only this address, with what it needs. May be given several times.",
        ),
        click.option(
            "--strict-scope",
            is_flag=True,
            help="With --base: refuse if something is planned that is not due to the changes since.",
        ),
        click.option(
            "--only-scope",
            is_flag=True,
            help="With --base: leave out what is not due to the changes since, and not needed by them.",
        ),
        click.option(
            "--base",
            metavar="REF",
            help="Compare with the merge base of HEAD and REF: origin/main, or HEAD^ after a merge.",
        ),
        report_option,
    )
    for option in options:
        command = option(command)
    return connection_options(command)


class ConnectionFlags(TypedDict):
    """What `connection_options` reads."""

    environment: str | None
    api_url: str | None
    parallelism: int
    debug: bool


class PlanFlags(ConnectionFlags):
    """What `plan_options` reads."""

    form: str
    reports: tuple[tuple[str, Path], ...]
    target: tuple[str, ...]
    prune: bool
    max_deletes: int | None
    allow: tuple[str, ...]
    detailed_exitcode: bool
    base: str | None
    only_scope: bool
    strict_scope: bool


def open_session(path: Path, flags: ConnectionFlags) -> AbstractContextManager[Session]:
    """What a command works with, opened."""
    debug, parallelism = trace(flags["debug"]), flags["parallelism"]
    return commands.session.open_session(
        path, flags["environment"], flags["api_url"], os.environ, parallelism, debug, register_secret
    )


def trace(debug: bool) -> Callable[[str], None] | None:
    """What writes a line for each request, if --debug asks for it."""
    return (lambda line: write_stderr(dim(escape(f"debug: {line}")))) if debug else None


def read_options(flags: PlanFlags) -> Options:
    """What the flags ask of a plan."""
    make: type[Options] = load("reconciler.plan.guards:Options")
    return make(flags["target"], flags["prune"], flags["max_deletes"], frozenset(flags["allow"]))


def require_base(flags: PlanFlags) -> None:
    """WrongUsage if a flag asks about a base that is not named."""
    asked = [name for name, given in scope_flags(flags).items() if given]
    if asked and flags["base"] is None:
        raise WrongUsage(
            f"{' and '.join(asked)} needs --base", hint="--base origin/main, or --base HEAD^ after a merge"
        )


def scope_flags(flags: PlanFlags) -> dict[str, bool]:
    """The flags that need --base."""
    return {"--only-scope": flags["only_scope"], "--strict-scope": flags["strict_scope"]}
