"""The commands that need no key: they look at what is written, or serve the simulator."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Unpack

import click

from reconciler import commands, output
from reconciler.cli import Group, options
from reconciler.errors import ConfigurationInvalid, Exit, Problem, WrongUsage
from reconciler.lazy import load
from reconciler.output.terminal import escape, write_stderr, write_stdout
from reconciler.text import abridge, format_count


@click.command()
@options.path_argument
@options.environments_option
@options.flag("--state", "shared", help="Also read shared states (network), to find lines that can go.")
@click.option("--base", metavar="REF", help="For policies with `ratchet`: what was so at the merge base only warns.")
@options.form_option(
    ["text", "json", "sarif", "github"],
    "What stdout gets: nothing, or the problems as JSON, as SARIF, or as annotations of GitHub.",
)
def validate(path: Path, environments: tuple[str, ...], every: bool, shared: bool, base: str | None, form: str) -> None:
    """Check the configuration, offline and without a key: for every environment, unless some are named.

    PATH is a folder (every *.yaml below it is merged) or one file. If the state is at hand, it also says which
    `moved`, `removed` and `imports` lines have done their work and can go.
    """
    try:
        names = None
        if environments:
            names = commands.environments.choose_names(path, environments, every=every, is_checked=True)
        checked = commands.validate.check(path, names, base, os.environ)
    except ConfigurationInvalid as invalid:
        _write_problems(form, {}, invalid=invalid.problems, warning=invalid.warnings)
        raise
    counts = {environment: len(desired.resources) for environment, desired in checked.desired.items()}
    _write_problems(form, counts, warning=checked.warnings, hint=checked.hints)
    for environment, count in counts.items():
        write_stderr(f"{environment}: {format_count(count, 'resource')} {'is' if count == 1 else 'are'} valid")
        for line in checked.find_completed(environment, shared=shared):
            write_stderr(escape(f"hint: {line}"))


def _write_problems(form: str, counts: Mapping[str, int], **problems: Iterable[Problem]) -> None:
    """Writes problems, by rule: to stdout in a form for programs, and warnings and hints to stderr for people."""
    for level in ("warning", "hint"):
        for each in problems.get(level, ()):
            write_stderr(escape(f"{level}: {each}"))
    if form == "json":
        write_stdout(output.listings.render_validation_json(problems, counts))
        return
    if form == "text":
        return
    find = output.findings.list_problem_findings
    findings = [finding for rule, found in problems.items() for finding in find(found, rule)]
    if form == "sarif":
        write_stdout(output.findings.render_sarif(findings))
    elif findings:
        write_stdout(output.findings.render_workflow_commands(findings), commands=True)


@click.group(cls=Group)
def policies() -> None:
    """The ready rules that a policy includes by `use: NAME`."""


@policies.command("list")
@options.format_option
def list_(form: str) -> None:
    """What each ready rule says, and what it takes."""
    rules = load("reconciler.policies:read_rules")()
    write_stdout(output.document.to_json(rules=rules) if form == "json" else output.listings.render_rules(rules))


@click.command()
@options.flag("--write", help="Write the schemas into the folder.")
@options.flag("--check", help="Exit with 5 if the folder's schemas are stale.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default="schemas")
def schema(folder: Path, write: bool, check: bool) -> None:
    """JSON Schemas of the configuration, for editors.

    Prints that of the whole configuration; --write puts all of them into FOLDER.
    """
    texts = {
        name: json.dumps(each, indent=2, ensure_ascii=False) + "\n"
        for name, each in output.document.make_all_schemas().items()
    }
    if not (write or check):
        write_stdout(texts["configuration.schema.json"].rstrip())
    if write:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        write_stderr(f"wrote {len(texts)} schemas to {folder}")
    if check:
        found = {name: (folder / name).read_text(encoding="utf-8") for name in texts if (folder / name).is_file()}
        if stale := [name for name, text in texts.items() if found.get(name) != text]:
            write_stderr(f"stale in {folder}: {', '.join(stale)}\nhint: run `reconciler schema --write {folder}`")
            raise SystemExit(Exit.REFUSED)


@click.command()
@options.path_argument
@click.option(
    "-k", "pattern", metavar="PATTERN", default="", help="Only tests whose names contain or match it: 'new-*'."
)
@click.option(
    "--parallelism", type=options.WholeNumber(1, 64), default=4, show_default=True, help="How many tests at once."
)
@options.form_option(["text", "junit", "json"], "What stdout gets: text, the XML of JUnit, or JSON.")
def test(path: Path, pattern: str, parallelism: int, form: str) -> None:
    """Run the tests of the configuration: offline, without a key, against the simulator.

    They stand in *.test.yaml beside the configuration. Each has a project of its own, in memory.
    """
    results = commands.test.run(path, pattern, parallelism)
    write_stdout(output.listings.render_results(results, form))
    if any(each.mismatches for each in results):
        raise SystemExit(Exit.TEST_FAILED)


@click.command()
@options.path_argument
@options.environment_option
@options.target_option
@options.format_option
def expand(path: Path, environment: str | None, target: tuple[str, ...], form: str) -> None:
    """Write out what a configuration comes to for an environment: offline, without a key.

    The YAML is valid, plans the same, and needs no for_each, defaults, only_in, key or variables. It has no policies.
    Behind each value stands where it came from.
    """
    desired = commands.validate.expand(path, environment, target)
    for warning in desired.warnings:
        write_stderr(escape(f"warning: {warning}"))
    folder = load("reconciler.config.files:find_configuration_folder")(path)
    write_stdout(output.explain.render_expanded(desired, folder, form))


@click.command()
@click.argument("first", metavar="A", shell_complete=options.complete("environments"))
@click.argument("second", metavar="B", shell_complete=options.complete("environments"))
@click.argument("path", type=click.Path(path_type=Path), default=".")  # A and B may be names of folders, too
@options.flag("--live", help="Compare what is live in both projects; needs both keys, writes nothing.")
@options.bare_target_option(
    help="Only this address, or those that fit a pattern: 'report.chess-*'. May be given several times."
)
@click.option(
    "--ignore",
    "ignored",
    multiple=True,
    metavar="FIELD",
    help="Leave out what is meant to differ: FIELD or KIND.FIELD, such as report.status or data.actions.push.",
)
@options.form_option(["text", "json", "markdown"])
@options.api_options
def compare(
    first: str,
    second: str,
    path: Path,
    live: bool,
    target: tuple[str, ...],
    ignored: tuple[str, ...],
    form: str,
    **flags: Unpack[options.ApiFlags],
) -> None:
    """Show what differs between two environments.

    Without --live it compares what is written, offline and without a key. What an `only_in` leaves out is told and is
    no difference; so is what `compare: {ignore: […]}` in reconciler.yaml names. Exits with 2 if there is a difference.
    """
    if flags["api_url"] is not None and not live:
        raise WrongUsage("--api-url is the address of what is live; expected it together with --live")
    both = options.make_environments(path, [first, second], flags) if live else None
    found = commands.live.compare(path, first, second, target, ignored, both)
    write_stdout(output.compared.render_comparison(found, form))
    if found.count():
        raise SystemExit(Exit.PENDING)


@click.command()
@options.path_argument
@options.unsafe_flag("--write", help="Write it into the files.")
@options.target_option
def fold(path: Path, write: bool, target: tuple[str, ...]) -> None:
    """Make one for_each of many resources that are nearly equal: offline, without a key.

    It shows the blocks, and --write writes them. All addresses stay, and every environment gets the same as before.
    """
    found = commands.edits.Folding(path, target)
    heading = ("", "")
    for group in found.folded:
        if heading != (heading := (f"# {group.file}", f"{group.section}:")):
            write_stdout("\n".join(heading))
        write_stdout("\n".join(group.text.splitlines()))
        some, many = abridge(map(group.name, group.joined.keys)), format_count(len(group.joined.keys), "resource")
        write_stderr(escape(f"{many} ({some}) become {group.name(group.joined.name)}"))
    for group in found.left:
        write_stderr(escape(f"left as they are: {abridge(map(group.name, group.joined.keys))}: {group.text}"))
    if not found.folded:
        why = "no three resources of a section have the same fields, and keys and values that differ in one part only"
        write_stderr("nothing to fold" if found.left else f"nothing to fold: {why}")
    elif write:
        for file in commands.edits.write_edits(found.edits):
            write_stderr(escape(f"wrote {file}"))
    else:
        write_stderr("nothing is written; --write does that")


class _Simulate(click.Command):
    """It has an option for each question that the documents leave open. The simulator that knows them is loaded only if
    this command is used."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options, and those of the questions behind them."""
        named = {name for param in self.params for name in param.opts}
        for name, (answers, question) in commands.simulate.ASSUMPTIONS.items():
            if f"--{name}" not in named:
                self.params.append(click.Option([f"--{name}"], type=options.OneOf(answers), help=question))
        return super().get_params(ctx)


