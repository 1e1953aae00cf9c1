"""Runs a program that prints the key, a password manager for example: without a shell, within a time limit."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from reconciler.errors import NotAuthorised
from reconciler.system.programs import find_program
from reconciler.text import redact

UNATTENDED_SECONDS = 60.0
ATTENDED_SECONDS = 300.0
"""How long it may take, and how long if a person may have to type something."""

LONGEST_SAID = 300
SHORTEST_PART = 6
MISSING = "No such file or directory in PATH"
KEY = re.compile(r"(?:test_)?sk_\S+")


def key_from(command: Sequence[str], folder: Path, hint: str) -> str:
    """The one word that the program prints. NotAuthorised, with that hint, if it fails, is late, or prints no one word.

    It runs in `folder`, that of reconciler.yaml; a program with a slash in its name is relative to it. On a terminal it
    may ask a person and its stderr is shown; elsewhere its stderr goes into the error.
    """
    code, out, said = _run(command, folder, hint)
    if code:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
        told = f": {_stderr_text(said, out)}" if said.strip() else ""
        raise NotAuthorised(f"no key: secret_command ({command[0]}) {how}{told}", hint=hint)
    words = out.decode("utf-8", "replace").split()
    if len(words) != 1:
        what = "more than one word; expected the key" if words else "nothing; expected the key, on stdout"
        raise NotAuthorised(f"no key: secret_command ({command[0]}) printed {what}", hint=hint)
    return words[0]


def _run(command: Sequence[str], folder: Path, hint: str) -> tuple[int, bytes, bytes]:
    attended = sys.stdin is not None and sys.stdin.isatty()
    program = _program(command[0], folder)
    if program is None:
        raise NotAuthorised(f"no key: secret_command ({command[0]}) cannot be run ({MISSING})", hint=hint)
    called = [program, *command[1:]]
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own list of words, no shell
            called,
            cwd=folder,
            stdin=None if attended else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if attended else subprocess.PIPE,
            # In a session of its own it could not use our terminal, but its children can be killed with it.
            start_new_session=not attended,
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise NotAuthorised(f"no key: secret_command ({command[0]}) cannot be run ({why})", hint=hint) from error
    seconds = ATTENDED_SECONDS if attended else UNATTENDED_SECONDS
    with process:
        try:
            out, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process, attended)
            late = f"did not end within {seconds:g} seconds, and was ended"
            raise NotAuthorised(f"no key: secret_command ({command[0]}) {late}", hint=hint) from None
        except BaseException:
            _end(process, attended)
            raise
    return process.returncode, out, said or b""


def _program(name: str, folder: Path) -> str | None:
    """A bare name is looked for in PATH, and never in the folder."""
    return find_program(name) if os.path.basename(name) == name else os.path.abspath(folder / name)  # noqa: PTH100, PTH119 - as written


def _end(process: subprocess.Popen[bytes], attended: bool) -> None:
    try:
        if attended:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except (OSError, AttributeError):
        process.kill()
    process.wait()


def _stderr_text(said: bytes, out: bytes) -> str:
    """The end of its stderr, without the words of its stdout: they may be the key."""
    text = KEY.sub("***", " ".join(said.decode("utf-8", "replace").split()))
    text = redact(text, (part for part in out.decode("utf-8", "replace").split() if len(part) >= SHORTEST_PART))
    return text if len(text) <= LONGEST_SAID else f"…{text[-LONGEST_SAID:]}"
