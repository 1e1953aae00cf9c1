"""The object store as a user has it: `state: {store: object}`, the command line, and two applies at once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from slow import serving
from world import World

from reconciler.cli.main import run

from .s3_server import Server, aim, needs_server, running

pytestmark = needs_server
FLOWS = """
    automations:
      a: &flow {name: A, status: active, data: {actions: {push: p1}}}
      b: {<<: *flow, name: B}
    """


@pytest.fixture
def bucket(world: World, monkeypatch: pytest.MonkeyPatch, uses_process: None, uses_network: None) -> Iterator[Server]:
    """The world keeps its state in a bucket."""
    with running() as server:
        server.make("states")
        aim(monkeypatch, server.url)
        world.write("state: {store: object, url: s3://states/team}", "reconciler.yaml")
        world.write(FLOWS)
        yield server


def test_a_team_keeps_its_state_in_a_bucket(world: World, bucket: Server) -> None:
    """Apply, an empty plan, a removal that is noticed, receipts, the way back: all from the bucket alone."""
    assert world.apply().code == 0
    assert world.plan().code == 0
    assert set(json.loads(bucket.get("states/team/default.json"))["resources"]) == {"automation.a", "automation.b"}
    assert not world.state.exists()
    world.write("automations: {a: {name: A, status: active, data: {actions: {push: p1}}}}")
    assert world.plan().actions() == {"automation.b": "delete"}
    assert world.apply().code == 0
    done = world.run("history", "--format", "json").document["receipts"]
    assert [[item["action"] for item in receipt["items"]] for receipt in done] == [["delete"], ["create", "create"]]
    assert world.plan("--undo", "latest").actions() == {"automation.b": "create"}


def test_two_applies_at_once(
    world: World, bucket: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second says who holds the lock. Broken by force, it wins; the first one's write is refused by the swap."""
    with serving(tmp_path / "simulator.db") as (slow, url):
        monkeypatch.setenv("QONVERSION_API_URL", url)
        command = [sys.executable, "-m", "reconciler", "apply", str(world.folder), "--auto-approve"]
        with subprocess.Popen(
            [*command, "--parallelism", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as first:
            assert slow.arrived.wait(60)
            refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
            assert refused.returncode == 5
            holder = re.search(r"state unlock (\w+)", refused.stderr)
            assert holder is not None, refused.stderr
            assert run(["state", "unlock", "nobody", str(world.folder)]) == 5
            assert run(["state", "unlock", holder.group(1), str(world.folder)]) == 0
            capsys.readouterr()
            second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
            assert second.returncode == 0, second.stderr
            theirs = bucket.get("states/team/default.json")
            slow.go_on.set()
            out, err = first.communicate(timeout=120)
    assert first.returncode == 6, out + err
    # Receipts of one second have one name, so that of the other run may be in the way before its state is.
    assert re.search("written by somebody else|so another run wrote it", out), out + err
    assert bucket.get("states/team/default.json") == theirs
