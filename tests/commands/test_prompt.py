"""What an apply shows before it asks, where it shows it, and what an answer means."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import read_terminal
from world import World

FLOWS = "automations:\n" + "".join(
    f"  {name}: {{name: {name}, status: active, data: {{actions: {{push: p1}}}}}}\n" for name in "abc"
)
CREATE = '  + create automation.a "a"'


def answered(world: World, *typed: bytes, log: Path | None = None, **variables: str) -> tuple[int, str]:
    """An apply on a terminal at which somebody types; gives the exit code and what the terminal shows."""
    pytest.importorskip("pty")
    ours, theirs = os.openpty()
    program = [sys.executable, "-m", "reconciler", "apply", str(world.folder)]
    try:
        for each in typed:
            os.write(ours, each)
        with (log or Path(os.devnull)).open("wb") as out:
            done = subprocess.run(
                program,
                stdin=theirs,
                stdout=out,
                stderr=theirs,
                check=False,
                env={**os.environ, "NO_COLOR": "1", **variables},
            )
        os.close(theirs)
        return done.returncode, read_terminal(ours)
    finally:
        os.close(ours)


@pytest.fixture(autouse=True)
def _pending(world: World) -> None:
    """One to create, one to update, one to delete."""
    world.settle(FLOWS.replace("  a:", "  z:").replace("name: a", "name: z"))
    world.write(FLOWS.replace("p1}}}\n  c:", "p2}}}\n  c:").split("  c:")[0])


@pytest.mark.process
def test_the_question_has_the_counts_and_what_to_type(world: World) -> None:
    """A long plan has scrolled away; the counts are where the eyes are."""
    code, shown = answered(world, b"no\n")
    assert code == 5
    plan, _, rest = shown.partition("Plan: 1 to create, 1 to update, 2 to delete\n")
    assert CREATE in plan
    assert rest.startswith("Apply this to default? Type yes to apply; anything else cancels: ")
    assert "error: not approved; nothing was changed" in rest


@pytest.mark.process
def test_the_end_of_the_input_is_a_no(world: World) -> None:
    """Ctrl-D ends as "no" does, in the same words, on a line of their own."""
    code, shown = answered(world, b"\x04")
    no, said = answered(world, b"no\n")
    assert code == no == 5
    refused = "error: not approved; nothing was changed\n"
    assert shown.endswith(f"\n{refused}")
    assert said.endswith(refused)
    assert world.writes() == []


@pytest.mark.process
def test_a_log_holds_the_plan_and_what_was_applied(world: World, tmp_path: Path) -> None:
    """`apply > log`: the question stays on the terminal, with the plan that it is about."""
    log = tmp_path / "log"
    code, shown = answered(world, b"yes\n", log=log)
    assert code == 0
    written = log.read_text(encoding="utf-8")
    assert CREATE in written
    assert "Applied to default: 4 done" in written.partition(CREATE)[2]
    assert "Type yes" not in written
    assert CREATE in shown


def test_a_pipeline_has_the_plan_once(world: World) -> None:
    """Nobody is asked: the plan and its end are data, and stderr has the progress only."""
    done = world.run("apply", "--auto-approve")
    assert done.out.count(CREATE) == 1
    assert "Plan for default" not in done.err
    assert "Applied to default" in done.out


def test_json_on_stdout_is_nothing_else(world: World) -> None:
    """The plan is talk then."""
    done = world.apply()
    assert done.document["environment"] == "default"
    assert CREATE in done.err


@pytest.mark.process
@pytest.mark.parametrize(("terminal", "coloured"), [("xterm", True), ("dumb", False)])
def test_a_dumb_terminal_has_no_colour(world: World, terminal: str, coloured: bool) -> None:
    """It would show the escapes as text."""
    _, shown = answered(world, b"no\n", TERM=terminal, NO_COLOR="", FORCE_COLOR="")
    assert ("\x1b[" in shown) is coloured
