"""What an edit gives, and what it says where it cannot be made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import Problem

Way = tuple[str | int, ...]
"""The keys and list indices that lead to a value, from the top of a document or of a resource."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A file's text before and after, not yet written; `before` is "" for a new file.

    Both are the file's bytes decoded, line breaks and byte order mark included: whoever writes `content` as bytes
    changes nothing but what was edited.
    """

    path: Path
    before: str
    after: str

    @property
    def is_change(self) -> bool:
        """Whether there is anything to write."""
        return self.before != self.after

    @property
    def content(self) -> bytes:
        """What the file is to hold."""
        return self.after.encode("utf-8")


@dataclass(frozen=True, slots=True)
class Left:
    """A value that was left as it is: the way to it within its resource, where it is written, and why."""

    way: Way
    problem: Problem


@dataclass(frozen=True, slots=True)
class Adopted:
    """Values that were set in a file, and those that were left."""

    edit: Edit
    left: tuple[Left, ...] = ()


class UnsafeError(Exception):
    """A text that cannot be changed as it is written, without changing more or losing something. `str()` says why."""


class UnwritableError(Exception):
    """A value that YAML or this configuration cannot say. `str()` says why."""
