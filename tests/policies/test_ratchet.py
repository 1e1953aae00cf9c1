"""A ratchet lets be what was so at the base, and nothing more."""

from __future__ import annotations

import subprocess

import pytest
from world import World

from .conftest import configuration, report

RATCHET = """
    needs-an-owner:
      kinds: [report]
      require: resource.report_name.startsWith("[growth]")
      message: Reports begin with the team's name.
      ratchet: true
"""


def git(world: World, *arguments: str) -> None:
    """Runs git in the folder of the configuration."""
    named = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *named, *arguments], cwd=world.folder, check=True, capture_output=True)  # noqa: S607


@pytest.fixture
def based(world: World, uses_git: None) -> World:
    """Two reports without an owner are committed, before there was the policy."""
    world.write(configuration("", daily=report(), weekly=report("Weekly")).replace("policies:\n\n", ""))
    git(world, "init", "--quiet", "--initial-branch=main")
    git(world, "add", "-A")
    git(world, "commit", "--quiet", "-m", "base")
    git(world, "checkout", "--quiet", "-b", "topic")
    return world


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_what_was_so_at_the_base_is_a_warning(based: World, command: str) -> None:
    """With --base; without it, it is an error."""
    based.write(configuration(RATCHET, daily=report(), weekly=report("Weekly")))
    passed = based.run(command, "--base", "main")
    assert passed.code == 0, passed.err
    assert (passed.out + passed.err).count("it was so at the base") == 2
    assert based.run(command).code == (3 if command == "validate" else 5)


@pytest.mark.parametrize(
    "reports",
    [
        {"daily": report(), "weekly": report("Weekly"), "new": report("New")},
        {"daily": report(send_at='"10:00"'), "weekly": report("Weekly")},
        {"daily": report(), "renamed": report("Weekly")},
    ],
    ids=["added", "touched", "renamed"],
)
def test_the_number_may_not_grow(based: World, reports: dict[str, str]) -> None:
    """What this change adds or touches is an error, and only that."""
    based.write(configuration(RATCHET, **reports))
    refused = based.run("validate", "--base", "main")
    assert refused.code == 3
    assert refused.err.count("(policy needs-an-owner") == 1


def test_without_ratchet_the_base_says_nothing(based: World) -> None:
    """It is an error, as ever."""
    based.write(configuration(RATCHET.replace("ratchet: true", "ratchet: false")))
    assert based.run("validate", "--base", "main").code == 3


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
@pytest.mark.parametrize("refuses", [True, False])
def test_a_base_that_cannot_be_read_is_told_once(based: World, form: str, refuses: bool) -> None:
    """Every violation counts as new then, in each environment. It is a warning, and people read why."""
    settings = "environments: {eu: {}, us: {}}\n"
    based.write(settings + "guards: {max_deletes: no}\n", "reconciler.yaml")
    git(based, "add", "-A")
    git(based, "commit", "--quiet", "-m", "broken")
    based.write(settings, "reconciler.yaml")
    based.write(configuration(RATCHET, daily=report("Daily" if refuses else "'[growth] Daily'")))
    done = based.run("validate", "--base", "topic", "--format", form)
    assert done.code == (3 if refuses else 0), done.err
    said = "is invalid, so every change counts as this pull request's"
    assert done.err.count(said) == 1, done.err
    assert form == "text" or done.out.count(said) == 1, done.out
    assert "warning" in done.out if form != "text" else done.err


def test_an_environment_of_which_only_a_policy_changed_is_planned(based: World) -> None:
    """It is not left out as one that wants what the base wants; a policy that only moved says the same."""
    based.write("environments: {a: {}, b: {}}", "reconciler.yaml")
    git(based, "add", "-A")
    git(based, "commit", "--quiet", "-m", "environments")
    git(based, "branch", "--force", "main")
    text = configuration(RATCHET.replace("ratchet: true", "ratchet: false"), daily=report(), weekly=report("Weekly"))
    based.write(text)
    refused = based.run("plan", "--all", "--base", "main")
    assert refused.code == 5
    assert "policy:needs-an-owner" in refused.err
    git(based, "commit", "--quiet", "-a", "-m", "policy")
    git(based, "branch", "--force", "main")
    based.write("# moved\n" + text)
    assert "left out" in based.run("plan", "--all", "--base", "main").err
