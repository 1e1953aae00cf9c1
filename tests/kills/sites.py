"""Where the project lives: a machine with its folder, what all machines share, and the simulator's data."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.cli.main import run

from .api import KEY, Api, Json
from .project import AFTER, BEFORE, furnish_before, meddle

PERSON = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
FOREIGN = ("GIT_", "GITHUB_", "CI", "GITLAB_", "SSH_")
STATE_REF = "refs/reconciler/state/default"
LOCK_REF = "refs/reconciler/lock/default"
APPLY = ("--auto-approve", "--parallelism", "1")
STORES = ("file", "git")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Json:
        """What stdout holds: one JSON document."""
        return dict(json.loads(self.out))

    def run_to_unlock(self) -> str:
        """The run that a refusal says to unlock."""
        found = re.search(r"`reconciler state unlock (\w+)`", self.err)
        assert found, self.err
        return found[1]


@dataclass(frozen=True)
class Site:
    """All of it below one path."""

    path: Path
    store: str

    @property
    def machine(self) -> Path:
        """The folder of the configuration on the first machine."""
        return self.path / "machine"

    @property
    def remote(self) -> Path:
        """What all machines share, where the state is kept by git."""
        return self.path / "remote.git"

    @property
    def data(self) -> Path:
        """The simulator's."""
        return self.path / "simulator.db"

    @property
    def state_file(self) -> Path:
        """The state, where it is kept in a file."""
        return self.machine / ".reconciler" / "default.json"

    @property
    def journal(self) -> Path:
        """The journal of the first machine: among git's own files, if there are any."""
        found = list((self.machine / ".git" / "reconciler").glob("default-*.journal"))
        return found[0] if found else self.machine / ".reconciler" / "default.journal"

    def await_outcomes(self) -> None:
        """Waits until the journal has the outcome of each write: a kind is read back while the response to the last
        write of another one is still on its way."""
        while self._open_writes():
            time.sleep(0.01)

    def _open_writes(self) -> set[str]:
        steps = [json.loads(line) for line in self.journal.read_bytes().splitlines()[1:]]
        last = {step["address"]: "intent" in step for step in steps}
        return {address for address, is_open in last.items() if is_open}

    def copy(self, path: Path) -> Site:
        """The same in another place."""
        shutil.copytree(self.path, path, dirs_exist_ok=True, symlinks=True)
        return Site(path, self.store)

    def clone(self, name: str) -> Path:
        """Another machine: a fresh clone of the configuration, or the very folder where the state is in it."""
        if self.store == "file":
            return self.machine
        git(self.path, "clone", "--quiet", str(self.remote), name)
        return self.path / name

    def lose_machine(self, before: Site) -> None:
        """The machine goes, and another takes its place with what is shared; a file comes back as it was before."""
        shutil.rmtree(self.machine)
        if self.store == "git":
            self.clone("machine")
        else:
            shutil.copytree(before.machine, self.machine)

    def state(self) -> Json:
        """The document of the state that is shared."""
        if self.store == "git":
            return dict(json.loads(git(self.remote, "show", f"{STATE_REF}:state.json")))
        return dict(json.loads(self.state_file.read_text(encoding="utf-8")))

    def locked(self) -> bool:
        """Whether a lock is left that outlives its process."""
        return self.store == "git" and bool(git(self.remote, "for-each-ref", LOCK_REF))

    def start(self, folder: Path | None = None) -> subprocess.Popen[str]:
        """An apply as a process of its own."""
        command = [sys.executable, "-m", "reconciler", "apply", str(folder or self.machine), *APPLY]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def apply(self) -> Ended:
        """An apply on the first machine, to its end."""
        return called("apply", str(self.machine), *APPLY)

    def plan(self, *arguments: str) -> Ended:
        """What is left to do there."""
        return called("plan", str(self.machine), "--detailed-exitcode", *arguments)

    def remembered(self) -> set[str]:
        """The ids that are known there, be it from the journal."""
        return {line.split()[1] for line in called("state", "list", str(self.machine)).out.splitlines()}

    def unlock(self, run_id: str) -> Ended:
        """Breaks a lock."""
        return called("state", "unlock", run_id, str(self.machine))


def called(*arguments: str) -> Ended:
    """The command line in this process."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        code = run(list(arguments))
    return Ended(code, out.getvalue(), err.getvalue())


def ended(process: subprocess.Popen[str]) -> Ended:
    """Waits for a process."""
    out, err = process.communicate()
    return Ended(process.returncode, out, err)


def git(folder: Path, *arguments: str) -> str:
    """Calls git as a user does, and gives what it printed."""
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)  # noqa: S607
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def isolate(patch: pytest.MonkeyPatch, home: Path) -> None:
    """A home without settings, and an environment that says nothing of git or of a pipeline."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        patch.delenv(name)
    patch.setenv("HOME", str(home))
    patch.setenv("XDG_CONFIG_HOME", str(home))
    patch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    patch.setenv("QONVERSION_SECRET", KEY)


def prepared(path: Path, store: str, api: Api) -> Site:
    """The project as it was applied before, with its new configuration and what happened outside meanwhile."""
    site = Site(path, store)
    site.machine.mkdir(parents=True)
    if store == "git":
        git(path, "init", "--quiet", "--bare", "--initial-branch=main", str(site.remote))
        git(site.machine, "init", "--quiet", "--initial-branch=main")
        # Found from wherever the site is copied to
        git(site.machine, "remote", "add", "origin", "../remote.git")
        (site.machine / "reconciler.yaml").write_text("state: {store: git}\n", encoding="utf-8")
    _configure(site, BEFORE)
    furnish_before(api)
    done = site.apply()
    assert done.code == 0, done.err
    meddle(api)
    _configure(site, AFTER)
    return site


def _configure(site: Site, text: str) -> None:
    (site.machine / "main.yaml").write_text(text, encoding="utf-8")
    if site.store == "git":
        git(site.machine, "add", "main.yaml", "reconciler.yaml")
        git(site.machine, *PERSON, "commit", "--quiet", "-m", "configuration")
        git(site.machine, "push", "--quiet", "origin", "main")
