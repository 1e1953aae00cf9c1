"""The state in the repository's own remote, on a ref of its own: one commit an apply, so its history is the audit log.

Compare-and-swap is a push with a lease. The lock is a ref too: it outlives a process that is killed.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.errors import Refused, StateUnusable
from reconciler.git.checkout import find_checkout
from reconciler.git.command import Limits
from reconciler.model.redaction import without_user
from reconciler.model.state import State
from reconciler.serialization import unreadable
from reconciler.state.backend import Locked, LockInfo, ReceiptFile, Snapshot, StateConflict, path_segment
from reconciler.state.document import from_text, to_text
from reconciler.state.git_repository import BLOB, TREE, TemporaryRepository, temporary_repository
from reconciler.state.journal_file import JournalFile
from reconciler.state.lock import release_on_exit

CONFIGURATIONS = "refs/reconciler/configurations"
STATE_FILE = "state.json"
RECEIPTS = "receipts"
UNNAMED = "reconciler"
NEEDS_REPOSITORY = "the git store keeps the state in the repository of the configuration"
ELSEWHERE = "run this in a clone of the repository, or choose another store: state: {store: file}"


class GitBackend:
    """The state of one environment on its own ref of a remote; the repository is the one that `folder` lies in."""

    is_local = False

    def __init__(
        self,
        folder: Path,
        environment: str,
        remote: str = "origin",
        *,
        journal: JournalFile,
        configuration: str = "",
        limits: Limits | None = None,
        author: str = "",
    ) -> None:
        """`author`: in whose name commits are made, `Name <address>`, if git itself knows nobody."""
        self.folder = folder
        self.environment = environment
        self.configuration = configuration
        self.remote = remote
        self.journal = journal
        home = f"{CONFIGURATIONS}/{path_segment(configuration)}" if configuration else "refs/reconciler"
        self.ref = f"{home}/state/{environment}"
        self.lock_ref = f"{home}/lock/{environment}"
        # Where it was before refs carried the configuration's name.
        self._old_ref = f"refs/reconciler/state/{environment}" if configuration else ""
        self._author = author
        self._limits = limits or Limits()
        self._held: LockInfo | None = None

    @property
    def where(self) -> str:
        """The ref and its remote."""
        return f"{self.ref} on {without_user(self.remote)}"

    def read(self) -> Snapshot:
        """What the ref holds; an empty memory where there is none. StateUnusable where it cannot be used or reached.

        A state that lies where all did before refs carried a name is read from there, and moves with the next write.
        """
        with self._desk() as desk:
            commit, state = self._found(desk)
        return Snapshot(state, commit)

    def receipts(self) -> dict[str, str]:
        """The receipts in the tree beside the state, the oldest first."""
        with self._desk() as desk:
            found = desk.entries(_receipts(desk, self._found(desk)[0]))
            names = sorted(name for name, entry in found.items() if entry.startswith(BLOB))
            contents = desk.contents([found[name].split()[-1] for name in names])
        try:
            return {name.removesuffix(".json"): text.decode() for name, text in zip(names, contents, strict=True)}
        except UnicodeDecodeError as error:
            raise StateUnusable(
                f"{self.where}: a receipt is damaged ({unreadable(error)})", hint="see: git show"
            ) from error

    def write(self, state: State, version: str, note: str = "", receipt: ReceiptFile | None = None) -> str:
        """Commits a memory on top of that version and gives the new commit; StateConflict where it is another by now.

        `note` says what was done: its first line goes into the subject, the rest below it. The receipt is in the
        same commit.
        """
        with self._desk() as desk:
            if self._found(desk)[0] != version:
                raise StateConflict(self.where, self.journal)
            tree = desk.tree(version, STATE_FILE, desk.store(to_text(state)))
            if receipt is not None:
                kept = desk.tree(_receipts(desk, version), f"{receipt.name}.json", desk.store(receipt.text))
                tree = desk.tree(tree, RECEIPTS, f"{TREE} {kept}")
            who = self._held.who if self._held else UNNAMED
            commit = desk.commit(tree, version, self._message(desk, state, note), who)
            if not self._push(desk, commit, version):
                raise StateConflict(self.where, self.journal)
        return commit

    @contextmanager
    def lock(self, holder: LockInfo) -> Iterator[None]:
        """Holds the lock while the block runs. Locked where somebody else does; it is freed only while it is ours."""
        mine = self._take(holder)
        self._held = holder
        try:
            with release_on_exit(lambda: self._free(mine), self.where, holder):
                yield
        finally:
            self._held = None

    def holder(self) -> LockInfo | None:
        """Who holds the lock, None where nobody does or the lock does not say it."""
        with self._desk() as desk:
            return self._holder(desk)[1]

    def unlock(self, run: str) -> None:
        """Breaks the lock of that run, and no other. Refused where another run holds it, or none."""
        with self._desk() as desk:
            commit, holder = self._holder(desk)
            if not commit:
                raise Refused(f"{self.where}: run {run} does not hold the lock; held by: nobody")
            if holder is None:
                raise Refused(f"{self.where}: it is locked, but the lock does not say by whom", hint=self._by_hand())
            if holder.run != run or not desk.push(self.lock_ref, "", commit):
                raise Refused(f"{self.where}: run {run} does not hold the lock; held by: {holder}")

    @contextmanager
    def _desk(self) -> Iterator[TemporaryRepository]:
        checkout = find_checkout(self.folder, self._limits, what=NEEDS_REPOSITORY, otherwise=ELSEWHERE)
        with temporary_repository(checkout, self.remote, self._author) as desk:
            yield desk

    def _found(self, desk: TemporaryRepository) -> tuple[str, State]:
        """The commit of the state, from where it lies, and what it holds. Without one, nothing and an empty memory."""
        for ref in filter(None, (self.ref, self._old_ref)):
            commit = desk.fetch(ref)
            if commit:
                state = from_text(self._text(desk, commit), self.environment, self.where)
                if ref == self.ref or state.configuration in (None, self.configuration):
                    return commit, state
        return "", State(self.environment)

    def _push(self, desk: TemporaryRepository, commit: str, version: str) -> bool:
        """Puts a commit in the place of that version; a state that lies in the old place moves, in one push."""
        if version and self._old_ref and not desk.look(self.ref):
            return desk.move(self._old_ref, self.ref, commit, version)
        return desk.push(self.ref, commit, version)

    def _text(self, desk: TemporaryRepository, commit: str) -> str:
        try:
            return desk.local("cat-file", "blob", f"{commit}:{STATE_FILE}").out.decode("utf-8")
        except (StateUnusable, UnicodeDecodeError) as error:
            remote = without_user(self.remote)
            raise StateUnusable(
                f"{self.where}: the state is damaged ({unreadable(error)})",
                hint=f"put an earlier one in its place: git fetch {remote} {self.ref}, choose with git log FETCH_HEAD, "
                f"git push --force-with-lease={self.ref}:{commit} {remote} COMMIT:{self.ref}",
            ) from error

    def _message(self, desk: TemporaryRepository, state: State, note: str) -> str:
        done, _, more = note.strip().partition("\n")
        run = f"{self._held.where or 'not known where'} (run {self._held.run})" if self._held else "without a lock"
        facts = (
            f"By: {self._held.who if self._held else UNNAMED}",
            f"Run: {run}",
            f"Configuration: {desk.checkout.commit()}",
            f"Serial: {state.serial}",
        )
        paragraphs = (
            f"apply to {self.environment}: {done or f'state {state.serial}'}",
            more.strip(),
            "\n".join(facts),
        )
        return "\n\n".join(filter(None, paragraphs)) + "\n"

    def _take(self, holder: LockInfo) -> str:
        # Told apart by more than the holder, or whoever takes it twice in one second would have it twice
        unique = f"{self.environment} is locked by {holder}\n\nLock: {uuid.uuid4()}"
        with self._desk() as desk:
            mine = desk.commit(desk.empty_tree(), "", f"{unique}\n\n{json.dumps(holder.document())}\n", holder.who)
            while not desk.push(self.lock_ref, mine, ""):
                found, other = self._holder(desk)
                if found:
                    raise self._locked(other)
        return mine

    def _locked(self, other: LockInfo | None) -> Locked:
        locked = Locked(self.where, other)
        if other is None:
            locked.hint = self._by_hand()
        return locked

    def _holder(self, desk: TemporaryRepository) -> tuple[str, LockInfo | None]:
        commit = desk.fetch(self.lock_ref)
        if not commit:
            return "", None
        try:
            document = json.loads(desk.local("cat-file", "commit", commit).text.splitlines()[-1])
            return commit, LockInfo(**{str(name): str(value) for name, value in document.items()})
        except (StateUnusable, ValueError, TypeError, AttributeError):
            return commit, None

    def _free(self, mine: str) -> None:
        with self._desk() as desk:
            desk.push(self.lock_ref, "", mine)

    def _by_hand(self) -> str:
        return f"once nobody is applying any more: git push {without_user(self.remote)} :{self.lock_ref}"


def _receipts(desk: TemporaryRepository, commit: str) -> str:
    mode, kind, tree = (desk.entries(commit).get(RECEIPTS) or "- - -").split()
    return tree if f"{mode} {kind}" == TREE else ""
