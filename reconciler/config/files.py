"""The files of a configuration: regular files of its own folder, read within limits for all of them together."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Final

from reconciler.errors import ConfigurationInvalid, Problem
from reconciler.git import find_repository_top
from reconciler.lazy import frozen
from reconciler.model.redaction import find_keys, mask_key, mask_pasted
from reconciler.system import Unreadable, open_and_read, require_regular
from reconciler.text import abridge, suggest_close
from reconciler.yaml import Budget, read
from reconciler.yaml.located import Document

SUFFIXES = (".yaml", ".yml")
SETTINGS_FILE = "reconciler.yaml"
SETTINGS_NAMES = (SETTINGS_FILE, "reconciler.yml")
TEST_SUFFIX = ".test.yaml"
STATE_FOLDER = ".reconciler"
LARGEST: Final = 20_000_000
"""Bytes of one file. Ten thousand resources have less than four million."""
LARGEST_TOGETHER: Final = 50_000_000
MOST_FILES: Final = 20_000  # two for each resource of a project of 10,000

TOO_LARGE = f"is larger than {LARGEST // 1_000_000} MB; expected a smaller file, or several"
TOO_LARGE_TOGETHER = f"the files up to this one are larger than {LARGEST_TOGETHER // 1_000_000} MB; expected fewer"
LEAVES = "is a link that leaves the folder of the configuration; expected a file within, or a copy"
LINK_ELSEWHERE = "is a link to a folder elsewhere; expected a folder of the configuration, or a hidden name"


class Disk:
    """The files of the configuration at a path, on the disk. `settings` is the path of `reconciler.yaml`.
    `edited` (path → bytes) are files that replace some of them or are new.
    Only the path that the user named may be a link to a place outside of the folder."""

    def __init__(self, path: Path, edited: Mapping[Path, bytes] | None = None) -> None:
        self._path = path
        self._edited = {os.path.realpath(file): content for file, content in (edited or {}).items()}
        self._home = os.path.realpath(find_configuration_folder(path))
        self.settings = find_configuration_folder(path) / SETTINGS_FILE

    def list_files(self) -> tuple[list[Path], list[Problem]]:
        """The files of resources, and the problems of files that cannot be read. No YAML at all is a problem, too."""
        files, problems = self.list_resources()
        if not (files or problems or self.exists(self.settings)):
            message = "there is no *.yaml in this folder; expected the folder of a configuration"
            problems = [_make_problem(self._path, message)]
        return files, problems

    def list_resources(self) -> tuple[list[Path], list[Problem]]:
        """Every `*.yaml` and `*.yml` below a folder, whatever the case of the ending, or the one file. Hidden files,
        `reconciler.yaml` and `*.test.yaml` are left out, and no link to a folder is followed. One file of a
        configuration is a problem: the resources of the other files would count as removed."""
        found, problems = self._found
        files = [file for file in found if file == self._path or is_resources(file.name)]
        if self._edited:
            known = {*map(os.path.realpath, files), os.path.realpath(self.settings)}
            added = (Path(file) for file in self._edited if file not in known)
            files += (file for file in added if file.is_relative_to(self._home) and is_resources(file.name))
        return files, problems

    def list_tests(self) -> list[Path]:
        """Every `*.test.yaml` below the folder."""
        return [file for file in self._found[0] if file.name.lower().endswith(TEST_SUFFIX)]

    def find_settings_elsewhere(self, *, if_empty: bool = False) -> Problem | None:
        """The problem if `reconciler.yaml` is not here, but in a parent or a child folder; else None. If the folder
        has no YAML, parents are looked at only with `if_empty`."""
        if self.exists(self.settings):
            return None
        folder = self.settings.parent
        misspelt = [each for each in list_names(folder) if is_settings(each)]
        if misspelt:
            return _make_problem(folder / misspelt[0], f"is not read; expected the name {SETTINGS_FILE}")
        # An empty folder may be one to export into.
        above = find_settings_above(folder) if self._found[0] or if_empty else None
        found = [above] if above else [file for file in self._found[0] if is_settings(file.name)]
        if not found:
            return None
        folders = abridge([str(each.parent) for each in found])
        one = f"the folder {folders}, which has {found[0].name}"
        expected = one if len(found) == 1 else f"one of the folders {folders}, which have it"
        return _make_problem(self._path, f"there is no {SETTINGS_FILE} in this folder; expected {expected}")

    @cached_property
    def _found(self) -> tuple[list[Path], list[Problem]]:
        """Every file of YAML below a folder, or the one file, and the problems."""
        path = self._path
        try:
            mode = path.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            close = suggest_close(path.name, list_names(path.parent))
            return [], [_make_problem(path, f"does not exist; expected a folder or a file of YAML{close}")]
        except OSError as error:
            return [], [_make_problem(path, explain_unreadable(error))]
        if stat.S_ISDIR(mode):
            problems: list[Problem] = []
            files = list(islice(_walk(path, problems), MOST_FILES + 1))  # one more shows that there are too many
            return (files, problems) if len(files) <= MOST_FILES else ([], [*problems, report_too_many_files(path)])
        if stat.S_ISREG(mode) and path.name == SETTINGS_FILE:
            return [], [_make_problem(path, "holds settings; expected the folder it is in, or a file of resources")]
        beside = [
            each for each in list_names(path.parent) if each != path.name and _is_part(path.parent, each, path.name)
        ]
        if beside:
            message = f"is one file of a configuration ({beside[0]} is beside it); expected the folder {path.parent}"
            return [], [_make_problem(path, message)]
        return [path], []

    def exists(self, file: Path) -> bool:
        """Whether there is an entry of that name, even a dangling link."""
        return os.path.lexists(file)

    def read_bytes(self, file: Path, most: int) -> bytes:
        """The first `most` + 1 bytes of a file, so that a larger one is noticed. Unreadable if it is refused."""
        if self._edited and (edited := self._edited.get(os.path.realpath(file))) is not None:
            return edited
        try:
            target = os.path.realpath(file, strict=True)
            if file != self._path and not Path(target).is_relative_to(self._home):
                raise Unreadable(LEAVES)
            # Opening a device or a socket may do something, or fail with another reason.
            require_regular(os.stat(target), LARGEST, TOO_LARGE)  # noqa: PTH116 - realpath gives text
            return open_and_read(target, most, LARGEST, TOO_LARGE)
        except OSError as error:
            raise Unreadable(explain_unreadable(error)) from error


def report_too_many_files(path: Path) -> Problem:
    """The problem of a configuration with more than `MOST_FILES` files."""
    return _make_problem(path, f"holds more than {MOST_FILES} files of YAML; expected fewer, and none is read")


def _make_problem(path: Path, message: str) -> Problem:
    """A problem of a file or folder as a whole."""
    return Problem(str(path), 0, 0, message)


def _is_part(folder: Path, name: str, file: str) -> bool:
    """Whether the entry `name`, beside the file, shows that the file is only one of a configuration."""
    # A state has resources of other files, as far as it can be read.
    for state in (folder / name).glob("*.json") if name == STATE_FOLDER else ():
        with suppress(Unreadable, ValueError, LookupError, AttributeError, TypeError, RecursionError):
            known = json.loads(Disk(folder).read_bytes(state, LARGEST))["resources"].values()
            if any(each.get("file") != file for each in known):
                return True
    return is_yaml(name) and not name.startswith(".")


def find_configuration_folder(path: Path) -> Path:
    """The folder of the configuration at a path: the path itself, or the folder of the file."""
    return path if os.path.isdir(path) else path.parent  # noqa: PTH112 - Path.is_dir fails on names that are too long


def explain_unreadable(error: OSError) -> str:
    return f"cannot be read ({error.strerror}); expected a file or folder that may be read, or a hidden name"


def _walk(path: Path, problems: list[Problem]) -> Iterator[Path]:
    """The files by folder and name, without recursion: folders may nest as deep as the system allows."""
    home, folders = os.path.realpath(path), [path]
    while folders:
        folder = folders.pop()
        within: list[Path] = []
        try:
            with os.scandir(folder) as scanned:
                entries = sorted(scanned, key=lambda each: each.name)
        except OSError as error:
            problems.append(_make_problem(folder, explain_unreadable(error)))
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if is_yaml(entry.name):
                yield folder / entry.name
            elif os.path.isdir(entry.path):  # noqa: PTH112 - is_dir of an entry fails on a loop of links
                if not (entry.is_symlink() or getattr(os.path, "isjunction", os.path.islink)(entry.path)):
                    within.append(folder / entry.name)
                elif not Path(os.path.realpath(entry.path)).is_relative_to(home):
                    problems.append(_make_problem(folder / entry.name, LINK_ELSEWHERE))
        folders += reversed(within)  # the last is taken first


def is_yaml(name: str) -> bool:
    """Whether a file of that name is YAML."""
    return name.lower().endswith(SUFFIXES)


def is_settings(name: str) -> bool:
    """Whether a file of that name is `reconciler.yaml`, perhaps in another spelling."""
    return name.lower() in SETTINGS_NAMES


def is_resources(name: str) -> bool:
    """Whether a file of that name holds resources."""
    return is_yaml(name) and name != SETTINGS_FILE and not name.lower().endswith(TEST_SUFFIX)


def find_settings_above(folder: Path) -> Path | None:
    """The `reconciler.yaml` of the nearest parent that has one, within the repository."""
    real, top = Path(os.path.realpath(folder)), find_repository_top(folder)
    for parent in real.parents if real != top else ():
        for name in SETTINGS_NAMES:
            if os.path.lexists(parent / name):
                return parent / name if folder.is_absolute() else Path(os.path.relpath(parent / name))
        if parent == top:
            break
    return None


def list_names(folder: Path) -> list[str]:
    """The names in a folder; none if it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries)
    except OSError:
        return []


