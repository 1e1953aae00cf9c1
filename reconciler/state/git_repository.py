"""A repository of our own, for one errand: what is fetched or pushed passes through it, and then it goes.

The user's repository is never written to, so that no fetch makes it shallow and no setting of its remotes, no
filter, no hook has a part in what we do. The way to the remote, token and all, is handed over in the environment.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from reconciler.errors import StateUnusable
from reconciler.git.checkout import Checkout, read_settings
from reconciler.git.command import GitResult, GitSilent, Settings, as_environment, run_git
from reconciler.git.objects import contents_in, entries_in
from reconciler.model.redaction import users_in, without_user
from reconciler.text import redact

EMAIL = "reconciler@invalid"
SHORTEST_PART = 4
BLOB, TREE = "100644 blob", "040000 tree"
FORBIDDEN = re.compile(
    r"403|denied|declined|authenti|could not read (Username|Password)|not allowed|protected|401", re.I
)
CARRIED = re.compile(r"(http|credential|url|protocol|ssh)\.|core\.(sshcommand|gitproxy|askpass)$", re.IGNORECASE)
"""The settings that reaching a remote depends on; a checkout in CI leaves its token in one of them."""
CARRIED_OF_A_REMOTE = ("url", "pushurl", "proxy", "proxyauthmethod", "uploadpack", "receivepack", "vcs")
CONTENDED = re.compile(r"\block\b|\.lock|failed to update ref", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TemporaryRepository:
    """Such a repository. All methods raise StateUnusable with git's own words where git fails."""

    checkout: Checkout
    remote: str
    path: str
    environment: dict[str, str] = field(repr=False)
    author: str = ""

    def look(self, ref: str) -> str:
        """The id that a ref of the remote has now; empty where it is not there."""
        answer = self._reach("ls-remote", "--quiet", self.remote, ref)
        if answer.code:
            raise self._refused("read", answer)
        found = (line.split("\t") for line in answer.text.splitlines())
        return next((identity for identity, name in found if name == ref), "")

    def fetch(self, ref: str, depth: int = 1) -> str:
        """Brings the last commits of a ref here, and gives the id of the last; empty where the remote has none."""
        if not self.look(ref):
            return ""
        quiet = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        answer = self._reach("fetch", *quiet, f"--depth={depth}", self.remote, f"+{ref}:{ref}")
        if answer.code == 0:
            return self.local("rev-parse", ref).text
        if self.look(ref):
            raise self._refused("read", answer)
        return ""

    def push(self, ref: str, new: str, expected: str, *, again: bool = True) -> bool:
        """Moves a ref of the remote, or deletes it (`new` empty), if it still is as expected (empty: not there).

        Whatever git answered, or where it did not, the remote is asked what came of it. False where it is elsewhere.
        """
        lease = f"--force-with-lease={ref}:{expected}"
        try:
            answer = self._reach("push", "--porcelain", "--atomic", lease, self.remote, f"{new}:{ref}")
        except GitSilent:
            if self.look(ref) == new:
                return True
            raise
        if answer.code == 0:
            return True
        now = self.look(ref)
        if now != expected or now == new:
            return now == new
        if again and CONTENDED.search(answer.words):
            return self.push(ref, new, expected, again=False)
        raise self._refused("written", answer)

    def move(self, source: str, target: str, new: str, expected: str) -> bool:
        """Makes a ref of the remote that is not there yet, and deletes another one that still is as expected, both in
        one push. False if one of them is not so."""
        leases = (f"--force-with-lease={target}:", f"--force-with-lease={source}:{expected}")
        answer = self._reach("push", "--porcelain", "--atomic", *leases, self.remote, f"{new}:{target}", f":{source}")
        if answer.code and self.look(source) == expected:
            raise self._refused("written", answer)
        return self.look(target) == new

    def store(self, text: str) -> str:
        """Makes a blob, and gives its entry for a tree."""
        return f"{BLOB} {self.local('hash-object', '-w', '--stdin', stdin=text.encode()).text}"

    def entries(self, tree: str) -> dict[str, str]:
        """What a tree holds: name → `mode type id`; nothing where it is empty text."""
        return entries_in(self.local("ls-tree", "-z", tree).out) if tree else {}

    def tree(self, parent: str, name: str, entry: str) -> str:
        """Makes a tree: that of a parent (empty: none), with an entry (`mode type id`) under that name."""
        held = self.entries(parent) | {name: entry}
        lines = "".join(f"{each}\t{called}\0" for called, each in held.items())
        return self.local("mktree", "-z", stdin=lines.encode("utf-8", "surrogateescape")).text

    def contents(self, blobs: Sequence[str]) -> list[bytes]:
        """What blobs hold, in their order."""
        return contents_in(self.local("cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in blobs).encode()).out)

    def empty_tree(self) -> str:
        """Makes the tree that holds nothing."""
        return self.local("mktree", stdin=b"").text

    def commit(self, tree: str, parent: str, message: str, who: str) -> str:
        """Makes a commit on top of a parent (empty: the first), by whom git knows, else in the name of `who`."""
        people = {role: self._person(role, who) for role in ("AUTHOR", "COMMITTER")}
        identity = {f"GIT_{role}_{key}": value for role, person in people.items() for key, value in person.items()}
        parents = ["-p", parent] if parent else []
        return self.local("commit-tree", tree, *parents, stdin=message.encode(), more=identity).text

    def _person(self, role: str, who: str) -> dict[str, str]:
        """As git tells who somebody is; if it knows no address, as the settings of the state do."""
        known = dict(self.checkout.settings)

        def said(what: str) -> str:
            own, shared = f"{role.lower()}.{what}", f"user.{what}"
            return _bare(os.environ.get(f"GIT_{role}_{what.upper()}") or known.get(own) or known.get(shared, ""))

        name, email = said("name"), said("email")
        if not email:
            set_name, _, set_email = self.author.partition("<")
            name, email = _bare(set_name), _bare(set_email)
        return {
            "NAME": name or _bare(who) or "reconciler",
            "EMAIL": email or EMAIL,
            "DATE": f"@{int(time.time())} +0000",
        }

    def local(self, *arguments: str, stdin: bytes | None = None, more: dict[str, str] | None = None) -> GitResult:
        """Calls git here, with no remote."""
        limit = self.checkout.limits.local
        answer = self._run(arguments, limit, stdin, more or {})
        if answer.code:
            raise StateUnusable(f"git {arguments[0]} failed: {answer.words}", hint="see to git and to the disk")
        return answer

    def _reach(self, *arguments: str) -> GitResult:
        try:
            answer = self._run(arguments, self.checkout.limits.network, None, {})
        except GitSilent as silent:
            raise GitSilent(f"{without_user(self.remote)}: {silent}", hint=silent.hint) from None
        rejected = [line[1:].strip() for line in answer.text.splitlines() if line.startswith("!")]
        return GitResult(answer.code, answer.out, "; ".join(filter(None, [answer.words, *rejected])))

    def _run(self, arguments: tuple[str, ...], seconds: float, stdin: bytes | None, more: dict[str, str]) -> GitResult:
        # The folder is the user's, so that a remote with a relative path is found as it is from there
        return run_git(
            [f"--git-dir={self.path}", *arguments],
            folder=self.checkout.top,
            seconds=seconds,
            environment=self.environment | more,
            stdin=stdin,
        )

    def _refused(self, done: str, answer: GitResult) -> StateUnusable:
        remote = without_user(self.remote)
        if FORBIDDEN.search(answer.words):
            hint = (
                f"may the token or key of this checkout do that at {remote}? In GitHub Actions: permissions: "
                "{contents: write}, and a checkout that leaves its token behind (persist-credentials: true)"
            )
        else:
            hint = f"see whether the remote is there and can be reached: git ls-remote {remote}"
        said = self._without_secrets(answer.words) or f"git ended with {answer.code} and said nothing"
        return StateUnusable(f"{remote}: the state cannot be {done}: {said}", hint=hint)

    def _without_secrets(self, said: str) -> str:
        return without_user(redact(said, secrets(self.checkout.settings, self.remote)))


@contextmanager
def temporary_repository(checkout: Checkout, remote: str, author: str = "") -> Iterator[TemporaryRepository]:
    """Opens a desk in a temporary folder, and removes it. StateUnusable where there is no such remote.

    `author`: who commits, `Name <address>`, if git does not know anybody.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="reconciler-", ignore_cleanup_errors=True)
    except OSError as error:
        raise StateUnusable(f"no temporary folder can be made ({error})", hint="see to the disk") from error
    with folder as path:
        made = ["init", "--quiet", "--bare", "--template=", f"--object-format={checkout.object_format}", path]
        bare = TemporaryRepository(checkout, remote, path, {})
        bare.local(*made)
        known = read_settings([f"--git-dir={path}"], checkout.top, checkout.limits)
        settings = copied_settings(checkout, remote, known)
        yield TemporaryRepository(
            checkout, remote, path, as_environment((*_unasked(checkout.settings), *settings)), author
        )


def copied_settings(checkout: Checkout, remote: str, known: Settings) -> Settings:
    """The settings that a repository elsewhere lacks to reach a remote as a checkout does; `known` it has itself.

    StateUnusable where there is no such remote.
    """
    of_the_remote = {f"remote.{remote}.{name}" for name in CARRIED_OF_A_REMOTE}
    if remote.startswith("-") or (
        f"remote.{remote}.url" not in dict(checkout.settings) and not re.search(r"[:/]", remote)
    ):
        raise StateUnusable(
            f"{checkout.top}: there is no remote {without_user(remote)}",
            hint="git remote -v lists those that there are; reconciler.yaml names the one for the state: "
            "state: {store: git, remote: NAME}",
        )
    if f"remote.{remote}.url" not in dict(checkout.settings):
        _require_elsewhere(remote, checkout.top)
    left = Counter(known)
    return tuple(
        (name, value)
        for name, value in checkout.settings
        if (CARRIED.match(name) or name in of_the_remote) and not _taken(left, (name, value))
    )


def secrets(settings: Settings, remote: str) -> list[str]:
    """What of the settings must never be shown: tokens of headers, users and passwords of URLs."""
    headers = [value.split()[-1] for name, value in settings if name.endswith(".extraheader") and value.split()]
    urls = "\n".join([remote, *(text for setting in settings for text in setting)])
    found = users_in(urls)
    people = [person for each in found for person in (each, *each.split(":")[1:])]
    # Who forgot to escape a password has git take a part of it for the port
    parts = [part for each in found for part in re.split("[:/?#@]", each)[1:] if len(part) >= SHORTEST_PART]
    return sorted(filter(None, {*headers, *people, *parts}), key=len, reverse=True)


def _require_elsewhere(remote: str, top: str) -> None:
    """StateUnusable if an address that the configuration gives names a program, or a repository within the checkout."""
    local = unquote(remote.removeprefix("file://")) if remote.startswith("file://") else remote
    is_local = local != remote or ":" not in remote.partition("/")[0]
    if is_local and Path(os.path.realpath(Path(top, local))).is_relative_to(os.path.realpath(top)):
        raise StateUnusable(
            f"{remote} lies within the checkout, so a commit could bring its hooks and settings",
            hint="keep the state at a remote of the repository: state: {store: git, remote: origin}",
        )
    if re.match(r"[A-Za-z0-9]+::", remote):
        raise StateUnusable(
            f"{without_user(remote)} names a program of git's to reach it by",
            hint="give it to git under a name (git remote add NAME ADDRESS), and write the name: remote: NAME",
        )


def _bare(text: str) -> str:
    """A name or an address as a commit can bear it."""
    return re.sub(r"[<>\x00-\x1f]", "", text).strip(" .,:;\"'\\")


def _unasked(settings: Settings) -> Settings:
    """Has ssh ask nothing, where nobody has said how ssh is to be called."""
    chosen = "core.sshcommand" in dict(settings) or any(map(os.environ.get, ("GIT_SSH_COMMAND", "GIT_SSH")))
    return () if chosen else (("core.sshCommand", "ssh -oBatchMode=yes"),)


def _taken(left: Counter[tuple[str, str]], setting: tuple[str, str]) -> bool:
    left[setting] -= 1
    return left[setting] >= 0
