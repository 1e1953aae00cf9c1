"""Where the state of an environment is kept: one line a backend."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.model.settings import Environment
from reconciler.state.backend import Store
from reconciler.state.journal_file import journal_file


def store_for(environment: Environment, folder: Path, key: str) -> Store:
    """The store of an environment; `folder` is where the configuration is. `key`: the secret key, which binds the
    journal; empty if it is not at hand."""
    where, name = environment.state, environment.name
    file = Path(os.path.realpath(where.path)) if where.store == "file" else where.path
    journal = journal_file(file.with_suffix(".journal"), name, key)
    if where.store == "git":
        from reconciler.state.git import GitStore  # noqa: PLC0415 - only the store that is chosen

        named = environment.configuration or ""
        return GitStore(folder, name, where.remote, journal=journal, configuration=named, author=where.author)
    if where.store == "object":
        from reconciler.state.object import ObjectStore  # noqa: PLC0415

        return ObjectStore(where.url, name, journal, configuration=environment.configuration or "")
    from reconciler.state.file import FileStore  # noqa: PLC0415

    return FileStore(where.path, name, journal)
