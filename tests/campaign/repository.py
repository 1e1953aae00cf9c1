"""Where the configurations of one world lie: a repository of two, or a folder that no repository knows."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kills.sites import PERSON, Site, git
from state.s3_server import Server
from world import Json

from reconciler.state.operations import place_journal

from .team import ELSEWHERE, HERE

TEAM, NEIGHBOURS = "growth", "lifecycle"
STORES = ("file", "git", "object", "folder")
"""Where states are kept; `folder` is a file, in no repository."""
SETTINGS = {
    "file": "state: {store: file}\n",
    "git": "state: {store: git}\n",
    "object": "state: {store: object, url: s3://states/{world}}\n",
    "folder": "state: {store: file}\n",
}


FREE = b"{}\n"
"""What a lock in a bucket holds that nobody holds."""


@dataclass(frozen=True)
class Repository(Site):
    """The team's configuration and that of their neighbours, in folders of one repository before one project."""

    bucket: Server | None = None

    @property
    def top(self) -> Path:
        """The top of the repository."""
        return self.path / "machine"

    @property
    def machine(self) -> Path:
        """The folder of the team's configuration."""
        return self.top / TEAM

    @property
    def neighbours(self) -> Path:
        """The folder of the other configuration."""
        return self.top / NEIGHBOURS

    @property
    def is_repository(self) -> bool:
        """Whether git knows it."""
        return self.store != "folder"

    @property
    def journal(self) -> Path:
        """Where the tool keeps the steps of the team's applies."""
        return place_journal(self.machine / ".reconciler" / "default.journal", "default", "").path

    @property
    def ref(self) -> str:
        """The ref of the team's state."""
        return f"refs/reconciler/configurations/{TEAM}/state/default"

    @property
    def key(self) -> str:
        """The key of the object with the team's state."""
        return f"states/{self.path.name}/configurations/{TEAM}/default.json"

    def state(self) -> Json:
        """The document of the team's state."""
        if self.store == "git":
            return dict(json.loads(git(self.remote, "show", f"{self.ref}:state.json")))
        if self.bucket is not None:
            return dict(json.loads(self.bucket.get(self.key)))
        return dict(json.loads(self.state_file.read_text(encoding="utf-8")))

    def locked(self) -> bool:
        """Whether a lock of the team's is left that outlives its process."""
        if self.store == "git":
            return bool(git(self.remote, "for-each-ref", self.ref.replace("/state/", "/lock/")))
        # By HTTP and not by our own client: its threads would not outlive the forks of this process.
        lock = self.key.replace(".json", ".lock")
        return self.bucket is not None and self.bucket.get_or(lock, FREE) != FREE

    def lose_state(self) -> None:
        """The team's state is gone, in a bucket with its receipts: the name of one bears the serial and the second, and
        a state that begins anew within that second would find it taken."""
        if self.store == "git":
            git(self.remote, "update-ref", "-d", self.ref)
        elif self.bucket is not None:
            bucket, _, prefix = self.key.removesuffix(".json").rpartition("/")[0].partition("/")
            with self.bucket.client() as client:
                listed = client.get(f"/{bucket}", params={"list-type": "2", "prefix": f"{prefix}/receipts/"}).text
                for name in (self.key, *(f"{bucket}/{each}" for each in re.findall("<Key>(.*?)</Key>", listed))):
                    client.delete(f"/{name}").raise_for_status()
        else:
            self.state_file.unlink(missing_ok=True)

    def commit(self) -> None:
        """Commits what is written."""
        if self.is_repository:
            git(self.top, "add", "--all", ".")
            git(self.top, *PERSON, "commit", "--quiet", "--allow-empty", "-m", "review")

    def head(self) -> str:
        """The commit that is checked out; empty without a repository."""
        return git(self.top, "rev-parse", "HEAD") if self.is_repository else ""

    @contextmanager
    def at(self, commit: str) -> Iterator[None]:
        """While the block runs, an earlier commit is checked out."""
        git(self.top, "checkout", "--quiet", "--detach", commit)
        try:
            yield
        finally:
            git(self.top, "checkout", "--quiet", "main")


NEIGHBOUR = """\
integrations:
  hook: {title: Neighbours, integration: webhooks, target_platform: iOS}
reports:
  daily:
    report_name: Neighbours
    send_at: "07:00"
    included_range_days: 1
    status: active
    environment: production
    destinations: [{integration: hook}]
automations:
  hello: {name: Neighbours, status: active, data: {actions: {push: p1}}}
"""
"""What the neighbours want: the same all the time."""


def found(path: Path, store: str, bucket: Server | None) -> Repository:
    """A new one at a path, of two configurations that say where their state is."""
    made = Repository(path, store, bucket=bucket if store == "object" else None)
    for folder in (made.machine, made.neighbours):
        folder.mkdir(parents=True)
        settings = SETTINGS[store].replace("{world}", path.name)
        settings += f"environments: {{{HERE}: {{}}, {ELSEWHERE}: {{}}}}\n" if folder == made.machine else ""
        (folder / "reconciler.yaml").write_text(settings, encoding="utf-8")
    (made.neighbours / "main.yaml").write_text(NEIGHBOUR, encoding="utf-8")
    if made.is_repository:
        git(made.top, "init", "--quiet", "--initial-branch=main")
        (made.top / ".gitignore").write_text(".reconciler/\nplan.json\n", encoding="utf-8")
    if store == "git":
        git(path, "init", "--quiet", "--bare", "--initial-branch=main", str(made.remote))
        git(made.top, "remote", "add", "origin", os.path.relpath(made.remote, made.top))
    return made
