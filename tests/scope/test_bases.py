"""Which commit is compared with, and how its files are read: from git's objects, whatever they are."""

from __future__ import annotations

import copy
import os
import subprocess
from pathlib import Path

import pytest
from size import ends
from world import World

from .conftest import TEAM, Branch, git

PENDING = TEAM.replace("push: p1", "push: p2")
FLOW_IS_PENDING = {"automation.flow": "pending"}


def merged(branch: Branch, text: str | None = PENDING) -> None:
    """Something is merged to main, and the branch begins there."""
    if text is not None:
        branch.world.write(text)
    git(branch.folder, "checkout", "--quiet", "main")
    branch.commit()
    git(branch.folder, "checkout", "--quiet", "-B", "feature")


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("nowhere", "there is no such commit"),
        ("", "names no commit"),
        ("--output=/tmp/x", "names no commit"),
        ("-h", "names no commit"),
        ("main\nHEAD", "names no commit"),
        ("^main", "there is no such commit"),
        ("main..feature", "there is no such commit"),
        ("HEAD:main.yaml", "there is no such commit"),
        ("--end-of-options", "names no commit"),
        ("$(touch x)", "there is no such commit"),
    ],
)
def test_what_is_no_commit(branch: Branch, ref: str, said: str) -> None:
    """Exit 64, and nothing is written; nothing that begins like an option reaches git."""
    branch.world.requests()
    for run in (branch.planned(base=ref), branch.world.apply(f"--base={ref}")):
        assert run.code == 64, run.err
        assert said in run.err
    assert branch.world.writes() == []


def test_a_branch_that_only_the_remote_has(branch: Branch, tmp_path: Path) -> None:
    """A checkout in CI has origin/main and no main."""
    git(tmp_path, "clone", "--quiet", "--branch", "feature", branch.folder.as_uri(), "clone")
    run = branch.world.run("plan", "--base", "main")
    assert run.code == 0
    refused = _at(branch.world, tmp_path / "clone").plan("--base", "main")
    assert refused.code == 64
    assert "did you mean origin/main?" in refused.err


def _at(world: World, folder: Path) -> World:
    """The same project, its configuration elsewhere, its state with it."""
    if not (folder / ".reconciler").exists():
        (folder / ".reconciler").mkdir(parents=True)
        (folder / ".reconciler" / "default.json").write_bytes(world.state.read_bytes())
    return named(world, folder)


def named(world: World, path: Path) -> World:
    """The same project, called with another path."""
    other = copy.copy(world)
    other.folder = path
    return other


def shallow(branch: Branch, tmp_path: Path, *options: str) -> World:
    """A clone as a pipeline makes it."""
    git(tmp_path, "clone", "--quiet", "--no-single-branch", *options, branch.folder.as_uri(), "shallow")
    return _at(branch.world, tmp_path / "shallow")


def test_a_shallow_clone_says_how_to_get_the_rest(branch: Branch, tmp_path: Path) -> None:
    """Exit 64, with the words for GitHub, GitLab and a terminal; what the hint says helps."""
    merged(branch)
    branch.world.write(PENDING.replace("name: Flow", "name: Other"))
    branch.commit()
    clone = shallow(branch, tmp_path, "--depth=1")
    for ref in ("origin/main", "HEAD^"):
        refused = clone.plan("--base", ref)
        assert refused.code == 64
        assert "fetch-depth: 0" in refused.err
        assert "git fetch --unshallow" in refused.err
    git(clone.folder, "fetch", "--quiet", "--unshallow")
    assert clone.plan("--base", "origin/main").change("automation.flow")["scope"] == "pull request"


def test_a_shallow_clone_that_holds_enough(branch: Branch, tmp_path: Path) -> None:
    """Two commits are enough for HEAD^, and for a base that is an ancestor of HEAD."""
    merged(branch)
    branch.world.write(PENDING.replace('"10:00"', '"11:00"'))
    branch.commit()
    clone = shallow(branch, tmp_path, "--depth=2")
    for ref in ("origin/main", "HEAD^"):
        planned = clone.plan("--base", ref)
        assert planned.code == 2, planned.err
        assert planned.change("automation.flow")["scope"] == "pending"


def test_a_merge_commit_with_its_parents(branch: Branch, tmp_path: Path) -> None:
    """What GitHub checks out for a pull request, two commits deep: the first parent is the base."""
    merged(branch)
    for number in range(3):
        branch.world.write(PENDING.replace('"10:00"', f'"1{number + 1}:00"'))
        branch.commit()
    git(branch.folder, "checkout", "--quiet", "main")
    git(branch.folder, "merge", "--quiet", "--no-ff", "-m", "merged", "feature")
    clone = shallow(branch, tmp_path, "--depth=2", "--branch=main")
    planned = clone.plan("--base", "HEAD^")
    assert planned.code == 2, planned.err
    assert planned.change("automation.flow")["scope"] == "pending"
    assert planned.change("report.weekly")["scope"] == "pull request"


