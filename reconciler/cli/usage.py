"""Mistakes on the command line, in our words. No advice ever names an option that destroys or passes a guard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from reconciler.cli import OTHER_TOOLS
from reconciler.cli.options import NeverSuggested, find_name, make_hint
from reconciler.errors import WrongUsage
from reconciler.text import find_similar, suggest

MOST_NAMED = 3


def make_usage_error(error: click.UsageError, root: click.Command, words: Sequence[str]) -> WrongUsage:
    """The error in our words, with a hint. `root`, which has all commands, is for an error without a command."""
    ctx = error.ctx or click.Context(root, info_name="reconciler")
    command = " ".join(ctx.command_path.split()[1:]) or ctx.command_path
    if isinstance(error, click.NoSuchOption):
        whole = (each.partition("=")[0] for each in words if each.startswith(error.option_name) and each[1] != "-")
        wrong = next(whole, error.option_name)  # of -target, click names the first letter alone
        message = f"{command} has no option {wrong}{_suggest(ctx, wrong)}"
    elif isinstance(error, click.MissingParameter):
        message = f"{command} needs {find_name(error.param)}"
    elif isinstance(error, click.BadOptionUsage):
        every = (_find_option(each, error.option_name) for _, each in _list_commands(ctx.find_root()))
        is_flag = any(option.is_flag for option in every if option)
        message = f"{error.option_name} {'takes no value' if is_flag else 'needs a value'}"
    elif isinstance(error, click.BadParameter):
        message = f"{find_name(error.param)}: {error.message}"
    else:
        names = [find_name(param) for param in ctx.command.params if isinstance(param, click.Argument)]
        message = f"{command} takes {' '.join(names) or 'no words'}, and nothing more"
    return WrongUsage(message, hint=make_hint(ctx))


def _suggest(ctx: click.Context, wrong: str) -> str:
    if len(wrong) > len("-x") and not wrong.startswith("--"):
        meant = f"-{wrong}"
        if option := _find_option(ctx.command, meant):
            return f"; options have two dashes{'' if isinstance(option, NeverSuggested) else f': {meant}'}"
        return f", nor {meant}{_suggest(ctx, meant)}"
    if wrong in OTHER_TOOLS:
        return f"; {OTHER_TOOLS[wrong]}"
    found = ((name, _find_option(command, wrong)) for name, command in _list_commands(ctx.find_root()))
    if names := [name for name, option in found if option and not isinstance(option, NeverSuggested)]:
        shown = [*names[:MOST_NAMED], "others"] if len(names) > MOST_NAMED else names
        return f"; it is an option of {' and '.join(filter(None, (', '.join(shown[:-1]), shown[-1])))}"
    own = [name[2:] for each in ctx.command.params for name in each.opts if name.startswith("--")]
    close = [f"--{name}" for name in find_similar(wrong.lstrip("-"), own)] if wrong.startswith("--") else []
    # If what was meant may not be named, what is less close was not meant.
    return "" if any(isinstance(_find_option(ctx.command, each), NeverSuggested) for each in close) else suggest(close)


def _list_commands(ctx: click.Context, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, with its name, such as `state list`."""
    if not isinstance(ctx.command, click.Group):
        return
    for name in ctx.command.list_commands(ctx):
        command = ctx.command.get_command(ctx, name)
        if isinstance(command, click.Group):
            yield from _list_commands(click.Context(command, ctx), f"{name} ")
        elif command is not None:
            yield path + name, command


def _find_option(command: click.Command, name: str) -> click.Option | None:
    return next((each for each in command.params if isinstance(each, click.Option) and name in each.opts), None)
