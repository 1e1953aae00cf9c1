"""Finds commits by name, merge bases, the age of a checkout, and the files that git keeps off the disk."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path

from reconciler.errors import GitUnusable, WrongUsage
from reconciler.git import find_git_folder, find_repository_top
from reconciler.git.checkout import MODULE, Checkout, as_pathspec
from reconciler.git.command import read_output, run_git
from reconciler.lazy import frozen
from reconciler.system import make_relative_path

ID = re.compile(r"[0-9a-f]{40,64}")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
DEEPEN = (
    "this clone is shallow: in GitHub Actions `actions/checkout` takes `fetch-depth: 0`, in GitLab set GIT_DEPTH: 0, "
    "elsewhere: git fetch --unshallow"
)


def find_merge_base(checkout: Checkout, ref: str) -> tuple[str, str]:
    """The merge base of HEAD and `ref`, and the commit of `ref`. WrongUsage if `ref` is no commit, nothing is
    committed, or the two have no common commit. Also WrongUsage if a shallow clone does not have enough commits."""
    head, other = _require_commit(checkout, "HEAD"), _require_commit(checkout, ref)
    found = run_git(checkout.top, "merge-base", head, other)
    # 1 says that there is none, which is no failure of git.
    if found.code > 1:
        raise GitUnusable(f"{checkout.top}: git merge-base failed: {found.message}", hint="git fsck says more")
    base = found.text.partition("\n")[0]
    cut = list_cut_off_commits(checkout.top)
    if not base:
        hint = DEEPEN if cut else "name the branch that this one comes from"
        raise WrongUsage(f"--base {ref}: HEAD and it have no commit in common here", hint=hint)
    # If the parents of a commit after the base are missing, there may be a later merge base.
    is_unsure = cut and base not in (head, other)
    if is_unsure and cut & set(run_git(checkout.top, "rev-list", head, other, f"^{base}").text.split()):
        unsure = "this clone does not hold enough commits to tell where HEAD left it"
        raise WrongUsage(f"--base {ref}: {unsure}", hint=DEEPEN)
    return base, other


def _require_commit(checkout: Checkout, ref: str) -> str:
    if not ref or ref.startswith("-") or CONTROL.search(ref):
        raise WrongUsage(f'--base "{ref}" names no commit', hint="expected a branch, a tag or a commit: origin/main")
    # The name comes from the command line, and must never be read as an option.
    verify = ("rev-parse", "--verify", "--quiet", "--end-of-options")
    found = run_git(checkout.top, *verify, f"{ref}^{{commit}}")
    if found.code == 0 and ID.fullmatch(found.text):
        return found.text
    if ref == "HEAD":
        raise WrongUsage(f"{checkout.top}: nothing is committed here yet", hint="leave --base out")
    hint = "git branch --all and git tag list what there is"
    if not run_git(checkout.top, *verify, f"origin/{ref}^{{commit}}").code:
        hint = f"did you mean origin/{ref}?"
    elif list_cut_off_commits(checkout.top):
        hint = DEEPEN
    raise WrongUsage(f"--base {ref}: there is no such commit here", hint=hint)


def list_cut_off_commits(top: str) -> set[str]:
    """The commits whose parents a shallow clone lacks; none if the clone is whole."""
    if run_git(top, "rev-parse", "--is-shallow-repository").text != "true":
        return set()
    listed = run_git(top, "rev-parse", "--path-format=absolute", "--git-path", "shallow").text
    try:
        return set(Path(listed).read_text(encoding="ascii").split())
    except (OSError, UnicodeDecodeError) as error:
        raise GitUnusable(f"{listed} cannot be read ({error})", hint="git fsck says more") from error


# The refs of a default branch, the most certain first.
_BRANCHES = ("remotes/origin/HEAD", "remotes/origin/main", "remotes/origin/master", "heads/main", "heads/master")
DEFAULT_BRANCHES = tuple(f"refs/{each}" for each in _BRANCHES)
OFFLINE = {"GIT_NO_LAZY_FETCH": "1"}


@frozen
class Age:
    """How old a checkout is, compared with some commits. `newer`: commit → subject, of those that are newer. `unknown`
    are those that this clone cannot judge. `is_shallow`: it lacks commits."""

    newer: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    is_shallow: bool = False


def find_age(folder: Path, commits: Collection[str], *, head: str = "", tip: str = "") -> Age:
    """How old the checkout of a folder is. Without a repository no commit is newer; GitUnusable if git fails. A commit
    is newer than HEAD if it contains HEAD and a branch has it, or if the default branch or `tip` has it and HEAD has
    not. `head` replaces HEAD."""
    top, head = str(find_repository_top(folder) or ""), head or "HEAD"
    asked = {each for each in commits if ID.fullmatch(each)}
    here = _resolve_commits(top, [head, *DEFAULT_BRANCHES, *filter(None, [tip]), *asked]) if top and asked else {}
    others = asked - {here.get(head)}
    if head not in here or not others:
        return Age()
    head = here[head]
    default = next((each for each in DEFAULT_BRANCHES if each in here), "")
    tips = [f"^{here[each]}" for each in (default, tip) if each in here]
    known = others & here.keys()
    ahead = known & _list_reachable(top, [*known, f"^{head}"]) if known else set()
    above = ahead & _list_reachable(top, [*ahead, f"^{head}"], "--ancestry-path") if ahead else set()
    merged = ahead - _list_reachable(top, [*ahead, *tips]) if ahead and tips else set()
    # A commit that no branch has may be abandoned.
    unpushed = above - _list_reachable(top, [*above], "--not", "--branches", "--remotes") if above else set()
    newer, unknown = merged | unpushed, others - known
    cut = list_cut_off_commits(top) if ahead - above or unknown else set()
    if cut:
        unclear = {each for each in ahead - above if cut & _list_reachable(top, [f"{each}...{head}"])}
        newer, unknown = newer - unclear, unknown | unclear
    return Age(_read_subjects(top, newer), frozenset(unknown), bool(cut))


def read_subject(folder: Path, commit: str) -> str:
    """The subject of a commit of this clone; empty without a repository."""
    top = find_repository_top(folder)
    return _read_subjects(str(top), [commit])[commit] if top else ""


def read_on_default_branch(file: Path) -> bytes:
    """The content that a file has on the default branch; empty if there is none. GitUnusable if git fails."""
    top = find_repository_top(file.parent)
    here = _resolve_commits(str(top), DEFAULT_BRANCHES) if top else {}
    if top is None or not here:
        return b""
    named = f"{next(iter(here.values()))}:{make_relative_path(os.path.realpath(file), os.path.realpath(top))}"
    return run_git(str(top), "cat-file", "blob", named, environment=OFFLINE).out


def _resolve_commits(top: str, names: Iterable[str]) -> dict[str, str]:
    """Name → id, of the commits that this clone has, in the order of the names."""
    names = list(names)
    lines = _run(top, [f"{each}^{{commit}}" for each in names], "cat-file", "--batch-check").splitlines()
    found = zip(names, map(str.split, lines), strict=False)
    return {name: words[0] for name, words in found if len(words) > 1 and words[1] == "commit"}


def _list_reachable(top: str, revisions: Iterable[str], *options: str) -> set[str]:
    return set(_run(top, revisions, "rev-list", "--stdin", *options).split())


def _read_subjects(top: str, commits: Collection[str]) -> dict[str, str]:
    """commit → subject."""
    if not commits:
        return {}
    form = ("--no-walk", "--format=%s", "--encoding=UTF-8", "--stdin")
    lines = _run(top, sorted(commits), "rev-list", *form).split("\n")
    return {head.split()[-1]: subject for head, subject in zip(lines[::2], lines[1::2], strict=False)}


def _run(top: str, lines: Iterable[str], *arguments: str) -> str:
    return read_output(top, *arguments, lines=lines, environment=OFFLINE).decode("utf-8", "replace")


@frozen
class Listing:
    """The files that git has below a folder, by their paths from there. `kept_off`: the files that it keeps off the
    disk, and absent submodules (`lib/`); `tracked`: the other files."""

    kept_off: frozenset[str] = frozenset()
    tracked: frozenset[str] = frozenset()

    def is_kept_off(self, file: str) -> bool:
        """Whether git keeps a file off the disk, or the submodule that it is in."""
        return any(file == each or (each.endswith("/") and file.startswith(each)) for each in self.kept_off)


def list_folder(folder: Path) -> Listing:
    """The files below a folder, submodules included. Empty if there is no repository; GitUnusable if git fails."""
    top = find_repository_top(folder)
    found = dict(_list_files(folder, top)) if top else {}
    off = {file for file, is_off in found.items() if is_off}
    return Listing(frozenset(off), frozenset(found.keys() - off))


def find_removal(folder: Path, file: str, since: str) -> tuple[str, str] | None:
    """The id and subject of the commit between `since` and HEAD that removed a file; None if there is none."""
    top = find_repository_top(folder)
    if top is None or not ID.fullmatch(since):
        return None
    try:
        revisions = ("--max-count=1", "--format=%s", "HEAD", f"^{since}")
        answer = run_git(str(top), "rev-list", *revisions, "--", as_pathspec(folder / file, top))
    except GitUnusable:
        return None
    head, _, subject = answer.text.partition("\n")
    return (head.split()[-1], subject) if head and not answer.code else None


def _list_files(folder: Path, top: Path) -> Iterator[tuple[str, bool]]:
    """Each file, and whether git keeps it off the disk."""
    listed = read_output(str(top), "ls-files", "-z", "-t", "--stage", "--", as_pathspec(folder, top))
    for entry in filter(None, listed.decode("utf-8", "surrogateescape").split("\0")):
        head, _, name = entry.partition("\t")
        tag, mode = head.split()[:2]
        file = make_relative_path(top / name, os.path.realpath(folder))
        if MODULE.startswith(mode):
            module = top / name
            if find_git_folder(module) is not None:
                yield from ((f"{file}/{each}", is_off) for each, is_off in _list_files(module, module))
            else:
                yield f"{file}/", True
        else:
            # S is what a sparse checkout or skip-worktree keeps off the disk. A person may have put it there since.
            yield file, tag == "S" and not os.path.lexists(top / name)
