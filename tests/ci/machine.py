"""A machine of a runner: a folder, a shell, a git, and a Python that installs nothing from anywhere."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .repository import ENVIRONMENT

SECONDS = 120
PYTHON = """#!/bin/sh
case "$1 $2" in "-m venv") exec {python} {venv} "$3" ;; esac
exec {python} "$@"
"""
VENV = """
import pathlib, subprocess, sys
shared, asked = pathlib.Path({shared!r}), pathlib.Path(sys.argv[1])
if not shared.exists():
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(shared)], check=True)
    (packages,) = shared.glob("lib/*/site-packages")
    # The libraries that the tests run by; reconciler itself is not found by this, since no .pth is read there.
    (packages / "libraries.pth").write_text({libraries!r})
    (packages / "pip").mkdir()
    (packages / "pip" / "__init__.py").touch()
    (packages / "pip" / "__main__.py").write_text({pip!r})
for left in shared.glob("lib/*/site-packages/reconciler.pth"):
    left.unlink()
asked.parent.mkdir(parents=True, exist_ok=True)
asked.symlink_to(shared)
"""
PIP = """
import pathlib, sys
assert sys.argv[1] == "install" and {"--no-deps", "--require-hashes", "-r"} <= set(sys.argv), sys.argv
lock = pathlib.Path(sys.argv[sys.argv.index("-r") + 1]).read_text()
assert "--hash=sha256:" in lock, lock
pathlib.Path(sys.prefix, "installed").write_text(lock)
"""


@dataclass(frozen=True)
class Shell:
    """How a script ended: its exit code, and all that it printed, in the order of its lines."""

    code: int
    log: str


class Machine:
    """Nothing but what a runner has is in its environment. `venv` is made once for all machines."""

    def __init__(self, folder: Path, venv: Path) -> None:
        self.folder = folder
        self._tools = folder / "tools"
        for name in ("tools", "home", "temp"):
            (folder / name).mkdir(parents=True)
        maker = folder / "venv.py"
        libraries = sysconfig.get_path("purelib")
        maker.write_text(VENV.format(shared=str(venv), libraries=libraries, pip=PIP), encoding="utf-8")
        self.tool("python3", PYTHON.format(python=shlex.quote(sys.executable), venv=shlex.quote(str(maker))))

    @property
    def temp(self) -> Path:
        """Where what lasts for a job goes."""
        return self.folder / "temp"

    def tool(self, name: str, text: str) -> None:
        """Puts a command before all others."""
        path = self._tools / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def run(self, script: str, where: Path, variables: Mapping[str, str], *, before: tuple[str, ...] = ()) -> Shell:
        """A script, as GitHub runs `shell: bash` and GitLab the lines of a job: it ends at the first failure."""
        file = self.folder / "script.sh"
        file.write_text(script, encoding="utf-8")
        path = [*before, str(self._tools), *os.defpath.strip(":").split(":"), "/usr/local/bin"]
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)],  # noqa: S607 - the bash of the machine
            cwd=where,
            env={**ENVIRONMENT, "HOME": str(self.folder / "home"), **variables, "PATH": ":".join(path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        return Shell(done.returncode, done.stdout)
