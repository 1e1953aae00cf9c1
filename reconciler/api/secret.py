"""The key, wrapped so that no message, log or crash text can show it by accident."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.errors import NotAuthorised
from reconciler.model.settings import Environment

# What may follow `Bearer ` (RFC 6750, 2.1). Nothing in it is written in another way in JSON, in Python or in a shell.
FORM = re.compile(r"[A-Za-z0-9._~+/-]+=*")


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret key, and in words where it came from: the name of a variable, or of a command."""

    value: str = field(repr=False)
    source: str

    @property
    def sandbox(self) -> bool:
        """Whether the key opens the sandbox project (`test_sk_…`) and not the production one (`sk_…`)."""
        return self.value.startswith("test_sk_")

    def struck_from(self, content: bytes, *, is_success: bool) -> bytes:
        """The body of an answer without the key, where it is told as an error: a server that quotes the key would
        otherwise put it into reports and receipts. What is data stays as it is."""
        key = self.value.encode()
        return content if key not in content or (is_success and _is_json(content)) else content.replace(key, b"***")


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True


def secret_of(environment: Environment, variables: Mapping[str, str], folder: Path) -> Secret:
    """The key of an environment: from its variable where that is set, else what its `secret_command` prints.

    `folder` is that of reconciler.yaml. NotAuthorised where there is no key, or what there is cannot be one.
    """
    source, command = environment.secret_env, environment.secret_command
    value = variables.get(source, "").strip() if source else ""
    if command and not value:
        instead = f"set {source}, which wins" if source else "name a variable under secret_env: where set, it wins"
        from reconciler.api.secret_command import key_from  # noqa: PLC0415 - most keys are in a variable

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
