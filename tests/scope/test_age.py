"""A checkout has an age: what a newer commit wrote is not undone by an older one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from size import ends, first
from world import World

from .conftest import TEAM, Branch, git

LATER = TEAM.replace('"09:00"', '"09:30"')
MORE = TEAM + "      extra: {name: Extra, status: active, data: {actions: {push: p9}}}\n"
LESS = TEAM.partition("    automations:")[0]


@pytest.fixture
def main(world: World, nobody: None, uses_git: None) -> Branch:
    """TEAM is committed to main, and applied at that commit."""
    git(world.folder, "init", "--quiet", "--initial-branch=main")
    made = Branch(world)
    applied(made, TEAM)
    return made


def applied(branch: Branch, text: str, message: str = "change") -> str:
    """Something is committed and applied; gives the commit."""
    branch.world.write(text)
    commit = branch.commit(message)
    done = branch.world.apply("--max-deletes", "9")
    assert done.code == 0, done.err
    branch.world.requests()
    return commit


def refused(branch: Branch, *arguments: str) -> str:
    """An apply that is refused as behind and writes nothing; gives what it said."""
    branch.world.requests()
    before = branch.world.state.read_bytes()
    run = branch.world.apply(*arguments)
    assert run.code == 5, (run.out, run.err)
    assert "--allow behind" in run.err
    assert branch.world.writes() == []
    assert branch.world.state.read_bytes() == before
    return run.err


@pytest.mark.parametrize(
    ("newer", "address", "action"),
    [
        (LATER, "report.daily", "update"),
        (MORE, "automation.extra", "delete"),
        (LESS, "automation.flow", "create"),
        (TEAM.replace("flow:", "stream:") + "    moved: [{from: automation.flow, to: automation.stream}]\n", "", ""),
    ],
    ids=["update", "delete", "create", "move"],
)
def test_an_old_job_that_runs_again(main: Branch, newer: str, address: str, action: str) -> None:
    """It is refused, names the commit that it would undo, and changes nothing; a plan shows and warns."""
    old = git(main.folder, "rev-parse", "HEAD")
    commit = applied(main, newer, "Send it later")
    git(main.folder, "checkout", "--quiet", "--detach", old)
    planned = main.world.plan()
    assert planned.code == 2, planned.err
    behind = {each["address"]: each["behind"] for each in planned.document["changes"] if each["behind"]}
    assert {"commit": commit, "subject": "Send it later"} in behind.values()
    if address:
        assert planned.actions() == {address: action}
        assert address in behind
    assert any("older than the commits" in each for each in planned.document["warnings"])
    assert 'Send it later"' in refused(main)
    assert main.world.apply("--allow", "behind").code == 0
    assert main.world.plan().code == 0


def commit_state(branch: Branch) -> str:
    """Commits the state and its receipts; gives the commit."""
    git(branch.folder, "add", "--force", ".reconciler")
    git(branch.folder, "commit", "--quiet", "--message=state")
    return git(branch.folder, "rev-parse", "HEAD")


def test_a_committed_state_goes_back_with_its_checkout(main: Branch) -> None:
    """The older state knows no newer commit, and its receipts went back too: the state of the default branch does."""
    old = commit_state(main)
    applied(main, LATER, "Send it later")
    commit_state(main)
    git(main.folder, "checkout", "--quiet", "--detach", old)
    planned = main.world.plan()
    assert planned.code == 2, planned.err
    assert any(
        "the state is older than that of the default branch (serial 2)" in each for each in planned.document["warnings"]
    )
    refused(main)
    path = main.folder.parent / "saved.plan"
    assert main.world.run("plan", "--out", str(path)).code == 0
    refused(main, "--plan", str(path))
    assert main.world.apply("--allow", "behind").code == 0
    assert json.loads(main.world.state.read_text(encoding="utf-8"))["serial"] == 3


def test_a_committed_state_that_is_not_older(main: Branch) -> None:
    """It was begun anew, or the default branch holds no state, or something else: nothing is concluded."""
    world, state = main.world, main.world.state
    commit_state(main)
    applied(main, LATER)
    assert world.plan().document["warnings"] == []
    for text in ('{"lineage": "another", "serial": 9}', "[]", "no JSON", '{"lineage": "x"}'):
        kept = state.read_bytes()
        state.write_text(text, encoding="utf-8")
        commit_state(main)
        state.write_bytes(kept)
        world.write(TEAM)
        assert world.plan().document["warnings"] == []


def test_every_form_shows_it(main: Branch) -> None:
    """Text, JSON, Markdown, HTML, SARIF, annotations: each names the newer commit at the change."""
    commit = applied(main, LATER, "Send it <later>")
    git(main.folder, "checkout", "--quiet", "HEAD^")
    for form in ("text", "json", "markdown", "html", "sarif", "github"):
        shown = main.world.run("plan", "--format", form)
        assert shown.code == 0, shown.err
        assert commit[:12] in shown.out, form
        assert "behind" in shown.out, form
        assert "<later>" not in shown.out or form != "html"


def test_a_branch_that_lacks_the_last_commits_of_main(main: Branch) -> None:
    """What main added is no pending delete of a branch; an apply of the branch is refused."""
    git(main.folder, "checkout", "--quiet", "-b", "feature")
    git(main.folder, "checkout", "--quiet", "main")
    applied(main, MORE, "Add extra")
    git(main.folder, "checkout", "--quiet", "feature")
    main.world.write(TEAM.replace('"10:00"', '"11:00"'))
    main.commit()
    assert main.scopes() == {"automation.extra": "behind", "report.weekly": "pull request"}
    assert "automation.extra" in refused(main)
    strict = main.world.apply("--base", "main", "--strict-scope", "--allow", "behind")
    assert (strict.code, "automation.extra: behind" in strict.err) == (5, True)
    done = main.world.apply("--base", "main", "--only-scope")
    assert done.actions() == {"report.weekly": "done"}


@pytest.mark.parametrize(
    ("newer", "address"),
    first([(MORE, "automation.extra"), (LATER, "report.daily"), (LESS, "automation.flow")]),
    ids=["added", "changed", "removed"],
)
def test_what_the_tip_wants_is_not_pending(main: Branch, newer: str, address: str) -> None:
    """Also if nobody knows which commit wrote it: in a state that was written before commits were remembered."""
    git(main.folder, "checkout", "--quiet", "-b", "feature")
    git(main.folder, "checkout", "--quiet", "main")
    tip = applied(main, newer, "Newer")
    state = json.loads(main.world.state.read_text(encoding="utf-8"))
    for entry in (*state["resources"].values(), *state.get("tombstones", {}).values()):
        entry["commit"] = ""
    main.world.state.write_text(json.dumps(state), encoding="utf-8")
    git(main.folder, "checkout", "--quiet", "feature")
    planned = main.planned()
    assert planned.change(address)["scope"] == "behind", planned.out
    assert planned.change(address)["behind"] == {"commit": tip, "subject": "Newer"}
    assert address in refused(main, "--base", "main")


def test_what_is_pending_stays_pending(main: Branch) -> None:
    """A change that main has merged and not applied is pending in a branch that has it, whatever main did since."""
    main.world.write(LATER)
    main.commit()
    git(main.folder, "checkout", "--quiet", "-b", "feature")
    git(main.folder, "checkout", "--quiet", "main")
    main.world.write(LATER.replace("push: p1", "push: p2"))
    main.commit()
    git(main.folder, "checkout", "--quiet", "feature")
    assert main.scopes() == {"report.daily": "pending"}


def squashed(main: Branch) -> None:
    """A branch is applied, and one commit on main holds the same; the branch goes."""
    git(main.folder, "checkout", "--quiet", "-b", "feature")
    applied(main, LATER)
    git(main.folder, "checkout", "--quiet", "main")
    main.world.write(LATER)
    main.commit("squashed")
    git(main.folder, "branch", "--quiet", "-D", "feature")


def rebased(main: Branch) -> None:
    """A branch is applied and then rebased on what main got since."""
    git(main.folder, "checkout", "--quiet", "-b", "feature")
    applied(main, LATER)
    git(main.folder, "checkout", "--quiet", "main")
    main.world.write("x-note: 1\n", "note.yaml")
    main.commit()
    git(main.folder, "checkout", "--quiet", "feature")
    git(main.folder, "rebase", "--quiet", "main")


def reverted(main: Branch) -> None:
    """A newer commit goes back."""
    applied(main, LATER)
    git(main.folder, "revert", "--no-edit", "HEAD")


def picked(main: Branch) -> None:
    """A branch has a commit of main by another id, so there is nothing to do; of main's own it knows nothing."""
    git(main.folder, "checkout", "--quiet", "-b", "feature")
    git(main.folder, "checkout", "--quiet", "main")
    commit = applied(main, LATER)
    git(main.folder, "checkout", "--quiet", "feature")
    git(main.folder, "commit", "--quiet", "--allow-empty", "-m", "another parent")
    git(main.folder, "cherry-pick", commit)


