"""Mistakes on the command line: one form, exit 64, and never advice to destroy or to pass a guard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from reconciler.cli.main import cli, run

NEVER = ("--adopt", "--allow", "--auto-approve", "--max-deletes", "--prune")
"""What destroys, overwrites what people wrote, or passes a guard."""
MISTAKES = [
    ("apply --undo", "apply has no option --undo; it is an option of plan"),
    ("plan --expect-digest", "plan has no option --expect-digest; it is an option of apply"),
    ("validate --offline", "validate has no option --offline; it is an option of graph"),
    ("apply --dry-run", "apply has no option --dry-run; `reconciler plan` shows what apply would do"),
    ("plan --dry-run", "plan has no option --dry-run; `reconciler plan` shows what apply would do"),
    ("plan --env", 'plan has no option --env; did you mean "--environment"?'),
    ("plan --tagret x", 'plan has no option --tagret; did you mean "--target"?'),
    ("state list --env x", 'state list has no option --env; did you mean "--environment"?'),
    ("plan -x", "plan has no option -x"),
    ("--base plan", "reconciler has no option --base; it is an option of validate, plan and apply"),
    ("validate --debug", "validate has no option --debug; it is an option of plan, apply, comment and others"),
    ("plan --prun", "plan has no option --prun"),
    ("validate --prune", "validate has no option --prune"),
    ("plan --auto-approve", "plan has no option --auto-approve"),
    ("apply --yes", "apply has no option --yes"),
    ("apply --max-delete", "apply has no option --max-delete"),
    ("plan --format yaml", "--format yaml: expected one of text, json, html, markdown, sarif, github"),
    ("plan --allow everything", "--allow everything: expected one of behind, "),
    ("plan --parallelism 0", "--parallelism 0: expected a whole number from 1 to 64"),
    ("plan --parallelism many", "--parallelism many: expected a whole number from 1 to 64"),
    ("plan --max-deletes -1", "--max-deletes -1: expected a whole number from 0"),
    ("plan --report yaml=x", "--report yaml=x: expected FORM=FILE, FORM one of text, json, "),
    ("plan --target", "--target needs a value"),
    ("plan --prune=yes", "--prune takes no value"),
    ("explain", "explain needs ADDRESS[.FIELD]"),
    ("state migrate", "state migrate needs --from"),
    ("plan a b", "plan takes PATH, and nothing more"),
    ("import report.a b c d", "import takes ADDRESS ID PATH, and nothing more"),
    ("apply --force", "apply has no option --force"),
    ("plan -target=report.x", "plan has no option -target; options have two dashes: --target"),
    ("plan -out=x", "plan has no option -out; options have two dashes: --out"),
    ("apply -auto-approve", "apply has no option -auto-approve; options have two dashes"),
    ("plan -prune", "plan has no option -prune; options have two dashes"),
    ("plan -tagret x", 'plan has no option -tagret, nor --tagret; did you mean "--target"?'),
    ("plan -var-file=x", "plan has no option -var-file, nor --var-file"),
    ("plan -prun", "plan has no option -prun, nor --prun"),
    ("apply -undo", "apply has no option -undo, nor --undo; it is an option of plan"),
    ("plan -t", "plan has no option -t"),
    ("plna", 'there is no command plna; did you mean "plan"?'),
    ("init", "there is no command init; nothing has to be prepared or formatted: run `reconciler plan`"),
    ("fmt my-project", "there is no command fmt; nothing has to be prepared or formatted: run `reconciler plan`"),
    ("show a.plan", "there is no command show; `plan` reads what is live, and `state list` shows the state"),
    ("refresh", "there is no command refresh; `plan` reads what is live, and `state list` shows the state"),
    (
        "output -json",
        "there is no command output; `plan` reads what is live, and `state list` shows the state",
    ),
    ("destroy", "there is no command destroy; the configuration decides what is deleted or replaced; `plan` shows it"),
    (
        "taint report.a",
        "there is no command taint; the configuration decides what is deleted or replaced; `plan` shows it",
    ),
    (
        "workspace list",
        "there is no command workspace; reconciler.yaml names the environments, and --environment chooses one",
    ),
    ("state init", "there is no command state init"),
    ("state shwo", 'there is no command state shwo; did you mean "show"?'),
    ("state unlok", "there is no command state unlok"),
]


@pytest.mark.parametrize(("words", "line"), MISTAKES, ids=[words for words, _ in MISTAKES])
def test_a_mistake_is_one_line_with_where_help_is(words: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong and what was expected, then the command that lists what there is; stdout stays empty."""
    assert run(words.split()) == 64
    out, err = capsys.readouterr()
    error, hint = err.splitlines()
    assert out == ""
    if line.endswith(" "):
        assert error.startswith(f"error: {line}")
    else:
        assert error == f"error: {line}"
    assert hint.startswith("hint: `reconciler ")
    assert " --help` lists " in hint


