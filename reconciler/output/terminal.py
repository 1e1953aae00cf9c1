"""The terminal: data goes to stdout, messages go to stderr. The only importer of click's output."""

from __future__ import annotations

import codecs
import contextlib
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
from reconciler.text import HANG, columns, wrap
from reconciler.text import redact as redact_secrets

HIDDEN = "(a secret key, not shown)"
SHORTEST_SECRET = 8
SIGNAL_SECONDS = 0.2
NARROWEST = 40
USUAL = 80
"""Columns of a terminal that does not say how many it has, and of an excerpt in a log."""
CUT = "…"
ERASE = "\r\x1b[K"
_secrets: set[str] = set()
_status: list[str] = []
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
ENCODED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

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
    return _SUSPECT.sub(_escaped, text)


def sanitize(text: str, encoding: str | None = None) -> str:
    """The lines as they may be printed, even if a value in them was not escaped.

    Nothing acts on a terminal, no line is a command to GitHub, Azure or TeamCity, and all of it can be encoded. The
    escapes are those of JSON, and stand in a JSON document within strings only: it says the same as before.
    """
    text = _FOREIGN.sub(_escaped, text)
    text = _COMMAND_WORD.sub("\\\\u0023", _COMMAND_LINE.sub(r"\1\\u003a", text))
    encoding = encoding or "utf-8"
    return text.encode(encoding, "reconciler.json").decode(encoding)


def register_secret(value: str) -> None:
    """From now on this text is never printed: a server may put the key into its errors, and so may a bug of ours.

    A text of fewer than `SHORTEST_SECRET` characters is no key, and is part of other texts.
    """
    if len(value) >= SHORTEST_SECRET:
        _secrets.add(value)


def write_stdout(text: str, *, commands: bool = False) -> None:
    """Data, on stdout. `commands`: its lines are annotations for GitHub, made by us, and are to work as such.

    ReconcilerError if stdout takes no more; SystemExit, without a message, if its reader has closed it (`| head`).
    """
    safe = "\n".join(map(_printable_command, text.split("\n"))) if commands else printable(text, sys.stdout)
    try:
        click.echo(safe, color=_colour(sys.stdout.isatty()))
    except OSError as error:
        raise unwritable(error) from error


def unwritable(error: OSError) -> SystemExit | ReconcilerError:
    """What it means that stdout could not be written; the end, without a message, if its reader has gone."""
    if isinstance(error, BrokenPipeError):
        return SystemExit(Exit.API_FAILED)
    why = f"stdout cannot be written ({error.strerror})"
    return ReconcilerError(why, hint="only its output is lost")


def write_stderr(text: str, at: Location | None = None) -> None:
    """A message, on stderr; `at`: what it is about. If it cannot be written the work goes on: a full log does not cut
    an apply off."""
    if write := log.get():
        write(text, at)
    else:
        write_line(fit(text))


def write_line(text: str) -> None:
    """A line on stderr, as wide as it is."""
    write_status("")
    with contextlib.suppress(OSError):
        click.echo(printable(text, sys.stderr), err=True, color=_colour(sys.stderr.isatty()))


def write_status(text: str) -> None:
    """A line on the terminal that takes the place of the last one, until something else is written; empty: none."""
    if text or _status:
        _status[:] = filter(None, [text])
        line = printable(text, sys.stderr)
        with contextlib.suppress(OSError):
            click.echo(ERASE + line[: _fitting(line, 0, 1, (width() or USUAL) - 1)], nl=False, err=True, color=True)


def prompt(question: str) -> str:
    """What a person answers to a question, on stderr; empty for an empty line, and at the end of the input."""
    if log.get():
        write_stderr(question)
    else:
        # First broken: a line may begin with what was harmless before.
        click.echo(f"{printable(fit(question), sys.stderr)} ", nl=False, err=True)
    # Not by `input`: GNU readline notices a signal that comes while it sets the terminal up only at the next key. One
    # that comes just before the wait for a line is handled after `SIGNAL_SECONDS`.
    if sys.platform != "win32":  # which has no such wait for a console
        while not select.select([sys.stdin], [], [], SIGNAL_SECONDS)[0]:
            pass
    line = sys.stdin.readline()
    if not line:
        write_stderr("")
    return line.strip()


