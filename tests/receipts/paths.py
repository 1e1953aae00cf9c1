"""There and back: a change is applied, its receipt taken, and undone through a saved plan."""

from __future__ import annotations

from typing import Any

from world import Json, Run, World

COLLECTIONS = ("integrations", "scheduled-reports", "automations")
TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
      more: {title: More, integration: slack, target_platform: iOS, status: paused}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}, {integration: more}]
    automations:
      flow:
        name: Flow
        caption: Hello
        status: active
        data: {platform: iOS, initiators: [{uid: "2", type: event}], actions: {push: p1}}
    """
MOVING = frozenset({"created_at", "updated_at"})


def receipts(world: World) -> list[Json]:
    """All of them, the latest first."""
    found: list[Json] = world.run("history", "--format", "json").document["receipts"]
    return found


def item(world: World, address: str) -> Json:
    """What the latest receipt says of an address."""
    (found,) = [each for each in receipts(world)[0]["items"] if each["address"] == address]
    return dict(found)


def content(world: World, *without: str) -> Json:
    """All that is live, but for times (and what else is named); a null is as good as nothing."""
    left_out = {*MOVING, *without}
    return {
        name: sorted(
            (_plain({key: value for key, value in each.items() if key not in left_out}) for each in world.live(name)),
            key=str,
        )
        for name in COLLECTIONS
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in sorted(value.items()) if each is not None}
    return value


def undo(world: World, receipt: str = "latest", *flags: str) -> Run:
    """The plan that goes back is saved, shown as JSON and carried out from its file; gives the shown plan."""
    path = world.folder.parent / "undo.plan"
    planned = world.run("plan", "--undo", receipt, "--out", str(path), "--format", "json", *flags)
    assert planned.code == 0, planned.err
    done = world.apply("--plan", str(path))
    assert done.code == 0, done.err
    return planned


def warned(planned: Run, *words: str) -> bool:
    """Whether one warning says all of that."""
    return any(all(word in each for word in words) for each in planned.document["warnings"])
