"""From the pull request to the apply and back: what was shown is what is approved, and nothing else is applied."""

from __future__ import annotations

from pathlib import Path

from world import World

from .conftest import AnyForge, Comment, pushed

MERGE = "d" * 40
ALERTS = "integrations:\n  alerts: {title: Alerts, integration: webhooks, target_platform: iOS}\n"


def _approved(world: World, host: AnyForge, comment: Comment, tmp_path: Path) -> Path:
    """A plan under a pull request that is merged then; what it approved, in a file."""
    assert world.run("plan", "--report", f"markdown={tmp_path / 'plan.md'}").code == 0
    assert comment(host, tmp_path / "plan.md").code == 0
    host.merge(7, MERGE)
    approved = tmp_path / "approved.json"
    done = comment(host, "--read", approved, **pushed(MERGE))
    assert done.code == 0, done.err
    return approved


def _applied(world: World, host: AnyForge, comment: Comment, approved: Path, tmp_path: Path) -> int:
    report = tmp_path / "apply.md"
    expected = ("--expect-digest", f"@{approved}")
    done = world.run("apply", "--auto-approve", *expected, "--report", f"markdown={report}")
    assert comment(host, report, **pushed(MERGE)).code == 0
    return done.code


def test_what_was_approved_is_applied_and_told(world: World, host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """One comment: first the plan, then what was done, with the plan in its history; a second plan is empty."""
    world.write(ALERTS)
    approved = _approved(world, host, comment, tmp_path)
    assert _applied(world, host, comment, approved, tmp_path) == 0
    (body,) = host.ours()
    assert "Applied to `default`: 1 done" in body
    assert "Plan for `default`: 1 to create" in body.partition("<!-- reconciler history -->")[2]
    assert world.plan().code == 0


def test_what_was_not_approved_is_refused_and_told(
    world: World, host: AnyForge, comment: Comment, tmp_path: Path
) -> None:
    """Somebody made the object by hand in between: nothing is written, and the comment says why. The job may be run
    again: what was approved is still there."""
    world.write(ALERTS)
    approved = _approved(world, host, comment, tmp_path)
    world.insert("integrations", title="Alerts", integration="webhooks", target_platform="iOS", active=1)
    world.requests()
    assert _applied(world, host, comment, approved, tmp_path) == 5
    assert world.writes() == []
    (body,) = host.ours()
    assert "**Applying failed** for `default`: refused" in body
    again = tmp_path / "again.json"
    assert comment(host, "--read", again, **pushed(MERGE)).code == 0
    assert again.read_text(encoding="utf-8") == approved.read_text(encoding="utf-8")
