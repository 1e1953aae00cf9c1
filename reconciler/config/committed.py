"""The files of a configuration in a commit, read from git's objects, with the limits and rules of files on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from reconciler.config.files import (
    LARGEST,
    LARGEST_TOGETHER,
    LEAVES,
    MOST_FILES,
    SETTINGS_FILE,
    TOO_LARGE,
    TOO_LARGE_TOGETHER,
    configuration_folder,
    is_resources,
    is_yaml,
    too_many_files,
)
from reconciler.errors import Problem
from reconciler.git.checkout import FOLDER, LINK, MODULE, Checkout, contents, entries_below, sizes
from reconciler.system import Unreadable

MOST_LINKS = 40
"""How many links a path may lead through: the limit of Linux."""
LONGEST_LINK = 4096
GONE = "cannot be read (No such file or directory); expected a file or folder that may be read, or a hidden name"
ROUND = "cannot be read (Too many levels of symbolic links); expected a link to a file"
IS_FOLDER = "is a folder; expected a regular file, or another name"


class Committed:
    """The configuration at a path in a commit; it is empty if the commit has no such folder. GitUnusable if git fails.
    `modules` are the submodules in the folder. Their files are not read."""

    def __init__(self, path: Path, checkout: Checkout, commit: str) -> None:
        self._path = path
        self._folder = configuration_folder(path)
        self.settings = self._folder / SETTINGS_FILE
        within = os.path.relpath(os.path.realpath(self._folder), os.path.realpath(checkout.top))
        self._root = () if within == os.curdir else PurePosixPath(within).parts
        self._entries = entries_below(checkout, commit, "/".join(self._root)) or {}
        self._links = self._read_links(checkout)
        self._refused: dict[str, str] = {}
        self._contents = self._read(checkout)
        self.modules = tuple(sorted(name for name, entry in self._entries.items() if entry.startswith(MODULE)))

    def files(self) -> tuple[list[Path], list[Problem]]:
        names = self._names()
        if len(names) > MOST_FILES:
            return [], [too_many_files(self._path)]
        refused = [each for each in names if each in self._refused]
        problems = [Problem(str(self._folder / each), 0, 0, self._refused[each]) for each in refused]
        return [self._folder / each for each in names if each in self._contents], problems

    def settings_elsewhere(self, *, if_empty: bool = False) -> None:
        """None: a folder that a commit does not have is an empty configuration."""

    def has(self, file: Path) -> bool:
        return self._name(file) in self._entries

    def content(self, file: Path, most: int) -> bytes:
        name = self._name(file)
        if name not in self._contents:
            raise Unreadable(self._refused.get(name, GONE))
        return self._contents[name][: most + 1]

    def _name(self, file: Path) -> str:
        return file.relative_to(self._folder).as_posix()

    def _names(self) -> list[str]:
        """The files of resources: those of the folder, or the one that the user named."""
        if self._path != self._folder:
            return [self._path.name] if self._path.name in self._entries else []
        return sorted(name for name in self._entries if _is_found(name))

    def _read_links(self, checkout: Checkout) -> dict[str, str]:
        """The targets of links, but of those that are too long to be paths."""
        links = {name: entry.split()[-1] for name, entry in self._entries.items() if entry.startswith(LINK)}
        known = {name: blob for name, blob in _with_sizes(checkout, links) if blob[1] <= LONGEST_LINK}
        texts = contents(checkout, [blob for blob, _ in known.values()])
        return {name: os.fsdecode(text) for name, text in zip(known, texts, strict=True)}

    def _read(self, checkout: Checkout) -> dict[str, bytes]:
        """The contents of the settings and the files of resources. `_refused` gets those that exceed a limit."""
        names = self._names()
        wanted = {}
        for name in (SETTINGS_FILE, *names) if len(names) <= MOST_FILES else ():
            try:
                if name in self._entries:
                    wanted[name] = self._blob(name)
            except Unreadable as refused:
                self._refused[name] = str(refused)
        left = LARGEST_TOGETHER
        chosen = {}
        for name, (blob, size) in _with_sizes(checkout, wanted):
            if size > LARGEST:
                self._refused[name] = TOO_LARGE
                continue
            left -= size
            if left < 0:
                self._refused[name] = TOO_LARGE_TOGETHER
                break
            chosen[name] = blob
        return dict(zip(chosen, contents(checkout, list(chosen.values())), strict=True))

    def _blob(self, name: str) -> str:
        """The object of a file, its links followed. Unreadable if it is no file."""
        entry = self._entry(self._target(name))
        if entry.startswith((FOLDER, MODULE)):
            raise Unreadable(IS_FOLDER)
        return entry.split()[-1]

    def _target(self, name: str) -> tuple[str, ...]:
        """The path from the top that a name leads to, resolved step by step as the system does it."""
        at: list[str] = []
        ahead = [*self._root, *name.split("/")][::-1]
        followed = 0
        while ahead:
            step = ahead.pop()
            if step in ("", os.curdir):
                continue
            if step == os.pardir:
                if not at:
                    raise Unreadable(LEAVES)
                at.pop()
                continue
            at.append(step)
            if self._entry(tuple(at)).startswith(LINK):
                followed += 1
                link = self._links.get("/".join(at[len(self._root) :]), "/")
                if followed > MOST_LINKS:
                    raise Unreadable(ROUND)
                if link.startswith("/"):
                    raise Unreadable(LEAVES)
                at.pop()
                ahead += link.split("/")[::-1]
        return tuple(at)

    def _entry(self, at: tuple[str, ...]) -> str:
        """The entry at a path from the top. Outside of the folder, only the folders above it are known."""
        if at == self._root[: len(at)]:
            return FOLDER
        if at[: len(self._root)] != self._root:
            raise Unreadable(LEAVES)
        name = "/".join(at[len(self._root) :])
        if name not in self._entries:
            raise Unreadable(GONE)
        return self._entries[name]


def _is_found(name: str) -> bool:
    """Whether a walk through the folder finds it: no part is hidden, and only the last has the name of a file."""
    *folders, last = name.split("/")
    seen = not any(each.startswith(".") or is_yaml(each) for each in folders)
    return seen and is_resources(last) and not last.startswith(".")


def _with_sizes(checkout: Checkout, blobs: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, int]]]:
    """Each name with its object, and the bytes of that."""
    found = sizes(checkout, list(blobs.values())) if blobs else []
    for (name, blob), size in zip(blobs.items(), found, strict=True):
        yield name, (blob, size)
