"""Which commands there are, and where each is found: loaded when it is asked for, so that none pays for another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

import click

COMMANDS: Final = {
    "validate": "offline",
    "plan": "online",
    "apply": "online",
    "comment": "comment",
    "drift": "authoring",
    "export": "online",
    "import": "authoring",
    "explain": "explain",
    "graph": "explain",
    "destinations": "explain",
    "send-test": "online",
    "history": "state",
    "state": "state",
    "schema": "offline",
    "simulate": "offline",
}
"""Each with its module, in the order in which people come to need them."""


class Loaded(Mapping[str, click.Command]):
    """Name → command."""

    def __getitem__(self, name: str) -> click.Command:
        found = vars(import_module(f"{__package__}.{COMMANDS[name]}")).values()
        return next(each for each in found if isinstance(each, click.Command) and each.name == name)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)
