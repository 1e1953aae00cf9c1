"""`reconciler compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler import commands, output
from reconciler.cli.environments import Environments, require_all
from reconciler.cli.options import (
    ManyFlags,
    api_url_option,
    complete,
    debug_option,
    form_option,
    parallelism_option,
    path_argument,
)
from reconciler.errors import Exit, WrongUsage
from reconciler.output.terminal import write_stdout

if TYPE_CHECKING:
    from reconciler.model.results import Pair
    from reconciler.plan.compare import Observed


@click.command()
@click.argument("first", metavar="A", shell_complete=complete("environments"))
@click.argument("second", metavar="B", shell_complete=complete("environments"))
@path_argument
@click.option("--live", is_flag=True, help="Compare what is live in both projects; needs both keys, writes nothing.")
@click.option(
    "--target",
    shell_complete=complete("addresses"),
    multiple=True,
    metavar="ADDRESS",
    help="Only this address, or those that fit a pattern: 'report.chess-*'. May be given several times.",
)
@click.option(
    "--ignore",
    "ignored",
    multiple=True,
    metavar="FIELD",
    help="Leave out what is meant to differ: FIELD or KIND.FIELD, such as report.status or data.actions.push.",
)
@form_option(["text", "json", "markdown"])
@api_url_option
@parallelism_option
@debug_option
def compare(
    first: str,
    second: str,
    path: Path,
    *,
    live: bool,
    target: tuple[str, ...],
    ignored: tuple[str, ...],
    form: str,
    api_url: str | None,
    parallelism: int,
    debug: bool,
) -> None:
    """Show what differs between two environments.

    Without --live it compares what is written, offline and without a key. What an `only_in` leaves out is told and is
    no difference; so is what `compare: {ignore: […]}` in reconciler.yaml names. Exits with 2 if there is a difference.
    """

    if api_url is not None and not live:
        raise WrongUsage("--api-url is the address of what is live; expected it together with --live")

    def observe_both() -> Pair[Observed]:
        flags = ManyFlags(environments=(), every=False, api_url=api_url, parallelism=parallelism, debug=debug)
        ended = Environments(path, None, (first, second), flags).run(
            lambda session: commands.compare.observe(session, target)
        )
        require_all(ended)
        one, other = (each.value for each in ended if each.value)
        return one, other

    found = commands.compare.compare(path, (first, second), target, ignored, observe_both if live else None)
    write_stdout(output.compared.render_comparison(found, form))
    if found.count():
        raise SystemExit(Exit.PENDING)
