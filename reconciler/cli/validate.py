"""`reconciler validate`, `test`, `policies` and `schema`: offline, without a key."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from reconciler import commands, output
from reconciler.cli import Group
from reconciler.cli.options import WholeNumber, environments_option, form_option, format_option, path_argument
from reconciler.errors import ConfigurationInvalid, Exit, Problem
from reconciler.lazy import load
from reconciler.output.terminal import escape, write_stderr, write_stdout
from reconciler.text import counted


@click.command()
@path_argument
@environments_option
@click.option(
    "--state", "shared", is_flag=True, help="Read shared states too (over the network), to name spent blocks."
)
@click.option("--base", metavar="REF", help="For policies with `ratchet`: what was so at the merge base only warns.")
@form_option(
    ["text", "json", "sarif", "github"],
    "What stdout gets: nothing, or the problems as JSON, as SARIF, or as annotations of GitHub.",
)
def validate(path: Path, environments: tuple[str, ...], every: bool, shared: bool, base: str | None, form: str) -> None:
    """Check the configuration, offline and without a key: for every environment, unless some are named.

    PATH is a folder (every *.yaml below it is merged) or one file. If the state is at hand, it also says which
    `moved`, `removed` and `imports` lines have done their work and can go.
    """
    try:
        names = commands.environments.choose(path, environments, every=every) if environments else None
        checked = commands.validate.check(path, names, base, os.environ)
    except ConfigurationInvalid as invalid:
        _write_problems(form, {}, invalid=invalid.problems, warning=invalid.warnings)
        raise
    counts = {environment: len(desired.resources) for environment, desired in checked.desired.items()}
    _write_problems(form, counts, warning=checked.warnings, hint=checked.hints)
    for environment, count in counts.items():
        write_stderr(f"{environment}: {counted(count, 'resource')} {'is' if count == 1 else 'are'} valid")
        for line in checked.completed(environment, shared=shared):
            write_stderr(escape(f"hint: {line}"))


def _write_problems(form: str, counts: Mapping[str, int], **problems: Iterable[Problem]) -> None:
    """What is wrong, by rule, on stdout, in a form for programs; people read it on stderr, the errors last."""
    for level in ("warning", "hint"):
        for each in problems.get(level, ()):
            write_stderr(escape(f"{level}: {each}"))
    if form == "json":
        write_stdout(output.listings.validation_json(problems, counts))
        return
    find = output.findings.findings_of_problems
    findings = [finding for rule, found in problems.items() for finding in find(found, rule)]
    if form == "sarif":
        write_stdout(output.findings.sarif(findings))
    elif form == "github" and findings:
        write_stdout(output.findings.workflow_commands(findings), commands=True)


@click.group(cls=Group)
def policies() -> None:
    """The ready rules that a policy includes by `use: NAME`."""


@policies.command("list")
@format_option
def list_(form: str) -> None:
    """What each ready rule says, and what it takes."""
    rules = load("reconciler.policies.library:read_rules")()
    write_stdout(output.document.document(rules=rules) if form == "json" else output.listings.rules_text(rules))


@click.command()
@click.option("--write", is_flag=True, help="Write the schemas into the folder.")
@click.option("--check", is_flag=True, help="Exit with 5 if the folder's schemas are stale.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default="schemas")
def schema(folder: Path, write: bool, check: bool) -> None:
    """JSON Schemas of the configuration, for editors.

    Prints that of the whole configuration; --write puts all of them into FOLDER.
    """
    texts = {
        name: json.dumps(each, indent=2, ensure_ascii=False) + "\n"
        for name, each in output.schemas.every_schema().items()
    }
    if not (write or check):
        write_stdout(texts["configuration.schema.json"].rstrip())
    if write:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        write_stderr(f"wrote {len(texts)} schemas to {folder}")
    if check:
        stale = [name for name, text in texts.items() if _read(folder / name) != text]
        if stale:
            write_stderr(f"stale in {folder}: {', '.join(stale)}\nhint: run `reconciler schema --write {folder}`")
            raise SystemExit(Exit.REFUSED)


@click.command()
@path_argument
@click.option("-k", "pattern", metavar="PATTERN", default="", help="Only tests whose names hold or fit it: 'new-*'.")
@click.option("--parallelism", type=WholeNumber(1, 64), default=4, show_default=True, help="How many tests at once.")
@form_option(["text", "junit", "json"], "What stdout gets: text, the XML of JUnit, or JSON.")
def test(path: Path, pattern: str, parallelism: int, form: str) -> None:
    """Run the tests of the configuration: offline, without a key, against the simulator.

    They stand in *.test.yaml beside the configuration. Each has a project of its own, in memory.
    """
    results = commands.test.run(path, pattern, parallelism)
    write_stdout(output.tests.render(results, form))
    if any(each.mismatches for each in results):
        raise SystemExit(Exit.TEST_FAILED)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
