"""What tests of several stages share."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import means
import pytest
import size
import waiting

waiting.install()

from world import World, opened  # noqa: E402 - after the sleep that it finds is one that can be shortened

TESTS = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds what runs all there is."""
    parser.addoption(
        "--exhaustive",
        action="store_true",
        help="run the tests that are marked exhaustive, too, with many more examples",
    )


def pytest_configure(config: pytest.Config) -> None:
    """A script that runs this in its background has Ctrl-C ignored, and `nohup` SIGHUP, by all that is started here
    too: a test that ends a program by one of them would wait for ever."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # What runs the tests may set a width, and a sentence that is broken is found by no test.
    # readline, which pytest loads, sets one behind the back of os.environ.
    os.environ.pop("COLUMNS", None)
    os.unsetenv("COLUMNS")
    size.exhaustive = config.getoption("exhaustive")
    means.install()
    _compile_once(config)


def _compile_once(config: pytest.Config) -> None:
    """Hundreds of programs are started. If the variable keeps them from writing bytecode, each would compile the
    package for itself, which takes a third of its time. Instead, they write it into a folder of this run."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ["PYTHONPYCACHEPREFIX"] = tempfile.mkdtemp(prefix="reconciler-bytecode-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop("PYTHONPYCACHEPREFIX"), ignore_errors=True))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """What is collected stays until the end: the garbage collector does not look for it now, and seldom later. It is
    not frozen, since Hypothesis asks the collector who refers to an object."""
    gc.disable()
    _compile_a_share(session)
    try:
        return (yield)
    finally:
        gc.set_threshold(10_000, 20, 1_000)
        gc.enable()


def _compile_a_share(session: pytest.Session) -> None:
    """Each worker imports all tests, and to compile them takes ten seconds. So it begins with a share of its own: the
    others have compiled the rest when it comes to that."""
    worker = getattr(session.config, "workerinput", None)
    if worker is None:
        return
    number, count = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
    folders = [Path(each).resolve() for each in session.config.args if Path(each).is_dir()]
    shared = sorted({file for folder in folders for file in folder.rglob("conftest.py")})
    files = sorted({file for folder in folders for file in folder.rglob("test_*.py")})
    for file in [*shared, *files[number % count :: count]]:  # a conftest says which modules pytest compiles, too
        with suppress(Exception, pytest.skip.Exception):  # the collection tells what is wrong with it
            import_module(".".join(file.relative_to(TESTS).with_suffix("").parts))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Adds the marks of what the fixtures of a test use, before tests are selected by their marks."""
    for mark in means.marks_by_fixtures(item):
        item.add_marker(mark)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is marked exhaustive, if it was not asked for by the option or by `-m`."""
    asked_for = size.exhaustive or "exhaustive" in config.getoption("markexpr")
    left_out = [item for item in items if item.get_closest_marker("exhaustive") and not asked_for]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("exhaustive")]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """The fixtures of a test use what it is marked with, and nothing else."""
    with means.restricted_to(means.marks_of(item)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """So does the test."""
    with means.restricted_to(means.marks_of(item)):
        return (yield)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two workers a core: many tests wait for a process or a server of theirs. One, if none of them does: each worker
    collects all tests, which takes it seconds."""
    waits = "not process" not in config.getoption("markexpr")
    return (2 if waits else 1) * (os.cpu_count() or 1)


@pytest.fixture
def world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], uses_network: None
) -> Iterator[World]:
    """An empty project behind a simulator over real HTTP, the key and the address in the environment as a user has."""
    with opened(tmp_path, monkeypatch, capsys) as world:
        yield world


@pytest.fixture
def no_waiting() -> Iterator[None]:
    """Retries and polls go on at once."""
    with waiting.skipped():
        yield


@pytest.fixture(scope="session")
def uses_process() -> None:
    """What asks for this starts processes: its tests get the mark."""


@pytest.fixture(scope="session")
def uses_git() -> None:
    """What asks for this starts git."""


@pytest.fixture(scope="session")
def uses_network() -> None:
    """What asks for this listens or connects on the loopback."""


@pytest.fixture(scope="session")
def uses_browser() -> None:
    """What asks for this drives a browser."""
