"""The secret key, wrapped so that no message, log or traceback shows it by accident, and where it comes from.

A program that prints it, a password manager for example, runs without a shell, within a time limit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

from reconciler.errors import KeyExposed, NotAuthorised
from reconciler.model.redaction import Spellings
from reconciler.model.settings import Environment
from reconciler.system import find_program, run_program
from reconciler.text import redact

MOST_PLACES = 10

# What may follow `Bearer ` (RFC 6750, 2.1). Nothing in it is written in another way in JSON, in Python or in a shell.
FORM = re.compile(r"[A-Za-z0-9._~+/-]+=*")
UNATTENDED_SECONDS = 60.0
ATTENDED_SECONDS = 300.0
"""How long it may take, and how long if a person may have to type something."""

LONGEST_STDERR = 300
SHORTEST_PART = 6
KEY = re.compile(r"(?:test_)?sk_\S+")


@dataclass(frozen=True)
class Secret:
    """A secret key, and in words where it came from: the name of a variable, or of a command."""

    value: str = field(repr=False)
    source: str

    @property
    def sandbox(self) -> bool:
        """Whether the key opens the sandbox project (`test_sk_…`) and not the production one (`sk_…`)."""
        return self.value.startswith("test_sk_")

    @cached_property
    def spellings(self) -> Spellings:
        """How the key may be spelled."""
        return Spellings(self.value)

    def redact(self, text: str) -> str:
        """The text without the key: a server may quote it in a response."""
        return self.spellings.redact(text.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")

    def require_absent(self, content: bytes, path: str) -> None:
        """KeyExposed if the JSON that the API holds at a path contains the key: it would go into files and states.

        A body that is no JSON, or an error, is reported elsewhere.
        """
        if not self.spellings.are_in(content):
            return
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            return
        if isinstance(document, dict) and document.get("error"):
            return
        try:
            found = list(islice(self.spellings.find_places(document), MOST_PLACES))
        except RecursionError:
            found = []
        objects = [f"{path.strip('/')} {owner}".strip() + (f": its {field}" if field else "") for owner, field in found]
        raise KeyExposed(
            "\n".join(f"{each} holds the secret key from {self.source}" for each in objects or [path]),
            hint="whoever sees this project may know the key by now: make a new one, revoke this one, and take it out "
            "of the object in the dashboard",
        )


def read_secret(
    environment: Environment, variables: Mapping[str, str], folder: Path, *, attended: bool = False
) -> Secret:
    """The key of an environment: from its variable if that is set, else the output of its `secret_command`.

    `folder`: that of reconciler.yaml. `attended`: the command may ask a person at the terminal. NotAuthorised if there
    is no key, or it cannot be one.
    """
    source, command = environment.secret_env, environment.secret_command
    value = variables.get(source, "").strip() if source else ""
    if command and not value:
        instead = f"set {source}, which wins" if source else "name a variable under secret_env: where set, it wins"
        source = f"secret_command ({command[0]})"
        hint = f"see by hand that it prints the key and nothing else; or {instead}"
        value = _key_from(command, folder, attended, lambda why: NotAuthorised(f"no key: {source} {why}", hint=hint))
    if not value:
        raise NotAuthorised(
            f"no key: {source} is not set", hint=f"set {source} to the project's Secret Key (sk_… or test_sk_…)"
        )
    if not FORM.fullmatch(value):
        raise NotAuthorised(
            f"{source} holds characters that a key cannot have", hint="it is the Secret Key alone: sk_… or test_sk_…"
        )
    return Secret(value, source or "")


def _key_from(command: Sequence[str], folder: Path, attended: bool, no_key: Callable[[str], NotAuthorised]) -> str:
    """The one word that the program prints. `no_key` makes the error, from why there is none.

    It runs in `folder`, that of reconciler.yaml; a program with a slash in its name is relative to it. If it is
    `attended`, its stderr is shown; else that goes into the error.
    """
    name = command[0]
    # A bare name is looked for in PATH, and never in the folder.
    program = find_program(name) if Path(name).name == name else str((folder / name).absolute())
    if program is None:
        raise no_key("cannot be run (No such file or directory in PATH)")
    seconds = ATTENDED_SECONDS if attended else UNATTENDED_SECONDS
    try:
        code, out, stderr = run_program([program, *command[1:]], seconds=seconds, folder=folder, attended=attended)
    except TimeoutError:
        raise no_key(f"did not end within {seconds:g} seconds, and was ended") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise no_key(f"cannot be run ({why})") from error
    if code:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
        detail = f": {_stderr_text(stderr, out)}" if stderr.strip() else ""
        raise no_key(f"{how}{detail}")
    words = out.decode("utf-8", "replace").split()
    if len(words) != 1:
        what = "more than one word; expected the key" if words else "nothing; expected the key, on stdout"
        raise no_key(f"printed {what}")
    return words[0]


def _stderr_text(stderr: bytes, out: bytes) -> str:
    """The end of its stderr, without the words of its stdout: they may be the key."""
    text = KEY.sub("***", " ".join(stderr.decode("utf-8", "replace").split()))
    text = redact(text, (part for part in out.decode("utf-8", "replace").split() if len(part) >= SHORTEST_PART))
    return text if len(text) <= LONGEST_STDERR else f"…{text[-LONGEST_STDERR:]}"
