"""Reads the files of a configuration in a commit from git's objects, by the limits and rules of files on the disk."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.config import files
from reconciler.errors import Problem
from reconciler.git.checkout import FOLDER, LINK, MODULE, Checkout, list_entries, read_contents, read_sizes
from reconciler.system import Unreadable, make_relative_path

IS_FOLDER = "is a folder; expected a regular file, or another name"
NO_FILES = {FOLDER: IS_FOLDER, MODULE: IS_FOLDER, LINK: "is a link, and none is followed in a commit; expected a file"}
"""The beginning of an entry of a git tree → why the entry is not read."""


class Committed(files.Disk):
    """The configuration at a path in a commit; it is empty if the commit has no such folder. GitUnusable if git fails.
    `modules` are the submodules in the folder. Their files are not read."""

    def __init__(self, path: Path, checkout: Checkout, commit: str) -> None:
        super().__init__(path)
        within = make_relative_path(self._home, os.path.realpath(checkout.top))
        self._entries = list_entries(checkout, commit, "" if within == os.curdir else within) or {}
        self.modules = tuple(sorted(name for name, entry in self._entries.items() if entry.startswith(MODULE)))
        names = [each for each in (files.SETTINGS_FILE, *self._select()[: files.MOST_FILES]) if each in self._entries]
        self._refused = {
            each: why for each in names for how, why in NO_FILES.items() if self._entries[each].startswith(how)
        }
        blobs = {each: self._entries[each].split()[-1] for each in names if each not in self._refused}
        left = files.LARGEST_TOGETHER  # Sizes are asked for first, so that no large file is read into memory.
        chosen = {}
        for (name, blob), size in zip(blobs.items(), read_sizes(checkout, list(blobs.values())), strict=True):
            if size > files.LARGEST:
                self._refused[name] = files.TOO_LARGE
            elif size <= left:
                left -= size
                chosen[name] = blob
        self._contents = dict(zip(chosen, read_contents(checkout, list(chosen.values())), strict=True))

    def list_files(self) -> tuple[list[Path], list[Problem]]:
        names = self._select()
        if len(names) > files.MOST_FILES:
            return [], [files.report_too_many_files(self._path)]
        return [self.settings.parent / each for each in names], []

    def find_settings_elsewhere(self, *, if_empty: bool = False) -> None:
        """None: a folder that a commit does not have is an empty configuration."""

    def exists(self, file: Path) -> bool:
        return self._relative_name(file) in self._entries

    def read_bytes(self, file: Path, most: int) -> bytes:
        name = self._relative_name(file)
        if name not in self._contents:
            raise Unreadable(self._refused.get(name, files.TOO_LARGE_TOGETHER))
        return self._contents[name][: most + 1]  # one more shows that it is larger

    def _relative_name(self, file: Path) -> str:
        return file.relative_to(self.settings.parent).as_posix()

    def _select(self) -> list[str]:
        """The paths of files of resources: those of the folder, or the one file that the user named."""
        if self._path != self.settings.parent:
            return [self._path.name] if self._path.name in self._entries else []
        names = []
        for name in self._entries:
            *folders, last = name.split("/")
            # A walk on the disk looks into no hidden folder, and takes one with the name of a file for a file.
            is_seen = not any(each.startswith(".") or files.is_yaml(each) for each in folders)
            if is_seen and files.is_resources(last) and not last.startswith("."):
                names.append(name)
        return sorted(names)
