"""What is no file of the configuration is not read: no pipe holds us, no link leads out, no size fills the memory."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
from pathlib import Path

import pytest

from reconciler.cli.main import run
from reconciler.config import files

from .conftest import Place

SOUND = "automations:\n  a: {name: a, status: active, data: {}}\n"
LINK = "is a link that leaves the folder of the configuration; expected a file within, or a copy"


@pytest.mark.parametrize("name", ["x.yaml", "deep/x.yml", "reconciler.yaml"])
def test_a_pipe_is_a_problem_and_never_waited_for(place: Place, name: str) -> None:
    """Nobody writes into it: to open it would wait for ever, for the settings too."""
    place.write(SOUND, "deep/a.yaml")
    os.mkfifo(place.path / name)
    assert place.problems() == [f"{name}: is a named pipe; expected a regular file, or another name"]


def test_a_pipe_as_the_path(place: Place) -> None:
    """The path that the user names is held to the same."""
    os.mkfifo(place.path / "x.yaml")
    assert place.problems(place.path / "x.yaml") == [
        "x.yaml: is a named pipe; expected a regular file, or another name"
    ]


def test_a_device_as_the_path(place: Place) -> None:
    """/dev/zero never ends."""
    assert place.problems(Path("/dev/zero")) == ["/dev/zero: is a device; expected a regular file, or another name"]


def test_a_link_to_a_device_is_not_followed(place: Place) -> None:
    """It leaves the folder."""
    (place.path / "x.yaml").symlink_to("/dev/zero")
    assert place.problems() == [f"x.yaml: {LINK}"]


@pytest.mark.network
def test_a_socket_is_a_problem(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, as everything that is no file."""
    monkeypatch.chdir(place.path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("x.yaml")
        assert place.problems() == ["x.yaml: is a socket; expected a regular file, or another name"]


def test_a_folder_under_the_name_of_a_file(place: Place) -> None:
    """It is no file, and what is in it is not silently left out."""
    (place.path / "x.yaml").mkdir()
    (place.path / "reconciler.yaml").mkdir()
    said = "is a folder; expected a regular file, or another name"
    assert place.problems() == [f"reconciler.yaml: {said}", f"x.yaml: {said}"]


@pytest.mark.parametrize("name", ["x.yaml", "reconciler.yaml"])
def test_a_link_that_leaves_the_folder(place: Place, tmp_path: Path, name: str) -> None:
    """What is elsewhere is no part of what was reviewed; it is not read, and nothing of it is told."""
    (tmp_path / "passwords.yaml").write_text("hunter2: [", encoding="utf-8")
    (place.path / name).symlink_to("../passwords.yaml")
    assert place.problems() == [f"{name}: {LINK}"]


def test_a_link_to_a_folder_that_leaves(place: Place, tmp_path: Path) -> None:
    """Its resources would look deleted, so it is not silently left out."""
    (tmp_path / "elsewhere").mkdir()
    (place.path / "teams").symlink_to(tmp_path / "elsewhere")
    (place.path / ".hidden").symlink_to(tmp_path / "elsewhere")
    assert place.problems() == [
        "teams: is a link to a folder elsewhere; expected a folder of the configuration, or a hidden name"
    ]


def test_links_within_the_folder_are_fine(place: Place) -> None:
    """As a mounted ConfigMap has them; a link to a folder within brings nothing twice."""
    place.write(SOUND, "..data/a.yaml")
    (place.path / "a.yaml").symlink_to("..data/a.yaml")
    place.write("automations: {b: {name: b, status: active, data: {}}}", "teams/b.yaml")
    (place.path / "again").symlink_to("teams")
    assert run(["validate", str(place.path)]) == 0


@pytest.mark.parametrize("name", ["folder", "file.yaml"])
def test_the_path_itself_may_be_a_link(place: Place, tmp_path: Path, name: str) -> None:
    """Who names it means it."""
    place.write(SOUND)
    (tmp_path / name).symlink_to(place.path if name == "folder" else place.path / "main.yaml")
    assert run(["validate", str(tmp_path / name)]) == 0


def test_links_that_go_round(place: Place) -> None:
    """Named where they would be files of the configuration, no harm elsewhere."""
    for name in ("x.yaml", "loop", "reconciler.yaml"):
        (place.path / name).symlink_to(name)
    (place.path / "up").symlink_to(".")
    said = "cannot be read (Too many levels of symbolic links); expected a file or folder that may be read"
    assert [each.rpartition(",")[0] for each in place.problems()] == [f"reconciler.yaml: {said}", f"x.yaml: {said}"]


def test_settings_that_are_a_link_to_nothing(place: Place) -> None:
    """Other settings than those that were meant would be another state: never silently none."""
    (place.path / "reconciler.yaml").symlink_to("gone")
    assert place.problems()[0].startswith("reconciler.yaml: cannot be read (No such file or directory)")


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(place: Place) -> None:
    """Named, with the system's reason."""
    place.write(SOUND).chmod(0)
    assert place.problems()[0].startswith(f"main.yaml: cannot be read ({os.strerror(errno.EACCES)})")


def test_a_path_that_is_too_long(place: Place) -> None:
    """The system's reason rather than a fault."""
    assert "cannot be read (File name too long)" in place.problems(place.path / ("x" * 300))[0]


@pytest.mark.parametrize("name", ["main.yaml", "reconciler.yaml"])
@pytest.mark.process
def test_a_file_of_two_hundred_megabytes_is_not_read(place: Place, name: str) -> None:
    """Its size is enough to refuse it."""
    os.truncate(place.write("x", name), 200_000_000)
    ended = place.limited(f"200 MB as {name}")
    assert (ended.code, ended.lines[0]) == (
        3,
        f"{place.path}/{name}: is larger than 20 MB; expected a smaller file, or several",
    )
    assert ended.peak < 100_000_000


def test_a_file_that_grows_while_it_is_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read is bounded whatever the system said of the size before."""
    monkeypatch.setattr(files, "LARGEST", 100)
    place.write("#" * 101)
    assert place.problems() == ["main.yaml: is larger than 20 MB; expected a smaller file, or several"]


def test_all_files_together(place: Place) -> None:
    """Many files of a fair size are one configuration, and have one limit; before any is read."""
    for name in ("a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml"):
        os.truncate(place.write("#", name), 16_000_000)
    problems = [each for each in place.problems() if "not allowed" not in each]
    assert problems == ["d.yaml: the files up to this one are larger than 50 MB; expected fewer"]


def test_all_files_together_as_they_are_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where the system said less before."""
    monkeypatch.setattr(files, "LARGEST_TOGETHER", 20)
    place.write("#" * 15, "a.yaml")
    place.write("#" * 15, "b.yaml")
    assert place.problems() == ["b.yaml: the files up to this one are larger than 50 MB; expected fewer"]


def test_the_number_of_files(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a most, and it is told rather than waited for."""
    monkeypatch.setattr(files, "MOST_FILES", 3)
    for name in "abcd":
        place.write("", f"{name}.yaml")
    assert place.problems() == [f"{place.path}: holds more than 3 files of YAML; expected fewer, and none is read"]


@pytest.mark.process
def test_folders_a_thousand_deep(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk does not recurse, and a path that the system cannot say is a problem."""
    monkeypatch.chdir(place.path)
    try:
        for _ in range(1200):
            Path("d").mkdir()
            os.chdir("d")
        Path("a.yaml").write_text(SOUND, encoding="utf-8")
        os.chdir(place.path)
        assert run(["validate", "."]) == 0
    finally:
        os.chdir(place.path)
        subprocess.run(["rm", "-rf", "d"], check=True)  # noqa: S607 - pytest and shutil would recurse


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\n::error::x.yaml", "a\\n::error::x.yaml"),
        ("\x1b[2J\u202e.yaml", "\\u001b[2J\\u202e.yaml"),
        ("\udcff.yaml", "\\udcff.yaml"),
        ("##[error].yaml", "\\u0023#[error].yaml"),
    ],
)
def test_a_file_name_is_shown_harmless(place: Place, name: str, shown: str) -> None:
    """It is a value like others, whatever bytes the file system takes."""
    (place.path / name).write_bytes(b"x: 1\n")
    assert [each.partition(":1:1: ")[0] for each in place.problems()] == [shown]


def test_a_file_name_that_is_a_workflow_command(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Problems begin with it, so a line could begin with `::`."""
    place.write("x: 1\n", "::set-output name=a::b.yaml")
    monkeypatch.chdir(place.path)
    assert run(["validate"]) == 3
    assert capsys.readouterr().err.startswith("\\u003a:set-output name=a::b.yaml:1:1: unknown key")
