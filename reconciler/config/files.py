"""Which files a configuration is made of: regular ones of its own folder, of a size that there is room for."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from reconciler.config.names import (
    SETTINGS_FILE,
    STATE_FOLDER,
    is_resources,
    is_settings,
    is_yaml,
    names_in,
    settings_above,
)
from reconciler.errors import Problem
from reconciler.system.files import Unreadable, open_and_read, require_regular
from reconciler.text import did_you_mean

LARGEST: Final = 20_000_000
"""Bytes of one file. Ten thousand resources are less than four million."""
LARGEST_TOGETHER: Final = 50_000_000
MOST_FILES: Final = 20_000

TOO_LARGE = f"is larger than {LARGEST // 1_000_000} MB; expected a smaller file, or several"
TOO_LARGE_TOGETHER = f"the files up to this one are larger than {LARGEST_TOGETHER // 1_000_000} MB; expected fewer"


class Source(Protocol):
    """Where the files of one configuration come from. `settings`: where its `reconciler.yaml` would be."""

    @property
    def settings(self) -> Path: ...

    def files(self) -> tuple[list[Path], list[Problem]]:
        """The files of resources that can be read, and what is wrong with others."""

    def has(self, file: Path) -> bool:
        """Whether there is anything of that name."""

    def settings_elsewhere(self) -> Problem | None:
        """What is wrong if `reconciler.yaml` is not here, but in a parent or a child folder."""

    def content(self, file: Path, most: int) -> bytes:
        """The bytes of a file, or one more than `most` of them. Unreadable where it is not to be read."""


class Disk:
    """The files at a path as they are now. The path that the user named may be a link to anywhere, others may not
    leave the folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._home = os.path.realpath(configuration_folder(path))
        self.settings = settings_file(path)

    def files(self) -> tuple[list[Path], list[Problem]]:
        """As `configuration_files`; no file of YAML at all is a problem."""
        files, problems = self.resources()
        if not (files or problems or self.has(self.settings)):
            said = "there is no *.yaml in this folder; expected a configuration"
            problems = [Problem(str(self._path), 0, 0, said)]
        return files, problems

    def resources(self) -> tuple[list[Path], list[Problem]]:
        """The files of resources that can be read, and what is wrong with others."""
        found, problems = self._found
        named = [file for file in found if file == self._path]
        below = [file for file in found if is_resources(file.name)]
        files, refused = _readable(named, None) if named else _readable(below, self._home)
        return files, problems + refused

    def settings_elsewhere(self) -> Problem | None:
        """Looks here for another spelling, in the parents up to the top of the repository, and below."""
        if self.has(self.settings):
            return None
        folder = self.settings.parent
        misspelt = [each for each in names_in(folder) if is_settings(each)]
        if misspelt:
            return Problem(str(folder / misspelt[0]), 0, 0, f"is not read; expected the name {SETTINGS_FILE}")
        # An empty folder is one to export into.
        above = settings_above(folder) if self._found[0] else None
        found = [above] if above else [file for file in self._found[0] if is_settings(file.name)]
        if not found:
            return None
        said = f"there is no {SETTINGS_FILE} here, but {found[0]} exists; expected the folder {found[0].parent}"
        return Problem(str(self._path), 0, 0, said)

    @cached_property
    def _found(self) -> tuple[list[Path], list[Problem]]:
        return _yaml_at(self._path)

    def has(self, file: Path) -> bool:
        """Whether the file system lists it, be it a link to nowhere."""
        return os.path.lexists(file)

    def content(self, file: Path, most: int) -> bytes:
        """At most `most` bytes and one. Unreadable where the file may not be read, or is none."""
        target, _ = target_of(file, None if file == self._path else self._home)
        try:
            return open_and_read(target, most, LARGEST, TOO_LARGE)
        except OSError as error:
            raise Unreadable(unreadable(error)) from error


def configuration_files(path: Path) -> tuple[list[Path], list[Problem]]:
    """Every `*.yaml` and `*.yml` below a folder, whatever the case of the ending, or the one file; hidden ones,
    `reconciler.yaml` and `*.test.yaml` are left out.

    What cannot or may not be read is a problem and none of the files. A link to a folder is not followed. One file of a
    configuration is a problem: the resources of the other files would count as removed.
    """
    return Disk(path).resources()


