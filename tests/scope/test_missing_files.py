"""What git keeps off the disk was not removed; what a person removed was, and the plan says why each object goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from size import ends, first
from world import World

from .conftest import Branch, git

FLOW = "automations:\n  {key}: {{name: {key}, status: active, data: {{actions: {{push: p1}}}}}}\n"


@pytest.fixture
def three(world: World, nobody: None, uses_git: None) -> Branch:
    """Automations in the folders `a` and `b` and at the top, committed and applied."""
    git(world.folder, "init", "--quiet", "--initial-branch=main")
    for file in ("a/one.yaml", "b/two.yaml", "three.yaml"):
        world.write(FLOW.format(key=Path(file).stem), file)
    made = Branch(world)
    made.commit("first")
    done = world.apply()
    assert done.code == 0, done.err
    world.requests()
    return made


def reasons(branch: Branch, *arguments: str) -> dict[str, str]:
    """Address → reason, of what a plan deletes."""
    planned = branch.world.plan(*arguments)
    assert planned.code in (2, 5), planned.err
    return {each["address"]: each["reason"] for each in planned.document["changes"]}


def sparse(branch: Branch) -> None:
    """A sparse checkout, by folders."""
    git(branch.folder, "sparse-checkout", "set", "--cone", "a")


def by_pattern(branch: Branch) -> None:
    """A sparse checkout, by files."""
    git(branch.folder, "sparse-checkout", "set", "--no-cone", "/*", "!/b/two.yaml")


def with_a_sparse_index(branch: Branch) -> None:
    """An index that holds folders in place of files."""
    git(branch.folder, "sparse-checkout", "set", "--cone", "--sparse-index", "a")


def skip_worktree(branch: Branch) -> None:
    """One file that git was told to leave alone."""
    git(branch.folder, "update-index", "--skip-worktree", "b/two.yaml")
    (branch.folder / "b" / "two.yaml").unlink()


@pytest.mark.parametrize("way", ends([sparse, by_pattern, with_a_sparse_index, skip_worktree]))
@pytest.mark.parametrize("is_known", first([True, False]), ids=["known", "old state"])
def test_a_file_that_git_keeps_off_the_disk(three: Branch, way: object, is_known: bool) -> None:
    """Refused, by name, with nothing written; `--allow missing-files` passes."""
    if not is_known:
        state = json.loads(three.world.state.read_text(encoding="utf-8"))
        for entry in state["resources"].values():
            entry["file"] = ""
        three.world.state.write_text(json.dumps(state), encoding="utf-8")
    assert callable(way)
    way(three)
    assert not (three.folder / "b" / "two.yaml").exists()
    for run in (three.world.plan(), three.world.apply(), three.world.apply("--target", "automation.two")):
        assert run.code == 5, run.out
        assert "b/two.yaml" in run.err
        assert "automation.two" in run.err
        assert "--allow missing-files" in run.err
    assert three.world.writes() == []
    assert reasons(three)["automation.two"] == "git keeps b/two.yaml off the disk"
    done = three.world.apply("--allow", "missing-files")
    assert done.actions() == {"automation.two": "done"}, done.err


@pytest.mark.parametrize("way", ["rm", "git rm", "a commit"])
def test_a_file_that_a_person_removed(three: Branch, way: str) -> None:
    """It is a removal, and the plan says where it happened."""
    if way == "rm":
        (three.folder / "b" / "two.yaml").unlink()
    else:
        git(three.folder, "rm", "--quiet", "b/two.yaml")
    expected = "its file b/two.yaml has gone"
    if way == "rm":
        expected += " (not committed)"
    if way == "a commit":
        commit = three.commit("Drop two, <b>it</b> is done")
        three.commit("later")
        expected += f' (in {commit[:12]} "Drop two, <b>it</b> is done")'
    assert reasons(three) == {"automation.two": expected}
    done = three.world.apply()
    assert done.actions() == {"automation.two": "done"}, done.err


def test_a_person_may_remove_one_beside_what_is_kept_off(three: Branch) -> None:
    """A file that was read, or is known to be gone, is believed; what else is not there is named in a warning."""
    sparse(three)
    (three.folder / "three.yaml").unlink()
    planned = three.world.plan("--target", "automation.three")
    assert planned.code == 2, planned.err
    assert planned.change("automation.three")["reason"] == "its file three.yaml has gone (not committed)"
    assert any("git keeps b/two.yaml off the disk" in each for each in planned.document["warnings"])


def test_a_block_that_has_gone(three: Branch) -> None:
    """The file is named that it stood in, also after that file moved."""
    (three.folder / "a" / "one.yaml").write_text("automations: {}\n", encoding="utf-8")
    assert reasons(three) == {"automation.one": "its block has gone from a/one.yaml"}
    three.world.write(FLOW.format(key="one"), "c.yaml")
    (three.folder / "a" / "one.yaml").unlink()
    assert three.world.plan().code == 0


def test_other_reasons(three: Branch) -> None:
    """A `removed` block, `--prune`, what was deleted outside, and an apply that is taken back."""
    world = three.world
    (three.folder / "a" / "one.yaml").write_text("removed: [{from: automation.one, destroy: true}]\n", encoding="utf-8")
    stray = world.insert("automations", name="Stray", caption="", status="active", data={"actions": {"push": "p1"}})
    world.remove("automations", world.id_of("automation.two"))
    gone = world.id_of("automation.two")
    assert reasons(three, "--prune") == {
        "automation.one": f"removed by {three.folder}/a/one.yaml:1:11",
        "automation.two": f"it was deleted outside: {gone} is gone",
        f"automation[{stray}]": "unmanaged, deleted by --prune",
    }
    undo = world.plan("--undo", "latest")
    assert undo.change("automation.three")["reason"] == "the apply that made it is taken back: latest"


def test_a_reason_is_no_part_of_what_is_approved(three: Branch) -> None:
    """The digest is of what is done, and not of why."""
    (three.folder / "b" / "two.yaml").unlink()
    before = three.world.plan().document["digest"]
    three.commit("Drop it")
    assert three.world.plan().document["digest"] == before


def test_a_submodule_that_is_not_there(three: Branch, tmp_path: Path) -> None:
    """A clone without its submodules does not delete what they hold; one in which a file was removed does."""
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "--quiet", "--initial-branch=main")
    (library / "four.yaml").write_text(FLOW.format(key="four"), encoding="utf-8")
    (library / "five.yaml").write_text(FLOW.format(key="five"), encoding="utf-8")
    git(library, "add", ".")
    git(library, "commit", "--quiet", "-m", "library")
    local = ("-c", "protocol.file.allow=always")
    git(three.folder, *local, "submodule", "--quiet", "add", library.as_uri(), "lib")
    three.commit("submodule")
    assert three.world.apply().code == 0
    (three.folder / "lib" / "four.yaml").unlink()
    assert reasons(three) == {"automation.four": "its file lib/four.yaml has gone (not committed)"}
    git(three.folder / "lib", "checkout", "--quiet", "four.yaml")
    git(three.folder / "lib", "update-index", "--skip-worktree", "four.yaml")
    (three.folder / "lib" / "four.yaml").unlink()
    assert three.world.plan().code == 5
    git(three.folder, "submodule", "--quiet", "deinit", "--force", "lib")
    refused = three.world.apply()
    assert refused.code == 5, refused.out
    assert "(lib/)" in refused.err
    assert "git submodule update --init" in refused.err


def test_settings_that_git_keeps_off_the_disk(three: Branch) -> None:
    """Without them another state would be meant, and another project: refused as soon as something would change."""
    three.world.write("guards: {max_deletes: 1}\n", "reconciler.yaml")
    three.commit("settings")
    git(three.folder, "update-index", "--skip-worktree", "reconciler.yaml")
    (three.folder / "reconciler.yaml").unlink()
    assert three.world.plan().code == 0
    three.world.write(FLOW.format(key="one").replace("p1", "p2"), "a/one.yaml")
    refused = three.world.apply()
    assert refused.code == 5, refused.out
    assert "reconciler.yaml" in refused.err


def test_without_git_a_file_that_has_gone_is_a_removal(three: Branch) -> None:
    """Nobody else knows of it."""
    sparse(three)
    (three.folder / ".git").rename(three.folder / "history")
    assert reasons(three) == {"automation.two": "its file b/two.yaml has gone"}
    assert three.world.apply().code == 0


def test_git_that_fails_is_named(three: Branch) -> None:
    """Whoever cannot ask is told; a damaged index says nothing."""
    sparse(three)
    (three.folder / ".git" / "index").write_bytes(b"no index")
    planned = three.world.plan()
    assert planned.code == 2, planned.err
    assert any("git cannot say why" in each for each in planned.document["warnings"])


def test_defaults_that_git_keeps_off_the_disk(three: Branch) -> None:
    """Those of the folder would win over those above it, which would be sent. Those above it only are as they were."""
    three.world.write("defaults: {automations: {caption: all, data: {platform: iOS}}}", "defaults.yaml")
    three.world.write("defaults: {automations: {caption: own}}", "b/defaults.yaml")
    three.commit("defaults")
    assert three.world.apply().code == 0
    git(three.folder, "sparse-checkout", "set", "--no-cone", "/*", "!/b/defaults.yaml")
    planned = three.world.plan()
    assert planned.code == 5
    assert "b/defaults.yaml), and automation.two would get other defaults" in planned.err
    assert three.world.apply().code == 5
    assert three.world.plan("--allow", "missing-files").code == 2
    three.world.write("defaults: {automations: {caption: new}}", "a/defaults.yaml")
    planned = three.world.plan("--target", "automation.one")
    assert planned.code == 2, planned.err
