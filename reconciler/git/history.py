"""Which commit a name means, and where two lines of history part."""

from __future__ import annotations

import re

from reconciler.errors import GitUnusable, WrongUsage
from reconciler.git.checkout import Checkout
from reconciler.git.command import Answer, Limits, run_git

ID = re.compile(r"[0-9a-f]{40,64}")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
DEEPEN = (
    "this clone is shallow: in GitHub Actions `actions/checkout` takes `fetch-depth: 0`, in GitLab set GIT_DEPTH: 0, "
    "elsewhere: git fetch --unshallow"
)


def merge_base(checkout: Checkout, ref: str) -> tuple[str, str]:
    """The commit at which HEAD and `ref` part, the last that both have; and the one that `ref` names.

    WrongUsage where `ref` is no commit, nothing is committed, the two have nothing in common, or a shallow clone
    does not hold enough to tell.
    """
    head, other = _commit(checkout, "HEAD"), _commit(checkout, ref)
    found = _ask(checkout.top, "merge-base", head, other)
    if found.code > 1:
        raise GitUnusable(f"{checkout.top}: git merge-base failed: {found.words}", hint="git fsck says more")
    base = found.text.partition("\n")[0]
    cut = commits_cut_off(checkout.top)
    if not base:
        hint = DEEPEN if cut else "name the branch that this one comes from"
        raise WrongUsage(f"--base {ref}: HEAD and it have no commit in common here", hint=hint)
    if cut and base not in (head, other) and cut & _only(checkout, head, other, base):
        raise WrongUsage(
            f"--base {ref}: this clone does not hold enough commits to tell where HEAD left it", hint=DEEPEN
        )
    return base, other


def _commit(checkout: Checkout, ref: str) -> str:
    if not ref or ref.startswith("-") or CONTROL.search(ref):
        raise WrongUsage(f'--base "{ref}" names no commit', hint="expected a branch, a tag or a commit: origin/main")
    found = _ask(checkout.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found.code == 0 and ID.fullmatch(found.text):
        return found.text
    if ref == "HEAD":
        raise WrongUsage(f"{checkout.top}: nothing is committed here yet", hint="leave --base out")
    hint = "git branch --all and git tag list what there is"
    if not _ask(checkout.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"origin/{ref}^{{commit}}").code:
        hint = f"did you mean origin/{ref}?"
    elif commits_cut_off(checkout.top):
        hint = DEEPEN
    raise WrongUsage(f"--base {ref}: there is no such commit here", hint=hint)


def commits_cut_off(top: str) -> set[str]:
    """The commits whose parents a shallow clone does not have; nothing where it is whole."""
    if _ask(top, "rev-parse", "--is-shallow-repository").text != "true":
        return set()
    listed = _ask(top, "rev-parse", "--path-format=absolute", "--git-path", "shallow").text
    try:
        with open(listed, encoding="ascii") as opened:  # noqa: PTH123 - a name that git gave, no path of ours
            return set(opened.read().split())
    except (OSError, UnicodeDecodeError) as error:
        raise GitUnusable(f"{listed} cannot be read ({error})", hint="git fsck says more") from error


def _only(checkout: Checkout, head: str, other: str, base: str) -> set[str]:
    """The commits that came after the base; where one of them is cut off, a later base may be behind it."""
    return set(_ask(checkout.top, "rev-list", head, other, f"^{base}").text.split())


def _ask(top: str, *arguments: str) -> Answer:
    return run_git(arguments, folder=top, seconds=Limits().local)
