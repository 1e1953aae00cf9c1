"""The command line."""

from __future__ import annotations

import click

from reconciler.errors import WrongUsage
from reconciler.text import did_you_mean

NOT_ADVISED = frozenset({"rm", "unlock"})
"""Commands that forget something: no mistake is answered with them."""


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
        close = did_you_mean(args[0], (each for each in self.list_commands(ctx) if each not in NOT_ADVISED))
        name = " ".join([*ctx.command_path.split()[1:], args[0]])
        raise WrongUsage(f"there is no command {name}{close}", hint=f"`{ctx.command_path} --help` lists the commands")
