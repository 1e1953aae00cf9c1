"""Options that several commands share, and how a command ends."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from reconciler.cli.reports import report_option
from reconciler.errors import ALLOWABLE, WrongUsage
from reconciler.output.terminal import dim, escape, register_secret, write_stderr

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from reconciler.commands.session import Session
    from reconciler.plan import Options

Command = TypeVar("Command", bound=Callable[..., Any])


class InOrder(click.Group):
    """A group whose commands are listed in the order in which they were added: that of use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(self.commands)


path_argument = click.argument("path", type=click.Path(path_type=Path), default=".")
environment_option = click.option(
    "--environment", "-e", metavar="NAME", help="Which environment of reconciler.yaml; needed where there are several."
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


debug_option = click.option("--debug", is_flag=True, help="Tell of each request on stderr: no key, no bodies.")


def connection_options(command: Command) -> Command:
    """For every command that talks to the API."""
    for option in (debug_option, parallelism_option, api_url_option, environment_option):
        command = option(command)
    return command


def plan_options(command: Command) -> Command:
    """For every command that makes a plan."""
    options = (
        click.option(
            "--detailed-exitcode", is_flag=True, help="Exit with 2 where something is left to do, 0 where nothing is."
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
            help="Refuse where something is planned that is not due to the changes since.",
        ),
        click.option(
            "--only-scope", is_flag=True, help="Leave out what is not due to the changes since, but what those need."
        ),
        click.option(
            "--base",
            metavar="REF",
            help="Compare with the configuration where REF and HEAD part: origin/main, or HEAD^ after a merge.",
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
    """The surroundings of one run, opened."""
    from reconciler.commands import session  # noqa: PLC0415 - `--help` need not load the stages

    trace = (lambda line: write_stderr(dim(escape(f"debug: {line}")))) if flags["debug"] else None
    return session.open_session(
        path, flags["environment"], flags["api_url"], os.environ, flags["parallelism"], trace, register_secret
    )


def plan_wishes(flags: PlanFlags) -> Options:
    """What the flags ask of a plan."""
    from reconciler.plan import Options  # noqa: PLC0415 - `--help` need not load the stages

    return Options(flags["target"], flags["prune"], flags["max_deletes"], frozenset(flags["allow"]))


def require_base(flags: PlanFlags) -> None:
    """WrongUsage where a flag asks about a base that is not named."""
    asked = [name for name, given in scope_flags(flags).items() if given]
    if asked and flags["base"] is None:
        raise WrongUsage(
            f"{' and '.join(asked)} needs --base", hint="--base origin/main, or --base HEAD^ after a merge"
        )


def scope_flags(flags: PlanFlags) -> dict[str, bool]:
    """The flags that ask whose doing a change is."""
    return {"--only-scope": flags["only_scope"], "--strict-scope": flags["strict_scope"]}
