"""The secret key, wrapped so that no message, log or traceback shows it by accident."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

from reconciler.errors import KeyExposed, NotAuthorised
from reconciler.lazy import load
from reconciler.model.redaction import Spellings
from reconciler.model.settings import Environment

MOST_PLACES = 10

# What may follow `Bearer ` (RFC 6750, 2.1). Nothing in it is written in another way in JSON, in Python or in a shell.
FORM = re.compile(r"[A-Za-z0-9._~+/-]+=*")


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
            found = list(islice(self.spellings.places_in(document), MOST_PLACES))
        except RecursionError:
            found = []
        objects = [f"{path.strip('/')} {owner}".strip() + (f": its {field}" if field else "") for owner, field in found]
        raise KeyExposed(
            "\n".join(f"{each} holds the secret key from {self.source}" for each in objects or [path]),
            hint="whoever sees this project may know the key by now: make a new one, revoke this one, and take it out "
            "of the object in the dashboard",
        )


def read_secret(environment: Environment, variables: Mapping[str, str], folder: Path) -> Secret:
    """The key of an environment: from its variable if that is set, else the output of its `secret_command`.

    `folder`: that of reconciler.yaml. NotAuthorised if there is no key, or it cannot be one.
    """
    source, command = environment.secret_env, environment.secret_command
    value = variables.get(source, "").strip() if source else ""
    if command and not value:
        instead = f"set {source}, which wins" if source else "name a variable under secret_env: where set, it wins"
        key_from = load("reconciler.api.secret_command:key_from")
        value = key_from(command, folder, f"see by hand that it prints the key and nothing else; or {instead}")
        source = f"secret_command ({command[0]})"
    if not value:
        raise NotAuthorised(
            f"no key: {source} is not set", hint=f"set {source} to the project's Secret Key (sk_… or test_sk_…)"
        )
    if not FORM.fullmatch(value):
        raise NotAuthorised(
            f"{source} holds characters that a key cannot have", hint="it is the Secret Key alone: sk_… or test_sk_…"
        )
    return Secret(value, source or "")
