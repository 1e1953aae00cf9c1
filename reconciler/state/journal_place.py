"""Where the journal of a state is: in the folder of git's own files, where no commit can bring one and none is seen."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from reconciler.git.repository import git_folder, repository_top
from reconciler.state.journal_lines import JournalFile


def journal_file(beside: Path, environment: str, key: str) -> JournalFile:
    """The journal of a state. `beside` is where it is outside of a checkout, and where it always was in earlier
    versions; `key` is the secret key, empty if it is not at hand."""
    real = Path(os.path.realpath(beside.parent)) / beside.name
    top = repository_top(real.parent)
    own = git_folder(top) if top is not None else None
    if top is None or own is None:
        return JournalFile(real, environment, key)
    # One for each state of the checkout, whatever its path is made of
    mark = hashlib.sha256(real.relative_to(top).as_posix().encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return JournalFile(own / "reconciler" / f"{environment}-{mark}.journal", environment, key, older=real)
