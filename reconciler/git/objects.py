"""Reads the objects of a repository: no file is checked out, and no filter of the user runs."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import GitUnusable
from reconciler.git.checkout import Checkout
from reconciler.git.command import run_git

LINK, MODULE, FOLDER = "120000 blob", "160000 commit", "040000 tree"
"""The beginning of a tree's entry that is a symbolic link, a submodule, or a folder."""


def entries_in(listed: bytes) -> dict[str, str]:
    """The output of `ls-tree -z`: name → `mode type id`."""
    pairs = (entry.partition("\t") for entry in listed.decode("utf-8", "surrogateescape").split("\0") if entry)
    return {name: entry for entry, _, name in pairs}


def contents_in(batch: bytes) -> list[bytes]:
    """The contents in the output of `cat-file --batch`, in their order. No object may be missing."""
    found = []
    at = 0
    while at < len(batch):
        end = batch.index(b"\n", at)
        size = int(batch[at:end].split()[-1])
        found.append(batch[end + 1 : end + 1 + size])
        at = end + size + 2
    return found


def entries_below(checkout: Checkout, commit: str, folder: str) -> dict[str, str] | None:
    """Everything below a folder, folders too: path → `mode type id`. `folder` is from the top, empty for the top.

    None if the commit has no such folder. GitUnusable if git fails.
    """
    found = run_git(
        ["rev-parse", "--verify", "--quiet", f"{commit}:{folder}"], folder=checkout.top, seconds=checkout.limits.local
    )
    if found.code or _asked(checkout, "cat-file", "-t", found.text).strip() != b"tree":
        return None
    return entries_in(_asked(checkout, "ls-tree", "-r", "-t", "-z", "--full-tree", found.text))


def sizes(checkout: Checkout, blobs: Sequence[str]) -> list[int]:
    """The sizes of objects in bytes. GitUnusable if one is missing."""
    lines = _asked(checkout, "cat-file", "--batch-check", stdin=_lines(blobs)).decode().splitlines()
    missing = next((line.split()[0] for line in lines if not line.rpartition(" ")[2].isdigit()), None)
    if missing is not None:
        raise GitUnusable(
            f"{checkout.top}: the object {missing} is missing in this clone", hint="git fetch, or git fsck says more"
        )
    return [int(line.rpartition(" ")[2]) for line in lines]


def contents(checkout: Checkout, blobs: Sequence[str]) -> list[bytes]:
    """The contents of objects, of which none may be missing (see `sizes`)."""
    return contents_in(_asked(checkout, "cat-file", "--batch", stdin=_lines(blobs))) if blobs else []


def _lines(blobs: Sequence[str]) -> bytes:
    return "".join(f"{blob}\n" for blob in blobs).encode()


def _asked(checkout: Checkout, *arguments: str, stdin: bytes | None = None) -> bytes:
    # The limit of the network, because a partial clone fetches missing objects now.
    answer = run_git(arguments, folder=checkout.top, seconds=checkout.limits.network, stdin=stdin)
    if answer.code:
        raise GitUnusable(f"{checkout.top}: git {arguments[0]} failed: {answer.words}", hint="git fsck says more")
    return answer.out