def _yaml_at(path: Path) -> tuple[list[Path], list[Problem]]:
    """Every file of YAML below a folder, or the one file, and what is wrong."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return [], [Problem(str(path), 0, 0, _missing(path))]
    except OSError as error:
        return [], [Problem(str(path), 0, 0, unreadable(error))]
    if stat.S_ISDIR(mode):
        return _below(path)
    if stat.S_ISREG(mode) and path.name == SETTINGS_FILE:
        return [], [Problem(str(path), 0, 0, "holds settings; expected the folder it is in, or a file of resources")]
    beside = [each for each in names_in(path.parent) if each != path.name and _is_part(path.parent, each, path.name)]
    if beside:
        said = f"is one file of a configuration ({beside[0]} is beside it); expected the folder {path.parent}"
        return [], [Problem(str(path), 0, 0, said)]
    return [path], []


def _is_part(folder: Path, name: str, file: str) -> bool:
    """Whether something beside a file shows that the folder is the configuration."""
    if name == STATE_FOLDER:
        return any(_has_others(folder, state, file) for state in (folder / name).glob("*.json"))
    return is_yaml(name) and not name.startswith(".")


def _has_others(folder: Path, state: Path, file: str) -> bool:
    """Whether a state remembers resources that did not stand in that file, as far as it can be read."""
    try:
        known = json.loads(Disk(folder).content(state, LARGEST))["resources"].values()
        return any(each.get("file") != file for each in known)
    except (Unreadable, ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return False


def settings_file(path: Path) -> Path:
    """Where `reconciler.yaml` would be: in the folder, or beside the file."""
    return configuration_folder(path) / SETTINGS_FILE


def configuration_folder(path: Path) -> Path:
    """The folder of the configuration at a path: itself, or where the file lies."""
    return path if os.path.isdir(path) else path.parent  # noqa: PTH112 - Path.is_dir fails on names that are too long


def target_of(file: Path, home: str | None) -> tuple[str, int]:
    """What is to be opened for a file, and its size. Unreadable where it is no regular file, too large, or a link that
    leaves the folder `home` (nowhere else is given where the user named the file)."""
    try:
        target = os.path.realpath(file, strict=True)
        found = os.stat(target)  # noqa: PTH116 - a target is text, as realpath gives it
    except OSError as error:
        raise Unreadable(unreadable(error)) from error
    if home is not None and not is_within(target, home):
        raise Unreadable("is a link that leaves the folder of the configuration; expected a file within, or a copy")
    require_regular(found, LARGEST, TOO_LARGE)
    return target, found.st_size


def is_within(target: str, home: str) -> bool:
    """Whether a real path lies below a real folder."""
    return Path(target).is_relative_to(home)


def unreadable(error: OSError) -> str:
    """Why, and what was expected."""
    return f"cannot be read ({error.strerror}); expected a file or folder that may be read, or a hidden name"


def _below(path: Path) -> tuple[list[Path], list[Problem]]:
    problems: list[Problem] = []
    home = os.path.realpath(path)
    found: list[Path] = []
    for file in _walk(path, home, problems):
        found.append(file)
        if len(found) > MOST_FILES:
            said = f"holds more than {MOST_FILES} files of YAML; expected fewer, and none is read"
            return [], [*problems, Problem(str(path), 0, 0, said)]
    return found, problems


def _walk(path: Path, home: str, problems: list[Problem]) -> Iterator[Path]:
    """The files by folder and name, without recursion: folders may be nested as deep as the system allows."""
    folders = [path]
    while folders:
        folder = folders.pop()
        within: list[Path] = []
        try:
            with os.scandir(folder) as scanned:
                entries = sorted(scanned, key=lambda each: each.name)
        except OSError as error:
            problems.append(Problem(str(folder), 0, 0, unreadable(error)))
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if is_yaml(entry.name):
                yield folder / entry.name
            elif _is_folder(entry):
                if not entry.is_symlink():
                    within.append(folder / entry.name)
                elif not is_within(os.path.realpath(entry.path), home):
                    said = "is a link to a folder elsewhere; expected a folder of the configuration, or a hidden name"
                    problems.append(Problem(str(folder / entry.name), 0, 0, said))
        folders += reversed(within)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _readable(files: list[Path], home: str | None) -> tuple[list[Path], list[Problem]]:
    """Those that can be read, by what the system says of them, and the problems of the others."""
    kept, problems, together = [], [], 0
    for file in files:
        try:
            together += target_of(file, home)[1]
            if together > LARGEST_TOGETHER:
                problems.append(Problem(str(file), 0, 0, TOO_LARGE_TOGETHER))
                break
            kept.append(file)
        except Unreadable as refused:
            problems.append(Problem(str(file), 0, 0, str(refused)))
    return kept, problems


def _missing(path: Path) -> str:
    return f"does not exist; expected a folder or a file of YAML{did_you_mean(path.name, names_in(path.parent))}"
