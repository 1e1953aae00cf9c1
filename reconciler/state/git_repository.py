"""A temporary bare repository for one read or write of the state: fetch and push go through it.

The user's repository is never written to: no fetch makes it shallow, and none of its filters, hooks and settings of
remotes takes part. The settings that reach the remote, a token included, are passed in the environment.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from reconciler.errors import StateUnusable
from reconciler.git.checkout import Checkout, parse_entries, read_settings
from reconciler.git.command import NETWORK_SECONDS, GitResult, GitTimeout, Settings, as_environment, run_git
from reconciler.lazy import frozen
from reconciler.model.redaction import USER, remove_user
from reconciler.text import redact

EMAIL = "reconciler@invalid"
SHORTEST_PART = 4  # A shorter part of a password would mask parts of words.
BLOB, TREE = "100644 blob", "040000 tree"
COPIED = re.compile(r"(http|credential|url|protocol|ssh)\.|core\.(sshcommand|gitproxy|askpass)$", re.IGNORECASE)
"""The settings that are needed to reach a remote. A checkout in CI leaves its token in one of them."""
COPIED_OF_A_REMOTE = ("url", "pushurl", "proxy", "proxyauthmethod", "uploadpack", "receivepack", "vcs")
REJECTED = b"\n!"  # The status of a ref that the remote did not take, in the output of `push --porcelain`.


@frozen
class TemporaryRepository:
    """A bare repository. All methods raise StateUnusable with git's own words if git fails."""

    checkout: Checkout
    remote: str
    path: str
    environment: dict[str, str] = field(repr=False)
    author: str = ""

    def ls_remote(self, ref: str) -> str:
        """The id that a ref of the remote has now; empty if there is no such ref."""
        answer = self._run_remote("ls-remote", "--quiet", self.remote, ref)
        if answer.code:
            raise self._make_error("read", answer)
        found = (line.split("\t") for line in answer.text.splitlines())
        return next((identity for identity, name in found if name == ref), "")

    def fetch(self, ref: str) -> str:
        """Fetches the last commit of a ref, and returns its id; empty if the remote has no such ref."""
        options = ("--depth=1", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        answer = self._run_remote("fetch", *options, self.remote, f"+{ref}:{ref}")
        if answer.code == 0:
            return self.run_local("rev-parse", ref).text
        if self.ls_remote(ref):  # Else git fails because there is no such ref, and that is no failure.
            raise self._make_error("read", answer)
        return ""

    def push(self, ref: str, new: str, expected: str, old_ref: str = "", *, again: bool = True) -> bool:
        """Sets a ref of the remote, or deletes it (`new` empty), if it is still as `expected` (empty: not there). False
        if it is not. `old_ref`: the ref is new, and that one, which is as `expected`, is deleted in the same push.
        After an error, or without an answer, the remote is asked for the outcome. A ref that it did not take, and that
        is still as expected, may have been locked for a moment: it is tried once more."""
        known, targets = {ref: expected}, {ref: new}
        if old_ref:
            known, targets = {ref: "", old_ref: expected}, {ref: new, old_ref: ""}
        leases = [f"--force-with-lease={name}:{commit}" for name, commit in known.items()]
        refs = [f"{commit}:{name}" for name, commit in targets.items()]
        try:
            answer = self._run_remote("push", "--porcelain", "--atomic", *leases, self.remote, *refs)
        except GitTimeout:
            if self.ls_remote(ref) == new:
                return True
            raise
        if answer.code == 0:
            return True
        now = {name: self.ls_remote(name) for name in known}
        if now != known or now == targets:
            return now[ref] == new
        if again and REJECTED in answer.out:
            return self.push(ref, new, expected, old_ref, again=False)
        raise self._make_error("written", answer)

    def write_blob(self, text: str) -> str:
        """Writes a blob, and returns its entry for a tree."""
        return f"{BLOB} {self.run_local('hash-object', '-w', '--stdin', stdin=text.encode()).text}"

    def read_tree(self, tree: str) -> dict[str, str]:
        """The entries of a tree: name → `mode type id`; none if `tree` is empty."""
        return parse_entries(self.run_local("ls-tree", "-z", tree).out) if tree else {}

    def add_entry(self, parent: str, name: str, entry: str) -> str:
        """Writes the tree of a parent (empty: none) with one more entry (`mode type id`), and returns its id."""
        entries = self.read_tree(parent) | {name: entry}
        lines = "".join(f"{each}\t{called}\0" for called, each in entries.items())
        return self.run_local("mktree", "-z", stdin=lines.encode("utf-8", "surrogateescape")).text

    def commit(self, tree: str, parent: str, message: str, who: str) -> str:
        """Writes a commit on top of a parent (empty: none). Its author is whom git knows, else `who`."""
        known, identity = dict(self.checkout.settings), {}
        for role in ("AUTHOR", "COMMITTER"):
            own = {what: os.environ.get(f"GIT_{role}_{what.upper()}") for what in ("name", "email")}
            found = {
                what: own[what] or known.get(f"{role.lower()}.{what}") or known.get(f"user.{what}") for what in own
            }
            name, email = (_clean_name(each or "") for each in found.values())
            if not email:  # Git would refuse the commit, so the settings of the state decide.
                name, email = (_clean_name(each) for each in self.author.partition("<")[::2])
            identity[f"GIT_{role}_NAME"] = name or _clean_name(who) or "reconciler"
            identity[f"GIT_{role}_EMAIL"] = email or EMAIL
            identity[f"GIT_{role}_DATE"] = f"@{int(time.time())} +0000"  # Commits of all machines have one zone: UTC.
        parents = ["-p", parent] if parent else []
        return self.run_local("commit-tree", tree, *parents, stdin=message.encode(), more=identity).text

    def run_local(self, *arguments: str, stdin: bytes | None = None, more: dict[str, str] | None = None) -> GitResult:
        """Runs git without a remote."""
        answer = self._run(arguments, more or {}, stdin=stdin)
        if answer.code:
            raise StateUnusable(f"git {arguments[0]} failed: {answer.message}", hint="see to git and to the disk")
        return answer

    def _run_remote(self, *arguments: str) -> GitResult:
        try:
            answer = self._run(arguments, {}, seconds=NETWORK_SECONDS)
        except GitTimeout as silent:
            raise GitTimeout(f"{remove_user(self.remote)}: {silent}", hint=silent.hint) from None
        rejected = [line[1:].strip() for line in answer.text.splitlines() if line.startswith("!")]
        return GitResult(answer.code, answer.out, "; ".join(filter(None, [answer.message, *rejected])))

    def _run(self, arguments: tuple[str, ...], more: dict[str, str], **options: Any) -> GitResult:
        environment = self.environment | more  # In the user's folder, because a remote may be a path relative to it.
        return run_git(self.checkout.top, f"--git-dir={self.path}", *arguments, environment=environment, **options)

    def _make_error(self, done: str, answer: GitResult) -> StateUnusable:
        remote = remove_user(self.remote)
        hint = "may the token or key of this checkout do that"
        if done == "read":  # An error of a write comes from a remote that has answered.
            hint = f"see whether the remote can be reached: git ls-remote {remote}; if so, {hint}"
        hint += (
            f" at {remote}? In GitHub Actions: permissions: {{contents: write}}, and a checkout that leaves its token "
            "behind (persist-credentials: true)"
        )
        reason = answer.message or f"git ended with {answer.code} and said nothing"
        reason = remove_user(redact(reason, find_secrets(self.checkout.settings, self.remote)))
        return StateUnusable(f"{remote}: the state cannot be {done}: {reason}", hint=hint)


@contextmanager
def temporary_repository(checkout: Checkout, remote: str, author: str = "") -> Iterator[TemporaryRepository]:
    """Makes a repository in a temporary folder for a block. StateUnusable if there is no such remote. `author`: `Name
    <address>` of commits, if git itself knows nobody."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="reconciler-", ignore_cleanup_errors=True)
    except OSError as error:
        raise StateUnusable(f"no temporary folder can be made ({error})", hint="see to the disk") from error
    with folder as path:
        bare = TemporaryRepository(checkout, remote, path, {})
        bare.run_local("init", "--quiet", "--bare", "--template=", f"--object-format={checkout.object_format}", path)
        known = read_settings([f"--git-dir={path}"], checkout.top)
        own = "core.sshcommand" in dict(checkout.settings) or any(map(os.environ.get, ("GIT_SSH_COMMAND", "GIT_SSH")))
        # Ssh asks no question, unless the user has set a command for it.
        quiet = () if own else (("core.sshCommand", "ssh -oBatchMode=yes"),)
        settings = (*quiet, *copy_settings(checkout, remote, known))
        yield TemporaryRepository(checkout, remote, path, as_environment(settings), author)


def copy_settings(checkout: Checkout, remote: str, known: Settings) -> Settings:
    """The settings of a checkout that another repository needs to reach a remote. It has those in `known` already.
    StateUnusable if there is no such remote."""
    of_the_remote = {f"remote.{remote}.{name}" for name in COPIED_OF_A_REMOTE}
    is_named = f"remote.{remote}.url" in dict(checkout.settings)
    if remote.startswith("-") or not (is_named or re.search(r"[:/\\]", remote)):
        raise StateUnusable(
            f"{checkout.top}: there is no remote {remove_user(remote)}",
            hint="git remote -v lists those that there are; reconciler.yaml names the one for the state: "
            "state: {store: git, remote: NAME}",
        )
    if not is_named:
        _require_elsewhere(remote, checkout.top)
    left = Counter(known)
    copied = []
    for setting in checkout.settings:
        if COPIED.match(setting[0]) or setting[0] in of_the_remote:
            left[setting] -= 1
            if left[setting] < 0:
                copied.append(setting)
    return tuple(copied)


def find_secrets(settings: Settings, remote: str) -> list[str]:
    """The values of settings that must never be shown: tokens of headers, users and passwords of URLs."""
    headers = [value.split()[-1] for name, value in settings if name.endswith(".extraheader") and value.split()]
    urls = "\n".join([remote, *(text for setting in settings for text in setting)])
    found = re.findall(USER, urls)
    people = [person for each in found for person in (each, *each.split(":")[1:])]
    # Without escapes in a password, git takes a part of it for the port, and shows it.
    parts = [part for each in found for part in re.split("[:/?#@]", each)[1:] if len(part) >= SHORTEST_PART]
    return sorted(filter(None, {*headers, *people, *parts}), key=len, reverse=True)


def _require_elsewhere(remote: str, top: str) -> None:
    """StateUnusable if an address that the configuration gives names a program, or a repository within the checkout."""
    local = unquote(remote.removeprefix("file://")) if remote.startswith("file://") else remote
    # file:///C:/folder is C:/folder, and C: is no host but a drive, where there are drives.
    local = local.removeprefix("/") if Path(local.removeprefix("/")).drive else local
    is_local = local != remote or bool(Path(local).drive) or ":" not in remote.partition("/")[0]
    if is_local and Path(os.path.realpath(Path(top, local))).is_relative_to(os.path.realpath(top)):
        text = f"{remote} lies within the checkout, so a commit could bring its hooks and settings"
        hint = "keep the state at a remote of the repository: state: {store: git, remote: origin}"
        raise StateUnusable(text, hint=hint)
    if re.match(r"[A-Za-z0-9]+::", remote):
        hint = "give it to git under a name (git remote add NAME ADDRESS), and write the name: remote: NAME"
        raise StateUnusable(f"{remove_user(remote)} names a program of git's to reach it by", hint=hint)


def _clean_name(text: str) -> str:
    """A name or an address without the characters that git does not allow in it."""
    return re.sub(r"[<>\x00-\x1f]", "", text).strip(" .,:;\"'\\")
