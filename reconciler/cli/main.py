"""The entry: commands, and how every error becomes a message and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from reconciler import __version__
from reconciler.cli.commands import Loaded
from reconciler.cli.options import InOrder
from reconciler.errors import ConfigurationInvalid, Exit, ReconcilerError
from reconciler.output.terminal import escape, red, redact, unwritable, write_stderr

SHOWN_FRAMES = 3
LONGEST_FAULT = 300


@click.group(
    cls=InOrder,
    commands=Loaded(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Configuration as code for Qonversion: reports, integrations and automations as YAML in git.

    The key is read from QONVERSION_SECRET, or from the variable or the command that the environment names.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with a code of the table in the README."""
    code = run(arguments)
    # It is over and told: Ctrl-C, or another signal that raises as it does, would only show where it hit.
    for number in signal.valid_signals():
        if signal.getsignal(number) is signal.default_int_handler:
            signal.signal(number, signal.SIG_IGN)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    # Left at once: threads that wait for an answer would keep the process alive, and to take apart what is given back
    # with the process anyway takes its time.
    os._exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and gives the exit code."""
    try:
        cli.main(args=list(arguments) if arguments is not None else None, prog_name="reconciler", standalone_mode=False)
    except SystemExit as end:
        return int(end.code or 0)
    except click.UsageError as error:
        _show_usage(error)
        return Exit.USAGE
    except (KeyboardInterrupt, click.Abort):
        write_stderr("interrupted; what an apply has done is remembered, and the next one goes on from there")
        return Exit.API_FAILED
    except ReconcilerError as error:
        _show(error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - a fault of ours is told in a line, too
        if not (isinstance(error, OSError) and _is_of_help(error)):
            _show_fault(error)
        elif isinstance(told := unwritable(error), ReconcilerError):
            _show(told)
        return Exit.API_FAILED
    return Exit.DONE


def _is_of_help(error: OSError) -> bool:
    """Whether click failed to write: the help and the version are the only texts that it writes by itself."""
    frames = [frame.f_globals.get("__name__") for frame, _ in traceback.walk_tb(error.__traceback__)]
    return frames[-1] == "click.utils"


def _show_usage(error: click.UsageError) -> None:
    if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        write_stderr(error.format_message())
        return
    if error.ctx is not None:
        write_stderr(f"{error.ctx.get_usage()}\nTry '{error.ctx.command_path} --help' for help.\n")
    write_stderr(red("error: ") + escape(error.format_message()))


def _show_fault(error: Exception) -> None:
    """What happened and where, in a few lines, without the values of any variable; cut once the key is out of it."""
    frames = traceback.extract_tb(error.__traceback__)[-SHOWN_FRAMES:]
    places = " < ".join(f"{Path(each.filename).name}:{each.lineno} in {each.name}" for each in reversed(frames))
    what = " ".join(redact(str(error)).split())
    shown = what if len(what) <= LONGEST_FAULT else f"{what[:LONGEST_FAULT]}…"
    write_stderr(red("error: ") + escape(f"a fault in reconciler {__version__}: {type(error).__name__}: {shown}"))
    write_stderr(escape(f"  at {places}"))
    write_stderr(
        "hint: this is a bug of ours, and no mistake of yours; what an apply has done is remembered, so plan again"
    )
    write_stderr("hint: please report it with these lines and the command; the key is not in them")


def _show(error: ReconcilerError) -> None:
    if isinstance(error, ConfigurationInvalid):
        for problem in error.problems:
            write_stderr(escape(str(problem)))
        count = len(error.problems)
        write_stderr(red(f"error: {count} problem{'s' if count > 1 else ''} in the configuration"))
        return
    write_stderr(red("error: ") + "\n".join(escape(line) for line in str(error).split("\n")))
    for note in getattr(error, "__notes__", ()):
        write_stderr("note: " + escape(note))
    if error.hint:
        write_stderr("hint: " + "\n".join(escape(line) for line in error.hint.split("\n")))
