"""`kill -9` while the state itself is written: it is the old one or the new one, and the journal fills the gap."""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from filelock import FileLock
from size import crossed

from .api import LONGEST_WAIT, Api
from .project import WRITES
from .proof import converges
from .sites import STATE_REF, Site, ended, git

LOOK = 0.01
LAST_STEP = re.compile(r"\[(\d+)/\1\]")
HOOK = """#!/bin/sh
while read -r old new ref; do
  case "$ref" in {ref}) echo reached > "{told}"; read -r fate < "{asked}"; [ "$fate" = go ] || exit 1;; esac
done
"""


@contextmanager
def gated(site: Site, hook: str) -> Iterator[tuple[Callable[[], None], Callable[[str], None]]]:
    """Stops the remote where it is about to take the state, or has: a wait for that, and what becomes of it."""
    told, asked = site.path / "told", site.path / "asked"
    for pipe in (told, asked):
        os.mkfifo(pipe)
    path = site.remote / "hooks" / hook
    path.parent.mkdir(exist_ok=True)
    path.write_text(HOOK.format(ref=STATE_REF, told=told, asked=asked), encoding="utf-8")
    path.chmod(0o755)
    # Open both ways, so that neither side waits for the other to open it
    ends = [os.open(pipe, os.O_RDWR) for pipe in (told, asked)]

    def reached() -> None:
        ready, _, _ = select.select([ends[0]], [], [], LONGEST_WAIT)
        assert ready, "the state was never pushed"
        os.read(ends[0], 100)
        path.unlink()

    def decide(fate: str) -> None:
        os.write(ends[1], f"{fate}\n".encode())

    try:
        yield reached, decide
    finally:
        for end in ends:
            os.close(end)


@pytest.mark.parametrize(
    ("moment", "machine"), crossed(["pre-receive-no", "pre-receive-go", "post-receive-go"], ["lost", "same"])
)
def test_killed_while_the_state_is_pushed(
    site_of: Callable[[str], Site], templates: dict[str, Site], api: Api, moment: str, machine: str
) -> None:
    """Before the remote takes it, with it on its way, and after it was taken: nothing is written again."""
    hook, _, fate = moment.rpartition("-")
    site = site_of("git")
    before, old = api.live(), git(site.remote, "rev-parse", STATE_REF)
    with gated(site, hook) as (reached, decide), site.start() as process:
        reached()
        process.kill()
        process.wait()
        decide(fate)
        _ended_at(site, old, moves=fate == "go")
    assert len(api.writes()) == WRITES
    if machine == "lost":
        site.lose_machine(templates["git"])
    converges(site, api, before)
    assert len(api.writes()) == WRITES


def _ended_at(site: Site, old: str, *, moves: bool) -> None:
    """Waits for the push that has outlived its process: the remote keeps what it brings apart until it is decided."""
    for _ in range(int(LONGEST_WAIT / LOOK)):
        apart = any((site.remote / "objects").glob("*incoming-*"))
        if not apart and moves == (git(site.remote, "rev-parse", STATE_REF) != old):
            return
        time.sleep(LOOK)
    raise AssertionError("the push has not ended")


@pytest.mark.parametrize("moment", ["before", "between"])
def test_killed_while_the_state_is_written(site_of: Callable[[str], Site], api: Api, moment: str) -> None:
    """Before the file is swapped, and after that with the journal still there: nothing is written again."""
    site = site_of("file")
    before, old = api.live(), site.state()
    swap = FileLock(site.state_file.with_name("default.json.swap"))
    with swap, site.start() as process:
        assert process.stderr
        assert any(LAST_STEP.match(line) for line in process.stderr)
        steps = site.journal.read_bytes()
        if moment == "between":
            # Nothing can be held between the swap and the journal's end, so the journal is put back after both.
            swap.release()
            assert ended(process).code == 0
        process.kill()
    assert (site.state() == old) == (moment == "before")
    site.journal.write_bytes(steps)
    converges(site, api, before)
    assert len(api.writes()) == WRITES
