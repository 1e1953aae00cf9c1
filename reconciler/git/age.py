"""Whether a checkout is older than commits that wrote something: told by few questions, however many commits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.errors import GitUnusable
from reconciler.git.command import Limits, run_git
from reconciler.git.history import ID, commits_cut_off
from reconciler.git.repository import repository_top

DEFAULT_BRANCHES = tuple(
    f"refs/{each}"
    for each in ("remotes/origin/HEAD", "remotes/origin/main", "remotes/origin/master", "heads/main", "heads/master")
)
"""Where the default branch is, the surest first."""
OFFLINE = {"GIT_NO_LAZY_FETCH": "1"}


@dataclass(frozen=True, slots=True)
class Age:
    """How old a checkout is beside some commits.

    `head` is what is checked out. `newer`: commit → subject, of those that HEAD is older than. `unknown` are those of
    which this clone cannot tell, and `is_shallow` says whether it has all commits.
    """

    head: str = ""
    newer: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    is_shallow: bool = False


def age_beside(folder: Path, commits: Collection[str], *, head: str = "", tip: str = "") -> Age:
    """How old the checkout of a folder is. Nothing is newer if there is no repository; GitUnusable if git fails.

    A commit is newer than HEAD if it contains HEAD, and a branch has it; or if the default branch or `tip` has it, and
    HEAD has not. `head` takes the place of what is checked out.
    """
    top = repository_top(folder)
    asked = {each for each in commits if ID.fullmatch(each)}
    return _Questions(str(top)).age(asked, head or "HEAD", tip) if top and asked else Age()


def subject_of(folder: Path, commit: str) -> str:
    """The subject of a commit that is here; empty if there is no repository."""
    top = repository_top(folder)
    return _Questions(str(top)).subjects([commit])[commit] if top else ""


class _Questions:
    """What is asked of one repository."""

    def __init__(self, top: str) -> None:
        self._top = top

    def age(self, commits: set[str], head: str, tip: str) -> Age:
        """See `age_beside`."""
        here = self._here([head, *DEFAULT_BRANCHES, *filter(None, [tip]), *commits])
        if head not in here:
            return Age()
        head = here[head]
        others = commits - {head}
        if not others:
            return Age(head)
        default = next((here[each] for each in DEFAULT_BRANCHES if each in here), None)
        tips = {each for each in (default, here.get(tip)) if each}
        known = others & here.keys()
        ahead = known & self._reachable([*known, f"^{head}"]) if known else set()
        above = ahead & self._reachable([*ahead, f"^{head}"], "--ancestry-path") if ahead else set()
        merged = ahead - self._reachable([*ahead, *(f"^{each}" for each in tips)]) if ahead and tips else set()
        # Of a commit that no branch has any more nobody says that it is still wanted
        held = above - self._reachable([*above], "--not", "--branches", "--remotes") if above else set()
        newer = merged | held
        unknown = others - known
        cut = commits_cut_off(self._top) if ahead - above or unknown else set()
        if cut:
            unclear = {each for each in ahead - above if cut & self._reachable([f"{each}...{head}"])}
            newer, unknown = newer - unclear, unknown | unclear
        return Age(head, self.subjects(newer), frozenset(unknown), bool(cut))

    def _here(self, names: Iterable[str]) -> dict[str, str]:
        """name → id, of the commits that this clone has."""
        names = list(names)
        lines = self._ask([f"{each}^{{commit}}" for each in names], "cat-file", "--batch-check").splitlines()
        found = zip(names, map(str.split, lines), strict=False)
        return {name: words[0] for name, words in found if len(words) > 1 and words[1] == "commit"}

    def _reachable(self, revisions: Iterable[str], *options: str) -> set[str]:
        return set(self._ask(revisions, "rev-list", "--stdin", *options).split())

    def subjects(self, commits: Collection[str]) -> dict[str, str]:
        """commit → subject."""
        if not commits:
            return {}
        form = ("--no-walk", "--format=%s", "--encoding=UTF-8", "--stdin")
        lines = self._ask(sorted(commits), "rev-list", *form).split("\n")
        return {head.split()[-1]: subject for head, subject in zip(lines[::2], lines[1::2], strict=False)}

    def _ask(self, lines: Iterable[str], *arguments: str) -> str:
        stdin = "".join(f"{line}\n" for line in lines).encode()
        answer = run_git(arguments, folder=self._top, seconds=Limits().local, stdin=stdin, environment=OFFLINE)
        if answer.code:
            raise GitUnusable(f"{self._top}: git {arguments[0]} failed: {answer.words}", hint="see: git status")
        return answer.out.decode("utf-8", "replace")
