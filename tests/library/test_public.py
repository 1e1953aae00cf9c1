"""The public names: which there are, with their signatures, how cheap they are, and what the README shows of them."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from offenders import for_all
from world import World

import reconciler
from reconciler import errors

ROOT = Path(__file__).parents[2]
SIGNATURES = {
    "Project.open": "(path: 'str | os.PathLike[str]' = '.', environment: 'str | None' = None, *, "
    "env: 'Mapping[str, str] | None' = None, api_url: 'str | None' = None, kinds: 'Kinds' = BUILT_IN, "
    "parallelism: 'int' = 10) -> 'Self'",
    "Project.validate": "(self) -> 'tuple[Problem, ...]'",
    "Project.plan": "(self, *, targets: 'Iterable[str]' = (), prune: 'bool' = False, max_deletes: 'int | None' = None, "
    "allow: 'Iterable[str]' = (), undo: 'str | None' = None) -> 'Plan'",
    "Project.apply": "(self, plan: 'Plan', *, on_event: 'Callable[[Event], None]' = <function>) -> 'ApplyReport'",
    "Project.drift": "(self) -> 'Drift'",
}
FIELDS = {
    "Plan": "environment digest changes unmanaged warnings refusals",
    "FieldChange": "path before after cause rule rule_before",
    "Refusal": "guard message passes problems",
    "Unmanaged": "kind id name",
    "Event": "change status text",
    "Drift": "environment compared objects configuration api labels ignored health also_changed",
    "Drifted": "address id name gone changed_at fields next",
    "DriftedField": "path keys applied live next",
}
"""The attributes of values. The others have those that the contract names, and more that may change."""
ENUMS = {
    "Action": "replace delete create update manual adopt forget",
    "Cause": "config drift both unknown clock",
    "Status": "done failed skipped manual",
    "Verification": "verified,not yet visible,different",
}
OTHERS = {"ApplyReport", "Change", "Exit", "Outcome", "Problem", "Project"}
SEVERAL = {"EnvironmentsFailed", "NotBegun"}
"""Errors of commands for several environments, which a project never raises."""


def tree_of_errors() -> set[str]:
    """The names of all errors that a user can meet."""
    found = {name: each for name, each in vars(errors).items() if isinstance(each, type)}
    return {name for name, each in found.items() if issubclass(each, errors.ReconcilerError)}


def test_the_list_of_public_names() -> None:
    """A new name is written here too, as a promise; one that goes breaks somebody's program."""
    known = {*FIELDS, *ENUMS, *OTHERS, *(tree_of_errors() - SEVERAL)}
    assert set(reconciler.__all__) == known
    assert list(reconciler.__all__) == sorted(reconciler.__all__)
    assert all(getattr(reconciler, name).__name__ == name for name in known)
    with pytest.raises(AttributeError, match="has no attribute 'Projekt'"):
        _ = reconciler.Projekt  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_signatures(name: str) -> None:
    """Arguments with names, types and defaults."""
    shown = str(inspect.signature(getattr(reconciler.Project, name.partition(".")[2])))
    shown = re.sub(r"<function .*? at \w+>", "<function>", re.sub(r"<\S*Kinds object at \w+>", "BUILT_IN", shown))
    assert shown == SIGNATURES[name]


@for_all("name", FIELDS)
def test_the_attributes_of_values(name: str) -> None:
    """In their order; what begins with _ is not public."""
    annotations = inspect.get_annotations(getattr(reconciler, name))
    assert " ".join(each for each in annotations if not each.startswith("_")) == FIELDS[name]


@pytest.mark.parametrize("name", ENUMS)
def test_the_words_of_enums(name: str) -> None:
    """They are texts, so that a program may compare and print them."""
    separator = "," if "," in ENUMS[name] else " "
    assert separator.join(getattr(reconciler, name)) == ENUMS[name]


@pytest.mark.process
def test_an_import_costs_nothing() -> None:
    """No other module of the package is loaded before a name is used, and `reconciler.testing` by nothing."""
    loaded = "print(*sorted(each for each in sys.modules if each.split('.')[0] in {'reconciler', 'pytest'}))"
    program = f"import sys, reconciler; {loaded}; reconciler.Project; {loaded}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    first, second = done.stdout.splitlines()
    assert first == "reconciler"
    assert not {"reconciler.testing", "pytest"} & {*second.split()}


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_a_program_that_prints_the_key_is_not_given_the_terminal(tmp_path: Path) -> None:
    """The command line lets it ask a person; a library writes nothing to the streams of its caller."""
    command = "[sh, -c, 'echo asking >&2; echo sk_of_a_command']"
    (tmp_path / "reconciler.yaml").write_text(f"environments: {{one: {{secret_command: {command}}}}}")
    (tmp_path / "main.yaml").write_text("automations: {}")
    program = "from reconciler import Project; Project.open('.', api_url='simulator:data.sqlite').plan()"
    terminal, stdin = os.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-c", program]
    try:
        done = subprocess.run(
            arguments, cwd=tmp_path, env=environment, stdin=stdin, capture_output=True, text=True, check=False
        )
    finally:
        os.close(terminal)
        os.close(stdin)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def readme_program() -> str:
    """What the README shows."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("<!-- python -->\n```python\n")[2]
    return text.partition("```\n")[0]


@pytest.mark.exhaustive
@pytest.mark.process
def test_the_program_of_the_readme_has_the_right_types(tmp_path: Path) -> None:
    """As somebody's own mypy sees it, in its strict mode. The lowest versions are tested without it."""
    pytest.importorskip("mypy")
    (tmp_path / "deploy.py").write_text(readme_program(), encoding="utf-8")
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nstrict = true\nmypy_path = {ROOT}\n", encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), "deploy.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("Success"), done.stdout + done.stderr


@pytest.mark.process
def test_the_program_of_the_readme_works(world: World) -> None:
    """It shows a plan, applies it once its digest is given, and tells an error as the command does."""
    assert len(readme_program().splitlines()) <= 30
    folder = world.folder.parent / "my-project"
    (world.folder / "reconciler.yaml").write_text("environments: {production: {secret_env: QONVERSION_SECRET}}")
    world.write((ROOT / "examples" / "quickstart" / "quickstart.yaml").read_text(encoding="utf-8"))
    world.folder.rename(folder)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", readme_program(), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(command, cwd=folder.parent, env=environment, capture_output=True, text=True, check=False)

    shown = run()
    assert (shown.returncode, shown.stderr) == (0, "")
    digest = shown.stdout.splitlines()[-1]
    assert "create report.daily-revenue ['report_name'" in shown.stdout
    assert world.live("integrations") == []
    applied = run(digest)
    assert (applied.returncode, applied.stderr) == (0, "")
    assert len(world.live("integrations")) == 1
    assert run().stdout.count("\n") == 1
    (folder / "main.yaml").write_text("reports: {a: {}}")
    failed = run()
    assert failed.returncode == 1
    assert 'report.a: "report_name" is missing' in failed.stderr
