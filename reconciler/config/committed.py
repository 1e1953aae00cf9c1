"""The files of a configuration in a commit, read from git's objects, with the limits and rules of files on the disk."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.config.files import (
    LARGEST,
    LARGEST_TOGETHER,
    MOST_FILES,
    SETTINGS_FILE,
    TOO_LARGE,
    TOO_LARGE_TOGETHER,
    Disk,
    is_resources,
    is_yaml,
    too_many_files,
)
from reconciler.errors import Problem
from reconciler.git.checkout import FOLDER, LINK, MODULE, Checkout, list_entries, read_contents, read_sizes
from reconciler.system import Unreadable, relative_path

IS_FOLDER = "is a folder; expected a regular file, or another name"
NO_FILES = {FOLDER: IS_FOLDER, MODULE: IS_FOLDER, LINK: "is a link, and none is followed in a commit; expected a file"}
"""Why an entry of a tree is not read, by its beginning."""


class Committed(Disk):
    """The configuration at a path in a commit; it is empty if the commit has no such folder. GitUnusable if git fails.
    `modules` are the submodules in the folder. Their files are not read."""

    def __init__(self, path: Path, checkout: Checkout, commit: str) -> None:
        super().__init__(path)
        within = relative_path(self._home, os.path.realpath(checkout.top))
        self._entries = list_entries(checkout, commit, "" if within == os.curdir else within) or {}
        self._contents = self._read(checkout)
        self.modules = tuple(sorted(name for name, entry in self._entries.items() if entry.startswith(MODULE)))

    def files(self) -> tuple[list[Path], list[Problem]]:
        names = self._names()
        if len(names) > MOST_FILES:
            return [], [too_many_files(self._path)]
        return [self.settings.parent / each for each in names], []

    def settings_elsewhere(self, *, if_empty: bool = False) -> None:
        """None: a folder that a commit does not have is an empty configuration."""

    def has(self, file: Path) -> bool:
        return self._name(file) in self._entries

    def content(self, file: Path, most: int) -> bytes:
        name = self._name(file)
        if name not in self._contents:
            raise Unreadable(self._refused.get(name, TOO_LARGE_TOGETHER))
        return self._contents[name][: most + 1]

    def _name(self, file: Path) -> str:
        return file.relative_to(self.settings.parent).as_posix()

    def _names(self) -> list[str]:
        """The files of resources: those of the folder, or the one that the user named."""
        if self._path != self.settings.parent:
            return [self._path.name] if self._path.name in self._entries else []
        return sorted(name for name in self._entries if _is_found(name))

    def _read(self, checkout: Checkout) -> dict[str, bytes]:
        """The contents of the settings and the files of resources. `_refused` gets those that are not read."""
        names = [each for each in (SETTINGS_FILE, *self._names()[:MOST_FILES]) if each in self._entries]
        self._refused = {
            each: why for each in names for how, why in NO_FILES.items() if self._entries[each].startswith(how)
        }
        blobs = {each: self._entries[each].split()[-1] for each in names if each not in self._refused}
        left = LARGEST_TOGETHER
        chosen = {}
        for (name, blob), size in zip(blobs.items(), read_sizes(checkout, list(blobs.values())), strict=True):
            if size > LARGEST:
                self._refused[name] = TOO_LARGE
            elif size <= left:
                left -= size
                chosen[name] = blob
        return dict(zip(chosen, read_contents(checkout, list(chosen.values())), strict=True))


def _is_found(name: str) -> bool:
    """Whether a walk through the folder finds it: no part is hidden, and only the last has the name of a file."""
    *folders, last = name.split("/")
    seen = not any(each.startswith(".") or is_yaml(each) for each in folders)
    return seen and is_resources(last) and not last.startswith(".")
