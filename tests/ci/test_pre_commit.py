"""The hooks of pre-commit: an entry is run as pre-commit runs one, without a key and without a network."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from forges.server import Json

from reconciler.errors import Exit

from .conftest import BEGIN
from .repository import ENVIRONMENT

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
# Whoever opens a connection or looks a name up ends the program.
OFFLINE = """
import socket, sys
def refuse(*_, **__): raise SystemExit("a network was asked for")
socket.socket.connect = socket.getaddrinfo = refuse
from reconciler.__main__ import main
sys.exit(main())
"""


def hooks() -> dict[str, Json]:
    """What is declared, by its id."""
    return {
        each["id"]: each
        for each in yaml.load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    }


def hook(folder: Path, name: str = "reconciler-validate") -> subprocess.CompletedProcess[str]:
    """A hook on a folder. It is given no names of files, so its command judges the whole folder."""
    declared = hooks()[name]
    assert (declared["language"], declared["pass_filenames"]) == ("python", False)
    command, *arguments = shlex.split(declared["entry"])
    assert command in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    return subprocess.run(
        [sys.executable, "-c", OFFLINE, *arguments],
        cwd=folder,
        env={**ENVIRONMENT, "PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_a_sound_configuration_passes(tmp_path: Path) -> None:
    """Exit 0, whatever state store and key the configuration names."""
    (tmp_path / "main.yaml").write_text(BEGIN, encoding="utf-8")
    settings = "state: {store: git}\nenvironments: {production: {secret_env: NOWHERE}}\n"
    (tmp_path / "reconciler.yaml").write_text(settings, encoding="utf-8")
    done = hook(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "production: 3 resources are valid" in done.stderr


def test_a_mistake_stops_the_commit(tmp_path: Path) -> None:
    """With its line."""
    (tmp_path / "main.yaml").write_text(BEGIN.replace('"09:00"', '"09:07"'), encoding="utf-8")
    done = hook(tmp_path)
    assert done.returncode == Exit.INVALID
    assert "main.yaml:7:" in done.stderr


@pytest.mark.parametrize("name", ["reconciler-validate", "reconciler-test"])
@pytest.mark.parametrize(
    ("path", "is_run"),
    [
        ("main.yaml", True),
        ("a/b/reports.yml", True),
        ("reconciler.yaml", True),
        ("apps/growth.test.yaml", True),
        ("UPPER.YAML", True),
        ("README.md", False),
        ("yaml.py", False),
        ("main.yaml.orig", False),
    ],
)
def test_which_files_start_a_hook(name: str, path: str, *, is_run: bool) -> None:
    """Every file that the configuration, its settings or its tests may stand in."""
    assert bool(re.search(hooks()[name]["files"], path)) == is_run


@pytest.mark.parametrize("name", ["reconciler-validate", "reconciler-test"])
def test_what_a_hook_installs(name: str) -> None:
    """Beside the package, the extra that policies need."""
    (added,) = hooks()[name]["additional_dependencies"]
    extra = re.fullmatch(r"\.\[(\w+)\]", added)
    assert extra is not None
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert any(each.startswith("cel-") for each in project["optional-dependencies"][extra[1]])


@pytest.mark.parametrize(("count", "code"), [(1, Exit.DONE), (2, Exit.TEST_FAILED)])
def test_the_tests_stop_a_commit(tmp_path: Path, count: int, code: Exit) -> None:
    """If one of them fails, which is exit 7."""
    (tmp_path / "main.yaml").write_text(BEGIN, encoding="utf-8")
    test = f"{{change: {{automation.flow: null}}, expect: {{summary: {{delete: {count}}}}}}}"
    (tmp_path / "flow.test.yaml").write_text(f"tests: {{the-flow-can-go: {test}}}\n", encoding="utf-8")
    done = hook(tmp_path, "reconciler-test")
    assert done.returncode == code, done.stderr
    assert "the-flow-can-go" in done.stdout
