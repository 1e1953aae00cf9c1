"""Every apply leaves a receipt."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable

import pytest
from world import Json, World, automation

from .paths import TEAM, item, receipts


def test_what_a_receipt_says(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who, when, which environment and plan; for each change what was before, what is after, and the ids."""
    monkeypatch.setenv("GITHUB_ACTOR", "ada")
    world.settle_once(TEAM)
    daily = world.id_of("report.daily")
    world.write(TEAM.replace("09:00", "10:00").replace("status: paused", "status: active"))
    done = world.apply()
    assert done.code == 0
    receipt = receipts(world)[0]
    assert (receipt["format_version"], receipt["environment"], receipt["who"]) == (1, "default", "ada")
    assert receipt["digest"] == done.document["digest"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", receipt["at"])
    assert receipt["id"] == f"000002-{receipt['at'].replace(':', '').replace('-', '')}"
    assert [each["address"] for each in receipt["items"]] == ["integration.more", "report.daily"]
    changed = item(world, "report.daily")
    assert (changed["action"], changed["status"]) == ("update", "done")
    assert (changed["id_before"], changed["id_after"]) == (daily, daily)
    assert (changed["before"]["send_at"], changed["after"]["send_at"]) == ("09:00", "10:00")


def test_created_and_deleted(world: World) -> None:
    """Nothing was before the one, and nothing is after the other, whose whole content is kept."""
    world.settle_once(TEAM)
    flow = world.id_of("automation.flow")
    created = item(world, "automation.flow")
    assert (created["before"], created["id_before"], created["id_after"]) == (None, None, flow)
    assert created["after"]["caption"] == "Hello"
    world.write(TEAM[: TEAM.index("    automations")])
    assert world.apply().code == 0
    deleted = item(world, "automation.flow")
    assert (deleted["after"], deleted["id_before"], deleted["id_after"]) == (None, flow, None)
    assert deleted["before"]["data"]["actions"] == {"push": "p1"}


def test_what_failed_is_there_too(world: World) -> None:
    """With its reason; what was skipped was not tried and is not."""
    world.insert("destinations", id="nowhere1", label="Email: Nowhere")
    world.fault('POST /scheduled-reports: status 422, message="nowhere1 takes no reports", n=1')
    broken = TEAM.replace("{integration: more}]", "{type: target_integration, id: nowhere1}]")
    world.write(broken)
    assert world.apply().code == 6
    failed = item(world, "report.daily")
    assert (failed["status"], failed["id_after"], failed["after"]) == ("failed", None, None)
    assert "nowhere1" in failed["reason"]
    assert "1 not done" in world.run("history").out


def test_what_the_api_called_a_write(world: World) -> None:
    """Where an answer bears the id of its request, the receipt keeps it, for a question to the vendor."""
    rule = "POST /automations: status 422, header='X-Request-Id: req-7f3a', code=invalid_request, message=no"
    world.write(TEAM)
    world.fault(rule)
    assert world.apply().code == 6
    assert item(world, "automation.flow")["request_ids"] == ["req-7f3a"]
    assert item(world, "report.daily")["request_ids"] == []


@pytest.mark.git
def test_which_commit_was_applied(world: World) -> None:
    """The commit of the configuration, in the receipt and, cut, in the list; nothing outside of a repository."""
    world.settle_once(TEAM)
    assert receipts(world)[0]["commit"] == ""
    git = ["git", "-C", str(world.folder), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    world.write(TEAM.replace("09:00", "10:00"))
    subprocess.run([*git, "init"], check=True, capture_output=True)
    assert world.apply().code == 0
    assert world.run("history").out.splitlines()[0].endswith(", not committed yet")
    world.write(TEAM.replace("09:00", "11:00"))
    for command in (["add", "main.yaml"], ["commit", "-m", "configuration"]):
        subprocess.run([*git, *command], check=True, capture_output=True)
    assert world.apply().code == 0
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert receipts(world)[0]["commit"].startswith(head)
    assert f"commit {head[:12]}" in world.run("history").out.splitlines()[0]


def test_the_list(world: World) -> None:
    """A line for each apply, the latest first; without one that is said. No key is needed."""
    world.write(TEAM)
    assert world.run("history").out == "nothing was applied yet\n"
    assert receipts(world) == []
    world.settle(TEAM)
    world.settle(TEAM.replace("09:00", "10:00"))
    world.settle(TEAM.replace("09:00", "10:00").replace("p1", "p2"))
    found = receipts(world)
    assert [each["id"][:6] for each in found] == ["000003", "000002", "000001"]
    lines = world.run("history").out.splitlines()
    assert [line.split()[0] for line in lines] == [each["id"] for each in found]
    assert "1 update" in lines[0]
    assert "4 create" in lines[2]
    assert found[0]["who"] in lines[0]


def test_no_key_is_needed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at the state alone."""
    world.settle_once(TEAM)
    monkeypatch.delenv("QONVERSION_SECRET")
    assert world.run("history").code == 0
    assert world.requests() == []


@pytest.mark.parametrize("pruned", [False, True], ids=["sets back", "prunes"])
def test_an_apply_that_leaves_the_state_as_it_is(world: World, pruned: bool) -> None:
    """The state is the same before and after, and still something was written: that has its receipt."""
    world.settle_once(TEAM)
    if pruned:
        world.insert("automations", **automation("Theirs"))
    else:
        world.edit("scheduled-reports", world.id_of("report.daily"), send_at="11:00")
    assert world.apply("--prune").code == 0
    assert len(world.writes()) == 1
    assert len(receipts(world)) == 2


def test_nothing_to_do_leaves_none(world: World) -> None:
    """An apply that changes nothing is no entry of the log."""
    world.settle_once(TEAM)
    assert world.apply().code == 0
    assert len(receipts(world)) == 1


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: text[:200], "no JSON"),
        (lambda _: "[]", "expected a map"),
        (lambda text: text.replace('"who"', '"whom"'), "whom"),
        (lambda text: text.replace('"items": [', '"items": [7, '), "items[0]"),
        (lambda text: text.replace("automation.flow", "otto.flow"), "otto.flow"),
        (lambda text: text.replace('"format_version": 1', '"format_version": 2'), "newer"),
        (lambda text: text.replace('"format_version": 1', '"format_version": "1"'), "expected int"),
    ],
    ids=["cut off", "no map", "unknown field", "no item", "no kind", "newer", "no version"],
)
@pytest.mark.parametrize("command", [["history"], ["plan", "--undo", "latest"]], ids=lambda words: words[0])
def test_a_damaged_receipt(world: World, spoil: Callable[[str], str], words: str, command: list[str]) -> None:
    """Exit 5; the file and the spot are named, nothing is guessed; an apply is not held up by it."""
    world.settle_once(TEAM)
    (path,) = (world.state.parent / "receipts" / "default").iterdir()
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    refused = world.run(*command)
    assert (refused.code, refused.out) == (5, "")
    assert path.stem in refused.err
    assert words in refused.err
    assert "hint: " in refused.err
    world.write(TEAM.replace("09:00", "10:00"))
    assert world.apply().code == 0


def test_a_receipt_that_is_no_text(world: World) -> None:
    """Bytes that are no UTF-8: exit 5 as well."""
    world.settle_once(TEAM)
    (path,) = (world.state.parent / "receipts" / "default").iterdir()
    path.write_bytes(b"\xff\xfe")
    assert world.run("history").code == 5


def test_a_receipt_that_is_not_there(world: World) -> None:
    """Exit 64, with the nearest id; before the first apply there is no latest either."""
    world.write(TEAM)
    assert world.run("plan", "--undo", "latest").code == 64
    world.settle(TEAM)
    name: Json = receipts(world)[0]
    wrong = world.run("plan", "--undo", str(name["id"])[:-2])
    assert wrong.code == 64
    assert f'did you mean "{name["id"]}"' in wrong.err
    assert "reconciler history" in wrong.err


def test_a_receipt_is_read_by_people(world: World) -> None:
    """Indented JSON, a name in any script as it is."""
    world.settle(TEAM.replace("Hello", "Grüße ✓"))
    (path,) = (world.state.parent / "receipts" / "default").iterdir()
    text = path.read_text(encoding="utf-8")
    assert "Grüße ✓" in text
    assert json.loads(text) == receipts(world)[0]


def test_it_goes_by_time(world: World) -> None:
    """A state that was begun anew counts from one again: the latest apply is still the latest."""
    world.settle_once(TEAM)
    world.write(TEAM.replace("09:00", "10:00"))
    assert world.apply().code == 0
    folder = world.state.parent / "receipts" / "default"
    for number, file in enumerate(sorted(folder.glob("*.json"))):
        document = json.loads(file.read_text(encoding="utf-8")) | {"at": f"2020-01-0{number + 1}T00:00:00Z"}
        file.write_text(json.dumps(document), encoding="utf-8")
    world.state.unlink()
    world.write(TEAM.replace("09:00", "11:00"))
    assert world.apply().code == 0
    shown = [each["at"] for each in world.run("history", "--format", "json").document["receipts"]]
    assert shown == sorted(shown, reverse=True)
    undo = world.plan("--undo", "latest")
    assert undo.change("report.daily")["fields"][0]["after"] == "10:00"


def test_a_state_that_is_older_than_its_receipts(world: World) -> None:
    """An earlier state was brought back: an apply is refused, for it would go on from what is not so any more."""
    world.settle_once(TEAM)
    before = world.state.read_bytes()
    world.write(TEAM.replace("09:00", "10:00"))
    assert world.apply().code == 0
    world.state.write_bytes(before)
    world.write(TEAM.replace("09:00", "11:00"))
    planned = world.plan()
    assert planned.code == 2
    assert any("the state is older than the receipt 000002-" in each for each in planned.document["warnings"])
    world.requests()
    refused = world.apply()
    assert (refused.code, world.writes()) == (5, [])
    assert "--allow behind" in refused.err
    assert world.apply("--allow", "behind").code == 0
    assert json.loads(world.state.read_text(encoding="utf-8"))["serial"] == 3
    assert world.plan().document["warnings"] == []


@pytest.mark.parametrize("damaged", ["[]", "{", "null", "[" * 100_000])
def test_a_damaged_receipt_hides_no_newer_one(world: World, damaged: str) -> None:
    """What cannot be read says nothing of the others."""
    world.settle_once(TEAM)
    before = world.state.read_bytes()
    world.write(TEAM.replace("09:00", "10:00"))
    assert world.apply().code == 0
    world.state.write_bytes(before)
    (world.state.parent / "receipts" / "default" / "000009-20300101T000000Z.json").write_text(damaged)
    world.write(TEAM.replace("09:00", "11:00"))
    world.requests()
    assert (world.apply().code, world.writes()) == (5, [])


def test_a_copy_of_a_receipt_is_no_newer_one(world: World) -> None:
    """A person may keep one beside the others, under any name."""
    world.settle_once(TEAM)
    (receipt,) = (world.state.parent / "receipts" / "default").iterdir()
    for name in ("copy-of-", "2nd-", "9e9-"):
        receipt.with_name(f"{name}{receipt.name}").write_bytes(receipt.read_bytes())
    planned = world.plan()
    assert (planned.code, planned.document["warnings"]) == (0, []), planned.err


def test_receipts_of_a_state_that_was_lost_are_not_newer(world: World) -> None:
    """They are of another state, whatever their numbers."""
    for text in (TEAM, TEAM.replace("09:00", "10:00"), TEAM.replace("09:00", "11:00")):
        world.settle(text)
    world.state.unlink()
    assert world.apply().code == 0
    world.write(TEAM)
    done = world.apply()
    assert done.code == 0, done.err
