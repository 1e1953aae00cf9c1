"""The state on a ref of the repository's remote: one commit an apply, so its history is the audit log.

Compare-and-swap is a push with a lease. The lock is a ref too, and stays if its process is killed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.errors import StateUnusable
from reconciler.git.checkout import find_checkout, parse_contents
from reconciler.model.inputs import State
from reconciler.model.redaction import remove_user
from reconciler.model.settings import Environment, encode_segment
from reconciler.serialization import explain, to_json_text
from reconciler.state.backend import Locked, LockInfo, ReceiptFile, Snapshot, StateConflict, lock_error, release_on_exit
from reconciler.state.document import from_text, to_text
from reconciler.state.git_repository import BLOB, TREE, TemporaryRepository, temporary_repository
from reconciler.state.journal import Journal

CONFIGURATIONS = "refs/reconciler/configurations"
STATE_FILE = "state.json"
RECEIPTS = "receipts"


class GitBackend:
    """The state of one environment on its own ref of a remote; the repository is the one that `folder` lies in. The
    setting `author` is `Name <address>` of the commits, if git itself knows nobody."""

    is_local = False

    def __init__(self, environment: Environment, folder: Path, journal: Journal) -> None:
        self.folder = folder
        self.environment = name = environment.name
        self.configuration = environment.configuration or ""
        self.remote = environment.state.options["remote"]
        self.journal = journal
        home = f"{CONFIGURATIONS}/{encode_segment(self.configuration)}" if self.configuration else "refs/reconciler"
        self.ref = f"{home}/state/{name}"
        self.lock_ref = f"{home}/lock/{name}"
        # Earlier versions used a ref without the configuration's name.
        self._old_ref = f"refs/reconciler/state/{name}" if self.configuration else ""
        self._author = environment.state.options.get("author", "")
        self._lock: LockInfo | None = None

    @property
    def where(self) -> str:
        return f"{self.ref} on {remove_user(self.remote)}"

    def read(self) -> Snapshot:
        """As `Backend.read`. A state on a ref of an earlier version moves with the next write."""
        with self._repository() as repository:
            _, commit, state = self._find(repository)
        return Snapshot(state, commit)

    def receipts(self) -> dict[str, bytes]:
        with self._repository() as repository:
            found = repository.read_tree(_find_receipts(repository, self._find(repository)[1]))
            names = sorted(name for name, entry in found.items() if entry.startswith(BLOB))
            blobs = "".join(f"{found[name].split()[-1]}\n" for name in names).encode()
            contents = parse_contents(repository.run_local("cat-file", "--batch", stdin=blobs).out)
        return {name.removesuffix(".json"): text for name, text in zip(names, contents, strict=True)}

    def write(self, state: State, version: str, note: str = "", receipt: ReceiptFile | None = None) -> str:
        """As `Backend.write`. The first line of `note` goes into the commit's subject, the rest below it."""
        with self._repository() as repository:
            ref, found, _ = self._find(repository)
            if found != version:
                raise StateConflict(self.where, self.journal)
            tree = repository.add_entry(version, STATE_FILE, repository.write_blob(to_text(state)))
            if receipt is not None:
                blob = repository.write_blob(receipt.text)
                receipts = repository.add_entry(_find_receipts(repository, version), f"{receipt.name}.json", blob)
                tree = repository.add_entry(tree, RECEIPTS, f"{TREE} {receipts}")
            done, _, more = note.strip().partition("\n")
            subject = f"apply to {self.environment}: {done or f'state {state.serial}'}"
            who, run = "reconciler", "without a lock"
            if self._lock:
                who, run = self._lock.who, f"{self._lock.where or 'not known where'} (run {self._lock.run})"
            made_from = f"Configuration: {repository.checkout.commit()}\nSerial: {state.serial}\n"
            paragraphs = filter(None, (subject, more.strip(), f"By: {who}\nRun: {run}\n{made_from}"))
            # State and receipt are one commit, so no kill leaves the one without the other.
            commit = repository.commit(tree, version, "\n\n".join(paragraphs), who)
            # A state on the ref of an earlier version moves in the same push.
            if not repository.push(self.ref, commit, version, "" if ref == self.ref else ref):
                raise StateConflict(self.where, self.journal)
        return commit

    @contextmanager
    def lock(self, holder: LockInfo) -> Iterator[None]:
        # A random part, or two locks that one holder takes in one second would be the same commit.
        unique = f"{self.environment} is locked by {holder}\n\nLock: {uuid.uuid4()}"
        message = f"{unique}\n\n{to_json_text(holder)}\n"
        with self._repository() as repository:
            mine = repository.commit(repository.run_local("mktree", stdin=b"").text, "", message, holder.who)
            # Again only if the lock was freed between the push and the look at it.
            while not repository.push(self.lock_ref, mine, ""):
                found, other = self._read_lock(repository)
                if found:
                    raise Locked(self.where, other, self._make_unlock_hint())

        def release() -> None:
            with self._repository() as repository:
                repository.push(self.lock_ref, "", mine)

        self._lock = holder
        try:
            with release_on_exit(release, self.where, holder):
                yield
        finally:
            self._lock = None

    def holder(self) -> LockInfo | None:
        with self._repository() as repository:
            return self._read_lock(repository)[1]

    find_applier = holder

    def unlock(self, run: str) -> None:
        with self._repository() as repository:
            commit, holder = self._read_lock(repository)
            if holder is None or holder.run != run or not repository.push(self.lock_ref, "", commit):
                raise lock_error(self.where, run, holder, self._make_unlock_hint() if commit else "")

    @contextmanager
    def _repository(self) -> Iterator[TemporaryRepository]:
        what = "the git store keeps the state in the repository of the configuration"
        otherwise = "run this in a clone of the repository, or choose another store: state: {store: file}"
        checkout = find_checkout(self.folder, what=what, otherwise=otherwise)
        with temporary_repository(checkout, self.remote, self._author) as repository:
            yield repository

    def _find(self, repository: TemporaryRepository) -> tuple[str, str, State]:
        """The ref of the state, the new or the old one, its commit, and the state. Without one, an empty state."""
        for ref in filter(None, (self.ref, self._old_ref)):
            commit = repository.fetch(ref)
            if commit:
                state = from_text(self._read_text(repository, commit), self.environment, self.where)
                if ref == self.ref or state.configuration in (None, self.configuration):
                    return ref, commit, state
        return self.ref, "", State(self.environment)

    def _read_text(self, repository: TemporaryRepository, commit: str) -> str:
        try:
            return repository.run_local("cat-file", "blob", f"{commit}:{STATE_FILE}").out.decode("utf-8")
        except (StateUnusable, UnicodeDecodeError) as error:
            remote = remove_user(self.remote)
            raise StateUnusable(
                f"{self.where}: the state is damaged ({explain(error)})",
                hint=f"put an earlier one in its place: git fetch {remote} {self.ref}, choose with git log FETCH_HEAD, "
                f"git push --force-with-lease={self.ref}:{commit} {remote} COMMIT:{self.ref}",
            ) from error

    def _read_lock(self, repository: TemporaryRepository) -> tuple[str, LockInfo | None]:
        commit = repository.fetch(self.lock_ref)
        if not commit:
            return "", None
        try:
            return commit, LockInfo.parse(repository.run_local("cat-file", "commit", commit).text.rpartition("\n")[2])
        except StateUnusable:
            return commit, None

    def _make_unlock_hint(self) -> str:
        return f"once nobody is applying any more: git push {remove_user(self.remote)} :{self.lock_ref}"


def _find_receipts(repository: TemporaryRepository, commit: str) -> str:
    mode, kind, tree = (repository.read_tree(commit).get(RECEIPTS) or "- - -").split()
    return tree if f"{mode} {kind}" == TREE else ""
