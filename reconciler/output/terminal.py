"""The terminal: data goes to stdout, messages go to stderr. Only this module calls click's functions for output."""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import re
import select
import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache, partial
from typing import Any, TextIO

import click

from reconciler.errors import Exit, Location, ReconcilerError
from reconciler.text import HANG, count_columns, wrap
from reconciler.text import redact as redact_secrets

HIDDEN = "(a secret key, not shown)"
SHORTEST_SECRET = 8  # a shorter text is no key, and is part of other texts
SIGNAL_SECONDS = 0.2
NARROWEST = 40  # columns: a sentence in fewer is a word a line
USUAL = 80  # columns of a terminal that does not say how many it has, and of an excerpt in a log
CUT = "…"
ERASE = "\r\x1b[K"
_secrets: set[str] = set()
_status: list[str] = []  # the line that `write_status` replaces; empty if there is none
log: ContextVar[Callable[[str, Location | None], None] | None] = ContextVar("log", default=None)
"""What takes the messages in place of stderr, if that is for programs."""

UNSAFE = (
    *("\x00\x1f", "\x7f\x9f", "\xad\xad", "\u034f\u034f", "\u061c\u061c", "\u115f\u1160", "\u17b4\u17b5"),
    *("\u180b\u180f", "\u200b\u200f", "\u2028\u202e", "\u2060\u206f", "\u3164\u3164", "\ud800\udfff", "\ufeff\ufeff"),
    *("\uffa0\uffa0", "\ufff0\ufffb", "\ufffe\uffff", "\U000e0000\U000e0fff"),
)
"""The first and last of what acts on a terminal or is not seen: control characters, line and paragraph separators,
marks that turn the direction of writing, characters without width, tags, and halves of surrogate pairs, which no
encoding takes. They are no class of an expression: to compile that takes 5 ms, a fortieth of a plan."""

_SUSPECT = re.compile("[^ -~]")
# What must not remain when values are made visible: all of that but our own line breaks and colours.
_FOREIGN = re.compile("[^\n -~](?!(?<=\x1b)\\[(?:0|1|2|31|32|33)m)")
# CI systems take a line for a command if it begins so (white space before it is nothing), or holds the second.
_COMMAND_LINE = re.compile(r"(?m)^((?:[^\S\n]|\x1b\[[0-9;]*m)*):(?=:)")
# What output/findings.py makes: in the properties, values have neither colons nor commas left.
_OWN_COMMAND = re.compile(r"::(?=(?:error|warning|notice) (?:[a-z]+=[^:,\n]*,)*title=[^:,\n]*::)")
_COMMAND_WORD = re.compile(r"#(?=#[A-Za-z]*\[)")


def escape(text: str) -> str:
    """The text on one line, with everything that could act on a terminal or hide shown as an escape."""
    return _SUSPECT.sub(lambda found: _escape_character(found[0]), text)


def sanitize(text: str, encoding: str | None = None) -> str:
    """The lines in a form that is safe to print, even if a value in them was not escaped.

    Nothing acts on a terminal, no line is a command to GitHub, Azure or TeamCity, and all of it can be encoded. The
    escapes are those of JSON. In a JSON document they stand within strings only, so its meaning stays the same.
    """
    text = _FOREIGN.sub(lambda found: _escape_character(found[0]), text)
    text = _COMMAND_WORD.sub("\\\\u0023", _COMMAND_LINE.sub(r"\1\\u003a", text))
    encoding = encoding or "utf-8"
    return text.encode(encoding, "reconciler.json").decode(encoding)


def register_secret(value: str) -> None:
    """From now on this text is never printed: a server may put the key into its errors, and so may a bug of ours."""
    if len(value) >= SHORTEST_SECRET:
        _secrets.add(value)


def write_stdout(text: str, *, commands: bool = False) -> None:
    """Writes data to stdout. `commands`: its lines are annotations for GitHub that we made, and stay commands.

    ReconcilerError if stdout takes no more; SystemExit, without a message, if its reader has closed it (`| head`).
    """
    lines = []
    for line in text.split("\n") if commands else [text]:
        # The beginning of a command, which we made, stays as it is, and the rest is made printable.
        own = _OWN_COMMAND.match(line) if commands else None
        end = own.end() if own else 0
        lines.append(line[:end] + make_printable(line[end:], sys.stdout))
    try:
        click.echo("\n".join(lines), color=_has_colour(sys.stdout.isatty()))
    except OSError as error:
        raise make_write_error(error) from error


def make_write_error(error: OSError) -> SystemExit | ReconcilerError:
    """The exception to raise if stdout cannot be written: an exit without a message if its reader has gone."""
    if isinstance(error, BrokenPipeError):
        return SystemExit(Exit.API_FAILED)
    return ReconcilerError(f"stdout cannot be written ({error.strerror})", hint="only its output is lost")


def write_stderr(text: str, at: Location | None = None) -> None:
    """Writes a message to stderr; `at`: its location. If that fails, the work goes on: a full disk for the log does not
    stop an apply."""
    if write := log.get():
        write(text, at)
    else:
        write_line(fit(text))


