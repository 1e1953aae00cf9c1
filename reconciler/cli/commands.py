"""Which commands there are, and where each is found: loaded when it is asked for, so that none pays for another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import ModuleType

import click


def _authoring() -> ModuleType:
    from reconciler.cli import authoring  # noqa: PLC0415

    return authoring


def _comment() -> ModuleType:
    from reconciler.cli import comment  # noqa: PLC0415

    return comment


def _destinations() -> ModuleType:
    from reconciler.cli import destinations  # noqa: PLC0415

    return destinations


def _explain() -> ModuleType:
    from reconciler.cli import explain  # noqa: PLC0415

    return explain


def _graph() -> ModuleType:
    from reconciler.cli import graph  # noqa: PLC0415

    return graph


def _offline() -> ModuleType:
    from reconciler.cli import offline  # noqa: PLC0415

    return offline


def _online() -> ModuleType:
    from reconciler.cli import online  # noqa: PLC0415

    return online


def _state() -> ModuleType:
    from reconciler.cli import state  # noqa: PLC0415

    return state


COMMANDS: dict[str, Callable[[], ModuleType]] = {
    "validate": _offline,
    "plan": _online,
    "apply": _online,
    "comment": _comment,
    "drift": _authoring,
    "export": _online,
    "import": _authoring,
    "explain": _explain,
    "graph": _graph,
    "destinations": _destinations,
    "send-test": _online,
    "history": _state,
    "state": _state,
    "schema": _offline,
    "simulate": _offline,
}
"""In the order in which people come to need them."""


class Loaded(Mapping[str, click.Command]):
    """Name → command."""

    def __getitem__(self, name: str) -> click.Command:
        found = vars(COMMANDS[name]()).values()
        return next(each for each in found if isinstance(each, click.Command) and each.name == name)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)
