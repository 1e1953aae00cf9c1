"""The command line."""

from __future__ import annotations

import click

from reconciler.errors import WrongUsage
from reconciler.text import suggest_close

NOT_ADVISED = frozenset({"rm", "unlock"})
"""Commands that forget something: no mistake is answered with them."""
OTHER_TOOLS = {
    **dict.fromkeys(("--dry-run", "--dryrun"), "`reconciler plan` shows what apply would do"),
    **dict.fromkeys(("init", "fmt"), "nothing has to be prepared or formatted: run `reconciler plan`"),
    **dict.fromkeys(("show", "refresh", "output"), "`plan` reads what is live, and `state list` shows the state"),
    **dict.fromkeys(("destroy", "taint"), "the configuration decides what is deleted or replaced; `plan` shows it"),
    "workspace": "reconciler.yaml names the environments, and --environment chooses one",
}
"""Options and commands that people know from other tools, and what they find here."""


class Group(click.Group):
    """Commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names, and the other words. WrongUsage if it does not exist."""
        if ctx.resilient_parsing or self.get_command(ctx, args[0]) is not None:
            return super().resolve_command(ctx, args)
        close = suggest_close(args[0], (each for each in self.list_commands(ctx) if each not in NOT_ADVISED))
        name = " ".join([*ctx.command_path.split()[1:], args[0]])
        told = f"; {OTHER_TOOLS[name]}" if name in OTHER_TOOLS else close
        raise WrongUsage(f"there is no command {name}{told}", hint=f"`{ctx.command_path} --help` lists the commands")
