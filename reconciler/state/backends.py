"""Where the state of an environment is kept: one line a backend."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from reconciler.lazy import load
from reconciler.model.settings import Environment
from reconciler.state.backend import Backend
from reconciler.state.journal_file import journal_file

BACKENDS = {
    "file": "reconciler.state.file:FileBackend",
    "git": "reconciler.state.git:GitBackend",
    "object": "reconciler.state.object:ObjectBackend",
}


def open_backend(environment: Environment, folder: Path, key: str) -> Backend:
    """The store of an environment; `folder` is where the configuration is. `key`: the secret key, which binds the
    journal; empty if it is not at hand."""
    where, name = environment.state, environment.name
    file = Path(os.path.realpath(where.path)) if where.store == "file" else where.path
    journal = journal_file(file.with_suffix(".journal"), name, key)
    backend: Callable[..., Backend] = load(BACKENDS[where.store])
    if where.store == "git":
        named = environment.configuration or ""
        return backend(folder, name, where.remote, journal=journal, configuration=named, author=where.author)
    if where.store == "object":
        return backend(where.url, name, journal, configuration=environment.configuration or "")
    return backend(where.path, name, journal)
