"""Opens the state backend that an environment chooses. `model.backends` lists all of them."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.lazy import load
from reconciler.model.backends import BACKENDS
from reconciler.model.settings import Environment
from reconciler.state.backend import Backend
from reconciler.state.journal_file import journal_file


def open_backend(environment: Environment, folder: Path, key: str) -> Backend:
    """The backend of an environment. `folder`: the configuration's. `key`: the secret key that seals the journal; empty
    if it is not at hand.

    Only the module of the chosen backend is loaded.
    """
    state = environment.state
    # The journal of a state behind a link is beside the file that the link leads to, as its lock is.
    file = Path(os.path.realpath(state.path)) if state.store == "file" else state.path
    journal = journal_file(file.with_suffix(".journal"), environment.name, key)
    backend: Backend = load(BACKENDS[state.store].implementation).open(environment, folder, journal)
    return backend