def printable(text: str, stream: TextIO) -> str:
    """The text as it may go to a stream: escaped, and without the key."""
    return sanitize(redact(text), getattr(stream, "encoding", None))


def redact(text: str) -> str:
    """The text without the key: also for files that other people get to see."""
    return redact_secrets(text, _secrets, HIDDEN)


def strip_styles(text: str) -> str:
    """The text without colours, and escaped: for a file that may be printed into a log."""
    return sanitize(click.unstyle(text))


def _printable_command(line: str) -> str:
    """A line of an annotation: its beginning is ours, and the rest of it is escaped as all else."""
    own = _OWN_COMMAND.match(line)
    return own[0] + printable(line[own.end() :], sys.stdout) if own else printable(line, sys.stdout)


def _escaped(found: re.Match[str]) -> str:
    return _escape_character(found[0])


@cache
def _escape_character(character: str) -> str:
    is_unsafe = any(each[0] <= character <= each[1] for each in UNSAFE)
    return (ENCODED.get(character) or _json_escape(character)) if is_unsafe else character


def _json_escape(text: str) -> str:
    """The characters as JSON's escapes: beyond U+FFFF in two halves."""
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in zip(units[::2], units[1::2], strict=True))


def _unencodable(error: Any) -> tuple[str, int]:
    """What stands in place of characters that an encoding does not have, and where encoding goes on."""
    return _json_escape(error.object[error.start : error.end]), error.end


codecs.register_error("reconciler.json", _unencodable)


def _colour(terminal: bool) -> bool:
    """Colour on a terminal that has it, and not if NO_COLOR is set; FORCE_COLOR asks for it all the same."""
    if os.environ.get("NO_COLOR"):
        return False
    return (terminal and os.environ.get("TERM") != "dumb") or bool(os.environ.get("FORCE_COLOR"))


def width() -> int | None:
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
    """A text for people, as wide as the terminal is. A file or a log has a line for each sentence, to be searched."""
    return wrap(text, width(), hang)


def is_within_width(line: str) -> bool:
    """Whether the terminal is as wide as the line, or there is none."""
    return columns(line) <= (width() or columns(line))


red = partial(click.style, fg="red")
"""For what goes away or went wrong."""
green = partial(click.style, fg="green")
"""For what is made or went well."""
yellow = partial(click.style, fg="yellow")
"""For what changes or wants attention."""
bold = partial(click.style, bold=True)
"""For headings."""
dim = partial(click.style, dim=True)
"""For what may be skipped."""


def make_excerpt(line: str, number: int, column: int) -> str:
    """A line of a file of the user's with its number, and a caret below that column, counted from 1. The line is cut
    around the caret to the width."""
    gutter = f"  {number} | "
    text, caret = _cut(line.rstrip(), column - 1, max(20, (width() or USUAL) - len(gutter)))
    empty = f"{'| ':>{len(gutter)}}"
    return f"{dim(gutter)}{text}\n{dim(empty)}{' ' * caret}{red('^')}"


def _cut(line: str, index: int, limit: int) -> tuple[str, int]:
    """The part of the line that fits, with the character at `index`, and how many columns are before that character."""
    index = min(index, len(line))
    begin = 0 if columns(escape(line[: limit + 1])) <= limit else _fitting(line, index, -1, limit * 2 // 3)
    before = CUT if begin else ""
    used = len(before) + columns(escape(line[begin:index]))
    end = _fitting(line, index, 1, limit - used)
    if end < len(line):
        end = _fitting(line, index, 1, limit - used - len(CUT))
    after = CUT if end < len(line) else ""
    return f"{before}{escape(line[begin:end])}{after}", used


def _fitting(line: str, index: int, step: int, remaining: int) -> int:
    """How far one can go from an index before the text between takes more than `remaining` columns."""
    while 0 <= index + min(step, 0) < len(line) and remaining > 0:
        remaining -= columns(escape(line[index + min(step, 0)]))
        index += step if remaining >= 0 else 0
    return index
