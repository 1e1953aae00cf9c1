"""What is published: an sdist and a wheel of the last commit, the same bytes each time, with what they should hold."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from reconciler import __version__

from .imports import ROOT
from .readme import SHARED

pytestmark = [pytest.mark.process, pytest.mark.git]

NAME = f"qonversion_reconciler-{__version__}"
# What setuptools adds to an sdist.
ADDED = {"MANIFEST.in", "PKG-INFO", "setup.cfg"}
CHANGELOG = ROOT / ".github" / "CHANGELOG.md"


@dataclass(frozen=True)
class Built:
    """What `.ci/build` wrote."""

    folder: Path

    @property
    def wheel(self) -> Path:
        """The wheel."""
        return self.folder / f"{NAME}-py3-none-any.whl"

    @property
    def sdist(self) -> Path:
        """The source distribution."""
        return self.folder / f"{NAME}.tar.gz"

    def sums(self) -> dict[str, str]:
        """File → the SHA-256 of its bytes."""
        return {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in self.folder.iterdir()}


def call(*command: str | Path, **environment: str) -> str:
    """A program that succeeds: its stdout."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(folder: Path, umask: str, **environment: str) -> Built:
    """Both, by a shell that makes files with these rights."""
    script = f'umask {umask} && exec "$0" "$@"'
    call("bash", "-c", script, ROOT / ".ci" / "build", folder, sys.executable, **environment)
    return Built(folder)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Both, of the last commit."""
    pytest.importorskip("setuptools")
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    return build(tmp_path_factory.mktemp("built"), "022")


def committed(below: str = ".") -> set[str]:
    """The files of the last commit."""
    return set(call("git", "ls-tree", "-r", "-z", "--name-only", "HEAD", below).split("\0")) - {""}


def metadata(built: Built) -> Message:
    """What the index shows."""
    with zipfile.ZipFile(built.wheel) as wheel:
        return Parser().parsestr(wheel.read(f"{NAME}.dist-info/METADATA").decode())


@pytest.mark.exhaustive
def test_two_builds_have_the_same_bytes(built: Built, tmp_path: Path) -> None:
    """Whatever the time, its zone, the language, the folder and the rights of new files are."""
    other = build(tmp_path / "other", "077", TZ="Asia/Tokyo", LANG="de_DE.UTF-8", TMPDIR=str(tmp_path))
    assert built.sums() == other.sums()
    assert set(built.sums()) == {built.wheel.name, built.sdist.name}


@pytest.mark.exhaustive
def test_the_sdist_has_what_is_committed(built: Built) -> None:
    """All of it, so that whoever packages the tool can test it; nobody's name and no other time."""
    with tarfile.open(built.sdist) as sdist:
        members = sdist.getmembers()
    names = {each.name.removeprefix(f"{NAME}/") for each in members if each.isfile()}
    assert {name for name in names if ".egg-info/" not in name} == committed() | ADDED
    assert {(each.uname, each.gname, each.uid, each.gid) for each in members} == {("", "", 0, 0)}
    assert len({each.mtime for each in members}) == 1


@pytest.mark.exhaustive
def test_the_wheel_has_the_package_and_no_more(built: Built) -> None:
    """Modules, page, `py.typed`, manual page, completions and the licence."""
    with zipfile.ZipFile(built.wheel) as wheel:
        names = set(wheel.namelist())
    shared = {f"{NAME}.data/data/{name.removeprefix('examples/commands/')}" for name in SHARED}
    about = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "top_level.txt", "licenses/LICENSE"}
    assert names == committed("reconciler") | shared | {f"{NAME}.dist-info/{name}" for name in about}
    assert "reconciler/py.typed" in names


@pytest.mark.exhaustive
def test_the_index_shows_what_the_tool_is(built: Built) -> None:
    """Name, version, Python, licence, extras, links, and a text of its own without links into the repository."""
    shown = metadata(built)
    assert (shown["Name"], shown["Version"]) == ("qonversion-reconciler", __version__)
    assert (shown["Requires-Python"], shown["License-Expression"]) == (">=3.11", "Apache-2.0")
    assert shown.get_all("Provides-Extra") is not None
    assert {"object", "browser", "test", "dev"} <= set(shown.get_all("Provides-Extra") or [])
    links = [each.split(", ")[1] for each in shown.get_all("Project-URL") or []]
    assert links
    assert all(link.startswith("https://") for link in links)
    text = str(shown.get_payload())
    assert text.startswith("# qonversion-reconciler")
    assert "](" not in text
    users, _, developers = text.partition("The extras ")
    for extra in shown.get_all("Provides-Extra") or []:
        in_words = f"`{extra}`" in developers.partition(" are for people who work on the tool.")[0]
        assert in_words or f"[{extra}]'" in users, f"{extra} is not explained"


def test_the_version_stands_in_one_place() -> None:
    """`reconciler/__init__.py`; the changelog has it, or calls it unreleased."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dynamic = ["version"]' in text
    assert not re.search(r"(?m)^version = \"", text)
    headings = re.findall(r"(?m)^## \[([^\]]+)\](?: - \d{4}-\d\d-\d\d)?$", CHANGELOG.read_text(encoding="utf-8"))
    assert headings[0] == "Unreleased"
    assert __version__ in headings or len(headings) == 1


@pytest.mark.exhaustive
def test_the_wheel_is_installed_from_a_folder(built: Built, tmp_path: Path) -> None:
    """Without an index: both commands and `python -m` are there, with the manual page."""
    pytest.importorskip("pip")
    venv = tmp_path / "venv"
    call(sys.executable, "-m", "venv", "--without-pip", venv)
    python = venv / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "-q", "--disable-pip-version-check")
    call(*pip, "--no-deps", "--no-index", "--find-links", built.folder, "qonversion-reconciler")
    (packages,) = venv.glob("lib/*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    found = call(python, "-P", "-c", "import reconciler; print(reconciler.__file__)")
    assert Path(found.strip()).is_relative_to(venv)
    for command in ([venv / "bin" / "reconciler"], [venv / "bin" / "qonversion-reconciler"]):
        assert call(*command, "--version") == f"reconciler {__version__}\n"
    assert call(python, "-P", "-m", "reconciler", "--help").startswith("Usage: reconciler [OPTIONS] COMMAND")
    assert (venv / "share" / "man" / "man1" / "reconciler.1").is_file()