SWAPPED = [
    ("explain my-project report.a", "ADDRESS[.FIELD] my-project", "path", "explain ADDRESS[.FIELD] PATH"),
    ("explain my-project", "ADDRESS[.FIELD] my-project", "path", "explain ADDRESS[.FIELD] PATH"),
    ("explain report.a report.b", "PATH report.b", "address", "explain ADDRESS[.FIELD] PATH"),
    ("send-test my-project report.a", "ADDRESS my-project", "path", "send-test ADDRESS PATH"),
    ("import integration.a -e production my-project", "ID my-project", "path", "import ADDRESS ID PATH"),
    ("import integration.a my-project wbRlfw1x", "ID my-project", "path", "import ADDRESS ID PATH"),
    ("import my-project integration.a wbRlfw1x", "ADDRESS my-project", "path", "import ADDRESS ID PATH"),
    ("import wbRlfw1x x integration.a", "PATH integration.a", "address", "import ADDRESS ID PATH"),
    ("state show my-project report.a", "ADDRESS my-project", "path", "state show ADDRESS PATH"),
    ("state rm my-project report.a", "ADDRESS my-project", "path", "state rm ADDRESS PATH"),
    ("state mv my-project report.a report.b", "SOURCE my-project", "path", "state mv SOURCE TARGET PATH"),
    ("state mv report.a my-project", "TARGET my-project", "path", "state mv SOURCE TARGET PATH"),
    ("state unlock my-project 1a2b", "RUN my-project", "path", "state unlock RUN PATH"),
]


@pytest.mark.parametrize(("words", "wrong", "what", "order"), SWAPPED, ids=[words for words, *_ in SWAPPED])
def test_words_in_another_order_are_told(
    words: str,
    wrong: str,
    what: str,
    order: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A folder before PATH, and an address in its place: which word it is, and the order."""
    monkeypatch.chdir(tmp_path)
    Path("my-project").mkdir()
    assert run(words.split()) == 64
    told = capsys.readouterr().err.splitlines()[0]
    assert told == f"error: {wrong}: expected no {what} here; the order is `reconciler {order}`"


@pytest.mark.parametrize(
    "words",
    [
        "import --all project",
        "compare report.a project",
        "explain report.a project",
        "explain report.a",
        "explain report.a report.yaml",
        "import report.a project .",
        "state list project",
        "state list report.b",
    ],
)
def test_words_in_their_order_are_taken(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also if a folder has the name of an address, of an environment, or of an id and PATH is given; or if a file of
    YAML is missing."""
    monkeypatch.chdir(tmp_path)
    Path("project").mkdir()
    Path("report.a").mkdir()
    run(words.split())
    assert "the order is" not in capsys.readouterr().err


def _commands(context: click.Context) -> Iterator[tuple[list[str], click.Command]]:
    assert isinstance(context.command, click.Group)
    for name in context.command.list_commands(context):
        command = context.command.get_command(context, name)
        assert command is not None
        words = [*context.command_path.split()[1:], name]
        yield words, command
        if isinstance(command, click.Group):
            yield from _commands(click.Context(command, parent=context, info_name=name))


def _misspelt(flag: str) -> Iterator[str]:
    """The flag without one of its letters, with two of them swapped, and cut short."""
    for at in range(2, len(flag)):
        yield flag[:at] + flag[at + 1 :]
        yield flag[: at - 1] + flag[at] + flag[at - 1] + flag[at + 1 :]
    yield flag[:-2]
    yield f"{flag}s"


def test_no_mistake_is_answered_with_what_destroys(capsys: pytest.CaptureFixture[str]) -> None:
    """Near misses of each such flag, in each command: no advice names one of them."""
    for words, command in _commands(click.Context(cli, info_name="reconciler")):
        own = {each for param in command.params for each in param.opts}
        for wrong in (each for flag in NEVER for each in (flag, flag[1:], *_misspelt(flag)) if each not in own):
            if wrong == "--":
                continue
            assert run([*words, wrong]) == 64, (words, wrong)
            advice = capsys.readouterr().err.replace(f"no option {wrong}", "").replace(f", nor -{wrong}", "")
            assert not [flag for flag in NEVER if flag in advice], (words, wrong)


@pytest.mark.parametrize("words", ["import --all", "export", "explain report.x", "state list", "graph"])
def test_one_environment_is_not_taken_for_two(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A command for one environment that is given two does nothing for the last one alone, and says so."""
    assert run([*words.split(), "-e", "sandbox", "-e", "production"]) == 64
    out, err = capsys.readouterr()
    assert out == ""
    assert "--environment sandbox, production: expected one environment; run this once for each of them\n" in err


@pytest.mark.parametrize("command", ["plan", "apply", "doctor"])
def test_the_help_names_what_allow_takes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A guard of a closed kind as well: it is not in the list of words, as kinds are read late."""
    assert run([command, "--help"]) == 0
    told = capsys.readouterr().out
    assert "delete:KIND" in told.partition("  --allow ")[2].split()[0]
