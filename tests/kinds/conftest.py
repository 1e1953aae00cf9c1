"""A project with kinds of a test's own."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from world import KEY, World

from reconciler.kinds import Kind, Kinds, using

from .toys import Collection, Toys, served

Opened = tuple[World, dict[str, Collection]]
Open = Callable[..., Opened]


@pytest.fixture
def toys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], uses_network: None
) -> Iterator[Open]:
    """Opens a project of these kinds; each collection of the API is called as it is after the slash of the path."""
    with ExitStack() as stack:

        def opened(*kinds: Kind, **collections: Collection) -> Opened:
            log, folder = io.StringIO(), tmp_path / "configuration"
            folder.mkdir()
            served_toys = Toys(collections, log)
            stack.enter_context(using(Kinds(*kinds)))
            stack.enter_context(served(served_toys))
            monkeypatch.setenv("QONVERSION_SECRET", KEY)
            monkeypatch.setenv("QONVERSION_API_URL", served_toys.url)
            world = World(folder, served_toys.url, log, capsys)
            stack.callback(world.close)
            return world, collections

        yield opened
