"""`apply --expect-digest` runs what was approved and nothing else, and says in words what differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from world import World, automation

from reconciler.model.approval import make_approval, to_json
from reconciler.plan.plan_file import read_plans

TEAM = """
integrations:
  hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
reports:
  daily:
    report_name: Daily
    send_at: "09:00"
    included_range_days: 1
    status: active
    environment: production
    destinations: [{integration: hook}]
automations:
  flow: {name: Flow, status: active, data: {actions: {push: p1}}}
"""
BRANCH = TEAM.replace("push: p1", "push: p2") + "  new: {name: New, status: inactive, data: {actions: {push: p3}}}\n"

Write = Callable[[World, Path], None]


def _approval(world: World, path: Path, limit: int = 10_000) -> None:
    """As `comment --read` writes it."""
    saved = path.with_suffix(".saved")
    assert world.run("plan", "--out", str(saved)).code == 0
    path.write_text(to_json(make_approval(read_plans(saved)[0].plan, limit=limit)), encoding="utf-8")


def _document(world: World, path: Path) -> None:
    path.write_text(world.run("plan", "--format", "json").out, encoding="utf-8")


def _saved(world: World, path: Path) -> None:
    assert world.run("plan", "--out", str(path)).code == 0


@pytest.fixture(params=[_approval, _document, _saved], ids=["approval", "document", "saved"])
def file(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> str:
    """The branch's plan is approved, in each form of a file."""
    world.settle(TEAM)
    world.write(BRANCH)
    request.param(world, tmp_path / "approved.json")
    world.requests()
    return f"@{tmp_path / 'approved.json'}"


def refused(world: World, expected: str, *flags: str) -> str:
    """What is said; nothing is written."""
    world.requests()
    run = world.apply("--expect-digest", expected, *flags)
    assert run.code == 5, run.err
    assert world.writes() == []
    return run.err.partition("error: ")[2]


def test_what_was_approved_is_done(world: World, file: str) -> None:
    """The same plan, made again."""
    done = world.apply("--expect-digest", file)
    assert done.code == 0, done.err
    assert done.actions() == {"automation.flow": "done", "automation.new": "done"}


def test_what_somebody_changed_outside(world: World, file: str) -> None:
    """It is named with its values and its cause, and nothing that was approved is."""
    world.edit("scheduled-reports", world.id_of("report.daily"), send_at="10:00")
    said = refused(world, file)
    assert 'report.daily was not approved: update now (send_at "10:00" → "09:00", changed outside since)' in said
    assert "automation" not in said
    assert "have it reviewed anew" in said


def test_what_was_done_meanwhile(world: World, file: str) -> None:
    """Somebody made by hand what was to be made; what is left was approved, and is still not the whole of it."""
    world.edit("automations", world.id_of("automation.flow"), data={"actions": {"push": "p2"}})
    said = refused(world, file)
    assert "automation.flow was to be updated and is not planned any more (it is so already)" in said
    assert "automation.new" not in said
    assert "all that is planned now was approved" in said


def test_what_is_there_already(world: World, file: str) -> None:
    """An apply of the same plan came first."""
    assert world.apply().code == 0
    said = refused(world, file)
    assert "automation.new was to be created and is not planned any more (it is there already)" in said
    assert "automation.flow was to be updated and is not planned any more (it is so already)" in said
    assert "nothing is planned now" in said


def test_what_becomes_another_thing(world: World, file: str) -> None:
    """Created in the dashboard meanwhile: adopted now, which nobody approved; and dropped from the YAML."""
    world.insert("automations", **automation("New", status="inactive", data={"actions": {"push": "p3"}}))
    world.write(BRANCH.replace("  flow: {name: Flow, status: active, data: {actions: {push: p2}}}\n", ""))
    said = refused(world, file)
    assert "automation.new was to be created, and is another thing now: adopt now" in said
    assert 'automation.flow was to be updated, and is another thing now: delete now ("Flow")' in said


def test_what_would_change_differently(world: World, file: str) -> None:
    """The same address and the same action, other values."""
    world.write(BRANCH.replace("push: p2", "push: p4"))
    said = refused(world, file)
    assert "automation.flow would change differently: " in said
    assert 'data.actions.push "p1" → "p4"' in said
    if (
        "approved.json" in file
        and "saved" not in file
        and json.loads(Path(file[1:]).read_text(encoding="utf-8")).get("summary")
    ):
        assert 'approved was "p1" → "p2"' in said


def test_a_field_more_and_a_field_less(world: World, file: str) -> None:
    """What is not approved among the fields is named, and what is not planned any more."""
    world.write(BRANCH.replace("push: p2", "push: p1").replace("name: Flow,", "name: Flow 2,"))
    said = refused(world, file)
    assert 'name "Flow" → "Flow 2"' in said
    if "fields" in Path(file[1:]).read_text(encoding="utf-8"):
        assert "which was not approved" in said
        assert "data.actions.push stays as it is" in said


