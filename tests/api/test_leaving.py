"""Ctrl-C, SIGTERM and SIGHUP while nothing is written yet: nobody waits for an API that keeps silent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from size import crossed
from world import KEY

from .raw import Bytes, saying

pytestmark = [pytest.mark.process, pytest.mark.network]

FLOW = "automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n"

ENDINGS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@pytest.mark.parametrize(
    ("number", "command"),
    crossed(ENDINGS, [["apply", "--auto-approve"], ["plan"], ["drift"]]),
)
def test_the_first_is_enough(tmp_path: Path, command: list[str], number: signal.Signals) -> None:
    """The process ends long before the requests that are under way would: those are never answered."""
    (tmp_path / "main.yaml").write_text(FLOW, encoding="utf-8")
    asked = threading.Event()

    def silent(_: str, over: threading.Event) -> Bytes:
        asked.set()
        over.wait()
        return []

    with saying(silent) as url:
        environment = {**os.environ, "QONVERSION_SECRET": KEY, "QONVERSION_API_URL": url}
        with subprocess.Popen(
            [sys.executable, "-m", "reconciler", *command, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        ) as process:
            try:
                assert asked.wait(60)
                process.send_signal(number)
                out, err = process.communicate(timeout=25)
            finally:
                process.kill()
    assert (process.returncode, out) == (1, "")
    assert "interrupted" in err
    assert "Traceback" not in err
    assert not [each.name for each in tmp_path.rglob("*.holder")]


LOSES_ONE = """
import signal, time, weakref
import reconciler.cli.main
from reconciler.__main__ import main

class Referred:
    pass

def lose():
    referred = Referred()
    reference = weakref.ref(referred, lambda _: signal.raise_signal(signal.%s))
    del referred
    time.sleep(600)

reconciler.cli.main.main = lose
main()
"""
"""The program. A signal reaches it in the callback of a weak reference, as of a module that is just loaded."""


@pytest.mark.parametrize("name", [each.name for each in ENDINGS])
def test_a_signal_that_python_drops_is_heard_all_the_same(name: str) -> None:
    """An exception in such a callback is only written to stderr."""
    done = subprocess.run(
        [sys.executable, "-c", LOSES_ONE % name], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "interrupted\n")
