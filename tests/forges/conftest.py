"""What the tests of `comment` share: a fake host each, and files as `--report markdown=FILE` writes them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from world import Run

from reconciler.cli.main import run
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.reports import Review
from reconciler.output.markdown.plan import render_plan

from .github import GitHub
from .gitlab import GitLab
from .server import serving

AnyForge: TypeAlias = GitHub | GitLab
Comment: TypeAlias = Callable[..., Run]


@pytest.fixture
def github(uses_network: None) -> Iterator[GitHub]:
    """A repository on GitHub."""
    host = GitHub()
    with serving(host):
        yield host


@pytest.fixture
def gitlab(uses_network: None) -> Iterator[GitLab]:
    """A project on GitLab."""
    host = GitLab()
    with serving(host):
        yield host


@pytest.fixture(params=["github", "gitlab"])
def host(request: pytest.FixtureRequest, uses_network: None) -> AnyForge:
    """Both, one after the other."""
    found: AnyForge = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def comment(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Comment:
    """`reconciler comment` in the environment of a runner."""

    def commented(host: AnyForge, *arguments: str | Path, **variables: str) -> Run:
        with monkeypatch.context() as patched:
            for name in os.environ:
                if name.startswith(("GITHUB_", "GITLAB_", "CI_", "QONVERSION_")):
                    patched.delenv(name)
            for name, value in host.environment(**variables).items():
                patched.setenv(name, value)
            capsys.readouterr()
            code = run(["comment", *map(str, arguments)])
        captured = capsys.readouterr()
        return Run(code, captured.out, captured.err)

    return commented


def pushed(commit: str) -> dict[str, str]:
    """What a runner's variables say after a push to the main branch."""
    return {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": commit, "CI_MERGE_REQUEST_IID": "", "CI_COMMIT_SHA": commit}


def planned(
    path: Path, *names: str, environment: str = "production", commit: str = "a" * 40, configuration: str = ""
) -> Path:
    """A file with the plan that creates these reports, as `plan --report markdown=FILE` writes it."""
    changes = tuple(Change(f"report.{name}", "report", Action.CREATE, None, name) for name in names)
    plan = Plan(environment, changes, configuration=configuration, digest=f"sha256:{'-'.join(names)}")
    path.write_text(f"{render_plan(Review(plan, commit=commit))}\n", encoding="utf-8")
    return path