def test_what_was_seen_counts(world: World, file: str) -> None:
    """A field that nobody manages changed in an object that is to be updated: not what the reviewer saw."""
    world.edit("automations", world.id_of("automation.flow"), caption="Theirs")
    said = refused(world, file)
    assert "automation.flow would change differently" in said or "what was seen of a live object" in said


def test_the_wrong_environment(world: World, file: str) -> None:
    """An approval is of one environment."""
    path = Path(file[1:])
    path.write_text(
        path.read_text(encoding="utf-8").replace('"environment": "default"', '"environment": "sandbox"'),
        encoding="utf-8",
    )
    if path.read_text(encoding="utf-8").count("sandbox"):
        text = json.loads(path.read_text(encoding="utf-8"))
        (text.get("plan") or text)["digest"] = "sha256:other"
        path.write_text(json.dumps(text), encoding="utf-8")
    assert "is a plan for the environment sandbox, not for default" in refused(world, file)


def test_the_digest_binds_and_nothing_else(world: World, file: str) -> None:
    """A file whose words fit and whose digest does not is no approval."""
    path = Path(file[1:])
    text = json.loads(path.read_text(encoding="utf-8"))
    (text.get("plan") or text)["digest"] = "sha256:" + "0" * 64
    path.write_text(json.dumps(text), encoding="utf-8")
    assert "this is not the plan that was approved" in refused(world, file)


def test_a_bare_digest(world: World) -> None:
    """What is planned now, drift first, and how to be told more."""
    world.settle(TEAM)
    world.write(BRANCH)
    digest = world.plan().document["digest"]
    world.edit("scheduled-reports", world.id_of("report.daily"), send_at="10:00")
    said = refused(world, digest)
    assert digest in said
    assert "3 changes, 1 of them because of what somebody changed outside" in said
    assert said.index("report.daily: update now") < said.index("automation.flow: update now")
    assert "--expect-digest @FILE" in said
    assert "nothing was expected" in refused(world, "")


def test_a_bare_digest_if_nothing_is_planned(world: World) -> None:
    """That is said, and no list of changes follows."""
    world.settle(TEAM)
    said = refused(world, "sha256:" + "0" * 64)
    assert "nothing is planned now, sha256:000" in said
    assert "changes" not in said


@pytest.mark.parametrize("word", ["sha256:abc", "x"])
def test_what_is_no_digest(world: World, word: str) -> None:
    """It is of no plan, so nothing is applied: a script relies on the code of a refusal."""
    world.settle(TEAM)
    assert f"{word} was expected" in refused(world, word)


def test_an_approval_without_room(world: World, tmp_path: Path) -> None:
    """Where the comment could not hold all of the sketch, what is beyond it is not called unapproved."""
    world.settle(TEAM)
    world.write(BRANCH)
    path = tmp_path / "approved.json"
    _approval(world, path, limit=40)
    assert world.apply("--expect-digest", f"@{path}", "--target", "automation.flow").code == 5
    world.edit("automations", world.id_of("automation.flow"), data={"actions": {"push": "p9"}})
    said = refused(world, f"@{path}")
    assert "was not approved" not in said
    assert "not among the changes that the approval has room for" in said or "would change differently" in said


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"\xff\xfe", b'{"changes": []}', b'{"changes": [3], "digest": "x", "environment": "default"}',
     b'{"changes": {}, "format_version": 99}', b"[" * 100_000, b"null", b'"sha256:x"', None],
)  # fmt: skip
def test_what_is_no_approval(world: World, tmp_path: Path, content: bytes | None) -> None:
    """Exit 64, with what was expected; nothing is planned for that."""
    world.write(TEAM)
    path = tmp_path / "approved.json"
    if content is not None:
        path.write_bytes(content)
    run = world.apply("--expect-digest", f"@{path}")
    assert run.code == 64
    assert "comment --read" in run.err
    assert world.requests() == []


def test_names_do_no_harm(world: World, file: str) -> None:
    """Texts of the API's stay on their line."""
    world.edit("automations", world.id_of("automation.flow"), name="x\n::error::y\u202e\x1b[31m")
    said = refused(world, file)
    assert "\n::error::" not in said
    assert "\u202e" not in said


def test_many_differences_are_cut(world: World, file: str) -> None:
    """A plan of hundreds of changes still says the first of them, and how many there are."""
    many = "".join(
        f"  a{each}: {{name: A{each}, status: inactive, data: {{actions: {{push: p}}}}}}\n" for each in range(100)
    )
    world.write(BRANCH + many)
    said = refused(world, file)
    assert "… and 70 more" in said
    assert said.count("was not approved") == 30
