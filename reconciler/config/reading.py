"""Reads the files of one configuration, within limits for all of them together, and says what could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.config.files import LARGEST, LARGEST_TOGETHER, TOO_LARGE, TOO_LARGE_TOGETHER, Disk
from reconciler.config.text import keys_in, masked, masked_key
from reconciler.errors import ConfigurationInvalid, Problem
from reconciler.system import Unreadable
from reconciler.yaml import Budget, Document, read


@dataclass(frozen=True, slots=True)
class Taken:
    """The bytes of a file, its documents, the problems of its YAML (`wrong`), and those of the file itself."""

    content: bytes
    documents: list[Document]
    wrong: list[Problem]
    problems: list[Problem]
    is_whole: bool


class Reading:
    """One reading of a configuration from its source. `budget` counts the values that were read. `is_over`: the files
    together are too large, and no more is read."""

    def __init__(self, source: Disk) -> None:
        self.budget = Budget()
        self.source = source
        self.is_over = False
        self._left = LARGEST_TOGETHER

    def take(self, file: Path) -> Taken:
        """Reads a file. If it may not be read, that is one of its problems."""
        name = str(file)
        try:
            content = self.content(file)
        except Unreadable as refused:
            return Taken(b"", [], [], [Problem(name, 0, 0, str(refused))], is_whole=False)
        documents, wrong = read(content, name, budget=self.budget)
        return Taken(content, documents, wrong, [*keys_in(content, name)], is_whole=bool(documents or not wrong))

    def content(self, file: Path) -> bytes:
        """The bytes of a file. Unreadable if it exceeds a limit."""
        content = self.source.content(file, min(LARGEST, self._left))
        if len(content) > LARGEST:
            raise Unreadable(TOO_LARGE)
        self.is_over = len(content) > self._left
        if self.is_over:
            raise Unreadable(TOO_LARGE_TOGETHER)
        self._left -= len(content)
        return content


def invalid(problems: Iterable[Problem]) -> ConfigurationInvalid:
    """The error that shows the problems, with every Secret Key masked."""
    return ConfigurationInvalid(
        replace(each, file=masked_key(each.file), message=masked(each.message), subject=masked(each.subject))
        for each in problems
    )
