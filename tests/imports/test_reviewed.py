"""What is said of refactorings: lines that can go, keys that were renamed, ignores past their date."""

from __future__ import annotations

from pathlib import Path

import pytest
from world import World, automation

from reconciler.cli.main import run

FLOW = """
    automations:
      flow:
        name: Flow
        caption: A caption
        status: active
        data: {platform: iOS, actions: {push: p1}, segments: s1}
"""


def validated(world: World) -> str:
    """What `validate` says."""
    done = world.run("validate")
    assert done.code == 0, done.err
    return done.err


def test_spent_blocks_do_no_harm_and_are_named(world: World) -> None:
    """Before the apply nothing is said; after it each line is named with its place, and the plan is empty."""
    world.settle(FLOW)
    theirs = world.insert("automations", **automation("Theirs"))
    text = """
        automations:
          stream: {name: Flow, status: active, data: {actions: {push: p1}}}
          theirs: {name: Theirs, status: active, data: {actions: {push: p1}}}
        moved:
          - {from: automation.flow, to: automation.stream}
        removed:
          - {from: automation.old, destroy: false}
        imports:
          - {to: automation.theirs, id: %s}
        """
    world.write(text % theirs)
    assert "can go" not in "\n".join(line for line in validated(world).splitlines() if "removed" not in line)
    planned = world.plan()
    assert planned.actions() == {"automation.stream": "adopt", "automation.theirs": "adopt"}
    assert "moved from automation.flow" in planned.change("automation.stream")["notes"]
    assert world.apply().code == 0
    said = validated(world)
    for line, block in ((6, "moved` has no effect"), (8, "removed` is done"), (10, "imports` is done")):
        assert f"main.yaml:{line}:5: this `{block}" in said
    assert world.plan().code == 0


def test_lines_of_what_was_deleted_later_do_no_harm(world: World) -> None:
    """What moved or was imported goes from the YAML, its line stays: deleted as ever, and the line is named as done."""
    world.settle(FLOW)
    theirs = world.insert("automations", **automation("Theirs"))
    lines = "moved: [{from: automation.flow, to: automation.stream}]\n"
    lines += f"imports: [{{to: automation.theirs, id: {theirs}}}]\n"
    flow = "{name: Flow, status: active, data: {}}"
    world.write(f"automations: {{stream: {flow}, theirs: {flow.replace('Flow', 'Theirs')}}}\n{lines}")
    assert world.apply().code == 0
    rest = "automations: {other: {name: Other, status: inactive, data: {}}}"
    world.write(f"{rest}\n{lines}")
    assert world.plan().actions() == {
        "automation.stream": "delete",
        "automation.theirs": "delete",
        "automation.other": "create",
    }
    assert world.apply().code == 0
    assert world.plan().code == 0
    said = validated(world)
    assert "main.yaml:2:9: moved: to: there is no automation.stream, so that this line does nothing" in said
    assert "main.yaml:3:11: imports: to: there is no automation.theirs, so that this line does nothing" in said


@pytest.mark.parametrize("line", ["moved: [{from: automation.flow, to: automation.steam}]", "imports: [%s]"])
def test_a_line_with_work_to_do_needs_its_address(world: World, line: str) -> None:
    """A misspelt target is no reason to delete or to make anew what the line was to keep: refused, with the place."""
    world.settle(FLOW)
    theirs = world.insert("automations", **automation("Theirs"))
    line = line.replace("%s", f"{{to: automation.steam, id: {theirs}}}")
    world.write("automations: {stream: {name: Flow, status: active, data: {}}}\n" + line)
    assert "there is no automation.steam" in validated(world)
    for done in (world.run("plan"), world.run("apply", "--auto-approve")):
        assert done.code == 3
        assert "main.yaml:2:" in done.err
        assert 'did you mean "stream"?' in done.err
        assert "remove this line" in done.err


def test_a_chain_of_moves_that_ends_nowhere(world: World) -> None:
    """The line that leads nowhere is named, with the address that the state has; `removed` is a proper end."""
    world.settle(FLOW)
    other = "automations: {other: {name: Other, status: inactive, data: {}}}\n"
    moves = "moved: [{from: automation.flow, to: automation.b}, {from: automation.b, to: automation.c}]\n"
    world.write(other + moves)
    done = world.run("plan")
    assert done.code == 3
    assert "main.yaml:2:52: moved: to: there is no automation.c, where automation.flow is to move" in done.err
    world.write(other + moves + "removed: [{from: automation.c, destroy: false}]")
    assert world.plan().actions() == {"automation.other": "create", "automation.c": "forget"}


