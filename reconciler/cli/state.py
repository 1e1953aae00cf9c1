"""`reconciler state …`: look at the memory and put it right by hand. Needs no key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import InOrder, environment_option, format_option, path_argument
from reconciler.output.terminal import put, say, visible

if TYPE_CHECKING:
    from reconciler.model.state import Memory
    from reconciler.state import Store


def _located(command: Callable[..., Any]) -> Callable[..., Any]:
    return path_argument(environment_option(command))


def _store(path: Path, environment: str | None) -> Store:
    from reconciler.commands.state import own_store_of  # noqa: PLC0415 - `--help` need not load the stages

    return own_store_of(path, environment)


def _remembered(store: Store) -> Memory:
    """What the state remembers, with the steps of an apply that was cut off, if the key is at hand to read them."""
    from reconciler.state.operations import replayed  # noqa: PLC0415 - `--help` need not load the stages

    _, found = replayed(store)
    if found.unread:
        say("note: an apply was cut off; its steps are not shown, since they are read with the key: set its variable")
    return found.memory


@click.group(cls=InOrder)
def state() -> None:
    """Look at the state, and put it right by hand."""


@state.command("list")
@_located
def list_(path: Path, environment: str | None) -> None:
    """The addresses that the state holds, with their ids."""
    memory = _remembered(_store(path, environment))
    for address, entry in sorted(memory.entries.items()):
        put(visible(f"{address} {entry.id}" + (" protected" if entry.protected else "")))


@state.command()
@click.argument("address")
@_located
def show(address: str, path: Path, environment: str | None) -> None:
    """What is remembered of one address, as JSON."""
    from reconciler.state.document import entry_document  # noqa: PLC0415 - `--help` need not load the stages
    from reconciler.state.operations import entry_of  # noqa: PLC0415

    memory = _remembered(_store(path, environment))
    put(json.dumps(entry_document(entry_of(memory, address)), indent=2, ensure_ascii=False, sort_keys=True))


@state.command()
@click.argument("source")
@click.argument("target")
@_located
def mv(source: str, target: str, path: Path, environment: str | None) -> None:
    """Rename an address in the state (in a pull request, write `moved` instead)."""
    from reconciler.state.operations import rename  # noqa: PLC0415 - `--help` need not load the stages

    rename(_store(path, environment), source, target)
    say(visible(f"{source} is {target} now"))


@state.command()
@click.argument("address")
@_located
def rm(address: str, path: Path, environment: str | None) -> None:
    """Forget an address: the object stays (in a pull request, write `removed` instead)."""
    from reconciler.state.operations import forget  # noqa: PLC0415 - `--help` need not load the stages

    forget(_store(path, environment), address)
    say(visible(f"{address} is forgotten; its object stays as it is"))


@state.command()
@click.argument("run")
@_located
def unlock(run: str, path: Path, environment: str | None) -> None:
    """Break the lock of one run, the very one that was shown."""
    from reconciler.commands.state import store_of  # noqa: PLC0415 - `--help` need not load the stages

    store = store_of(path, environment)
    store.unlock(run)
    say(visible(f"the lock of run {run} on {store.where} is broken"))


@state.command()
@click.option(
    "--from", "source", required=True, metavar="STORE", help="file:PATH, git:REMOTE, s3://…, gs://… or az://…"
)
@_located
def migrate(source: str, path: Path, environment: str | None) -> None:
    """Copy the state from another store to the one that reconciler.yaml names now; the other one stays."""
    from reconciler.commands.state import store_at  # noqa: PLC0415 - `--help` need not load the stages
    from reconciler.state.operations import migrate as copied  # noqa: PLC0415

    old, new = store_at(path, environment, source), _store(path, environment)
    count = copied(old, new)
    say(visible(f"{count} objects are remembered in {new.where} now; {old.where} is as it was"))


@click.command()
@format_option
@_located
def history(form: str, path: Path, environment: str | None) -> None:
    """What was applied: when, by whom, from which commit. A receipt's id goes to `plan --undo`."""
    from reconciler.output.listings import history_json, history_text  # noqa: PLC0415
    from reconciler.state.receipts import history as receipts_of  # noqa: PLC0415 - `--help` need not load the stages

    receipts = receipts_of(_store(path, environment))
    put(history_json(receipts) if form == "json" else history_text(receipts))
