"""The shell of the gate, the workflows, the action and the templates, and why the rest of the workflows is not run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "reconciler"
WORKFLOWS = sorted(ROOT.joinpath(".github", "workflows").iterdir())
NOT_RUN = {
    "actions/checkout": "the tests make a clone themselves",
    "actions/setup-python": "it installs a Python; the tests run by the one that is there",
    "actions/upload-artifact": "it calls the servers of GitHub",
    "actions/download-artifact": "it calls the servers of GitHub",
    "actions/attest-build-provenance": "GitHub signs, by the identity of a run",
    "pypa/gh-action-pypi-publish": "the index takes it, by the identity of a run",
    "./.github/workflows/test.yml": "its own steps are run",
}
"""What the workflows use → why it is not run here. Their inputs are checked by actionlint and the schemas."""


def steps(document: Any) -> Iterator[tuple[str, str]]:
    """Place → text of each `run` of GitHub and `script` of GitLab, at any depth."""
    queue = [("", document)]
    while queue:
        place, each = queue.pop()
        for key, value in each.items() if isinstance(each, dict) else enumerate(each) if isinstance(each, list) else ():
            if key == "run" and isinstance(value, str):
                yield place, value
            elif key in ("script", "before_script", "after_script") and isinstance(value, list):
                yield f"{place}.{key}", "\n".join(line for line in value if isinstance(line, str))
            else:
                queue.append((f"{place}.{key}", value))


def shell() -> Iterator[tuple[str, str]]:
    """Name → text of every script and step."""
    for path in (*ROOT.joinpath(".ci").iterdir(), *ACTION.iterdir()):
        if path.is_file() and os.access(path, os.X_OK):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in (*WORKFLOWS, ACTION / "action.yml", *sorted(ROOT.joinpath("examples", "ci").rglob("*.yml"))):
        for document in yaml.load_all(
            re.sub(r"!reference", "", path.read_text(encoding="utf-8")), Loader=yaml.CSafeLoader
        ):
            for place, text in steps(document):
                yield f"{path.relative_to(ROOT)}{place}", f"#!/usr/bin/env bash\nset -eo pipefail\n{text}\n"


SHELL = dict(shell())
IN_PARTS = "--exclude=SC2034,SC2154"
"""Variables that are set in one part and used in another: GitLab runs `before_script` and `script` in one shell."""


def test_there_is_shell() -> None:
    """All scripts of the gate, and steps of each workflow, of the action and of both hosts."""
    files = {name.partition(".yml")[0] for name in SHELL}
    scripts = {".ci/build", ".ci/check-workflows", ".ci/newest", ".ci/release", ".ci/run"}
    assert scripts | {".github/actions/reconciler/install"} <= files
    assert {f".github/workflows/{name}" for name in ("nightly", "release", "test")} <= files
    assert {"examples/ci/github/plan", "examples/ci/gitlab/templates/reconciler"} <= files


@pytest.mark.process
def test_bash_reads_all_of_it() -> None:
    """Every script and step, without running it."""
    wrong = {
        name: done.stderr
        for name, text in SHELL.items()
        if (done := subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)).returncode  # noqa: S607
    }
    assert wrong == {}


@pytest.mark.process
def test_shellcheck_warns_of_nothing(tmp_path: Path) -> None:
    """On the runners of GitHub it is there."""
    program = shutil.which("shellcheck")
    if program is None:
        pytest.skip("there is no shellcheck")
    for number, text in enumerate(SHELL.values()):
        (tmp_path / str(number)).write_text(text, encoding="utf-8", newline="\n")
    command = [program, "--norc", "--shell=bash", "--severity=warning", IN_PARTS, *sorted(tmp_path.iterdir())]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_is_not_run_has_its_reason() -> None:
    """Every step is a script, which other tests run, or an action of the table."""
    read = [yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) for path in WORKFLOWS]
    every = [step for each in read for job in each["jobs"].values() for step in job.get("steps", [job])]
    used = {each["uses"].partition("@")[0] for each in every if "run" not in each}
    assert used == set(NOT_RUN)
