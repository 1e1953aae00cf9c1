"""What the shell completes: names of the configuration and of the state, quickly and without a key."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.cli.main import run

TEAM = Path(__file__).parents[2] / "examples" / "team"
REPORTS = {"report.revenue-of-the-day", "report.revenue-of-the-week"}
HEAVY = ("httpx", "jsonschema", "deepdiff", "rich", "waitress", "sqlite3", "jinja2", "filelock")
Complete = Callable[..., set[str]]


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Complete:
    """Gives what bash is offered for the last of some words."""

    def offered(*words: str) -> set[str]:
        monkeypatch.setenv("_RECONCILER_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", " ".join(["reconciler", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        capsys.readouterr()
        assert run([]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return {line.partition(",")[2] for line in out.splitlines()}

    return offered


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("plan -e ", {"sandbox", "production"}),
        ("state list --environment pr", {"production"}),
        ("compare ", {"sandbox", "production"}),
        ("compare sandbox pr", {"production"}),
        ("compare sandbox production --target report.", REPORTS),
        ("plan --target report.", REPORTS),
        ("apply --target automation.w", {"automation.win-back"}),
        ("explain integration.a", {"integration.attribution"}),
        ("send-test ", REPORTS),
        ("state show automation.w", {"automation.win-back"}),
        ("state mv automation.w", {"automation.win-back"}),
        ("import rep", {"report."}),
        ("plan --format ", {"text", "json", "html", "markdown", "sarif", "github"}),
        ("graph --format s", {"svg"}),
        ("validate --format j", {"json"}),
        ("plan --report h", {"html="}),
        ("plan --undo ", {"latest"}),
        ("plan --allow wrong-p", {"wrong-project"}),
    ],
)
def test_names_of_the_configuration(
    complete: Complete, monkeypatch: pytest.MonkeyPatch, words: str, expected: set[str]
) -> None:
    """Without a key, and without a state."""
    monkeypatch.delenv("QONVERSION_SECRET", raising=False)
    monkeypatch.chdir(TEAM)
    assert complete(*words.split(" ")) == expected


def test_a_folder_that_is_named(complete: Complete, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PATH stands before the option."""
    monkeypatch.chdir(tmp_path)
    assert complete("plan", str(TEAM), "-e", "") == {"sandbox", "production"}
    assert complete("plan", str(TEAM), "--target", "integration.r") == {"integration.release-alerts"}
    assert complete("plan", "-e", "") == {"default"}


def test_names_that_only_the_state_has(complete: Complete, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not written any more may still be shown or forgotten; receipts are the latest first."""
    monkeypatch.chdir(tmp_path)
    state = tmp_path / ".reconciler"
    (state / "receipts" / "default").mkdir(parents=True)
    (state / "default.json").write_text(json.dumps({"resources": {"report.old": {"id": "x"}}}))
    (state / "broken.json").write_text("{")
    (state / "receipts" / "default" / "000001-20261127T100000Z.json").write_text("{}")
    assert complete("state", "rm", "report.") == {"report.old"}
    assert complete("plan", "--undo", "0") == {"000001-20261127T100000Z"}


@pytest.mark.parametrize(
    "text", ["reports: [", "- a\n- b\n", "environments: 3\n", "\x00", "reports: {a: 1}\nreports: 2\n"]
)
def test_what_is_being_written_is_no_error(
    complete: Complete, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Half a line is what there is while somebody types; the shell shows no message."""
    monkeypatch.chdir(tmp_path)
    for name in ("main.yaml", "reconciler.yaml"):
        (tmp_path / name).write_text(text)
    complete("plan", "-e", "")
    complete("explain", "")


@pytest.mark.process
@pytest.mark.parametrize("words", ["plan -e ", "plan --target ", "plan --undo ", "import "])
def test_it_loads_little(words: str) -> None:
    """The shell asks at every press of a key: neither HTTP nor schemas are loaded for it."""
    loaded = f"[name for name in {HEAVY} if name in sys.modules]"
    code = f"import sys\nfrom reconciler.cli.main import run\nrun()\nsys.exit(str({loaded}))"
    variables = {
        "_RECONCILER_COMPLETE": "bash_complete",
        "COMP_WORDS": f"reconciler {words}",
        "COMP_CWORD": str(len(words.split(" "))),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=TEAM, capture_output=True, text=True, check=False, env=os.environ | variables
    )
    assert done.stdout
    assert done.stderr == "[]\n"


@pytest.mark.process
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is printed for the line in the README."""
    monkeypatch.setenv("_RECONCILER_COMPLETE", f"{shell}_source")
    assert run([]) == 0
    assert f"_RECONCILER_COMPLETE={shell}_complete" in capsys.readouterr().out


@pytest.mark.process
@pytest.mark.parametrize(
    ("shell", "script"),
    [
        (
            "bash",
            """
            eval "$(_RECONCILER_COMPLETE=bash_source reconciler)"
            COMP_WORDS=(reconciler plan -e pro)
            COMP_CWORD=3
            _reconciler_completion reconciler pro -e
            echo "${COMPREPLY[@]}"
            """,
        ),
        (
            "zsh",
            """
            compdef() { : }
            compadd() { print -r -- "${(P)@[-1]}" }
            eval "$(_RECONCILER_COMPLETE=zsh_source reconciler)"
            words=(reconciler plan -e pro)
            CURRENT=4
            _reconciler_completion
            """,
        ),
        ("fish", "_RECONCILER_COMPLETE=fish_source reconciler | source; complete -C 'reconciler plan -e pro'"),
    ],
)
def test_the_shell_takes_it(shell: str, script: str, tmp_path: Path) -> None:
    """The README's line, then what the shell does on the tabulator key."""
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    program = tmp_path / "reconciler"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n')
    program.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    variables = {"PATH": path, "PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(tmp_path)}
    done = subprocess.run(
        [shutil.which(shell) or "", "-c", script],
        cwd=TEAM,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | variables,
    )
    assert (done.stdout, done.stderr) == ("production\n", "")
