"""What we depend on: every lower bound is one that the gate installs, and the lock holds all of it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from typing import Any

from .imports import ROOT
from .licences import CONTRIBUTING, brought, direct, licence, locked, renewed
from .licences import RENEW as RENEW_LICENCES

REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(\[[a-z0-9,]+\])?(?P<bound>>=|==)(?P<version>\d+(\.\d+)*)(; .+)?")
PINNED = re.compile(r"(?m)^(?P<name>[A-Za-z0-9._-]+)(\[[a-z0-9,]+\])?==(?P<version>\d+(\.\w+)*)")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")
DEVELOPMENT_ONLY = {"ruff", "mypy", "types-pyyaml", "types-jsonschema", "zizmor", "check-jsonschema"}
"""They change nothing that runs."""
RENEW = "renew .ci/lock.txt with the line in .github/CONTRIBUTING.md"

Version = tuple[int, ...]


def written() -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def requirements() -> Iterator[tuple[str, Version]]:
    """Name and bound of all that is asked for to build, run, test and develop."""
    document = written()
    project = document["project"]
    lists = [document["build-system"]["requires"], project["dependencies"], *project["optional-dependencies"].values()]
    for each in chain.from_iterable(lists):
        if each.partition("[")[0] == project["name"]:
            continue
        found = REQUIREMENT.fullmatch(each)
        assert found, f"{each}: expected NAME>=VERSION, or NAME==VERSION for what formats and types"
        yield normal(found["name"]), version(found["version"])


def pinned(name: str) -> dict[str, Version]:
    """Name → version, of all that a file of the gate pins."""
    text = (ROOT / ".ci" / name).read_text(encoding="utf-8")
    return {normal(found["name"]): version(found["version"]) for found in PINNED.finditer(text)}


def normal(name: str) -> str:
    """A package's name as all of its spellings are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def version(text: str) -> Version:
    """A version to compare: 3.0 and 3.0.0 are one."""
    numbers = [int(each) for each in re.findall(r"\d+", text)]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def test_every_lower_bound_is_a_version_that_is_tested() -> None:
    """`.ci/lowest.txt` pins what pyproject.toml asks for to build, run and test: each at its bound, no other."""
    asked = {name: bound for name, bound in requirements() if name not in DEVELOPMENT_ONLY}
    assert pinned("lowest.txt") == asked


def test_the_lock_holds_all_that_development_needs() -> None:
    """`.ci/lock.txt` pins each of them at its bound or above, with hashes, and names no place to take it from."""
    locked = pinned("lock.txt")
    missing = [name for name, bound in requirements() if locked.get(name, ()) < bound]
    assert not missing, RENEW
    text = (ROOT / ".ci" / "lock.txt").read_text(encoding="utf-8")
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", text)
    assert [block for block in blocks if "==" in block and not HASH.search(block)] == []
    assert "index" not in text
    assert "://" not in text


def test_the_tools_of_a_release_are_locked_too() -> None:
    """`.ci/tools.txt` has each of `.ci/tools.in` with hashes, and what the gate tests in the gate's version."""
    tools, gate = pinned("tools.txt"), pinned("lock.txt")
    asked = (ROOT / ".ci" / "tools.in").read_text(encoding="utf-8").splitlines()
    assert {name for name in asked if not name.startswith("#")} <= set(tools)
    assert {name: version for name, version in tools.items() if gate.get(name, version) != version} == {}
    text = (ROOT / ".ci" / "tools.txt").read_text(encoding="utf-8")
    assert [block for block in re.split(r"(?m)^(?=[a-z])", text) if "==" in block and not HASH.search(block)] == []
    assert "://" not in text


def test_the_table_of_licences_is_fresh() -> None:
    """It has each library of the action's lock, and none is under a GPL, an LGPL or an AGPL."""
    assert CONTRIBUTING.read_text(encoding="utf-8") == renewed(), f"run `{RENEW_LICENCES}`"
    names = set(direct()).union(*map(brought, direct()))
    assert locked() <= names
    assert not [name for name in names if "GPL" in licence(name)]


def test_every_library_is_justified() -> None:
    """CONTRIBUTING says what it is for, what would take its place, and how many there are."""
    text = CONTRIBUTING.read_text(encoding="utf-8")
    reasons = text.partition("## Dependencies")[2].partition("## Supply chain")[0].lower()
    assert [name for name in direct() if not re.search(rf"(?m)^\| \[{name}\]\(\S+\).* \| .+ \| .+ \|$", reasons)] == []
    extras = sum(extra != "" for extra in direct().values())
    counted = f"has {len(direct()) - extras} libraries at run time, and {len(locked())} with"
    assert counted in " ".join(text.split())


def test_a_folder_of_the_tests_can_be_run_alone() -> None:
    """Only the gate, which runs all of them, measures what they reach and asks for a share."""
    tools = written()["tool"]
    assert "cov" not in tools["pytest"]["ini_options"]["addopts"]
    assert "fail_under" not in tools["coverage"]["report"]
    assert "--cov-fail-under=90" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_gate_installs_by_the_locks_alone() -> None:
    """Each installation takes its versions from a file of the gate, or takes no library at all."""
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    installs = [line for line in gate.splitlines() if "pip" in line and re.search(r"pip\S* (install|wheel) ", line)]
    assert installs
    assert all(re.search(r"--no-deps|lock\.txt|lowest\.txt", line) for line in installs)
