"""The files of a configuration, read and written for who edits them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.commands.session import Session
from reconciler.config.files import Disk
from reconciler.config.reading import Reading
from reconciler.errors import ConfigurationInvalid, Problem, Refused
from reconciler.system import Unreadable


@dataclass(frozen=True, slots=True)
class Written:
    """The files that were written, and what a person has to see to."""

    files: tuple[Path, ...]
    left: tuple[str, ...] = ()


def read_texts(session: Session) -> dict[Path, str]:
    """Path → text of each file of resources. ConfigurationInvalid if the folder, or one of them, cannot be read."""
    files, problems = Disk(session.configuration.path).resources()
    if problems:
        raise ConfigurationInvalid(problems)
    return {path: read_text(path) for path in files}


def read_text(path: Path) -> str:
    """The text of a file. ConfigurationInvalid if it cannot be read."""
    try:
        return Reading(Disk(path)).content(path).decode("utf-8")
    except Unreadable as error:
        raise ConfigurationInvalid([Problem(str(path), 0, 0, str(error))]) from error
    except UnicodeDecodeError as error:
        raise ConfigurationInvalid([Problem(str(path), 0, 0, f"cannot be read: {error}")]) from error


def write_edits(edits: Mapping[Path, tuple[str, str]]) -> tuple[Path, ...]:
    """Writes what was edited (path → the text before and after), and gives the files. Refused if one was changed
    meanwhile, or cannot be written."""
    changed = {path: texts for path, texts in edits.items() if texts[0] != texts[1]}
    for path, (before, after) in changed.items():
        if (read_text(path) if path.exists() else "") != before:
            raise Refused(f"{path}: it was changed by somebody else meanwhile", hint="try again")
        try:
            path.write_bytes(after.encode("utf-8"))
        except OSError as error:
            raise Refused(f"{path}: cannot be written: {error.strerror}") from error
    return tuple(changed)
