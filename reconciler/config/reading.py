"""Reads the files of one configuration, within limits that hold for all of them together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.config.files import (
    LARGEST,
    LARGEST_TOGETHER,
    TOO_LARGE,
    TOO_LARGE_TOGETHER,
    Unreadable,
    folder_of,
    require_regular,
    target_of,
    unreadable,
)
from reconciler.config.secrets import keys_in
from reconciler.errors import Problem
from reconciler.yaml12 import Document, Room, read

# A pipe that took a file's place since it was looked at must not hold us, nor a link lead elsewhere.
_FLAGS: Final = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_BINARY"))


@dataclass(frozen=True, slots=True)
class Taken:
    """What a file gave: its documents, the problems of its YAML, and those of the file itself."""

    documents: list[Document]
    wrong: list[Problem]
    problems: list[Problem]
    is_whole: bool


class Reading:
    """One reading of the configuration at a path. `room` tells how much was read."""

    def __init__(self, path: Path) -> None:
        self.room = Room()
        self._path = path
        self._home = os.path.realpath(folder_of(path))
        self._left = LARGEST_TOGETHER

    def take(self, file: Path) -> Taken:
        """Reads a file. The path that the user named may be a link to anywhere, others may not leave the folder."""
        name = str(file)
        try:
            content = self.content(file)
        except Unreadable as refused:
            return Taken([], [], [Problem(name, 0, 0, str(refused))], is_whole=False)
        documents, wrong = read(content, name, room=self.room)
        return Taken(documents, wrong, keys_in(content, documents, name), is_whole=bool(documents or not wrong))

    def content(self, file: Path) -> bytes:
        """The bytes of a file. Unreadable where `take` would not read it either."""
        target, _ = target_of(file, None if file == self._path else self._home)
        try:
            with open(os.open(target, _FLAGS), "rb") as opened:  # noqa: PTH123 - a descriptor, not a path
                require_regular(os.fstat(opened.fileno()))
                content = opened.read(min(LARGEST, self._left) + 1)
        except OSError as error:
            raise Unreadable(unreadable(error)) from error
        if len(content) > LARGEST:
            raise Unreadable(TOO_LARGE)
        if len(content) > self._left:
            raise Unreadable(TOO_LARGE_TOGETHER)
        self._left -= len(content)
        return content
