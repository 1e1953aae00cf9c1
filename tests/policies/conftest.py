"""Configurations with policies, checked offline and planned."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest
from world import Run, World

HOOK = "{title: Hook, integration: webhooks, target_platform: iOS, status: active}"
Check = Callable[..., Run]


def report(name: str = "Daily", **fields: str) -> str:
    """A report as it is written in one line; a field that is empty is left out."""
    written = {
        "report_name": name,
        "send_at": '"09:00"',
        "included_range_days": "1",
        "status": "active",
        "environment": "production",
        "destinations": "[{integration: hook}]",
        **fields,
    }
    return "{" + ", ".join(f"{key}: {value}" for key, value in written.items() if value) + "}"


def configuration(policies: str, **reports: str) -> str:
    """A configuration with these policies and reports, and the integration `hook`."""
    named = reports or {"daily": report()}
    lines = "\n".join(f"  {key}: {value}" for key, value in named.items())
    written = textwrap.indent(textwrap.dedent(policies).strip("\n"), "  ")
    return f"policies:\n{written}\nintegrations:\n  hook: {HOOK}\nreports:\n{lines}\n"


@pytest.fixture
def check(world: World) -> Check:
    """Writes a configuration and validates it."""

    def checked(policies: str, *arguments: str, **reports: str) -> Run:
        world.write(configuration(policies, **reports))
        return world.run("validate", *arguments)

    return checked
