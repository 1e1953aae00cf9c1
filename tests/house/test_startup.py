"""What every command pays for is what all of them need."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("httpx", "jsonschema", "deepdiff", "rich", "yaml", "waitress", "sqlite3", "jinja2")
PROBE = f"""
import sys
before = set(sys.modules)  # what measures coverage loads some as well
from reconciler.cli.main import run
code = run(sys.argv[1:])
loaded = [name for name in {HEAVY} if name in sys.modules and name not in before]
sys.exit(f"loaded: {{loaded}}" if loaded else code)
"""


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("plan", "--help"), ("apply", "--help")])
def test_help_and_version_load_no_library_that_they_do_not_need(arguments: tuple[str, ...]) -> None:
    """They answer at once: neither HTTP nor YAML nor schemas are imported for them."""
    ended = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "reconciler" in ended.stdout