def thrown_away(main: Branch) -> None:
    """A branch is applied and dropped: nobody wants it any more."""
    git(main.folder, "checkout", "--quiet", "-b", "feature")
    applied(main, LATER)
    git(main.folder, "checkout", "--quiet", "main")
    git(main.folder, "branch", "--quiet", "-D", "feature")


def not_committed(main: Branch) -> None:
    """The work tree has more than its commit."""
    main.world.write(LATER)


@pytest.mark.parametrize("history", ends([squashed, rebased, reverted, picked, thrown_away, not_committed]))
def test_what_is_not_behind(main: Branch, history: Callable[[Branch], None]) -> None:
    """Nothing is said, and an apply goes through, also with a further change."""
    history(main)
    for text in (None, TEAM.replace('"09:00"', '"08:00"')) if history is not picked else (None,):
        if text:
            main.world.write(text)
            main.commit()
        planned = main.world.plan()
        assert [each["address"] for each in planned.document["changes"] if each["behind"]] == []
        assert not any("older" in each for each in planned.document["warnings"]), planned.out
        done = main.world.apply()
        assert done.code == 0, done.err


def test_a_saved_plan_of_an_old_checkout(main: Branch, tmp_path: Path) -> None:
    """It counts from which commit the plan was made, not where it is applied."""
    applied(main, LATER)
    git(main.folder, "checkout", "--quiet", "--detach", "HEAD^")
    saved = str(tmp_path / "saved.plan")
    assert main.world.run("plan", "--out", saved).code == 0
    refused(main, "--plan", saved)
    git(main.folder, "checkout", "--quiet", "main")
    refused(main, "--plan", saved)
    done = main.world.apply("--plan", saved, "--allow", "behind")
    assert done.actions() == {"report.daily": "done"}, done.err
    assert main.world.apply("--plan", saved, "--allow", "vanished").code == 64


