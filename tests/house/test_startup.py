"""What every command pays for is what all of them need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

HEAVY = ("httpx", "jsonschema", "deepdiff", "rich", "yaml", "waitress", "sqlite3", "jinja2")
KEY = {"QONVERSION_SECRET": "sk_x"}
PROBE = f"""
import sys
from reconciler.cli.main import run
code = run(sys.argv[1:])
loaded = [name for name in {HEAVY} if name in sys.modules]
sys.exit(f"loaded: {{loaded}}" if loaded else code)
"""


def ended(*arguments: str, heavy: tuple[str, ...] = HEAVY, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, which fails where it has loaded one of `heavy`."""
    probe = PROBE.replace(str(HEAVY), str(heavy))
    return subprocess.run(
        [sys.executable, "-c", probe, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | variables,
    )


def test_nothing_measures_a_process_that_a_test_starts() -> None:
    """Under coverage one that gets Ctrl-C can stand still for ever (see `tool.coverage.run`)."""
    done = subprocess.run([sys.executable, "-c", "import sys; sys.exit('coverage' in sys.modules)"], check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("plan", "--help"), ("apply", "--help")])
def test_help_and_version_load_no_library_that_they_do_not_need(arguments: tuple[str, ...]) -> None:
    """They answer at once: neither HTTP nor YAML nor schemas are imported for them."""
    done = ended(*arguments)
    assert done.returncode == 0, done.stderr
    assert "reconciler" in done.stdout


@pytest.mark.parametrize("arguments", [("plna",), ("plan", "--tagret", "x"), ("apply", "--parallelism", "many")])
def test_a_usage_error_loads_none_either(arguments: tuple[str, ...]) -> None:
    """Exit 64, and nothing was loaded to say so."""
    done = ended(*arguments)
    assert done.returncode == 64, done.stderr
    assert "loaded" not in done.stderr


def test_completion_loads_none_either() -> None:
    """The shell asks at every press of a key."""
    done = ended(_RECONCILER_COMPLETE="bash_complete", COMP_WORDS="reconciler pl", COMP_CWORD="1")
    assert "plan" in done.stdout
    assert "loaded" not in done.stderr


def test_a_plan_loads_what_it_needs(tmp_path: Path) -> None:
    """Without changes, no library that compares or validates, that draws, locks, serves or fills templates; and none of
    our own rooms that a plan without changes has nothing to do in."""
    (tmp_path / "main.yaml").write_text("automations: {a: {name: A, status: active, data: {actions: {push: p}}}}")
    address = f"simulator:{tmp_path / 'project.db'}"
    settled = ended("apply", str(tmp_path), "--auto-approve", "--api-url", address, heavy=(), **KEY)
    assert settled.returncode == 0, settled.stderr
    unneeded = ("jsonschema", "deepdiff", "rich", "waitress", "filelock", "jinja2", "obstore")
    rooms = ("apply", "plan.approval", "git.command", "state.receipts", "output.graph", "yaml.edit")
    unneeded += tuple(f"reconciler.{room}" for room in rooms)
    done = ended("plan", str(tmp_path), "--api-url", address, heavy=unneeded, **KEY)
    assert done.returncode == 0, done.stderr
    assert "no changes" in done.stdout
