"""Reads the files of one configuration, within limits for all of them together, and says what could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.config.files import LARGEST, LARGEST_TOGETHER, TOO_LARGE, TOO_LARGE_TOGETHER, Source
from reconciler.config.text import keys_in, masked, masked_key
from reconciler.errors import ConfigurationInvalid, Location, Problem
from reconciler.system import Unreadable
from reconciler.yaml import ALIAS, Budget, Document, read


@dataclass(frozen=True, slots=True)
class Taken:
    """The bytes of a file, its documents, the problems of its YAML (`wrong`), and those of the file itself."""

    content: bytes
    documents: list[Document]
    wrong: list[Problem]
    problems: list[Problem]
    is_whole: bool


class Reading:
    """One reading of a configuration from its source. `budget` counts the values that were read."""

    def __init__(self, source: Source) -> None:
        self.budget = Budget()
        self.source = source
        self._left = LARGEST_TOGETHER

    def take(self, file: Path) -> Taken:
        """Reads a file. If it may not be read, that is one of its problems."""
        name = str(file)
        try:
            content = self.content(file)
        except Unreadable as refused:
            return Taken(b"", [], [], [Problem(name, 0, 0, str(refused))], is_whole=False)
        documents, wrong = read(content, name, budget=self.budget)
        return Taken(
            content, documents, wrong, keys_in(content, documents, name), is_whole=bool(documents or not wrong)
        )

    def content(self, file: Path) -> bytes:
        """The bytes of a file. Unreadable if it exceeds a limit."""
        content = self.source.content(file, min(LARGEST, self._left))
        if len(content) > LARGEST:
            raise Unreadable(TOO_LARGE)
        if len(content) > self._left:
            raise Unreadable(TOO_LARGE_TOGETHER)
        self._left -= len(content)
        return content


@dataclass(frozen=True, slots=True)
class Unread:
    """The parts of a configuration that could not be read. At `unread` the YAML is wrong, and a placeholder has the
    place of the value. `unread_aliases` are those of them that are an alias without a value. If not `whole`, a file
    could not be read: what is missing may be in it."""

    unread: frozenset[Location] = frozenset()
    unread_aliases: tuple[Location, ...] = ()
    whole: bool = True


def find_unread(problems: Sequence[Problem], *, whole: bool) -> Unread:
    """What the problems of the YAML leave unknown."""
    unread_aliases = sorted(each.location for each in problems if each.code == ALIAS)
    return Unread(frozenset(each.location for each in problems), tuple(unread_aliases), whole)


def invalid(problems: Iterable[Problem]) -> ConfigurationInvalid:
    """The error that shows the problems, with every Secret Key masked."""
    return ConfigurationInvalid(
        replace(each, file=masked_key(each.file), message=masked(each.message), subject=masked(each.subject))
        for each in problems
    )
