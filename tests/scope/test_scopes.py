"""Whose doing a change is: the pull request's, pending before it, or drift."""

from __future__ import annotations

from pathlib import Path

import pytest
from world import World

from .conftest import TEAM, Branch, git

PENDING = TEAM.replace("push: p1", "push: p2")
OURS = PENDING.replace('"10:00"', '"11:00"')


@pytest.fixture
def three(branch: Branch) -> Branch:
    """Something was merged and not applied, somebody changed something outside, and the branch changes something."""
    branch.world.write(PENDING)
    git(branch.folder, "checkout", "--quiet", "main")
    branch.commit()
    git(branch.folder, "checkout", "--quiet", "-B", "feature")
    branch.world.edit("scheduled-reports", branch.world.id_of("report.daily"), send_at="23:30")
    branch.world.write(OURS)
    branch.commit()
    branch.world.requests()
    return branch


def test_each_change_says_whose_doing_it_is(three: Branch) -> None:
    """Three reasons, three words; nothing is written for that, neither to the API nor to the repository."""
    before = git(three.folder, "for-each-ref"), git(three.folder, "status", "--porcelain=v2", "--branch")
    assert three.scopes() == {
        "automation.flow": "pending",
        "report.daily": "drift",
        "report.weekly": "pull request",
    }
    assert three.world.writes() == []
    assert before == (git(three.folder, "for-each-ref"), git(three.folder, "status", "--porcelain=v2", "--branch"))
    assert "scope" not in {key for each in three.world.plan().document["changes"] for key in each if each[key]}


def test_what_was_compared_is_the_merge_base(three: Branch) -> None:
    """What main has got since the branch left it is not the branch's undoing."""
    git(three.folder, "checkout", "--quiet", "main")
    three.world.write(PENDING.replace("name: Flow", "name: Later"))
    three.commit()
    git(three.folder, "checkout", "--quiet", "feature")
    assert three.scopes()["automation.flow"] == "pending"
    assert three.scopes(base="HEAD^")["automation.flow"] == "pending"
    assert three.scopes(base=git(three.folder, "rev-parse", "main"))["automation.flow"] == "pending"


def test_what_is_not_committed_is_the_branchs(three: Branch) -> None:
    """The plan is made of the files as they are, so they are what is compared."""
    three.world.write(OURS.replace("title: Spare", "title: Extra"))
    assert three.scopes()["integration.spare"] == "pull request"


@pytest.mark.parametrize(
    ("before", "after", "address"),
    [
        ("push: p2", "push: p3", "automation.flow"),
        ('send_at: "09:00"', 'send_at: "08:00"', "report.daily"),
        ("name: Flow,", "name: Flow, lifecycle: {prevent_destroy: true},", "automation.flow"),
    ],
)
def test_a_change_that_the_branch_adds_to_is_its_own(three: Branch, before: str, after: str, address: str) -> None:
    """Pending or drift stays that only while the branch has no part in it."""
    three.world.write(OURS.replace(before, after))
    assert three.scopes()[address] == "pull request"


def test_what_else_is_planned_makes_no_change_anothers(three: Branch) -> None:
    """A pending report that waits for an integration of the branch's is as pending as before."""
    world = three.world
    git(three.folder, "checkout", "--quiet", "main")
    world.write(
        """
        reports:
          more:
            report_name: More
            send_at: "09:00"
            included_range_days: 1
            status: draft
            environment: production
            destinations: [{integration: spare}]
        """,
        "more.yaml",
    )
    world.write(PENDING)
    three.commit()
    git(three.folder, "checkout", "--quiet", "-B", "feature")
    world.write(PENDING.replace("target_platform: iOS}", "target_platform: iOS, status: active}"))
    planned = three.planned()
    scopes = {each["address"]: each["scope"] for each in planned.document["changes"]}
    assert planned.change("report.more")["depends_on"] == ["integration.spare"]
    assert (scopes["report.more"], scopes["integration.spare"]) == ("pending", "pull request")


def test_moving_files_about_changes_nothing(three: Branch) -> None:
    """Names and places of files mean nothing, at the base as now."""
    text = (three.folder / "main.yaml").read_text()
    (three.folder / "main.yaml").unlink()
    three.world.write(text, "below/deeper/other.yml")
    assert three.scopes()["automation.flow"] == "pending"
    assert three.scopes()["report.weekly"] == "pull request"