def test_a_shallow_clone_that_may_hide_the_base(branch: Branch, tmp_path: Path) -> None:
    """An old commit is there that both have, and the last one that both have is behind the cut: nothing is guessed."""
    old = git(branch.folder, "rev-parse", "main")
    git(branch.folder, "checkout", "--quiet", "main")
    base = branch.commit("the base")
    git(branch.folder, "checkout", "--quiet", "-B", "feature")
    for number in range(5):
        branch.commit(f"feature {number}")
    tree, tip = git(branch.folder, "rev-parse", "HEAD^{tree}", "HEAD").split()
    joined = git(branch.folder, "commit-tree", tree, "-p", tip, "-p", old, "-m", "joined")
    git(branch.folder, "reset", "--quiet", "--soft", joined)
    git(branch.folder, "checkout", "--quiet", "main")
    branch.commit("main again")
    git(branch.folder, "checkout", "--quiet", "feature")
    assert git(branch.folder, "merge-base", "HEAD", "main") == base
    clone = shallow(branch, tmp_path, "--depth=3")
    assert git(clone.folder, "merge-base", "HEAD", "origin/main") == old
    refused = clone.plan("--base", "origin/main")
    assert refused.code == 64
    assert "does not hold enough commits" in refused.err
    assert "fetch-depth: 0" in refused.err


def test_lines_of_history_that_never_met(branch: Branch) -> None:
    """Nothing in common is no base."""
    git(branch.folder, "checkout", "--quiet", "--orphan", "elsewhere")
    branch.commit()
    git(branch.folder, "checkout", "--quiet", "feature")
    refused = branch.planned(base="elsewhere")
    assert refused.code == 64
    assert "no commit in common" in refused.err


def test_no_repository(world: World, nobody: None) -> None:
    """Outside of any repository there is nothing to compare with, and that is said."""
    world.settle(TEAM)
    refused = world.plan("--base", "main")
    assert refused.code == 5
    assert "git finds none here" in refused.err


@pytest.mark.git
def test_a_repository_without_commits(world: World, nobody: None) -> None:
    """Nothing was committed yet."""
    world.settle(TEAM)
    git(world.folder, "init", "--quiet")
    refused = world.plan("--base", "HEAD")
    assert refused.code == 64
    assert "nothing is committed" in refused.err


@pytest.mark.parametrize("is_file", [False, True], ids=["folder", "file"])
def test_a_configuration_in_a_subfolder(branch: Branch, is_file: bool) -> None:
    """What is beside it in the repository is no part of it; a single file is compared with itself."""
    folder = branch.folder / "team" / "of mine"
    other = _at(branch.world, folder)
    (branch.folder / "other.yaml").write_text("no: configuration")
    merged(branch)
    other.write(PENDING)
    (branch.folder / "main.yaml").unlink()
    merged(branch, None)
    other.write(PENDING.replace('"10:00"', '"11:00"'))
    planned = (named(other, folder / "main.yaml") if is_file else other).plan("--base", "main")
    scopes = {each["address"]: each["scope"] for each in planned.document["changes"]}
    assert scopes == {"automation.flow": "pending", "report.weekly": "pull request"}


def test_a_base_without_the_folder(branch: Branch) -> None:
    """The configuration came with the branch: all it wants is the branch's."""
    folder = branch.folder / "new"
    other = _at(branch.world, folder)
    other.write(PENDING)
    planned = other.plan("--base", "main")
    assert planned.code == 2, planned.err
    assert {each["scope"] for each in planned.document["changes"]} == {"pull request"}


@pytest.mark.parametrize("target", ["/etc/hostname", "../outside.yaml", "main.yaml", "link.yaml", "x" * 5000])
def test_links_at_the_base(branch: Branch, target: str) -> None:
    """None is followed, wherever it leads: a warning, and nothing of what is there is shown."""
    folder = branch.folder / "team"
    other = _at(branch.world, folder)
    other.write(PENDING)
    (branch.folder / "outside.yaml").write_text(PENDING)
    blob = (
        subprocess.run(
            ["git", "-C", str(branch.folder), "hash-object", "-w", "--stdin"],  # noqa: S607
            input=target.encode(),
            capture_output=True,
            check=True,
        )
        .stdout.decode()
        .strip()
    )
    git(branch.folder, "checkout", "--quiet", "main")
    git(branch.folder, "add", "--force", "team/main.yaml")
    git(branch.folder, "update-index", "--add", "--cacheinfo", f"120000,{blob},team/link.yaml")
    git(branch.folder, "commit", "--quiet", "-m", "link")
    git(branch.folder, "update-index", "--force-remove", "team/link.yaml")
    git(branch.folder, "commit", "--quiet", "-m", "no link")
    planned = other.plan("--base", "HEAD^")
    assert planned.change("automation.flow")["scope"] == "pull request", planned.out
    assert any("link.yaml: is a link, and none is followed" in each for each in planned.document["warnings"])


