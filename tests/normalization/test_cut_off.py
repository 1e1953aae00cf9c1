"""An apply that is killed after its writes and before it has read them back."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import NO_TLS
from size import ends, first
from world import KEY, World

from reconciler.errors import Exit
from reconciler.simulator import Faults, Simulator
from reconciler.simulator.server import Server

from .team import Fields, automation, integration, named, report, team

DATA: Fields = {
    "actions": {"push": "P1"},
    "initiators": [{"uid": "B", "type": "event"}, {"uid": "A", "type": "event"}],
    "note": "Ours",
    "share": 0.12345,
}
TEAM = team(
    hook=integration("Cafe\u0301 Hook "),
    daily=report("Cafe\u0301 Daily "),
    flow=automation("Flo\u0301w ", caption="Hello ", data=DATA),
)


class Killer:
    """Between the tool and the API: kills the process that reads a list once it has written all that it wanted to."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.writes = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One exchange."""
        with self._lock:
            self.writes -= environ["REQUEST_METHOD"] != "GET"
            if self.process is not None and self.writes <= 0 and environ["REQUEST_METHOD"] == "GET":
                self.process.kill()
                self.process.wait()
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer


@pytest.fixture
def killed(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uses_process: None) -> Iterator[Any]:
    """Has an apply killed after so many writes, with the faults of the API."""
    with Simulator(tmp_path / "simulator.db", faults=Faults()) as simulator:
        between = Killer(simulator)
        with Server(between, port=0, threads=8) as server:
            thread = threading.Thread(target=server.run)
            thread.start()
            monkeypatch.setenv("QONVERSION_API_URL", server.url)

            def kill(writes: int, *rules: str) -> None:
                simulator.faults.add(*rules)
                between.writes = writes
                command = [sys.executable, "-m", "reconciler", "apply", str(world.folder), "--auto-approve"]
                with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                    between.process = process
                    process.wait()
                between.process = None
                assert process.returncode < 0

            yield kill
            server.close()
            thread.join()


@pytest.mark.parametrize("phase", first(["stored", "shown"]))
@pytest.mark.parametrize("way", ends(["trim", "nfc", "lower", "round", "defaults", "drop", "sort"]))
def test_it_is_written_once_more_and_learned(world: World, killed: Any, way: str, phase: str) -> None:
    """Nothing is replaced, made twice or left to a person, and nobody is blamed; one apply later all is known.

    If the answer to a create was still on its way, nobody knows yet what was sent: that takes one apply more.
    """
    world.write(TEAM)
    killed(4, f"* /*: normalise {way} {phase}")
    planned = world.plan()
    for line in re.findall(r"- \{to: .*\}", planned.err):
        # The answer to a create was on its way, and its name came out in another case: that is asked
        world.write(f"imports: [{line.removeprefix('- ')}]", f"{way}.yaml")
        planned = world.plan()
    assert set(planned.actions().values()) <= {"update", "adopt"}
    causes = {cause for address in planned.actions() for cause in planned.causes(address).values()}
    assert causes <= {"unknown"}
    done = world.apply()
    if done.code == Exit.PARTIAL:
        assert {each["verification"] for each in done.document["results"]} <= {"different", "verified"}
        done = world.apply()
    assert done.code == 0, done.out
    again = world.plan()
    assert again.code == 0
    assert named(again.document["warnings"])


def test_the_plan_says_why_it_is_written_again(world: World, killed: Any) -> None:
    """Nobody can tell whether the API or a person changed it: the cause is unknown, and a note says why."""
    world.write(team(flow=automation("Flow ", caption="Hi")))
    killed(1, "* /*: normalise trim")
    change = world.plan().change("automation.flow")
    assert change["action"] == "update"
    assert change["fields"] == [{"path": "name", "before": "Flow", "after": "Flow ", "cause": "unknown"}]
    assert any("was cut off before it read it back" in each for each in change["notes"])


def test_what_is_no_form_of_it_is_drift(world: World, killed: Any) -> None:
    """Whoever changed the name to another one is seen, cut off or not."""
    world.write(team(flow=automation("Flow ", caption="Hi")))
    killed(1, "* /*: normalise trim")
    url = os.environ["QONVERSION_API_URL"].removesuffix("/v4")
    with httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False, verify=NO_TLS
    ) as client:
        flow = client.get("/v4/automations").json()["data"][0]["id"]
        client.patch(f"/_dashboard/automations/{flow}", json={"name": "Theirs"}).raise_for_status()
    assert world.plan().causes("automation.flow") == {"name": "drift"}


def test_a_saved_plan_goes_on(world: World, killed: Any) -> None:
    """What the cut-off apply has written is as it was wanted: it is not sent again, and learned."""
    world.write(TEAM)
    path = str(world.folder.parent / "saved.plan")
    assert world.plan("--out", path).code == 2
    killed(4, "* /*: normalise trim")
    done = world.apply("--plan", path)
    assert done.code == 0, done.out + done.err
    assert world.plan().code == 0


def test_what_may_have_been_made_is_asked_and_not_made_twice(world: World, killed: Any) -> None:
    """The create's answer never came, and the API keeps the name in another case: exit 5, with the line to paste."""
    world.write(team(flow=automation("Flow")))
    killed(1, "* /*: normalise lower", "POST /automations: drop after, n=1")
    refused = world.plan()
    assert refused.code == 5
    (line,) = re.findall(r"- (\{to: automation\.flow, id: \w+\})", refused.err)
    world.write(f"imports: [{line}]", "imports.yaml")
    assert world.apply().code == 0
    assert world.plan().code == 0
