"""Runs `git` with a time limit, and without a terminal for prompts.

A repository is data: no file of a checkout decides which programs run (filters, hooks, monitors, pagers, transports).
The settings in a real `.git` are the user's own, and reach the remote as usual.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.errors import GitUnusable
from reconciler.git import find_repository_top
from reconciler.lazy import frozen
from reconciler.model.redaction import remove_user
from reconciler.system import find_program, find_search_path, run_program

Settings = tuple[tuple[str, str], ...]

# Whatever the user or the system has set, nothing prompts, pages, signs, cleans up, or runs a hook or a monitor.
SETTINGS = (
    "safe.bareRepository=explicit",  # A commit may hold a folder that looks like a bare repository.
    "protocol.ext.allow=never",  # It runs any command as a remote.
    "core.longPaths=true",  # Windows, see CONTRIBUTING.
    "gc.auto=0",  # A background process would outlive the time limit.
    "maintenance.auto=false",
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    "core.alternateRefsCommand=",
    "core.pager=cat",
    "diff.external=",
    "log.showSignature=false",
    "commit.gpgSign=false",
    "push.gpgSign=false",
    "push.followTags=false",
    "push.recurseSubmodules=no",
    "protocol.version=2",  # `ls-remote REF` gets this ref, and not all of the remote.
    "credential.interactive=false",
    "advice.pushUpdateRejected=false",
)
ENVIRONMENT = {
    "LC_ALL": "C",  # Some of the output is parsed.
    "LANGUAGE": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",  # `git status` must not write the index of the user.
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": ":",
    "GCM_INTERACTIVE": "never",
    "SSH_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
}
REMOVED_VARIABLES = frozenset(
    f"GIT_{name}"
    for name in (
        "ALTERNATE_OBJECT_DIRECTORIES", "COMMON_DIR", "CONFIG", "DIR", "EXTERNAL_DIFF", "GRAFT_FILE",
        "IMPLICIT_WORK_TREE", "INDEX_FILE", "INTERNAL_SUPER_PREFIX", "NAMESPACE", "OBJECT_DIRECTORY", "PREFIX",
        "QUARANTINE_PATH", "REPLACE_REF_BASE", "SHALLOW_FILE", "WORK_TREE",
        "LITERAL_PATHSPECS", "GLOB_PATHSPECS", "NOGLOB_PATHSPECS", "ICASE_PATHSPECS",
    )
)  # fmt: skip
"""Variables that a git hook or a caller may have set. They would change the repository, or the meaning of paths."""
NEEDED = "git, 2.31 or newer, is needed in PATH"
NO_REPOSITORY = "not a git repository, and no folder above it is one"
SECRET_KEY = re.compile(r"\s*(test_)?sk_")
"""The beginning of a Secret Key of the API. Git needs none, and it runs helpers and hooks of others."""
NETWORK_SECONDS, LOCAL_SECONDS = 60.0, 20.0  # How long git may take, with a remote and without one.


@frozen
class GitResult:
    """The exit code of git, its output, and its stderr as one line, with credentials masked."""

    code: int
    out: bytes
    message: str

    @property
    def text(self) -> str:
        """The output as one stripped text."""
        return self.out.decode("utf-8", "replace").strip()


class GitTimeout(GitUnusable):
    """Git did not end in its time and was killed. The remote may have done what it began."""


def run_git(
    folder: str,
    *arguments: str,
    seconds: float = LOCAL_SECONDS,
    environment: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
) -> GitResult:
    """Runs git, and returns its result, whatever the exit code. `environment` is added to the one of this process. It
    runs at the top of the checkout of the folder, so paths are from there; with `--git-dir=` as the first argument, in
    the folder itself. GitTimeout after `seconds`; GitUnusable without git or a repository."""
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    variables, at = make_environment(), folder
    if not arguments[0].startswith("--git-dir="):
        top = find_repository_top(folder)
        if top is None:
            raise GitUnusable(f"{folder}: {NO_REPOSITORY}", hint="run this in a clone of the repository")
        # Git must not look for a repository further up.
        variables, at = variables | {"GIT_CEILING_DIRECTORIES": str(top.parent)}, str(top)
    program = find_program("git")
    if program is None:
        raise GitUnusable("git cannot be called (there is none in PATH)", hint=NEEDED)
    command = [program, "-C", at, *settings, *arguments]
    verb = next((word for word in arguments if not word.startswith("-")), "")
    variables |= environment or {}
    try:
        code, out, err = run_program(command, seconds=seconds, environment=variables, stdin=stdin)
    except TimeoutError:
        hint = "see whether the remote can be reached from here: git ls-remote"
        raise GitTimeout(f"git {verb} did not end within {seconds:g} seconds, and was ended", hint=hint) from None
    except OSError as error:
        raise GitUnusable(f"git cannot be called ({error})", hint=NEEDED) from error
    # What it says to people, as one line: without hints of its own, and without the credentials of a URL.
    lines = (" ".join(line.split()) for line in err.decode("utf-8", "replace").splitlines())
    return GitResult(code, out, remove_user("; ".join(line for line in lines if line and not line.startswith("hint:"))))


def read_output(
    top: str, *arguments: str, hint: str = "see: git status", lines: Iterable[str] = (), **options: Any
) -> bytes:
    """The output of git at the top of a checkout. `lines` are its input, `options` as for `run_git`. GitUnusable with
    `hint` if git fails."""
    stdin = "".join(f"{line}\n" for line in lines).encode() or None
    answer = run_git(top, *arguments, stdin=stdin, **options)
    if answer.code:
        raise GitUnusable(f"{top}: git {arguments[0]} failed: {answer.message}", hint=hint)
    return answer.out


def make_environment() -> dict[str, str]:
    """The environment of this process, without prompts, the keys of the API, and variables that name a repository."""
    count_settings()
    removed = {name for name, value in os.environ.items() if name in REMOVED_VARIABLES or SECRET_KEY.match(value)}
    kept = {name: value for name, value in os.environ.items() if name not in removed} | ENVIRONMENT
    kept["PATH"] = (
        find_search_path()
    )  # Git looks for programs too, ssh for example, and must not find them in a checkout.
    if "GIT_ALLOW_PROTOCOL" in kept:
        kept["GIT_ALLOW_PROTOCOL"] = ":".join(each for each in kept["GIT_ALLOW_PROTOCOL"].split(":") if each != "ext")
    # In CI an askpass program passes the token of the job (Jenkins); elsewhere it opens a window.
    return kept if kept.get("CI") else kept | {"GIT_ASKPASS": ""}


def count_settings() -> int:
    """The number of settings that the environment passes to git. GitUnusable if git could not read them."""
    count = os.environ.get("GIT_CONFIG_COUNT") or "0"
    is_number = re.fullmatch(r"(?a)\d{1,6}", count) is not None
    numbers = range(int(count) if is_number else 0)
    pairs = (f"GIT_CONFIG_{part}_{number}" for number in numbers for part in ("KEY", "VALUE"))
    missing = next((name for name in pairs if name not in os.environ), None)
    if missing is not None or not is_number:
        wrong = f"{missing} is not set" if missing else "that is no number"
        hint = "unset GIT_CONFIG_COUNT, or set it to the number of pairs of GIT_CONFIG_KEY_n and GIT_CONFIG_VALUE_n: "
        hint += "git reads no settings, and does nothing, as it is"
        raise GitUnusable(f"GIT_CONFIG_COUNT is {count[:40]!r}, and {wrong}", hint=hint)
    return int(count)


def as_environment(settings: Settings) -> dict[str, str]:
    """Settings as git reads them from its environment, after those that are there already."""
    start = count_settings()
    pairs = {"GIT_CONFIG_COUNT": str(start + len(settings))}
    for number, (name, value) in enumerate(settings, start=start):
        pairs |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return pairs


def without_filters(settings: Settings) -> dict[str, str]:
    """The environment that switches off each filter of the settings: attributes say which files pass through it."""
    drivers = {name.rpartition(".")[0] for name, _ in settings if name.startswith("filter.")}
    off = (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))
    return as_environment(tuple((f"{driver}.{name}", value) for driver in sorted(drivers) for name, value in off))
