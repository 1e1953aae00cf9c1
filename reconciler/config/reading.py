"""Reads the files of one configuration, within limits that hold for all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.config.files import LARGEST, LARGEST_TOGETHER, TOO_LARGE, TOO_LARGE_TOGETHER, Source
from reconciler.config.text import keys_in
from reconciler.errors import Problem
from reconciler.system.files import Unreadable
from reconciler.yaml import Budget, Document, read


@dataclass(frozen=True, slots=True)
class Taken:
    """What a file gave: its documents, the problems of its YAML, and those of the file itself."""

    documents: list[Document]
    wrong: list[Problem]
    problems: list[Problem]
    is_whole: bool


class Reading:
    """One reading of a configuration from where its files come from. `budget` tells how much was read."""

    def __init__(self, source: Source) -> None:
        self.budget = Budget()
        self.source = source
        self._left = LARGEST_TOGETHER

    def take(self, file: Path) -> Taken:
        """Reads a file; what speaks against that is one of its problems."""
        name = str(file)
        try:
            content = self.content(file)
        except Unreadable as refused:
            return Taken([], [], [Problem(name, 0, 0, str(refused))], is_whole=False)
        documents, wrong = read(content, name, budget=self.budget)
        return Taken(documents, wrong, keys_in(content, documents, name), is_whole=bool(documents or not wrong))

    def content(self, file: Path) -> bytes:
        """The bytes of a file. Unreadable where `take` would not read it either."""
        content = self.source.content(file, min(LARGEST, self._left))
        if len(content) > LARGEST:
            raise Unreadable(TOO_LARGE)
        if len(content) > self._left:
            raise Unreadable(TOO_LARGE_TOGETHER)
        self._left -= len(content)
        return content
