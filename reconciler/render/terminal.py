"""The terminal: what is data goes to stdout, what is talk to stderr. The only importer of click's output."""

from __future__ import annotations

import os
import re
import sys

import click

# Control characters, line and paragraph separators, and the marks that turn the direction of writing.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
ENCODED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """The text with everything that could act on a terminal shown as an escape."""
    return UNSAFE.sub(lambda found: ENCODED.get(found.group(), f"\\u{ord(found.group()):04x}"), text)


def put(text: str) -> None:
    """Data, on stdout."""
    click.echo(text, color=_colour(sys.stdout.isatty()))


def say(text: str) -> None:
    """Talk, on stderr."""
    click.echo(text, err=True, color=_colour(sys.stderr.isatty()))


def _colour(terminal: bool) -> bool:
    """Colour on a terminal only, and not where NO_COLOR is set; FORCE_COLOR asks for it all the same."""
    if os.environ.get("NO_COLOR"):
        return False
    return terminal or bool(os.environ.get("FORCE_COLOR"))


def red(text: str) -> str:
    """For what goes away or went wrong."""
    return click.style(text, fg="red")


def green(text: str) -> str:
    """For what is made or went well."""
    return click.style(text, fg="green")


def yellow(text: str) -> str:
    """For what changes or wants attention."""
    return click.style(text, fg="yellow")


def bold(text: str) -> str:
    """For headings."""
    return click.style(text, bold=True)


def dim(text: str) -> str:
    """For what may be skipped."""
    return click.style(text, dim=True)
