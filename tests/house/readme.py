"""The help texts of the README, made from the commands: `python -m tests.house.readme --write` renews them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from reconciler.cli.main import cli

from .imports import ROOT

README = ROOT / "README.md"
RENEW = "python -m tests.house.readme --write"
BEGIN, END = "<!-- help -->\n", "<!-- /help -->"
WIDTH = 100


def help_texts() -> dict[str, str]:
    """Command (`reconciler plan`) → its help, as a terminal of 100 columns shows it."""
    return dict(_walk(click.Context(cli, info_name="reconciler", terminal_width=WIDTH, **cli.context_settings)))


def _walk(context: click.Context) -> Iterator[tuple[str, str]]:
    yield context.command_path, context.get_help()
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            yield from _walk(
                click.Context(command, parent=context, info_name=name, terminal_width=WIDTH, **command.context_settings)
            )


def section() -> str:
    """What stands between the markers."""
    return "\n".join(f"### `{name}`\n\n```\n{text}\n```\n" for name, text in help_texts().items())


def renewed(text: str) -> str:
    """The README with fresh help texts between its markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{README} has no section {BEGIN.strip()} … {END}")
    return before + begin + section() + end + after


def exit_codes(text: str) -> list[int]:
    """The numbers of the README's table of exit codes."""
    table = text.partition("<!-- exit-codes -->")[2].partition("<!-- /exit-codes -->")[0]
    cells = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")]
    return [int(cell) for cell in cells if cell.isdigit()]


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(f"usage: {RENEW}")
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
