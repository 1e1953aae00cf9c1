"""Leads many worlds, each by its seed, and says what they came through."""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from kills.sites import isolate
from state.s3_server import Server, aim, running

import reconciler.commands.plan  # noqa: F401  what commands load when they run, once for all that are forked from here

from .catalogue import Catalogue
from .fleet import Fleet
from .gate import struck_at_fsync
from .haste import trust_one
from .life import Life
from .proof import SECRET
from .repository import STORES, found
from .stage import staged
from .tally import Tally

FLEET, CATALOGUE = "fleet", "catalogue"
EACH = 5
"""Seeds that a process takes at a time."""

Task = tuple[int, str]


def main() -> None:
    """Reads the arguments, leads the worlds, prints the line; exits with 1 where a world failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--seeds", default="1-20", metavar="FROM-TO", help="the worlds; one number is one world")
    known = (*STORES, FLEET, CATALOGUE)
    parser.add_argument(
        "--stores",
        default="file",
        help=f"where states are kept, in turn: some of {','.join(known)}; {FLEET} is a world of several environments, "
        f"{CATALOGUE} one of seven kinds",
    )
    parser.add_argument("--jobs", type=int, default=1, help="how many worlds at once")
    parser.add_argument("--lag", action="store_true", help="what was made may be hidden from the next run, too")
    given = parser.parse_args()
    first, _, last = given.seeds.partition("-")
    stores = given.stores.split(",")
    if not set(stores) <= set(known):
        parser.error(f"--stores: expected some of {', '.join(known)}")
    tasks = [(seed, stores[seed % len(stores)]) for seed in range(int(first), int(last or first) + 1)]
    tally = Tally()
    for number, each in enumerate(_all(tasks, given.jobs, lag=given.lag), 1):
        tally.add(each)
        for (seed, store), why in each.failures.items():
            print(_to_paste(seed, store, why), file=sys.stderr, flush=True)  # noqa: T201
        if number * EACH % 50 == 0:
            print(f"… {tally.line()}; {len(tally.failures)} failed", file=sys.stderr, flush=True)  # noqa: T201
    print(f"seeds {given.seeds}, state in {given.stores}: {tally.line()}")  # noqa: T201
    print(tally.details())  # noqa: T201
    print("\n".join(_to_paste(*key, why) for key, why in sorted(tally.failures.items())))  # noqa: T201
    sys.exit(bool(tally.failures))


def _all(tasks: Sequence[Task], jobs: int, *, lag: bool) -> Iterator[Tally]:
    chunks = [tasks[start : start + EACH] for start in range(0, len(tasks), EACH)]
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder, _bucket(tasks) as bucket:
        lead = partial(_lead, Path(folder), lag, bucket)
        with ProcessPoolExecutor(jobs, mp_context=context, initializer=_isolate, initargs=(folder,)) as pool:
            yield from pool.map(lead, chunks)


@contextmanager
def _bucket(tasks: Sequence[Task]) -> Iterator[Server | None]:
    """The object store of all worlds, on this machine; None if no world wants one."""
    if not any(store == "object" for _, store in tasks):
        yield None
        return
    with running() as server:
        server.make("states")
        aim(pytest.MonkeyPatch(), server.url)
        yield server


def _isolate(folder: str) -> None:
    isolate(pytest.MonkeyPatch(), Path(folder))
    os.environ["QONVERSION_SECRET"] = SECRET
    os.fsync = struck_at_fsync(None)
    trust_one(Path(folder))
    # What is there already need not be loaded, or copied for each process that is forked from this one
    gc.freeze()


def _lead(folder: Path, lag: bool, bucket: Server | None, tasks: Sequence[Task]) -> Tally:
    tally = Tally()
    for seed, store in tasks:
        # What a world came through counts once it has survived
        each = Tally()
        try:
            with tempfile.TemporaryDirectory(dir=folder) as place:
                if store == FLEET:
                    Fleet(seed, Path(place), each).go()
                elif store == CATALOGUE:
                    with staged(found(Path(place), "folder", bucket), seed) as stage:
                        Catalogue(seed, stage, each).go()
                else:
                    with staged(found(Path(place), store, bucket), seed) as stage:
                        Life(seed, stage, each, lag=lag).go()
        except Exception as error:  # noqa: BLE001 - whatever ends a world is what is looked for
            each = Tally(failures={(seed, store): _why(error)})
        tally.add(each)
    return tally


def _why(error: Exception) -> str:
    return "".join(traceback.TracebackException.from_exception(error, limit=-2).format())


def _to_paste(seed: int, store: str, why: str) -> str:
    said = why.strip().splitlines()
    commented = "\n".join(f"# {line}" for line in said)
    return f"""
{commented}
def test_seed_{seed}_{store}() -> None:
    \"\"\"It is survived.\"\"\"
    survives("{seed}", "{store}")
"""