def write_line(text: str) -> None:
    """Writes a line to stderr without breaking it."""
    write_status("")
    with contextlib.suppress(OSError):
        click.echo(make_printable(text, sys.stderr), err=True, color=_has_colour(sys.stderr.isatty()))


def write_status(text: str) -> None:
    """Writes a line to the terminal in the place of the last one. The next message or an empty text erases it."""
    if text or _status:
        _status[:] = filter(None, [text])
        line = make_printable(text, sys.stderr)
        end = _find_end(line, 0, 1, (find_width() or USUAL) - 1)
        with contextlib.suppress(OSError):
            click.echo(ERASE + line[:end], nl=False, err=True, color=True)


def prompt(question: str) -> str:
    """Asks a question on stderr and returns the answer; empty for an empty line, and at the end of the input."""
    if log.get():
        write_stderr(question)
    else:
        # First broken: a line may begin with what was harmless before.
        click.echo(f"{make_printable(fit(question), sys.stderr)} ", nl=False, err=True)
    # Not by `input`: GNU readline notices a signal that comes while it sets the terminal up only at the next key. One
    # that comes just before the wait for a line is handled after `SIGNAL_SECONDS`.
    if sys.platform != "win32":  # which has no such wait for a console
        while not select.select([sys.stdin], [], [], SIGNAL_SECONDS)[0]:
            pass
    line = sys.stdin.readline()
    if not line:
        write_stderr("")
    return line.strip()


def make_printable(text: str, stream: TextIO) -> str:
    """The text as it may go to a stream: escaped, and without the key."""
    return sanitize(redact(text), getattr(stream, "encoding", None))


def redact(text: str) -> str:
    """The text without the key: also for files that other people get to see."""
    return redact_secrets(text, _secrets, HIDDEN)


def strip_styles(text: str) -> str:
    """The text without colours, and escaped: for a file that may be printed into a log."""
    return sanitize(click.unstyle(text))


@cache
def _escape_character(character: str) -> str:
    return _escape_as_json(character) if any(each[0] <= character <= each[1] for each in UNSAFE) else character


def _escape_as_json(text: str) -> str:
    """The characters as JSON's escapes: beyond U+FFFF in two halves."""
    return json.dumps(text)[1:-1]


def _escape_unencodable(error: Any) -> tuple[str, int]:
    """An error handler of `str.encode`: what stands for characters that an encoding lacks, and where it goes on."""
    return _escape_as_json(error.object[error.start : error.end]), error.end


codecs.register_error("reconciler.json", _escape_unencodable)


def _has_colour(terminal: bool) -> bool:
    """Whether to write colours: on a terminal that has them, or if FORCE_COLOR is set; never if NO_COLOR is set."""
    if os.environ.get("NO_COLOR"):
        return False
    return (terminal and os.environ.get("TERM") != "dumb") or bool(os.environ.get("FORCE_COLOR"))


def find_width() -> int | None:
    """How many columns a line may have: what COLUMNS says, else those of the terminal; None if there is neither."""
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return max(NARROWEST, int(wanted))
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            with contextlib.suppress(OSError, ValueError):
                return max(NARROWEST, os.get_terminal_size(stream.fileno()).columns or USUAL)
            return USUAL
    return None


def fit(text: str, hang: int = HANG) -> str:
    """A text for people, broken at the width of the terminal. In a file or a log, lines stay whole, to be searched."""
    return wrap(text, find_width(), hang)


red = partial(click.style, fg="red")  # for what goes away or went wrong
green = partial(click.style, fg="green")  # for what is made or went well
yellow = partial(click.style, fg="yellow")  # for what changes or wants attention
bold = partial(click.style, bold=True)  # for headings
dim = partial(click.style, dim=True)  # for what may be skipped


def make_excerpt(line: str, number: int, column: int) -> str:
    """A line of a file of the user's with its number, and a caret below that column, counted from 1. The line is cut
    around the caret to the width."""
    gutter, line = f"  {number} | ", line.rstrip()
    limit, index = max(20, (find_width() or USUAL) - len(gutter)), min(column - 1, len(line))
    begin = 0 if count_columns(escape(line[: limit + 1])) <= limit else _find_end(line, index, -1, limit * 2 // 3)
    before = CUT if begin else ""
    caret = len(before) + count_columns(escape(line[begin:index]))
    end = _find_end(line, index, 1, limit - caret)
    if end < len(line):
        end = _find_end(line, index, 1, limit - caret - len(CUT))
    text = f"{before}{escape(line[begin:end])}{CUT if end < len(line) else ''}"
    return f"{dim(gutter)}{text}\n{dim('| '.rjust(len(gutter)))}{' ' * caret}{red('^')}"


def _find_end(line: str, index: int, step: int, remaining: int) -> int:
    """The index that is reached from `index` in steps of `step` before the text takes more than `remaining` columns."""
    while 0 <= index + min(step, 0) < len(line) and remaining > 0:
        remaining -= count_columns(escape(line[index + min(step, 0)]))
        index += step if remaining >= 0 else 0
    return index
