"""What every command pays for is what all of them need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.main import COMMANDS
from reconciler.kinds import BUILT_IN
from reconciler.lazy import load

pytestmark = pytest.mark.process

HEAVY = ("httpx", "jsonschema", "deepdiff", "yaml", "waitress", "sqlite3", "jinja2", "opentelemetry")
KEY = {"QONVERSION_SECRET": "sk_x"}
SPANS = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
HELP_MODULES = 8
PLAN_MODULES = 82 + len(BUILT_IN.by_name)
"""Modules of ours that a plan without changes loads, the simulator's left out. Each kind is one."""
COUNT = """
import sys
from reconciler.cli.main import run
code = run(sys.argv[1:])
ours = [name for name in sys.modules if name.split(".")[0] == "reconciler" and ".simulator" not in name]
print(f"{len(ours)} modules: {sorted(ours)}", file=sys.stderr)
sys.exit(code)
"""
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


def own_modules(*arguments: str, **variables: str) -> int:
    """How many modules of ours a command loads, in a process of its own. It must succeed."""
    done = subprocess.run(
        [sys.executable, "-c", COUNT, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | variables,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stderr.splitlines()[-1].partition(" ")[0])


def test_nothing_measures_a_process_that_a_test_starts() -> None:
    """Under coverage one that gets Ctrl-C can stand still for ever (see `tool.coverage.run`)."""
    done = subprocess.run([sys.executable, "-c", "import sys; sys.exit('coverage' in sys.modules)"], check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("plan", "--help"), ("apply", "--help")])
def test_help_and_version_load_no_library_that_they_do_not_need(arguments: tuple[str, ...]) -> None:
    """They answer at once: neither HTTP nor YAML nor schemas are imported for them, and they send no spans."""
    done = ended(*arguments, **SPANS)
    assert done.returncode == 0, done.stderr
    assert "reconciler" in done.stdout


@pytest.mark.parametrize("arguments", [("plna",), ("plan", "--tagret", "x"), ("apply", "--parallelism", "many")])
def test_a_usage_error_loads_none_either(arguments: tuple[str, ...]) -> None:
    """Exit 64, and nothing was loaded to say so."""
    done = ended(*arguments)
    assert done.returncode == 64, done.stderr
    assert "loaded" not in done.stderr


def test_help_loads_few_modules_of_ours() -> None:
    """The list of commands comes from their table, and no command is imported for it."""
    assert own_modules("--help") <= HELP_MODULES


def test_the_table_of_commands_tells_what_their_help_tells() -> None:
    """Each short help begins as the help of its command does, and fits a line of 80 columns."""
    for name, (reference, short_help) in COMMANDS.items():
        command = load(reference)
        first = " ".join((command.help or "").split())
        assert command.name == name
        assert first.startswith(short_help.split(",")[0].rstrip(".")), name
        assert len(short_help) <= 80 - len("  destinations  "), name


def test_completion_loads_none_either() -> None:
    """The shell asks at every press of a key."""
    done = ended(_RECONCILER_COMPLETE="bash_complete", COMP_WORDS="reconciler pl", COMP_CWORD="1", **SPANS)
    assert "plan" in done.stdout
    assert "loaded" not in done.stderr


def test_a_plan_loads_what_it_needs(tmp_path: Path) -> None:
    """Without changes, no library that compares or validates, that draws, locks, serves or fills templates; and none of
    our own rooms that a plan without changes has nothing to do in."""
    (tmp_path / "main.yaml").write_text("automations: {a: {name: A, status: active, data: {actions: {push: p}}}}")
    (tmp_path / "reconciler.yaml").write_text("environments: {production: {variables: {prefix: '[test] '}}}")
    address = f"simulator:{tmp_path / 'project.db'}"
    settled = ended("apply", str(tmp_path), "--auto-approve", "--api-url", address, heavy=(), **KEY)
    assert settled.returncode == 0, settled.stderr
    assert own_modules("plan", str(tmp_path), "--api-url", address, **KEY) <= PLAN_MODULES
    unneeded = (
        "jsonschema",
        "deepdiff",
        "waitress",
        "filelock",
        "jinja2",
        "obstore",
        "zoneinfo",
        "cel_expr_python",
        "opentelemetry",
        "requests",
    )
    rooms = ("apply", "commands.evidence", "commands.base_plan", "state.recorder", "plan.approval")
    rooms += (
        "policies",
        "commands.policies",
        "config.locations",
        "model.policies",
        "git.command",
        "state.receipts",
        "output.graph",
        "output.events",
        "output.spans",
        "yaml.edit",
        "kinds.local_time",
    )
    unneeded += tuple(f"reconciler.{room}" for room in rooms)
    done = ended("plan", str(tmp_path), "--api-url", address, heavy=unneeded, **KEY)
    assert done.returncode == 0, done.stderr
    assert "no changes" in done.stdout
    policies = tuple(each for each in unneeded if "polic" in each or "cel" in each)
    done = ended("validate", str(tmp_path), heavy=policies)
    assert done.returncode == 0, done.stderr


def test_a_validation_loads_no_http() -> None:
    """It is offline, and a hook of git runs it before each commit."""
    done = ended("validate", "examples/quickstart", heavy=("httpx", "jsonschema", "deepdiff"))
    assert done.returncode == 0, done.stderr