@frozen
class Taken:
    """The bytes of a file, its documents, the problems of its YAML (`wrong`), and those of the file itself."""

    content: bytes
    documents: list[Document]
    wrong: list[Problem]
    problems: list[Problem]
    is_complete: bool


class Reading:
    """One reading of a configuration from its source. `budget` counts the values that were read. `is_over`: all files
    together are too large, so no further file is read."""

    def __init__(self, source: Disk) -> None:
        self.budget = Budget()
        self.source = source
        self.is_over = False
        self._left = LARGEST_TOGETHER

    def take(self, file: Path) -> Taken:
        """Reads a file. If it may not be read, that is one of its problems."""
        name = str(file)
        try:
            content = self.read_bytes(file)
        except Unreadable as refused:
            return Taken(b"", [], [], [Problem(name, 0, 0, str(refused))], is_complete=False)
        documents, wrong = read(content, name, budget=self.budget)
        return Taken(content, documents, wrong, [*find_keys(content, name)], is_complete=bool(documents or not wrong))

    def read_bytes(self, file: Path) -> bytes:
        """The bytes of a file. Unreadable if it exceeds a limit."""
        content = self.source.read_bytes(file, min(LARGEST, self._left))
        if len(content) > LARGEST:
            raise Unreadable(TOO_LARGE)
        self.is_over = len(content) > self._left
        if self.is_over:
            raise Unreadable(TOO_LARGE_TOGETHER)
        self._left -= len(content)
        return content


def make_error(problems: Iterable[Problem]) -> ConfigurationInvalid:
    """The error that shows the problems, with every Secret Key masked."""
    return ConfigurationInvalid(
        replace(each, file=mask_key(each.file), message=mask_pasted(each.message), subject=mask_pasted(each.subject))
        for each in problems
    )
