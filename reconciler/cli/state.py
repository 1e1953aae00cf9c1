"""`reconciler state …` and `history`: the state, shown and put right by hand; `comment`: the pull request. They need no
key."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler import commands, output
from reconciler.cli import Group, options
from reconciler.errors import WrongUsage
from reconciler.model.reports import Ended
from reconciler.output.terminal import escape, register_secret, write_stderr, write_stdout
from reconciler.state import operations
from reconciler.state.document import make_entry_document

if TYPE_CHECKING:
    from reconciler.model.inputs import State

LEFT_OUT = "nothing, since the plan left it out"
_located = options.combine(options.path_argument, options.environment_option)


def _read(path: Path, environment: str | None) -> State:
    # With the steps of an apply that was cut off, if the key is at hand to read them.
    backend = commands.state.open_own_backend(path, environment)
    found = operations.replay_state(backend, backend.read())
    if found.has_unread:
        write_stderr(
            "note: an apply was cut off; its steps are not shown, since they are read with the key: set its variable"
        )
    return found.state


@click.group(cls=Group)
def state() -> None:
    """Look at the state, and put it right by hand."""


@state.command("list")
@options.format_option
@_located
def list_(form: str, path: Path, environment: str | None) -> None:
    """The addresses that the state holds, with their ids."""
    found = _read(path, environment)
    text = output.listings.render_state(found, form)
    if text:
        write_stdout(text)


@state.command()
@click.argument("address", shell_complete=options.complete("addresses"))
@_located
def show(address: str, path: Path, environment: str | None) -> None:
    """What is remembered of one address, as JSON."""
    content = make_entry_document(operations.find_entry(_read(path, environment), address))
    write_stdout(json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True))


@state.command()
@click.argument("source", shell_complete=options.complete("addresses"))
@click.argument("target", shell_complete=options.complete("kinds"))
@_located
def mv(source: str, target: str, path: Path, environment: str | None) -> None:
    """Rename an address in the state (in a pull request, write `moved` instead)."""
    operations.rename(commands.state.open_own_backend(path, environment), source, target)
    write_stderr(escape(f"{source} is {target} now"))


@state.command()
@click.argument("address", shell_complete=options.complete("addresses"))
@_located
def rm(address: str, path: Path, environment: str | None) -> None:
    """Forget an address: the object stays (in a pull request, write `removed` instead)."""
    operations.forget(commands.state.open_own_backend(path, environment), address)
    write_stderr(escape(f"{address} is forgotten; its object stays as it is"))


@state.command()
@click.argument("run")
@_located
def unlock(run: str, path: Path, environment: str | None) -> None:
    """Break the lock of one run, the very one that was shown."""
    where = commands.state.unlock(path, environment, run)
    write_stderr(escape(f"the lock of run {run} on {where} is broken"))


@state.command()
@click.option(
    "--from", "source", required=True, metavar="STORE", help="file:PATH, git:REMOTE, s3://…, gs://… or az://…"
)
@_located
def migrate(source: str, path: Path, environment: str | None) -> None:
    """Copy the state from another store to the one that reconciler.yaml names now; the other one stays."""
    old, new = (
        commands.state.open_backend_at(path, environment, source),
        commands.state.open_own_backend(path, environment),
    )
    count = operations.migrate(old, new)
    write_stderr(escape(f"{count} objects are remembered in {new.where} now; {old.where} is as it was"))


@click.command()
@options.format_option
@options.environments_option
@options.path_argument
def history(path: Path, environments: tuple[str, ...], every: bool, form: str) -> None:
    """What was applied: when, by whom, from which commit. A receipt's id goes to `plan --undo`."""
    names = commands.environments.choose_names(path, environments, every=every)
    read = partial(commands.state.read_history, path)
    # Of several, each has an end of its own. An error of one alone ends the command.
    if len(names) > 1:
        ended = [commands.environments.run_to_end(each, partial(read, each)) for each in names]
    else:
        ended = [Ended("".join(names), read(next(iter(names), None)))]
    if form == "json":
        write_stdout(output.environments.render_ended_json(ended, lambda receipts: {"receipts": receipts}))
    else:
        write_stdout(output.environments.render_histories_text(ended))
    commands.environments.require_all(ended)


@click.command()
@click.argument("file", type=options.FILE, required=False)
@click.option(
    "--read",
    type=options.FILE,
    metavar="FILE",
    help="Write what was approved by merging into FILE, for `apply --expect-digest @FILE`.",
)
@options.environments_option
@click.option(
    "--configuration",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="With --read: the folder of the configuration; needed if the pull request has plans of several.",
)
@options.debug_option
def comment(
    file: Path | None,
    read: Path | None,
    environments: tuple[str, ...],
    every: bool,
    configuration: Path | None,
    debug: bool,
) -> None:
    """Put a plan under the pull request, as one comment that is kept up to date.

    Each configuration and environment, or set of environments, has a comment of its own. FILE is what `plan` or
    `apply` wrote with --report markdown=FILE; it also becomes the job's summary. What `drift --format markdown` wrote
    becomes an issue, and closes it if nothing drifted. Runs in GitHub Actions (with GITHUB_TOKEN) and in GitLab CI
    (with GITLAB_TOKEN); no key is needed.
    """
    if (file is None) == (read is None):
        raise WrongUsage("expected the FILE to put under the pull request, or --read FILE, and not both")
    text = commands.comment.read_text(file) if file else ""
    with (
        commands.environments.show_requests(debug),
        commands.comment.open_comments(os.environ, register_secret) as comments,
    ):
        if read is not None:
            names = commands.environments.choose_names(configuration or Path(), environments, every=every)
            configuration = configuration or (Path() if len(names) > 1 else None)
            for approval in commands.comment.write_approvals(comments, read, names, configuration):
                write_stderr(escape(f"approved for {approval.environment}: {approval.digest or LEFT_OUT}"))
            return
        if warning := commands.comment.summarise(comments.run.summary, text):
            write_stderr(escape(f"warning: {warning}"))
        write_stderr(escape(comments.publish(text)))
