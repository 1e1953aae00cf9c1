"""The entry: the commands, and how every error becomes a message and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path

import click

from reconciler import __version__
from reconciler.cli import Group
from reconciler.errors import SHOWS_KEY, ConfigurationInvalid, EnvironmentsFailed, Exit, ReconcilerError
from reconciler.lazy import load
from reconciler.output.terminal import escape, log, make_excerpt, make_write_error, red, redact, write_stderr
from reconciler.text import abridge

LONGEST_FAULT = 300
COLLECTOR = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
COMMANDS = {
    "validate": ("reconciler.cli.configuration:validate", "Check the configuration, offline and without a key."),
    "test": ("reconciler.cli.configuration:test", "Run the tests of the configuration: offline, without a key."),
    "plan": ("reconciler.cli.plan:plan", "Show what apply would do."),
    "apply": ("reconciler.cli.plan:apply", "Carry out the plan: show it, ask, write, and read it back."),
    "comment": ("reconciler.cli.state:comment", "Put a plan under the pull request, as one comment."),
    "drift": ("reconciler.cli.live:drift", "Show what somebody changed outside since the last apply."),
    "export": ("reconciler.cli.live:export", "Write a live project as YAML, and its state."),
    "import": ("reconciler.cli.live:import_", "Write the YAML for live objects, with the lines that adopt them."),
    "explain": ("reconciler.cli.live:explain", "Say why something is equal, different, ignored, moved or manual."),
    "expand": ("reconciler.cli.configuration:expand", "Write out what a configuration comes to, and where from."),
    "compare": ("reconciler.cli.configuration:compare", "Show what differs between two environments."),
    "fold": ("reconciler.cli.configuration:fold", "Make one for_each of many resources that are nearly equal."),
    "graph": ("reconciler.cli.live:graph", "Draw what refers to what, coloured by what would happen."),
    "destinations": ("reconciler.cli.live:destinations", "List what reports can be sent to."),
    "send-test": ("reconciler.cli.live:send_test", "Send a report once, now, to its destinations."),
    "history": ("reconciler.cli.state:history", "What was applied: when, by whom, from which commit."),
    "state": ("reconciler.cli.state:state", "Look at the state, and put it right by hand."),
    "policies": ("reconciler.cli.configuration:policies", "The ready rules that a policy includes by `use: NAME`."),
    "schema": ("reconciler.cli.configuration:schema", "JSON Schemas of the configuration, for editors."),
    "doctor": ("reconciler.cli.live:doctor", "Check all that a plan needs: key, address, lists, state, git."),
    "simulate": ("reconciler.cli.configuration:simulate", "Serve the documented API on this machine, for rehearsals."),
}
"""Each command with the object that it is, and its short help; in the order in which people come to need them."""


class LazyGroup(Group):
    """The commands of a table. Each is imported when it is used; their list imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by its name; None if there is none of it."""
        command: click.Command | None = load(COMMANDS[cmd_name][0]) if cmd_name in COMMANDS else None
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands into the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short_help) for name, (_, short_help) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Configuration as code for Qonversion: reports, integrations, automations, segments and more as YAML in git.

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
    """Runs the command line and returns the exit code. Writes JSON lines and sends spans, if that is asked for."""
    words = [*(sys.argv[1:] if arguments is None else arguments)]
    # Read before click parses the words, so that its errors are in this format, too.
    formats = " ".join(words).replace("--log-format ", "--log-format=").split()
    is_json = "--log-format=json" in formats or os.environ.get("RECONCILER_LOG_FORMAT") == "json"
    command = next((each for each in words if each in COMMANDS), None)
    # The standard variables of OpenTelemetry ask for spans. An empty one counts as none.
    is_on = os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true" and any(map(os.environ.get, COLLECTOR))
    has_otlp = is_on and "otlp" in (os.environ.get("OTEL_TRACES_EXPORTER") or "otlp")
    has_spans = has_otlp and command is not None and {"--help", "-h"}.isdisjoint(words)
    if not (is_json or has_spans):
        return _run(words)
    now: datetime | None = None
    with suppress(KeyError, ReconcilerError):  # the session says what is wrong with it
        now = load("reconciler.commands.session:parse_moment")(os.environ["RECONCILER_NOW"], "")
    threads = load("reconciler.threads")
    with ExitStack() as stack:
        if is_json:
            lines = load("reconciler.output.events:JsonLines")(lambda: now or datetime.now(UTC))
            stack.callback(log.reset, log.set(lines.message))
            stack.enter_context(threads.listen(lines.span))
        # Before the library is loaded: each lost batch and each wrong variable would be a line on stderr, or twenty.
        load("logging:getLogger")("opentelemetry").addHandler(load("logging:NullHandler")())
        try:
            stack.enter_context(load("reconciler.output.spans:send_spans")() if has_spans else nullcontext())
        except Exception as error:  # noqa: BLE001 - whatever a library of telemetry raises, the run goes on
            extra = "pip install 'qonversion-reconciler[otel]'"
            hint = extra if isinstance(error, ImportError) else "check the variables OTEL_…"
            write_stderr(f"warning: no spans are sent, because OpenTelemetry does not start\nhint: {hint}")
        with threads.span("run", command=command, **{"service.version": __version__}) as fields:
            fields["process.exit.code"] = code = int(_run(words))
            if code not in (Exit.DONE, Exit.PENDING):
                fields["error.type"] = Exit(code).name
    return code


def _run(words: Sequence[str]) -> int:
    try:
        cli.main(args=list(words), prog_name="reconciler", standalone_mode=False)
    except SystemExit as end:
        return int(end.code or 0)
    except click.UsageError as error:
        if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):  # there since click 8.2
            write_stderr(error.format_message())
        else:
            _show(load("reconciler.cli.usage:make_usage_error")(error, cli, words))
        return Exit.USAGE
    except (KeyboardInterrupt, click.Abort):
        write_stderr("interrupted; what an apply has done is remembered, and the next one goes on from there")
        return Exit.API_FAILED
    except ReconcilerError as error:
        _show(error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - a fault of ours is told in a line, too
        # Help and version are the only texts that click writes by itself, and so what fails there.
        last = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][-1]
        if not (isinstance(error, OSError) and last.f_globals.get("__name__") == "click.utils"):
            _show_fault(error)
        elif isinstance(problem := make_write_error(error), ReconcilerError):
            _show(problem)
        return Exit.API_FAILED
    return Exit.DONE


def _show_fault(error: Exception) -> None:
    """Writes what happened and where, in a few lines, without values of variables; redacted before it is cut."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = " < ".join(f"{Path(each.filename).name}:{each.lineno} in {each.name}" for each in reversed(frames))
    what = " ".join(redact(str(error)).split())
    shown = what if len(what) <= LONGEST_FAULT else f"{what[:LONGEST_FAULT]}…"
    write_stderr(red("error: ") + escape(f"a fault in reconciler {__version__}: {type(error).__name__}: {shown}"))
    write_stderr(escape(f"  at {places}"))
    write_stderr(
        "hint: this is a bug of ours, and no mistake of yours; what an apply has done is remembered, so plan again"
    )
    write_stderr("hint: please report it with these lines and the command; the key is not in them")


def _show(error: ReconcilerError, where: str = "") -> None:
    if isinstance(error, EnvironmentsFailed):
        for names, each in error.grouped():
            _show(each, f"{abridge(names)}: " if names else "")
        return
    if isinstance(error, ConfigurationInvalid):
        # Each problem with the line that it is in; not a line that holds a Secret Key.
        read_line = load("reconciler.config.locations:make_line_reader")()
        secret_lines = {problem.location[:2] for problem in error.problems if problem.code == SHOWS_KEY}
        for problem in error.problems:
            line = "" if problem.location[:2] in secret_lines else read_line(problem.location)
            shown = f"\n{make_excerpt(line, problem.line, problem.column)}" if line.strip() else ""
            write_stderr(escape(str(problem)) + shown, problem.location)
        count = len(error.problems)
        write_stderr(red(f"error: {count} problem{'s' if count > 1 else ''} in the configuration"))
        return
    text = red("error: ") + "\n".join(escape(line) for line in f"{where}{error}".split("\n"))
    text += "".join(f"\nnote: {escape(note)}" for note in getattr(error, "__notes__", ()))
    hint = "\n".join(escape(line) for line in (error.hint or "").split("\n"))
    write_stderr(text + (f"\nhint: {hint}" if hint else ""))