@click.command(cls=_Simulate)
@click.argument("data", metavar="[FILE]", type=options.FILE, required=False)
@click.option("--port", type=options.WholeNumber(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--log", type=options.FILE, help="Append a JSON line for each request.")
@options.flag("--bare", help="Leave out the e-mail destination int-email-01 and the vendor's segments.")
@options.flag("--examples", help="Begin with products, an entitlement, a segment and a configuration.")
@click.option(
    "--fault", "rules", metavar="RULE", multiple=True, help="A rule for faults, see above. May be given several times."
)
@click.option(
    "--faults", "rule_file", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="A file of rules."
)
@click.option("--now", metavar="TIME", help="The time at the start, for example 2027-03-28T01:30Z.")
@click.option("--seed", type=int, default=1, show_default=True, help="The seed of the random choices in rules.")
def simulate(**request: Any) -> None:
    """Serve the documented API on this machine, for rehearsals.

    Its data is kept in FILE, or forgotten at the end. Any key that begins with sk_ or test_sk_ opens it: the first is
    of the production project, the second of the sandbox.

    A RULE names requests and what happens to them, and perhaps which of them; a file has one a line:

    \b
      --fault 'POST /scheduled-reports: drop after, n=1'
      --fault 'GET /*: status 503, chance=0.1'
      --fault 'POST /integrations: hide 2'
      --fault '* /*: rate 20/60'
      --fault 'GET /*: clock 2027-03-28T01:30Z, n=1'

    The last options say what holds where the documents leave it open. The first answer of each is the default, and FILE
    keeps the others.

    Faults are status, drop, delay, truncate, omit, hide, shift, rate, clock, worker and normalise. The guide
    examples/simulator/README.md has what each of them takes.
    """
    given = {name: request.pop(name.replace("-", "_")) for name in commands.simulate.ASSUMPTIONS}
    assumed = {name: answer for name, answer in given.items() if answer is not None}
    with commands.simulate.open_server(**request, assumptions=assumed) as (server, faults):
        try:
            write_stderr(f"The simulator answers on {server.url}\nUse it with --api-url {server.url}; Ctrl-C ends it.")
            for line in faults:
                write_stderr(escape(line))
            server.run()
        except KeyboardInterrupt:
            write_stderr("ended")