def test_a_move_in_the_yaml_is_the_branchs(branch: Branch) -> None:
    """A reviewed rename is what the pull request does; a delete of what it drops is, too."""
    renamed = TEAM.replace("flow:", "stream:") + "    moved: [{from: automation.flow, to: automation.stream}]\n"
    branch.world.write(renamed.replace("      spare: {title: Spare, integration: slack, target_platform: iOS}\n", ""))
    assert branch.scopes() == {"automation.stream": "pull request", "integration.spare": "pull request"}


def test_only_scope_leaves_the_others_out(three: Branch) -> None:
    """In the plan, its digest, and the apply; the plan says that there is a rest."""
    planned = three.planned("--only-scope")
    assert planned.actions() == {"report.weekly": "update"}
    assert any("--only-scope leaves 2 other changes out" in each for each in planned.document["warnings"])
    three.world.requests()
    done = three.world.apply("--base", "main", "--only-scope", "--expect-digest", planned.document["digest"])
    assert done.code == 0, done.err
    assert [path for _, path, _ in three.world.writes()] == [f"/scheduled-reports/{three.world.id_of('report.weekly')}"]
    assert three.world.plan().actions() == {"automation.flow": "update", "report.daily": "update"}
    assert three.planned("--only-scope").code == 0


def test_only_scope_keeps_what_is_needed(branch: Branch) -> None:
    """A report of the branch's needs the pending integration, which says that it is pending."""
    world = branch.world
    pending = TEAM.replace(
        "      spare:", "      fresh: {title: Fresh, integration: slack, target_platform: iOS}\n      spare:"
    )
    world.write(pending)
    git(branch.folder, "checkout", "--quiet", "main")
    branch.commit()
    git(branch.folder, "checkout", "--quiet", "-B", "feature")
    world.write(pending.replace("destinations: [{integration: hook}]", "destinations: [{integration: fresh}]", 1))
    assert branch.scopes("--only-scope") == {"integration.fresh": "pending", "report.daily": "pull request"}


def test_the_digest_is_of_the_changes_alone(three: Branch) -> None:
    """What is planned is approved, however its scope was told, and after the merge as well as before it."""
    whole = three.world.plan().document["digest"]
    assert three.planned().document["digest"] == whole
    ours = three.planned("--only-scope").document["digest"]
    assert ours != whole
    git(three.folder, "checkout", "--quiet", "main")
    git(three.folder, "merge", "--quiet", "--squash", "feature")
    three.commit("squashed")
    assert three.planned("--only-scope", base="HEAD^").document["digest"] == ours


def test_strict_scope_refuses_what_is_not_the_branchs(three: Branch) -> None:
    """Exit 5: each with its scope, and the flag that passes; the plan itself is still shown."""
    planned = three.planned("--strict-scope")
    assert planned.code == 5
    assert len(planned.document["changes"]) == 3
    for run in (planned, three.world.apply("--base", "main", "--strict-scope")):
        assert run.code == 5
        assert "automation.flow: pending" in run.err
        assert "report.daily: drift" in run.err
        assert "report.weekly" not in run.err.partition("error: ")[2]
        assert "--only-scope" in run.err
    assert three.world.writes() == []
    assert three.planned("--strict-scope", "--only-scope").code == 2
    assert three.world.apply("--base", "main", "--strict-scope", "--only-scope").code == 0


def test_strict_scope_refuses_a_pending_need(branch: Branch) -> None:
    """What --only-scope has to keep is still not the branch's."""
    test_only_scope_keeps_what_is_needed(branch)
    refused = branch.planned("--only-scope", "--strict-scope")
    assert refused.code == 5
    assert "integration.fresh: pending" in refused.err


def test_variables_of_the_base_count(branch: Branch) -> None:
    """A variable that the branch changes is the branch's change, wherever it is used."""
    world = branch.world
    settings = 'environments: {default: {variables: {at: "09:00"}}}'
    git(branch.folder, "checkout", "--quiet", "main")
    world.write(settings, "reconciler.yaml")
    world.write(TEAM.replace('"09:00"', '"${var.at}"'))
    branch.commit()
    git(branch.folder, "checkout", "--quiet", "-B", "feature")
    world.edit("scheduled-reports", world.id_of("report.weekly"), send_at="05:00")
    assert branch.scopes() == {"report.weekly": "drift"}
    world.write(settings.replace("09:00", "07:00"), "reconciler.yaml")
    assert branch.scopes() == {"report.daily": "pull request", "report.weekly": "drift"}


