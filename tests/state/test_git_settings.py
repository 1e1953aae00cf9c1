"""Settings that the caller hands to git in its environment, and that git cannot read: a hint that fits."""

from __future__ import annotations

from pathlib import Path

import pytest
from size import crossed
from world import World

from .conftest import Remote, git

FLOW = "automations: {a: {name: A, status: active, data: {actions: {push: p}}}}\n"
PAIR = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "Ada"}


@pytest.fixture
def world_in_git(world: World, remote: Remote) -> World:
    """A world whose state is in git, with a remote."""
    world.folder.rmdir()
    remote.clone(str(world.folder))
    world.write("state: {store: git}\n", "reconciler.yaml")
    world.write(FLOW)
    return world


@pytest.mark.parametrize("spelled", ["sk_of_another_day", "c2tfb2ZfYW5vdGhlcl9kYXk="])
def test_a_state_that_holds_the_key_of_today_is_not_pushed(
    world_in_git: World, remote: Remote, monkeypatch: pytest.MonkeyPatch, spelled: str
) -> None:
    """Written when it was no key yet: the object is named, nothing is sent, and the remote holds what it held."""
    world_in_git.write(FLOW.replace("push: p", f"push: {spelled}"))
    assert world_in_git.apply().code == 0
    held = git(remote.path, "for-each-ref", "refs/reconciler")
    (made,) = (each["id"] for each in world_in_git.live("automations"))
    world_in_git.edit("automations", made, data={"actions": {"push": "p"}})
    monkeypatch.setenv("QONVERSION_SECRET", "sk_of_another_day")
    world_in_git.write(FLOW.replace("status: active", "status: paused"))
    world_in_git.requests()
    refused = world_in_git.apply()
    assert refused.code == 5
    assert "the secret key" in refused.err
    assert "automation.a" in refused.err
    assert spelled not in refused.err
    assert world_in_git.writes() == []
    assert git(remote.path, "for-each-ref", "refs/reconciler") == held


@pytest.mark.parametrize(
    ("command", "count"), crossed(["plan", "apply"], ["x", "-1", "1.5", " ", "99999999999", "\u0661"])
)
def test_a_count_that_is_none_is_named(
    world_in_git: World, monkeypatch: pytest.MonkeyPatch, command: str, count: str
) -> None:
    """Exit 5: the variable and what to do with it. It is not said that there is no repository."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", count)
    refused = getattr(world_in_git, command)()
    assert refused.code == 5
    assert f"error: GIT_CONFIG_COUNT is {count!r}" in refused.err
    assert "hint: unset GIT_CONFIG_COUNT" in refused.err
    assert world_in_git.live("automations") == []


@pytest.mark.parametrize("missing", ["GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"])
def test_half_a_setting_is_named(world_in_git: World, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """The variable that is missing, by name."""
    for name, value in PAIR.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(missing)
    refused = world_in_git.plan()
    assert refused.code == 5
    assert f"GIT_CONFIG_COUNT is '1', and {missing} is not set" in refused.err


def test_settings_of_the_caller_hold(world_in_git: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs that are whole are git's, and an apply goes through."""
    for name, value in PAIR.items():
        monkeypatch.setenv(name, value)
    assert world_in_git.apply().code == 0
    assert world_in_git.plan().code == 0


@pytest.mark.parametrize("variable", ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"])
def test_a_file_of_settings_that_is_broken_is_not_a_missing_repository(
    world_in_git: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """The file is named, as git says it, and the hint is not to make a clone."""
    broken = tmp_path / "broken"
    broken.write_text("[bad\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "0")
    monkeypatch.setenv(variable, str(broken))
    refused = world_in_git.plan()
    assert refused.code == 5
    assert str(broken) in refused.err
    assert "git status" in refused.err
    assert "run this in a clone" not in refused.err


def test_without_the_store_a_count_that_is_none_is_no_matter(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state in a file needs no git."""
    world.write(FLOW)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "x")
    assert world.apply().code == 0
    assert world.plan().code == 0
