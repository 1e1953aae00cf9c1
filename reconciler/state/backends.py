"""Where the state of an environment is kept: one line a backend."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.model.settings import Environment
from reconciler.state.backend import Backend
from reconciler.state.journal_file import journal_file


def open_backend(environment: Environment, folder: Path, key: str) -> Backend:
    """The store of an environment; `folder` is where the configuration is. `key`: the secret key, which binds the
    journal; empty if it is not at hand."""
    where, name = environment.state, environment.name
    file = Path(os.path.realpath(where.path)) if where.store == "file" else where.path
    journal = journal_file(file.with_suffix(".journal"), name, key)
    if where.store == "git":
        from reconciler.state.git import GitBackend  # noqa: PLC0415 - only the store that is chosen

        named = environment.configuration or ""
        return GitBackend(folder, name, where.remote, journal=journal, configuration=named, author=where.author)
    if where.store == "object":
        from reconciler.state.object import ObjectBackend  # noqa: PLC0415

        return ObjectBackend(where.url, name, journal, configuration=environment.configuration or "")
    from reconciler.state.file import FileBackend  # noqa: PLC0415

    return FileBackend(where.path, name, journal)