def test_a_target_is_looked_for_now(three: Branch) -> None:
    """An address that the base does not know may be a target."""
    three.world.write(OURS + "      new: {name: New, status: inactive, data: {actions: {push: p}}}\n")
    found = three.scopes("--target", "automation.new", "--target", "automation.flow")
    assert found == {"automation.new": "pull request", "automation.flow": "pending"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("reports: {daily: {report_name: 3}}", "is invalid"),
        ("reports: [", "is invalid"),
        (TEAM.replace("integration: hook}", "integration: hock}", 1), "is invalid"),
    ],
    ids=["schema", "syntax", "reference"],
)
def test_an_invalid_base_stops_nothing(branch: Branch, text: str, said: str) -> None:
    """It was merged as it is, and this branch puts it right: a warning, and all counts as the branch's."""
    world = branch.world
    git(branch.folder, "checkout", "--quiet", "main")
    world.write(text)
    branch.commit()
    git(branch.folder, "checkout", "--quiet", "-B", "feature")
    world.write(PENDING)
    planned = branch.planned("--only-scope")
    assert planned.code == 2, planned.err
    assert planned.change("automation.flow")["scope"] == "pull request"
    warning = next(each for each in planned.document["warnings"] if "base" in each)
    assert said in warning
    assert "main.yaml:" in warning


def test_a_base_that_cannot_be_planned_stops_nothing(branch: Branch) -> None:
    """Two live objects could be what it means, and the branch says which."""
    world = branch.world
    ids = [
        world.insert("automations", name="Twin", caption="", status="active", data={"actions": {"push": "p"}})
        for _ in "ab"
    ]
    git(branch.folder, "checkout", "--quiet", "main")
    twin = TEAM + "      twin: {name: Twin, status: active, data: {actions: {push: p}}}\n"
    world.write(twin)
    branch.commit()
    git(branch.folder, "checkout", "--quiet", "-B", "feature")
    assert branch.planned().code == 5
    world.write(twin + f"    imports: [{{to: automation.twin, id: {ids[0]}}}]\n")
    planned = branch.planned()
    assert planned.change("automation.twin")["scope"] == "pull request"
    assert any("cannot be planned" in each for each in planned.document["warnings"])


def test_an_environment_that_is_new(branch: Branch) -> None:
    """Where the base does not name it, all in it is the branch's, and that is said."""
    branch.world.write("environments: {fresh: {}}", "reconciler.yaml")
    planned = branch.planned()
    assert {each["scope"] for each in planned.document["changes"]} == {"pull request"}
    assert any("there is no environment fresh" in each for each in planned.document["warnings"])


def test_saved_plans_take_no_scope(three: Branch, tmp_path: Path) -> None:
    """The file holds what was decided; its scopes were decided when it was made."""
    file = tmp_path / "plan.json"
    assert three.planned("--only-scope", "--out", str(file)).code == 2
    for flags in (["--base", "main"], ["--base", "main", "--only-scope"], ["--base", "main", "--strict-scope"]):
        refused = three.world.apply("--plan", str(file), *flags)
        assert refused.code == 64
        assert flags[-1] in refused.err or flags[0] in refused.err
        assert "--plan" in refused.err
    done = three.world.apply("--plan", str(file))
    assert done.code == 0, done.err
    assert done.actions() == {"report.weekly": "done"}


@pytest.mark.parametrize("flag", ["--only-scope", "--strict-scope"])
def test_a_scope_needs_a_base(world: World, flag: str) -> None:
    """Exit 64 before anything is asked of the API."""
    world.write(TEAM)
    for run in (world.plan(flag), world.apply(flag)):
        assert run.code == 64
        assert "needs --base" in run.err
    assert world.requests() == []


def test_undo_takes_no_base(three: Branch) -> None:
    """The way back is not planned from a configuration."""
    assert three.planned("--undo", "latest").code == 64


def test_a_base_that_refers_to_more(branch: Branch) -> None:
    """What this branch drops, and the API is not asked about for it, does not keep the base from being planned."""
    world = branch.world
    assert world.apply().code == 0, "the state is this repository's from now on"
    world.insert("integrations", title="Fresh", integration="slack", target_platform="iOS", active=1)
    fresh = "      fresh: {title: Fresh, integration: slack, target_platform: iOS}\n      spare:"
    git(branch.folder, "checkout", "--quiet", "main")
    world.write(PENDING.replace("      spare:", fresh))
    branch.commit()
    git(branch.folder, "checkout", "--quiet", "-B", "feature")
    world.write("automations: {flow: {name: Flow, status: active, data: {actions: {push: p2}}}}")
    planned = branch.planned("--max-deletes", "9")
    assert planned.change("automation.flow")["scope"] == "pending"
    assert not [each for each in planned.document["warnings"] if "base" in each]
