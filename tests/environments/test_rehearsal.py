"""Two grown projects become one configuration, and a change goes through the sandbox to production."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from forges.conftest import AnyForge, Comment, comment, github, gitlab, host, pushed
from imports.projects import Projects, grown, two_projects
from scope.conftest import git
from size import first
from world import Run, integration, report

from reconciler.cli.main import run as command_line

__all__ = ["comment", "github", "gitlab", "host"]

pytestmark = pytest.mark.git
APPS = ("chess", "go", "checkers", "shogi")
NEW = """\
reports:
  news:
    report_name: News
    send_at: "12:00"
    included_range_days: 1
    status: active
    environment: production
    destinations: [{integration: reports}]
"""
PERSON = ("-c", "user.name=x", "-c", "user.email=x@x")


@pytest.fixture
def projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], uses_network: None
) -> Iterator[Projects]:
    """Two projects, with 28 objects each that people made, and some of them for each app."""
    with two_projects(tmp_path, monkeypatch, capsys) as found:
        grown(found, seed=29, count=20)
        for world in (found.sandbox, found.production):
            hook = world.insert("integrations", **integration("Reports"))
            for app in APPS:
                world.insert("scheduled-reports", **report(f"Revenue {app}", hook))
        yield found


def run(projects: Projects, command: str, *arguments: str) -> Run:
    """A command for all environments."""
    return projects.run(command, "*", *arguments)


def fold(projects: Projects, capsys: pytest.CaptureFixture[str]) -> Run:
    """Folds the whole configuration."""
    capsys.readouterr()
    code = command_line(["fold", str(projects.folder), "--write"])
    return Run(code, *capsys.readouterr())


def require_nothing_left(projects: Projects) -> None:
    """The plans of both are empty."""
    left = run(projects, "plan", "--detailed-exitcode")
    assert left.code == 0, left.out + left.err


def commit(projects: Projects, branch: str, message: str) -> str:
    """Commits all that is written to a branch; gives the commit."""
    git(projects.folder, "switch", "--quiet", "--force-create", branch)
    git(projects.folder, "add", "--all", ".")
    git(projects.folder, *PERSON, "commit", "--quiet", "--message", message)
    return git(projects.folder, "rev-parse", "HEAD").strip()


def through_a_pull_request(projects: Projects, host: AnyForge, comment: Comment, path: Path, number: int) -> None:
    """One plan and one comment for all environments; the merge approves it, and the apply does that."""
    plan, approved = path / f"{number}.md", path / f"{number}.json"
    assert run(projects, "plan", "--base", "main", "--report", f"markdown={plan}").code == 0
    assert comment(host, plan).code == 0
    merged = git(projects.folder, "rev-parse", "HEAD").strip()
    host.merge(7, merged)
    read = comment(host, "--read", approved, "--all", "--configuration", projects.folder, **pushed(merged))
    assert read.code == 0, read.err
    done = run(projects, "apply", "--auto-approve", "--base", "main", "--expect-digest", f"@{approved}")
    assert done.code == 0, done.out + done.err
    git(projects.folder, "branch", "--force", "main", merged)
    assert len(host.ours()) == 1
    require_nothing_left(projects)


@pytest.mark.parametrize("host", first(["github", "gitlab"]), indirect=True)
def test_from_two_projects_to_one_configuration(
    projects: Projects, host: AnyForge, comment: Comment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exported, merged, folded, and changed in the sandbox first: no object is made twice, and no plan is left."""
    assert projects.run("export", "sandbox").code == 0
    merged = projects.run("import", "production", "--all")
    assert merged.code == 0, merged.err
    projects.settle("sandbox", "production")
    folded = fold(projects, capsys)
    assert folded.code == 0, folded.err
    assert "for_each" in projects.texts()["reports.yaml"]
    require_nothing_left(projects)
    git(projects.folder, "init", "--quiet", "--initial-branch", "main")
    (projects.folder / ".gitignore").write_text(".reconciler/\n", encoding="utf-8")
    commit(projects, "main", "Begin")
    for world in (projects.sandbox, projects.production):
        world.requests()
    news = projects.folder / "news.yaml"
    only = NEW.replace("report_name", "only_in: [sandbox]\n    report_name")
    for number, text in ((1, only), (2, NEW)):
        news.write_text(text, encoding="utf-8")
        commit(projects, f"step-{number}", f"Step {number}")
        through_a_pull_request(projects, host, comment, tmp_path, number)
        made = [world.writes() for world in (projects.sandbox, projects.production)]
        assert [[each[0] for each in writes] for writes in made] == ([["POST"], []] if number == 1 else [[], ["POST"]])
