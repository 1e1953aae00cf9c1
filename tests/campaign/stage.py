"""Where one world lives: its folder, its simulator behind the gate, and the commands that run there."""

from __future__ import annotations

import faulthandler
import io
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
from apply.random_worlds import COLLECTIONS
from kills.sites import Ended, called
from world import Json, World

from reconciler.__main__ import hear_endings
from reconciler.cli.main import run
from reconciler.simulator import Simulator
from reconciler.simulator.automations import AUTOMATIONS
from reconciler.simulator.faults import Faults
from reconciler.simulator.integrations import INTEGRATIONS, REPORTS
from reconciler.simulator.server import Server
from reconciler.simulator.store import Store
from reconciler.simulator.wire import ApiError, Request

from .gate import Blow, Gate, struck_at_fsync
from .haste import clock, pause
from .repository import Repository
from .team import HERE

RESOURCES = {"integration": INTEGRATIONS, "report": REPORTS, "automation": AUTOMATIONS}
KINDS = {collection: kind for kind, collection in COLLECTIONS.items()}
FORK = multiprocessing.get_context("fork")
LONGEST = 200.0
"""Seconds after which a command counts as one that hangs."""

Truth = dict[str, dict[str, Json]]


class Stage(World):
    """A world whose commands can be killed.

    `others`: id → record of what is somebody else's, as they left it; `removed`: the ids that somebody took away.
    `shown`: the file
    of what an apply is going to do. `ways`: what the API makes of each value that it stores, all the time.
    """

    def __init__(
        self, site: Repository, server: Server, log: io.StringIO, gate: Gate, simulator: Simulator, store: Store
    ) -> None:
        super().__init__(site.machine, server.url, log, None)  # type: ignore[arg-type]  # no test captures here
        self.site = site
        self.shown = site.path / "shown.json"
        self.gate = gate
        self._simulator = simulator
        self.others: dict[str, Json] = {}
        self.removed: set[str] = set()
        self.ways: tuple[str, ...] = ()
        self._server = server
        self._quiet = len(server._sockets)
        self._store = store

    @property
    def faults(self) -> Faults:
        """What happens now."""
        return self._simulator.faults

    def truth(self) -> Truth:
        """Kind → id → record, whatever the API would show of it just now."""
        with self._store.transaction("production", write=False) as shelf:
            return {
                kind: {record["id"]: each.show(shelf, record) for record in shelf.page(each.name)}
                for kind, each in RESOURCES.items()
            }

    def insert(self, collection: str, **fields: object) -> str:
        """Somebody makes an object; from now on it is theirs."""
        made = super().insert(collection, **fields)
        self.theirs(collection, made)
        return made

    def edit(self, collection: str, object_id: str, **fields: object) -> None:
        """Somebody changes an object, if it is still there."""
        done = self._meets(collection, object_id, lambda: super(Stage, self).edit(collection, object_id, **fields))
        if done and object_id in self.others:
            self.theirs(collection, object_id)

    def remove(self, collection: str, object_id: str) -> None:
        """Somebody removes an object, if it is still there."""
        if self._meets(collection, object_id, lambda: super(Stage, self).remove(collection, object_id)):
            self.removed.add(object_id)
            self.others.pop(object_id, None)

    def _meets(self, collection: str, object_id: str, deed: Callable[[], None]) -> bool:
        """Does something to an object; False if it is gone, be it in this very moment."""
        try:
            deed()
        except ApiError:
            if object_id in self.truth()[KINDS[collection]]:
                raise
            return False
        return True

    def _send(self, method: str, path: str, fields: Json | None = None) -> httpx.Response:
        # By the door itself and not over the wire, where a connection of ours would be taken for the process's
        answer = self._simulator.answer(Request(method, path, body=fields))
        return httpx.Response(answer.status, json=answer.body)

    def theirs(self, collection: str, object_id: str) -> None:
        """What an object is like now is how its people left it."""
        resource = RESOURCES[KINDS[collection]]
        with self._store.transaction("production", write=False) as shelf:
            record = shelf.get(resource.name, object_id)
            assert record is not None
            self.others[object_id] = resource.show(shelf, record)

    def calm_down(self) -> None:
        """Nothing goes wrong from now on."""
        self.weather((), lag=False)

    def weather(self, rules: Sequence[str], *, lag: bool) -> None:
        """Puts rules in the place of those before. `lag`: what those hid stays hidden until it is read often enough."""
        always = [f"* /*: normalise {way}" for way in self.ways]
        faults = Faults([*always, *rules], seed=self._simulator.faults.seed)
        if lag:
            faults.visibility = self._simulator.faults.visibility
        self._simulator.faults = faults

    def calm(self, command: str, *arguments: str) -> Ended:
        """A command that nothing happens to."""
        return self.called(command, str(self.folder), "-e", HERE, *arguments)

    def called(self, *words: str) -> Ended:
        """Such a command line: in this process, or in one of its own if it reaches for a bucket, whose client does not
        outlive a fork."""
        if self.site.bucket is not None:
            return self._forked([*words], {}, None)
        self.gate.arm({}, None)
        return called(*words)

    def braves(
        self, command: str, *arguments: str, moves: Mapping[int, Callable[[], None]], blow: Blow | None
    ) -> Ended:
        """A command in a process of its own, with what happens to it; its code is -9 where it was killed."""
        return self._forked([command, str(self.folder), "-e", HERE, *arguments], moves, blow)

    def _forked(self, words: list[str], moves: Mapping[int, Callable[[], None]], blow: Blow | None) -> Ended:
        out, err = self.site.path / "out", self.site.path / "err"
        self.gate.arm(moves, blow)
        process = FORK.Process(target=lives, args=(words, out, err, blow))
        process.start()
        assert process.pid is not None
        self.gate.aim(process.pid)
        process.join(LONGEST)
        if process.exitcode is None:
            # It says where each of its threads is
            os.kill(process.pid, signal.SIGABRT)
            process.join(LONGEST)
            raise AssertionError(f"it hangs ({process.exitcode}): {err.read_text(encoding='utf-8')}")
        self.settle()
        return Ended(process.exitcode, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))

    def settle(self) -> None:
        """Waits until the server has heard the last of a process: what it sent may be worked on after its death."""
        while len(self._server._sockets) > self._quiet:
            pause()
        if self.site.bucket is not None:
            self.site.bucket.settle()
        self.gate.rest()

    def lose(self, what: str) -> None:
        """The `journal` is lost with its machine, or the `state` as well. By then what was made shows everywhere."""
        self.calm_down()
        self.site.journal.unlink(missing_ok=True)
        if what == "state":
            self.site.lose_state()

    def written(self) -> str:
        """All that the commands have left in the folder."""
        paths = [path for path in sorted(self.folder.rglob("*")) if path.is_file() and ".git/" not in str(path)]
        return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in paths)


def lives(arguments: list[str], out: Path, err: Path, blow: Blow | None) -> None:
    """Runs a command line in a process that was forked for it, to its end."""
    os.setpgid(0, 0)
    os.fsync = struck_at_fsync(blow)
    # Seen as far as it came, and by git's processes too
    sys.stdout = out.open("w", encoding="utf-8", buffering=1)
    sys.stderr = err.open("w", encoding="utf-8", buffering=1)
    os.dup2(sys.stderr.fileno(), 2)
    faulthandler.enable()
    hear_endings()
    code = run(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@contextmanager
def staged(site: Repository, seed: int) -> Iterator[Stage]:
    """A stage on a site, opened: the address in the environment is its own."""
    log = io.StringIO()
    with (
        Simulator(site.data, log=log, clock=clock(), faults=Faults(seed=seed)) as simulator,
        closing(Store(site.data)) as store,
        Server(gate := Gate(simulator), port=0, threads=8) as server,
    ):
        thread = threading.Thread(target=server.run)
        thread.start()
        os.environ["QONVERSION_API_URL"] = server.url
        stage = Stage(site, server, log, gate, simulator, store)
        try:
            yield stage
        finally:
            stage.close()
            server.close()
            thread.join()