def test_the_way_back_from_an_old_checkout(main: Branch, tmp_path: Path) -> None:
    """Whoever undoes what a newer commit did needs that commit; with it the way back is not behind."""
    applied(main, LATER)
    saved = str(tmp_path / "undo.plan")
    git(main.folder, "checkout", "--quiet", "--detach", "HEAD^")
    assert main.world.run("plan", "--undo", "latest", "--out", saved).code == 0
    refused(main, "--plan", saved)
    git(main.folder, "checkout", "--quiet", "main")
    assert main.world.run("plan", "--undo", "latest", "--out", saved).code == 0
    assert main.world.apply("--plan", saved).code == 0


@pytest.mark.parametrize("depth", [1, 2])
def test_a_shallow_clone_says_what_it_lacks(main: Branch, tmp_path: Path, depth: int) -> None:
    """One warning, and how to let it tell; the apply goes on."""
    for text in (LATER, LATER.replace("title: Spare", "title: Spares"), MORE):
        main.world.write(text)
        main.commit()
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", f"--depth={depth}", main.folder.as_uri(), str(clone))
    (main.folder / ".reconciler").rename(clone / ".reconciler")
    main.world.folder = clone
    main.world.write(LATER)
    planned = main.world.plan()
    said = [each for each in planned.document["warnings"] if "older" in each]
    assert len(said) == 1, planned.out
    assert "fetch-depth: 0" in said[0]
    assert main.world.apply().code == 0


def test_a_clone_that_was_not_updated(main: Branch, tmp_path: Path) -> None:
    """Somebody else applied a commit that this clone never got: a warning names git fetch, and after it the plan is
    behind."""
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", main.folder.as_uri(), str(clone))
    applied(main, LATER)
    (main.folder / ".reconciler").rename(clone / ".reconciler")
    main.world.folder = clone
    planned = main.world.plan()
    assert any("git fetch brings it" in each for each in planned.document["warnings"]), planned.out
    git(clone, "fetch", "--quiet")
    assert main.world.plan().change("report.daily")["behind"]
    git(clone, "merge", "--quiet", "--ff-only", "origin/main")
    assert main.world.plan().code == 0


def test_without_git_there_is_no_age(main: Branch) -> None:
    """A copy of the files has no history: nothing is said of it."""
    applied(main, LATER)
    (main.folder / ".git").rename(main.folder / "history")
    main.world.write(TEAM)
    planned = main.world.plan()
    assert planned.change("report.daily")["behind"] is None
    assert not any("git" in each or "older" in each for each in planned.document["warnings"])
    assert main.world.apply().code == 0


def test_a_plan_without_changes_asks_git_nothing(main: Branch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """There is nothing to be older than."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main.world.run("plan").code == 0


@pytest.mark.parametrize("forged", ["--output=x", "HEAD", "main", "--all", "\n--all", "f" * 41])
def test_a_commit_in_a_state_is_data(main: Branch, forged: str) -> None:
    """What is no id of a commit reaches no command line of git."""
    state = json.loads(main.world.state.read_text(encoding="utf-8"))
    for entry in state["resources"].values():
        entry["commit"] = forged
    main.world.state.write_text(json.dumps(state), encoding="utf-8")
    main.world.write(LATER)
    planned = main.world.plan()
    assert planned.change("report.daily")["behind"] is None
    assert not (main.folder / "x").exists()
