"""Files that are the old one or the new one, never half of each."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

FOLDER = ".reconciler"
IGNORED = (
    "# Left behind by runs on this machine. The state itself may be committed.\n*.lock\n*.swap\n*.holder\n*.journal\n"
)


def prepare_folder(folder: Path) -> None:
    """Makes the folder of a state; in one of our own, git is told what is not to be committed. OSError if it cannot."""
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    if folder.name == FOLDER:
        (folder / ".gitignore").write_text(IGNORED, encoding="utf-8")


def replace_atomically(path: Path, content: bytes) -> None:
    """Puts content in a file's place: written beside it, flushed, then renamed over it. OSError where that fails."""
    prepare_folder(path.parent)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
