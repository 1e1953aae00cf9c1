"""Reads regular files only, replaces files atomically, and runs only programs in absolute folders of PATH."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from reconciler.lazy import load

NO_FILES: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a link",
}
IN_USE: Final = (5, 32)
"""ERROR_ACCESS_DENIED and ERROR_SHARING_VIOLATION, of learn.microsoft.com/windows/win32/debug/system-error-codes."""
IN_USE_SECONDS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # 1.9 s in all: scanners and backups read for moments
# The file may have become a pipe or a link since the check: opening must not block, nor follow a link.
_FLAGS: Final = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_BINARY"))


class Unreadable(Exception):
    """A file that is not read. `str()` says why, and what was expected."""


def read_regular(path: Path, most: int) -> bytes:
    """The bytes of a file, links followed. FileNotFoundError if there is none (or a link to nowhere).

    Unreadable if it is no regular file, holds more than `most` bytes, or cannot be read.
    """
    too_large = f"is larger than {most // 1_000_000} MB; expected a smaller file"
    try:
        content = open_and_read(os.path.realpath(path, strict=True), most, most, too_large)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror or error})") from error
    if len(content) > most:
        raise Unreadable(too_large)
    return content


def open_and_read(target: str, most: int, largest: int, too_large: str) -> bytes:
    """The first `most` bytes of a file, and one more to show that there is more. Follows no link. OSError, or as
    `require_regular`."""
    with os.fdopen(os.open(target, _FLAGS), "rb") as opened:
        require_regular(os.fstat(opened.fileno()), largest, too_large)
        return opened.read(most + 1)


def require_regular(found: os.stat_result, largest: int, too_large: str) -> None:
    """Unreadable if it is no regular file, or too large: a pipe or a device may never end, or never begin."""
    if not stat.S_ISREG(found.st_mode):
        what = NO_FILES.get(stat.S_IFMT(found.st_mode), "something else")
        raise Unreadable(f"is {what}; expected a regular file, or another name")
    if found.st_size > largest:
        raise Unreadable(too_large)


def require_replaceable(path: Path) -> None:
    """Unreadable if something is there that must not be opened for writing: a link, a pipe, a device, a folder."""
    try:
        found = path.lstat()
    except OSError:
        return
    require_regular(found, found.st_size, "")


FOLDER = ".reconciler"
IGNORED = (
    "# Left behind by runs on this machine. The state itself may be committed.\n*.lock\n*.swap\n*.holder\n*.journal\n"
)


def prepare_folder(folder: Path) -> None:
    """Makes the folder of a state; a new `.reconciler` gets a .gitignore. OSError if that fails."""
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    if folder.name == FOLDER:
        (folder / ".gitignore").write_text(IGNORED, encoding="utf-8", newline="\n")


def replace_atomically(path: Path, content: bytes) -> None:
    """Replaces a file: writes beside it, syncs, and renames. OSError if that fails.

    A kill at any moment leaves the old content or the new.
    """
    prepare_folder(path.parent)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _replace(source: Path, target: Path, waits: Sequence[float] = IN_USE_SECONDS) -> None:
    """Renames a file over another one. Windows refuses that while a program has one of them open, as a backup does."""
    try:
        source.replace(target)
    except PermissionError as error:
        if not waits or getattr(error, "winerror", None) not in IN_USE:
            raise
        time.sleep(waits[0])
        _replace(source, target, waits[1:])


def make_relative_path(path: str | Path, start: str | Path) -> str:
    """A path relative to a folder, with slashes on every system; the whole path if it is on another drive."""
    with suppress(ValueError):
        path = os.path.relpath(path, start)
    return str(path).replace(os.sep, "/")


def find_search_path() -> str:
    """PATH without its relative entries: they may be in a checkout."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if Path(entry).is_absolute())


def find_program(name: str) -> str | None:
    """The full path of a program; None if PATH has none of that name."""
    found = shutil.which(name, path=find_search_path())
    # On Windows, `which` looks in the current folder first.
    return found if found and Path(found).is_absolute() else None


def run_program(
    command: Sequence[str],
    *,
    seconds: float,
    folder: str | Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    attended: bool = False,
) -> tuple[int, bytes, bytes]:
    """Runs a program without a shell, and returns its exit code, stdout and stderr.

    `attended`: it may ask at the terminal, so its stdin and stderr are ours. Otherwise it gets a session of its own:
    it has no terminal, and can be ended with all that it has started. OSError if it cannot be started, TimeoutError
    once it was ended after `seconds`.
    """
    pipe, nothing = load("subprocess:PIPE"), load("subprocess:DEVNULL")
    with load("subprocess:Popen")(
        command,
        cwd=folder,
        env=environment,
        stdin=None if attended else nothing if stdin is None else pipe,
        stdout=pipe,
        stderr=None if attended else pipe,
        start_new_session=not attended,
    ) as process:
        try:
            out, err = process.communicate(stdin, timeout=seconds)
        except BaseException as error:
            with suppress(OSError, AttributeError):
                if not attended:
                    os.killpg(process.pid, signal.SIGKILL)  # and all that it has started; Windows has no killpg
            process.kill()
            process.wait()
            if isinstance(error, load("subprocess:TimeoutExpired")):
                raise TimeoutError from None
            raise
    return process.returncode, out, err or b""
