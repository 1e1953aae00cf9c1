"""The data file: ids, what survives, and who may use it at the same time."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import reconciler
from reconciler.simulator import Simulator
from reconciler.simulator.store import Store

from .conftest import client_of

ROOT = Path(str(reconciler.__file__)).parent.parent
BODY = {"name": "Welcome Flow", "status": "active", "data": {}}

WRITER = """
import sys
from reconciler.simulator.store import Store
store = Store(sys.argv[1])
for n in range(int(sys.argv[2])):
    with store.transaction("production", write=True) as shelf:
        record = {"id": shelf.new_id(), "object": "automation", "data": {}, "n": n}
        shelf.replace("automations", record)
    print(record["id"], flush=True)
sys.stdin.read()
"""


@contextmanager
def writer(path: Path, count: int) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes to the file, says so, and then waits."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout
    return [process.stdout.readline().strip() for _ in range(count)]


def ids_in(client: httpx.Client) -> list[str]:
    page = client.get("/automations?limit=100").json()
    ids = [record["id"] for record in page["data"]]
    while page["has_more"]:
        page = client.get("/automations", params={"limit": 100, "starting_after": page["next_cursor"]}).json()
        ids += [record["id"] for record in page["data"]]
    return ids


def test_ids_look_like_the_documents_and_are_the_same_in_every_store(tmp_path: Path) -> None:
    """Eight characters of base 62, from a counter: another file gives the same ones, one file never twice."""
    series = []
    for name in ("a", "b"):
        store = Store(tmp_path / name)
        with store.transaction("production", write=True) as shelf:
            series.append([shelf.new_id() for _ in range(2000)])
        store.close()
    assert series[0] == series[1]
    assert len(set(series[0])) == 2000
    assert all(re.fullmatch("[0-9A-Za-z]{8}", record_id) for record_id in series[0])


def test_a_generated_id_avoids_a_seeded_one(tmp_path: Path) -> None:
    """The counter moves on past an id that somebody took by hand."""
    free = Store(tmp_path / "a")
    with free.transaction("production", write=True) as shelf:
        first, second = shelf.new_id(), shelf.new_id()
    free.close()
    seeded = Store(tmp_path / "b")
    with seeded.transaction("production", write=True) as shelf:
        shelf.replace("integrations", {"id": first})
        assert shelf.new_id() == second
    seeded.close()


def test_data_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    """Records, deletions and notes; the folder of the file is made."""
    path = tmp_path / "new" / "folder" / "simulator.db"
    with Simulator(path) as simulator:
        client = client_of(simulator)
        kept, gone = (client.post("/automations", json=BODY).json() for _ in range(2))
        client.delete(gone["url"].removeprefix("/v4"))
    with Simulator(path) as simulator:
        client = client_of(simulator)
        assert client.get("/automations").json()["data"] == [kept]
        assert client.post("/automations", json=BODY).json()["id"] not in (kept["id"], gone["id"])


@pytest.mark.process
def test_what_was_answered_survives_a_sigkill(tmp_path: Path) -> None:
    """A process that dies without a word loses nothing that it had committed."""
    path = tmp_path / "simulator.db"
    with writer(path, 50) as process:
        written = said(process, 50)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    store = Store(path)
    with store.transaction("production", write=False) as shelf:
        assert [record["id"] for record in shelf.page("automations")] == written
    store.close()


@pytest.mark.process
def test_several_processes_may_write_to_one_file(tmp_path: Path) -> None:
    """They start at once on a file that is not there yet; every write lands, no id comes twice."""
    path = tmp_path / "simulator.db"
    with writer(path, 100) as one, writer(path, 100) as two, Simulator(path) as simulator:
        client = client_of(simulator)
        own = [client.post("/automations", json=BODY).json()["id"] for _ in range(50)]
        written = own + said(one, 100) + said(two, 100)
        assert sorted(ids_in(client)) == sorted(written)
        assert len(set(written)) == 250


def test_several_threads_may_write_at_once(simulator: Simulator) -> None:
    """One answer each, one record each; the same idempotency key from all of them makes one."""
    body = {"title": "T", "integration": "slack", "target_platform": "iOS"}

    def create(_: int) -> tuple[str, str]:
        client = client_of(simulator)
        again = client.post("/integrations", json=body, headers={"Idempotency-Key": "k"}).json()["id"]
        return client.post("/automations", json=BODY).json()["id"], again

    with ThreadPoolExecutor(8) as pool:
        made, same = zip(*pool.map(create, range(200)), strict=True)
    assert sorted(ids_in(client_of(simulator))) == sorted(made)
    assert len(set(same)) == 1


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """At once, and without leaving it open."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but longer than its header would be: " * 10)
    with pytest.raises(Exception, match="not a database"):
        Simulator(path)
