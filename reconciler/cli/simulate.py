"""`reconciler simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler import commands
from reconciler.cli.options import OneOf, WholeNumber
from reconciler.output.terminal import escape, write_stderr


class _Simulate(click.Command):
    """It has an option for each question that the documents leave open: they are loaded once it is this command."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options, and those of the questions behind them."""
        named = {name for param in self.params for name in param.opts}
        for name, (answers, question) in commands.simulate.ASSUMPTIONS.items():
            if f"--{name}" not in named:
                self.params.append(click.Option([f"--{name}"], type=OneOf(answers), help=question))
        return super().get_params(ctx)


@click.command(cls=_Simulate)
@click.argument("data", metavar="[FILE]", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--port", type=WholeNumber(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), help="Append a JSON line for each request.")
@click.option("--bare", is_flag=True, help="Leave out the e-mail destination int-email-01 and the vendor's segments.")
@click.option("--examples", is_flag=True, help="Begin with products, an entitlement, a segment and a configuration.")
@click.option("--fault", "rules", metavar="RULE", multiple=True, help="What is to go wrong; may be given again.")
@click.option(
    "--faults", "rule_file", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="A file of rules."
)
@click.option("--now", metavar="TIME", help="What time it is at the start, for example 2027-03-28T01:30Z.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another one gives other chances to the rules.")
def simulate(**request: Any) -> None:
    """Serve the documented API on this machine, for rehearsals.

    Its data is kept in FILE, or forgotten at the end. Any key that begins with sk_ or test_sk_ opens it: the first is
    of the production project, the second of the sandbox.

    A RULE names requests and what happens to them, and perhaps which of them; a file has one a line:

    \b
      --fault 'POST /scheduled-reports: drop after, n=1'
      --fault 'GET /*: status 503, chance=0.1'
      --fault 'POST /integrations: hide 2'
      --fault '* /*: rate 20/60'
      --fault 'GET /*: clock 2027-03-28T01:30Z, n=1'

    The last options say what holds where the documents leave it open. The first answer of each is the default, and FILE
    keeps the others.

    Faults are status, drop, delay, truncate, omit, hide, shift, rate, clock, worker and normalise. The guide
    examples/simulator/README.md has what each of them takes.
    """
    given = {name: request.pop(name.replace("-", "_")) for name in commands.simulate.ASSUMPTIONS}
    assumed = {name: answer for name, answer in given.items() if answer is not None}
    with commands.simulate.open_server(**request, assumptions=assumed) as (server, faults):
        try:
            write_stderr(f"The simulator answers on {server.url}\nUse it with --api-url {server.url}; Ctrl-C ends it.")
            for line in faults:
                write_stderr(escape(line))
            server.run()
        except KeyboardInterrupt:
            write_stderr("ended")