def test_submodules_at_the_base(branch: Branch) -> None:
    """Their files are in another repository: not read, and that is said where it means something."""
    world = branch.world
    head = git(branch.folder, "rev-parse", "HEAD")
    git(branch.folder, "checkout", "--quiet", "main")
    world.write(PENDING)
    git(branch.folder, "add", "main.yaml")
    for name in ("vendor", "shared", "odd.yaml"):
        git(branch.folder, "update-index", "--add", "--cacheinfo", f"160000,{head},{name}")
    git(branch.folder, "commit", "--quiet", "-m", "modules")
    git(branch.folder, "update-index", "--force-remove", "odd.yaml")
    git(branch.folder, "commit", "--quiet", "-m", "one less")
    assert branch.scopes(base="HEAD") == FLOW_IS_PENDING
    world.write("automations: {theirs: {name: Theirs, status: inactive, data: {actions: {push: p}}}}", "shared/a.yaml")
    planned = branch.planned(base="HEAD")
    assert planned.change("automation.theirs")["scope"] == "pull request"
    assert [each for each in planned.document["warnings"] if "submodule" in each and "shared" in each]
    assert not [each for each in planned.document["warnings"] if "vendor" in each]
    odd = branch.planned(base="HEAD^")
    assert any("odd.yaml: is a folder" in each for each in odd.document["warnings"])


def test_large_files_at_the_base(branch: Branch) -> None:
    """The limits of files on disk hold; what is no YAML may be as large as it likes."""
    merged(branch)
    (branch.folder / "film.bin").write_bytes(os.urandom(1000) * 30_000)
    branch.commit()
    assert branch.scopes(base="HEAD") == FLOW_IS_PENDING
    branch.world.write("# " + "x" * 20_000_000, "large.yaml")
    branch.commit()
    (branch.folder / "large.yaml").unlink()
    planned = branch.planned(base="HEAD")
    assert any("large.yaml: is larger than 20 MB" in each for each in planned.document["warnings"])


@pytest.mark.parametrize(
    "name",
    ends(
        [
            "-rf.yaml",
            "a\nb.yaml",
            "tab\there.yaml",
            "snö \u202e.yaml",
            '"quoted".yaml',
            "a:b:c.yaml",
            "--help/x.yaml",
            "~ $(x) `y` *.yaml",
        ]
    ),
)
def test_names_of_files_mean_nothing(branch: Branch, name: str) -> None:
    """Not to git, not to us, and not to the terminal."""
    (branch.folder / "main.yaml").unlink()
    branch.world.write(PENDING, name)
    merged(branch, None)
    assert branch.scopes() == FLOW_IS_PENDING
    branch.world.write("reports: 3", name)
    broken = branch.commit()
    branch.world.write(PENDING, name)
    shown = branch.world.run("plan", "--base", broken)
    assert shown.code == 0, shown.err
    assert "is invalid" in shown.out
    assert "\u202e" not in shown.out
    assert "a\nb" not in shown.out


def test_names_that_are_no_text(branch: Branch) -> None:
    """Bytes that are no UTF-8 are kept as the system gives them."""
    (branch.folder / "main.yaml").unlink()
    Path(os.fsdecode(os.fsencode(branch.folder) + b"/\xff\xfe.yaml")).write_text(
        PENDING.replace("\n    ", "\n"), encoding="utf-8"
    )
    merged(branch, None)
    assert branch.scopes() == FLOW_IS_PENDING


def test_a_filter_of_the_repository_is_not_run(branch: Branch, tmp_path: Path) -> None:
    """What is compared is what is committed; no program that the repository names is started for that."""
    merged(branch)
    git(branch.folder, "config", "filter.evil.smudge", f"touch {tmp_path / 'ran'}; cat")
    git(branch.folder, "config", "core.fsmonitor", f"touch {tmp_path / 'ran'}")
    (branch.folder / ".gitattributes").write_text("*.yaml filter=evil\n")
    branch.commit()
    (tmp_path / "ran").unlink()
    assert branch.scopes(base="HEAD") == FLOW_IS_PENDING
    assert not (tmp_path / "ran").exists()


def test_a_hook_that_runs_us_means_this_repository(
    branch: Branch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What git sets for a hook does not lead to another repository's objects."""
    merged(branch)
    git(tmp_path, "init", "--quiet", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    assert branch.scopes(base="HEAD") == FLOW_IS_PENDING