def test_a_move_of_what_nobody_remembers(world: World) -> None:
    """A misspelt `from` is refused if it would delete what the line was to keep; it is never called done."""
    world.settle(FLOW)
    text = "automations: {stream: {name: Other, status: active, data: {}}}\n"
    text += "moved: [{from: automation.%s, to: automation.stream}]"
    world.write(text % "flwo")
    said = "main.yaml:2:9: this `moved` does nothing: nothing is remembered as automation.flwo"
    assert f'{said}; did you mean "automation.flow"?' in validated(world)
    for done in (world.run("plan"), world.run("apply", "--auto-approve")):
        assert done.code == 3
        assert "main.yaml:2:9: moved: from: nothing is remembered as automation.flwo" in done.err
        assert 'did you mean "automation.flow"?' in done.err
    world.write(text % "unheard-of")
    (warning,) = world.plan().document["warnings"]
    assert warning.endswith(said.replace("flwo", "unheard-of"))
    assert world.apply().code == 0
    assert "is done" not in validated(world)
    planned = world.plan()
    assert (planned.code, planned.document["warnings"]) == (0, [])


def test_a_move_before_the_first_apply(world: World) -> None:
    """An environment that remembers nothing has nothing to move, and nothing is said."""
    flow = "automations: {flow: {name: Flow, status: active, data: {}}}"
    world.write(flow + "\nmoved: [{from: automation.old, to: automation.flow}]")
    assert "moved" not in validated(world)
    assert world.plan().document["warnings"] == []


def test_a_renamed_key_is_hinted_at_and_never_assumed(world: World) -> None:
    """A delete and a create of nearly the same content: the plan shows both, and the line to paste."""
    world.settle(FLOW)
    world.write(FLOW.replace("      flow:", "      stream:").replace("A caption", "Another caption"))
    planned = world.plan()
    assert planned.actions() == {"automation.flow": "delete", "automation.stream": "create"}
    line = "moved: [{from: automation.flow, to: automation.stream}]"
    assert any(line in warning for warning in planned.document["warnings"])
    world.write(FLOW.replace("      flow:", "      stream:") + f"    {line}\n")
    assert world.plan().actions() == {"automation.stream": "adopt"}


def test_what_differs_much_is_not_hinted_at(world: World) -> None:
    """Two objects that merely share a kind are two objects."""
    world.settle(FLOW)
    world.write("automations: {other: {name: Other, status: inactive, data: {actions: {screen: x}}}}")
    assert not any("moved" in warning for warning in world.plan().document["warnings"])


@pytest.mark.parametrize(("until", "warned"), [("2020-01-31", True), ("2999-12-31", False)])
def test_an_ignore_past_its_date_warns_in_every_plan(world: World, until: str, warned: bool) -> None:
    """Who, why, until when and where that is written; the field is still ignored."""
    ignoring = f"{{field: caption, until: {until}, reason: launch freeze, owner: growth}}"
    world.settle(FLOW + f"        lifecycle: {{ignore_changes: [{ignoring}]}}\n")
    world.edit("automations", world.id_of("automation.flow"), caption="Theirs")
    planned = world.plan()
    assert planned.code == 0
    said = [warning for warning in planned.document["warnings"] if "after its date" in warning]
    assert bool(said) is warned
    if warned:
        assert "main.yaml:8:51: automation.flow still ignores changes of caption" in said[0]
        assert "growth: launch freeze" in said[0]


def test_a_state_moves_to_another_store(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Copied whole, under both locks; the old one stays, a place that holds a state already is refused."""
    world.settle(FLOW)
    world.write("state: {store: file, path: ../elsewhere}", "reconciler.yaml")
    assert world.plan().actions() == {"automation.flow": "adopt"}
    place = f"file:{world.folder / '.reconciler'}"
    assert run(["state", "migrate", "--from", place, str(world.folder)]) == 0
    assert world.plan().code == 0
    assert world.state.is_file()
    assert (tmp_path / "elsewhere" / "default.json").is_file()
    assert run(["state", "migrate", "--from", place, str(world.folder)]) == 5
    assert run(["state", "migrate", "--from", "cellar", str(world.folder)]) == 64
    assert "holds a state already" in capsys.readouterr().err
