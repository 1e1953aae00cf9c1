"""`reconciler state …` and `reconciler history`: the state, shown and put right by hand. No key is needed."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler import commands, output
from reconciler.cli import Group, options
from reconciler.model.reports import Ended
from reconciler.output.terminal import escape, write_stderr, write_stdout
from reconciler.state import operations
from reconciler.state.document import entry_document

if TYPE_CHECKING:
    from reconciler.model.inputs import State


_located = options.together(options.path_argument, options.environment_option)


def _read(path: Path, environment: str | None) -> State:
    # With the steps of an apply that was cut off, if the key is at hand to read them.
    _, found = operations.replay_state(commands.state.own_backend(path, environment))
    if found.unread:
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
    text = output.listings.render_state_json(found) if form == "json" else output.listings.render_state_text(found)
    if text:
        write_stdout(text)


@state.command()
@click.argument("address", shell_complete=options.complete("addresses"))
@_located
def show(address: str, path: Path, environment: str | None) -> None:
    """What is remembered of one address, as JSON."""
    content = entry_document(operations.find_entry(_read(path, environment), address))
    write_stdout(json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True))


@state.command()
@click.argument("source", shell_complete=options.complete("addresses"))
@click.argument("target", shell_complete=options.complete("kinds"))
@_located
def mv(source: str, target: str, path: Path, environment: str | None) -> None:
    """Rename an address in the state (in a pull request, write `moved` instead)."""
    operations.rename(commands.state.own_backend(path, environment), source, target)
    write_stderr(escape(f"{source} is {target} now"))


@state.command()
@click.argument("address", shell_complete=options.complete("addresses"))
@_located
def rm(address: str, path: Path, environment: str | None) -> None:
    """Forget an address: the object stays (in a pull request, write `removed` instead)."""
    operations.forget(commands.state.own_backend(path, environment), address)
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
    count, old, new = commands.state.migrate(path, environment, source)
    write_stderr(escape(f"{count} objects are remembered in {new} now; {old} is as it was"))


@click.command()
@options.format_option
@options.environments_option
@options.path_argument
def history(path: Path, environments: tuple[str, ...], every: bool, form: str) -> None:
    """What was applied: when, by whom, from which commit. A receipt's id goes to `plan --undo`."""
    names = commands.environments.choose_names(path, environments, every=every)
    read = partial(commands.state.read_history, path)
    if len(names) > 1:
        ended = [commands.environments.end(each, partial(read, each)) for each in names]
    else:
        ended = [Ended("".join(names), read(next(iter(names), None)))]
    if form == "json":
        write_stdout(output.environments.render_ended_json(ended, output.listings.collect_history_values))
    else:
        write_stdout(output.environments.render_histories_text(ended))
    commands.environments.require_all(ended)
