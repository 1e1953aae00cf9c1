"""Commands that need no key: `validate`, `schema`, `simulate`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import path_argument
from reconciler.errors import ConfigurationInvalid, Exit, Problem, WrongUsage
from reconciler.output.terminal import escape, write_stderr, write_stdout
from reconciler.system.files import Unreadable, read_regular

if TYPE_CHECKING:
    from reconciler.simulator import Faults

LARGEST_RULES = 10_000_000


@click.command()
@path_argument
@click.option(
    "--state", "shared", is_flag=True, help="Read shared states too (over the network), to name spent blocks."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "sarif", "github"]),
    default="text",
    show_default=True,
    help="What stdout gets: nothing, or the problems as SARIF, or as annotations of GitHub.",
)
def validate(path: Path, shared: bool, form: str) -> None:
    """Check the configuration for every environment: offline, without a key.

    PATH is a folder (every *.yaml below it is merged) or one file. Where the state is at hand, it also says which
    `moved`, `removed` and `imports` lines have done their work and can go.
    """
    from reconciler.commands.state import read_local_state  # noqa: PLC0415
    from reconciler.config import read_configuration  # noqa: PLC0415 - `--help` need not load the stages
    from reconciler.plan import completed, unused  # noqa: PLC0415
    from reconciler.text import counted  # noqa: PLC0415

    configuration = read_configuration(path)
    try:
        checked = configuration.check()
    except ConfigurationInvalid as invalid:
        _put_problems(form, invalid.problems, [])
        raise
    hints = list(dict.fromkeys(each for desired in checked.values() for each in unused(desired)))
    _put_problems(form, [], hints)
    for hint in hints:
        write_stderr(escape(f"hint: {hint}"))
    for name, desired in checked.items():
        count = len(desired.resources)
        write_stderr(f"{name}: {counted(count, 'resource')} {'is' if count == 1 else 'are'} valid")
        state = read_local_state(configuration, configuration.environments[name], shared=shared)
        for line in completed(desired, state) if state else ():
            write_stderr(escape(f"hint: {line}"))


def _put_problems(form: str, problems: Iterable[Problem], hints: Iterable[Problem]) -> None:
    """What is wrong, on stdout, in a form for programs; people read it on stderr."""
    from reconciler.output.findings import findings_of_problems, sarif, workflow_commands  # noqa: PLC0415 - if asked for

    findings = [*findings_of_problems(problems), *findings_of_problems(hints, "hint")]
    if form == "sarif":
        write_stdout(sarif(findings))
    elif form == "github" and findings:
        write_stdout(workflow_commands(findings), commands=True)


@click.command()
@click.option("--write", is_flag=True, help="Write the schemas into the folder.")
@click.option("--check", is_flag=True, help="Exit with 5 where the folder's schemas are stale.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default="schemas")
def schema(folder: Path, write: bool, check: bool) -> None:
    """JSON Schemas of the configuration, for editors.

    Prints that of the whole configuration; --write puts all of them into FOLDER.
    """
    from reconciler.output.schemas import every_schema  # noqa: PLC0415 - `--help` need not load the kinds

    texts = {name: json.dumps(each, indent=2, ensure_ascii=False) + "\n" for name, each in every_schema().items()}
    if not (write or check):
        write_stdout(texts["configuration.schema.json"].rstrip())
    if write:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        write_stderr(f"wrote {len(texts)} schemas to {folder}")
    if check:
        stale = [name for name, text in texts.items() if _read(folder / name) != text]
        if stale:
            write_stderr(f"stale in {folder}: {', '.join(stale)}\nhint: run `reconciler schema --write {folder}`")
            raise SystemExit(Exit.REFUSED)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), help="Append a JSON line for each request.")
@click.option(
    "--bare", is_flag=True, help="Leave out the e-mail destination int-email-01 that each project begins with."
)
@click.option("--fault", "rules", metavar="RULE", multiple=True, help="What is to go wrong; may be given again.")
@click.option(
    "--faults", "rule_file", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="A file of rules."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another one gives other chances to the rules.")
def simulate(
    file: Path | None,
    port: int,
    host: str,
    log: Path | None,
    bare: bool,
    rules: tuple[str, ...],
    rule_file: Path | None,
    seed: int,
) -> None:
    """Serve the documented API on this machine, for rehearsals.

    Its data is kept in FILE, or forgotten at the end. Any key that begins with sk_ or test_sk_ opens it: the first is
    of the production project, the second of the sandbox.

    A RULE names requests and what happens to them, and perhaps which of them; a file has one a line:

    \b
      --fault 'POST /scheduled-reports: drop after, n=1'
      --fault 'GET /*: status 503, chance=0.1'
      --fault 'POST /integrations: hide 2'
      --fault '* /*: rate 20/60'

    Faults are status, drop, delay, truncate, omit, hide, shift, rate, worker and normalise; the README has all that
    they take.
    """
    from reconciler.simulator import Simulator  # noqa: PLC0415 - `--help` need not load it
    from reconciler.simulator.dashboard import seed_project  # noqa: PLC0415
    from reconciler.simulator.server import bind  # noqa: PLC0415

    with ExitStack() as stack:
        data = file or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "simulator.sqlite"
        if not data.parent.is_dir():
            raise WrongUsage(f"{data.parent} does not exist", hint="name a file in a folder that does")
        lines = stack.enter_context(log.open("a", encoding="utf-8")) if log else None
        simulator = stack.enter_context(Simulator(data, log=lines, faults=_faults(rules, rule_file, seed)))
        if not bare:
            seed_project(simulator.answer)
        try:
            server = stack.enter_context(bind(simulator, host=host, port=port))
        except OSError as error:
            raise WrongUsage(f"cannot listen on {host}:{port}: {error.strerror}", hint="another --port") from error
        try:
            write_stderr(f"The simulator answers on {server.url}\nUse it with --api-url {server.url}; Ctrl-C ends it.")
            for line in simulator.faults.lines():
                write_stderr(escape(line))
            server.run()
        except KeyboardInterrupt:
            write_stderr("ended")


def _faults(rules: tuple[str, ...], file: Path | None, seed: int) -> Faults:
    """The rules of the file, then those of the command line."""
    from reconciler.simulator import Faults, RuleError, rules_in  # noqa: PLC0415 - `--help` need not load it

    try:
        filed = rules_in(read_regular(file, LARGEST_RULES).decode("utf-8").splitlines(), str(file)) if file else []
        return Faults([*filed, *rules], seed=seed)
    except RuleError as error:
        raise WrongUsage(f"a fault cannot be read: {error}", hint="reconciler simulate --help has examples") from error
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{file} is no UTF-8 text: {error}") from error
    except Unreadable as error:
        raise WrongUsage(f"{file}: {error}") from error
