"""The generated parts of the documents: `python -m tests.architecture.readme --write` renews them.

The help of every command is in `examples/commands/README.md`, and the README has one line for each command. The folder
`share` beside it has the same help as a manual page, and what completes the command in a shell.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator

import click
from click.shell_completion import ShellComplete, get_completion_class

from reconciler.cli.main import cli
from reconciler.kinds import KINDS
from reconciler.policies import read_rules

from .documents import COMMANDS, README
from .imports import ROOT, imported_within, modules

RENEW = "python -m tests.architecture.readme --write"
WIDTH = 100


def help_texts() -> dict[str, str]:
    """Command (`reconciler plan`) → its help, as a terminal of 100 columns shows it."""
    return {context.command_path: context.get_help() for context in _contexts()}


def _contexts() -> Iterator[click.Context]:
    yield from _walk(click.Context(cli, info_name="reconciler", terminal_width=WIDTH, **cli.context_settings))


def _walk(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            yield from _walk(
                click.Context(command, parent=context, info_name=name, terminal_width=WIDTH, **command.context_settings)
            )


def help_section() -> str:
    """The help of every command, as Markdown."""
    return "\n".join(f"## `{name}`\n\n```\n{text}\n```\n" for name, text in help_texts().items())


def command_table() -> str:
    """One row for each command of the first level: its name, linked to its help, and what it does."""
    page = COMMANDS.relative_to(ROOT).as_posix()
    rows = [
        f"| [`{context.command_path}`]({page}#{context.command_path.replace(' ', '-')}) "
        f"| {context.command.get_short_help_str(limit=1000)} |"
        for context in _contexts()
        if len(context.command_path.split()) == 2
    ]
    return "\n".join(["| command | what it does |", "|---|---|", *rows, ""])


def rules_section() -> str:
    """One row for each ready rule: what it says, and the values that it takes."""
    rows = []
    for name, rule in read_rules().items():
        given = "; ".join(
            f"`{key}`: {value['description'].rstrip('.')}"
            + (f" (`{json.dumps(value['default'])}`)" if "default" in value else " (required)")
            for key, value in rule["with"].items()
        )
        rows.append(f"| `{name}` | {rule['description']} | {given} |".replace("|  |", "| |"))
    return "\n".join(["| `use` | what it says | `with` |", "|---|---|---|", *rows, ""])


def kinds_table() -> str:
    """One row for each kind: its file with its lines, and the other files that name it, with their lines."""
    rows = []
    for name in KINDS:
        own = f"reconciler.kinds.{name}"
        lines = len(modules()[own].read_text(encoding="utf-8").splitlines())
        importers = [modules()[each] for each in modules() if own in imported_within(each)]
        named = re.compile(rf"\b{name.upper()}\b")
        others = [(path, len(named.findall(path.read_text(encoding="utf-8")))) for path in importers]
        elsewhere = ", ".join(f"`{path.relative_to(ROOT / 'reconciler')}`: {words} words" for path, words in others)
        rows.append(f"| `{name}` | [{name}.py](../{modules()[own].relative_to(ROOT)}) | {lines} | {elsewhere} |")
    return "\n".join(
        ["| kind | file | lines of declaration | other files that name it |", "|---|---|---|---|", *rows, ""]
    )


def manual_page() -> str:
    """The help of every command, for `man`. It names no version, so that a release changes one file."""
    texts = help_texts()
    first, *others = texts
    purpose = texts[first].splitlines()[2].strip()
    sections = "\n".join(f".SS {name}\n.nf\n{_roff(texts[name])}\n.fi" for name in others)
    return (
        f'.TH RECONCILER 1 "" "" "reconciler"\n.SH NAME\nreconciler \\- {_roff(purpose)}\n'
        f".SH SYNOPSIS\n.nf\n{_roff(texts[first])}\n.fi\n.SH COMMANDS\n{sections}\n"
    )


def _roff(text: str) -> str:
    """Text as it is: no character of it is a command of roff."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in escaped.splitlines())


def completion(shell: str) -> str:
    """What completes the command in a shell."""
    made = get_completion_class(shell)
    assert made is not None
    # Not that of bash itself, which first asks the bash of this machine for its version.
    return ShellComplete.source(made(cli, {}, "reconciler", "_RECONCILER_COMPLETE")).strip() + "\n"


SHOWN = ("plan, nothing to do, 1,000", "plan, 10 % changed, 1,000", "apply, creates all, 1,000")
PROGRAMS = ("reconciler", "lowest bound", "octoDNS", "dbt-jobs-as-code")


def speed_table() -> str:
    """Three rows of the benchmark's table: the median seconds of each program."""
    rows = [[cell.strip() for cell in row.split("|")] for row in BENCHMARK.read_text(encoding="utf-8").splitlines()]
    seconds = {(row[1], row[2]): row[3].split()[0] for row in rows if len(row) > 3 and row[2] in PROGRAMS}
    table = [[work, *(seconds[work, program] for program in PROGRAMS)] for work in SHOWN]
    lines = [["work", *PROGRAMS], ["---"] * (len(PROGRAMS) + 1), *table]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines).replace("| --- ", "|---").replace("--- |", "---|")


SHARED = {
    "examples/commands/share/man/man1/reconciler.1": manual_page,
    "examples/commands/share/bash-completion/completions/reconciler": lambda: completion("bash"),
    "examples/commands/share/zsh/site-functions/_reconciler": lambda: completion("zsh"),
    "examples/commands/share/fish/vendor_completions.d/reconciler.fish": lambda: completion("fish"),
}
"""File, below the top of the repository → what makes it."""
POLICIES = ROOT / "examples" / "policies" / "README.md"
CONTRIBUTING = ROOT / ".github" / "CONTRIBUTING.md"
BENCHMARK = ROOT / "tests" / "bench" / "README.md"
GENERATED = (
    (COMMANDS, "help", help_section),
    (README, "commands", command_table),
    (README, "speed", speed_table),
    (POLICIES, "rules", rules_section),
    (CONTRIBUTING, "kinds", kinds_table),
)
"""Document, the marker around a generated part of it, and what makes that part."""


def renewed() -> dict[str, str]:
    """File, below the top of the repository → its text with a fresh generated part."""
    fresh = {name: make() for name, make in SHARED.items()}
    for path, name, make in GENERATED:
        file = path.relative_to(ROOT).as_posix()
        text = fresh.get(file) or path.read_text(encoding="utf-8")
        before, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        if not (begin and end):
            raise SystemExit(f"{path} has no part between <!-- {name} --> and <!-- /{name} -->")
        fresh[file] = before + begin + make() + end + after
    return fresh


def exit_codes(text: str) -> list[int]:
    """The numbers of the README's table of exit codes."""
    table = text.partition("<!-- exit-codes -->")[2].partition("<!-- /exit-codes -->")[0]
    cells = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")]
    return [int(cell) for cell in cells if cell.isdigit()]


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(f"usage: {RENEW}")
    for name, text in renewed().items():
        (ROOT / name).write_text(text, encoding="utf-8")
