"""The files of a configuration, read and written for who edits them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.commands.session import Session
from reconciler.config.files import Disk, Edited
from reconciler.config.load import read_configuration
from reconciler.config.reading import Reading
from reconciler.errors import ConfigurationInvalid, Problem, Refused
from reconciler.model.inputs import Desired
from reconciler.system import Unreadable
from reconciler.yaml.edit import Edit


@dataclass(frozen=True, slots=True)
class Written:
    """The files that were written, what a person has to see to, and what else changes by that."""

    files: tuple[Path, ...]
    left: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


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


def evaluate(path: Path, edits: Iterable[Edit]) -> Mapping[str, Desired]:
    """What the configuration would want of every environment after edits, which are not written. ConfigurationInvalid
    if it would have problems."""
    return read_configuration(path, Edited(path, {edit.path: edit.content for edit in edits})).check()


def write_edits(edits: list[Edit]) -> tuple[Path, ...]:
    """Writes what was edited, and gives the files. Refused if one was changed meanwhile, or cannot be written."""
    changed = [edit for edit in edits if edit.is_change]
    for edit in changed:
        if (read_text(edit.path) if edit.path.exists() else "") != edit.before:
            raise Refused(f"{edit.path}: it was changed by somebody else meanwhile", hint="try again")
        try:
            edit.path.write_bytes(edit.content)
        except OSError as error:
            raise Refused(f"{edit.path}: cannot be written: {error.strerror}") from error
    return tuple(edit.path for edit in changed)
