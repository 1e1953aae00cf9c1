"""The key, wrapped so that no message, log or crash text can show it by accident."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.errors import NotAuthorised


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret key and the name of the variable that it came from."""

    value: str = field(repr=False)
    source: str

    @property
    def sandbox(self) -> bool:
        """Whether the key opens the sandbox project (`test_sk_…`) and not the production one (`sk_…`)."""
        return self.value.startswith("test_sk_")


def secret_from(variables: Mapping[str, str], source: str) -> Secret:
    """The key in the variable `source`; NotAuthorised where there is none or it cannot be one."""
    value = variables.get(source, "").strip()
    if not value:
        raise NotAuthorised(
            f"no key: {source} is not set", hint=f"set {source} to the project's Secret Key (sk_… or test_sk_…)"
        )
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise NotAuthorised(f"{source} holds characters that a key cannot have", hint=f"set {source} anew")
    return Secret(value, source)
