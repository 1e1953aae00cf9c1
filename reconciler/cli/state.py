"""`reconciler state …`: look at the memory and put it right by hand. Needs no key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import InOrder, environment_option, format_option, path_argument
from reconciler.output.terminal import escape, write_stderr, write_stdout

if TYPE_CHECKING:
    from reconciler.model.state import State
    from reconciler.state import Backend


def _located(command: Callable[..., Any]) -> Callable[..., Any]:
    return path_argument(environment_option(command))


def _store(path: Path, environment: str | None) -> Backend:
    from reconciler.commands.state import open_own_backend  # noqa: PLC0415 - `--help` need not load the stages

    return open_own_backend(path, environment)


def _remembered(store: Backend) -> State:
    """What the state remembers, with the steps of an apply that was cut off, if the key is at hand to read them."""
    from reconciler.state.operations import replay_state  # noqa: PLC0415 - `--help` need not load the stages

    _, found = replay_state(store)
    if found.unread:
        write_stderr(
            "note: an apply was cut off; its steps are not shown, since they are read with the key: set its variable"
        )
    return found.state


@click.group(cls=InOrder)
def state() -> None:
    """Look at the state, and put it right by hand."""


@state.command("list")
@_located
def list_(path: Path, environment: str | None) -> None:
    """The addresses that the state holds, with their ids."""
    state = _remembered(_store(path, environment))
    for address, entry in sorted(state.entries.items()):
        write_stdout(escape(f"{address} {entry.id}" + (" protected" if entry.protected else "")))


@state.command()
@click.argument("address")
@_located
def show(address: str, path: Path, environment: str | None) -> None:
    """What is remembered of one address, as JSON."""
    from reconciler.state.document import entry_document  # noqa: PLC0415 - `--help` need not load the stages
    from reconciler.state.operations import find_entry  # noqa: PLC0415

    state = _remembered(_store(path, environment))
    write_stdout(json.dumps(entry_document(find_entry(state, address)), indent=2, ensure_ascii=False, sort_keys=True))


@state.command()
@click.argument("source")
@click.argument("target")
@_located
def mv(source: str, target: str, path: Path, environment: str | None) -> None:
    """Rename an address in the state (in a pull request, write `moved` instead)."""
    from reconciler.state.operations import rename  # noqa: PLC0415 - `--help` need not load the stages

    rename(_store(path, environment), source, target)
    write_stderr(escape(f"{source} is {target} now"))


@state.command()
@click.argument("address")
@_located
def rm(address: str, path: Path, environment: str | None) -> None:
    """Forget an address: the object stays (in a pull request, write `removed` instead)."""
    from reconciler.state.operations import forget  # noqa: PLC0415 - `--help` need not load the stages

    forget(_store(path, environment), address)
    write_stderr(escape(f"{address} is forgotten; its object stays as it is"))


@state.command()
@click.argument("run")
@_located
def unlock(run: str, path: Path, environment: str | None) -> None:
    """Break the lock of one run, the very one that was shown."""
    from reconciler.commands.state import open_configured_backend  # noqa: PLC0415 - `--help` need not load the stages

    store = open_configured_backend(path, environment)
    store.unlock(run)
    write_stderr(escape(f"the lock of run {run} on {store.where} is broken"))


@state.command()
@click.option(
    "--from", "source", required=True, metavar="STORE", help="file:PATH, git:REMOTE, s3://…, gs://… or az://…"
)
@_located
def migrate(source: str, path: Path, environment: str | None) -> None:
    """Copy the state from another store to the one that reconciler.yaml names now; the other one stays."""
    from reconciler.commands.state import open_backend_at  # noqa: PLC0415 - `--help` need not load the stages
    from reconciler.state.operations import migrate as copied  # noqa: PLC0415

    old, new = open_backend_at(path, environment, source), _store(path, environment)
    count = copied(old, new)
    write_stderr(escape(f"{count} objects are remembered in {new.where} now; {old.where} is as it was"))


@click.command()
@format_option
@_located
def history(form: str, path: Path, environment: str | None) -> None:
    """What was applied: when, by whom, from which commit. A receipt's id goes to `plan --undo`."""
    from reconciler.output.listings import history_json, history_text  # noqa: PLC0415
    from reconciler.state.receipts import list_receipts as receipts_of  # noqa: PLC0415 - `--help` need not load the stages

    receipts = receipts_of(_store(path, environment))
    write_stdout(history_json(receipts) if form == "json" else history_text(receipts))
