"""Where the processor time of a command goes, by parts of its work: `python -m tests.bench --profile`.

A timer of the processor's time interrupts the command each millisecond or so, and counts what its threads are doing.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import NoReturn

from .cases import Bench
from .measure import CHECKOUT, Server, measured

SECONDS = 0.001
ROUNDS = 5
PARTS = {
    "start: imports": ("<frozen importlib",),
    "read the YAML": ("reconciler/yaml/", "/yaml/"),
    "put in variables, validate by the schemas": (
        "config/values.py",
        "config/instances.py",
        "config/for_each.py",
        "config/validation.py",
    ),
    "check references and names, make the resources": ("reconciler/config/",),
    "read or write the state": ("state/file.py", "state/document.py", "state/backend.py"),
    "journal": ("reconciler/state/",),
    "httpx, httpcore and h11": ("/httpx/", "/httpcore/", "/h11/"),
    "requests: deadlines, limits, checks of the answers": ("reconciler/api/",),
    "convert the API's records": ("kinds/wire.py:record_from", "reconciler/observe.py"),
    "find the object of each address": ("plan/identity.py",),
    "compare, and make requests": ("plan/changes.py",),
    "order, warnings, digest": ("reconciler/plan/",),
    "review: what it does to people, evidence of git": ("reconciler/review/", "commands/evidence.py"),
    "show": ("reconciler/output/",),
    "verify what was written": ("apply/verify.py",),
    "operations, and hand-over between threads": ("reconciler/apply/", "reconciler/threads.py", "/concurrent/"),
}
"""A part → the paths of its files, or `file:function`. A moment counts for the innermost call that has a part."""
KERNEL = "in the kernel: sockets and files"
REST = "all else: click, the session, the end"
WAITS = (
    *(
        "/selectors.py",
        "/threading.py",
        "/queue.py",
        "/concurrent/futures/thread.py",
        "/httpcore/_backends/",
        "/ssl.py",
    ),
    *("apply/execute.py:_drain", "state/journal.py:intent"),
)
"""The files, or `file:function`, in which a thread waits. If all do, the kernel has the processor."""


def profiles(root: Path, sizes: list[int], server: Server, programs: Path, variables: dict[str, str]) -> str:
    """A table in Markdown for each size: the milliseconds of each part, of `ROUNDS` runs, and its share."""
    lines = []
    for size in sizes:
        bench = Bench(root, size, server, programs)
        bench.settle(variables)
        for name, *command in (
            ("plan, nothing to do", "plan"),
            ("apply, creates all", "apply", "--auto-approve", "--parallelism", "1"),
        ):
            counts, seconds = Counter[str](), 0.0
            for _ in range(ROUNDS):
                bench.restore(bench.folder, empty=command[0] == "apply")
                out = root / "profile.json"
                program = [str(programs / "python"), "-m", __name__, str(out), *command, str(bench.folder)]
                seconds += measured(program, variables, server, CHECKOUT).cpu
                counts.update(json.loads(out.read_text(encoding="utf-8")))
            total = sum(counts.values())
            lines += [f"| {name}, {size:,} | ms | share |", "|---|---|---|"]
            rows = ((part, counts[part] / total) for part in (*PARTS, KERNEL, REST))
            lines += [f"| {part} | {share * seconds / ROUNDS * 1000:.0f} | {share:.0%} |" for part, share in rows]
            lines += [f"| all of it | {seconds / ROUNDS * 1000:.0f} | |", ""]
    return "\n".join(lines)


def _name(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_code.co_name}"


def _part(frame: FrameType | None) -> str:
    stack = []
    while frame is not None:
        stack.append(_name(frame))
        frame = frame.f_back
    if any(each.startswith("<frozen importlib") for each in stack):
        return "start: imports"
    found = (part for each in stack for part, paths in PARTS.items() if any(path in each for path in paths))
    return next(found, REST)


def _sample(out: str, arguments: list[str]) -> None:
    """Runs the command line and writes how often each part was met."""
    counts: Counter[str] = Counter()

    def count(_number: int, frame: FrameType | None) -> None:
        stacks = [frame, *(each for each in sys._current_frames().values() if each is not frame)]
        # The handler's own frame is on top of the main thread's.
        tops = [each.f_back if each and each.f_code is count.__code__ else each for each in stacks]
        busy = [each for each in tops if each and not any(path in _name(each) for path in WAITS)]
        for part in {_part(each) for each in busy} or {KERNEL}:
            counts[part] += 1

    def finish(status: int) -> NoReturn:
        signal.setitimer(signal.ITIMER_PROF, 0)
        Path(out).write_text(json.dumps(counts), encoding="utf-8")
        leave(status)

    def start(thread: threading.Thread) -> None:
        # The main thread alone runs handlers, so no other one may take the signal.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPROF})
        try:
            begin(thread)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})

    leave, os._exit = os._exit, finish
    begin, threading.Thread.start = threading.Thread.start, start  # type: ignore[method-assign, assignment]
    # A thread that computes makes way for the handler at once, not where it would wait anyway.
    sys.setswitchinterval(SECONDS / 1000)
    sys.setswitchinterval = lambda _seconds: None
    signal.signal(signal.SIGPROF, count)
    signal.setitimer(signal.ITIMER_PROF, SECONDS, SECONDS)
    sys.argv = ["reconciler", *arguments]
    try:
        runpy.run_module("reconciler", run_name="__main__")
    except SystemExit as end:
        finish(int(end.code or 0))
    finish(0)


if __name__ == "__main__":
    _sample(sys.argv[1], sys.argv[2:])
