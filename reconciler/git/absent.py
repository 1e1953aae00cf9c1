"""Which files of a folder git keeps off the disk, and which commit removed a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import GitUnusable
from reconciler.git.command import GitResult, Limits, run_git
from reconciler.git.history import ID
from reconciler.git.objects import MODULE
from reconciler.git.repository import git_folder, repository_top

OFF = "S"
"""The tag of `ls-files -t` for a file that a sparse checkout or skip-worktree keeps off the disk."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files that git has below a folder, by their paths from there.

    `kept_off`: the files that it keeps off the disk, and absent submodules (`lib/`); `tracked`: the other files.
    """

    kept_off: frozenset[str] = frozenset()
    tracked: frozenset[str] = frozenset()

    def keeps_off(self, file: str) -> bool:
        """Whether git keeps a file off the disk, or the submodule that it is in."""
        return any(file == each or (each.endswith("/") and file.startswith(each)) for each in self.kept_off)


def list_folder(folder: Path) -> Listing:
    """The files below a folder, submodules included. Empty if there is no repository; GitUnusable if git fails."""
    top = repository_top(folder)
    if top is None:
        return Listing()
    found = dict(_listed(folder, top))
    off = {file for file, is_off in found.items() if is_off}
    return Listing(frozenset(off), frozenset(found.keys() - off))


def find_removal(folder: Path, file: str, since: str) -> tuple[str, str] | None:
    """The id and subject of the commit between `since` and HEAD that removed a file; None if there is none."""
    top = repository_top(folder)
    if top is None or not ID.fullmatch(since):
        return None
    path = _from_top(folder / file, top)
    try:
        answer = _ask(
            top, "rev-list", "--max-count=1", "--format=%s", "HEAD", f"^{since}", "--", f":(top,literal){path}"
        )
    except GitUnusable:
        return None
    head, _, subject = answer.text.partition("\n")
    return (head.split()[-1], subject) if head and not answer.code else None


def _listed(folder: Path, top: Path) -> Iterator[tuple[str, bool]]:
    """Each file, and whether git keeps it off the disk."""
    below = _from_top(folder, top)
    answer = _ask(
        top, "ls-files", "-z", "-t", "--stage", "--", ":(top)" if below == os.curdir else f":(top,literal){below}"
    )
    if answer.code:
        raise GitUnusable(f"{top}: git ls-files failed: {answer.words}", hint="see: git status")
    for entry in filter(None, answer.out.decode("utf-8", "surrogateescape").split("\0")):
        head, _, name = entry.partition("\t")
        tag, mode = head.split()[:2]
        file = os.path.relpath(top / name, os.path.realpath(folder)).replace(os.sep, "/")
        if MODULE.startswith(mode):
            module = top / name
            if git_folder(module) is not None:
                yield from ((f"{file}/{each}", is_off) for each, is_off in _listed(module, module))
            else:
                yield f"{file}/", True
        else:
            yield file, tag == OFF and not os.path.lexists(top / name)


def _from_top(path: Path, top: Path) -> str:
    return os.path.relpath(os.path.realpath(path), os.path.realpath(top)).replace(os.sep, "/")


def _ask(top: Path, *arguments: str) -> GitResult:
    return run_git(arguments, folder=str(top), seconds=Limits().local)
