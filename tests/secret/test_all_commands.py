"""A project's whole life with a key that nobody can mistake, and then every byte of it is looked through."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from size import first
from world import Run, World

from reconciler.api.transport import Transport
from reconciler.cli.main import run
from reconciler.simulator import Simulator

from .served import Seen, serving

MARK = "Zq81fT0mPb6xYw3Kd9"
LIFE = f"sk_{MARK}~+/x=="
OTHER = "test_sk_0therKeyOfAnotherProject77"
TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
    """
FLOW = "automations: {flow: {name: Flow, status: active, data: {actions: {push: %s}}}}\n"
BROKEN = "automations: {broken: {name: Broken, status: active, data: {actions: {}}}}\n"


def spelled(key: str) -> list[bytes]:
    """The key, and how it looks in an address, in base64 wherever it begins, in hex, and reversed."""
    raw = key.encode()
    forms = {raw, quote(key).encode(), quote(key, "").encode(), quote_plus(key).encode(), raw.hex().encode(), raw[::-1]}
    for before in (b"", b"a", b"ab", b"Bearer ", b":"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # Its first and last characters depend on what is beside it.
            forms.add(encode(before + raw)[len(before) * 4 // 3 + 3 : -6])
    return sorted(forms | {MARK.encode()})


def _git_that_tells(folder: Path) -> Path:
    """A git that writes down its words and its environment, and then does as git does."""
    folder.mkdir()
    real = shutil.which("git")
    told = folder / "told"
    program = folder / "git"
    program.write_text(
        f'#!/bin/sh\n{{ env; printf "%s\\n" "$@"; }} >> "{told}"\nexec "{real}" "$@"\n', encoding="utf-8"
    )
    program.chmod(0o700)
    return told


@pytest.fixture
def life(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[World, Seen, Path]]:
    """A configuration in a repository, an API that writes down the keys, a git that writes down what it is given."""
    told = _git_that_tells(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{told.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("QONVERSION_SECRET", LIFE)
    monkeypatch.setenv("ANOTHER_SECRET", f" {OTHER}\n")
    person = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for words in (["init", "--quiet"], [*person, "commit", "--quiet", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", "-C", str(world.folder), *words], check=True, capture_output=True)  # noqa: S607
    subprocess.run(
        ["git", "-C", str(world.folder), "remote", "add", "origin", str(tmp_path / "remote.git")],  # noqa: S607
        check=True,
    )
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "remote.git")], check=True)  # noqa: S607
    told.unlink()
    with Simulator(tmp_path / "life.db") as simulator, serving(seen := Seen(simulator)) as port:
        monkeypatch.setenv("QONVERSION_API_URL", f"http://127.0.0.1:{port}")
        yield world, seen, told


def _lived(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    world.write(TEAM)
    world.write(FLOW % "p1", "flow.yaml")
    yield world.run("validate")
    yield world.run("plan", "--debug", "--out", str(world.folder / "plan.json"))
    yield world.run("apply", "--auto-approve", "--debug", "--plan", str(world.folder / "plan.json"))
    world.write(BROKEN, "broken.yaml")
    world.write(FLOW % "p2", "flow.yaml")
    yield world.run("apply", "--auto-approve", "--debug", "--format", "json")
    (world.folder / "broken.yaml").unlink()
    yield world.run("drift", "--debug")
    yield world.run("drift", "--adopt", "--format", "json")
    yield world.run("history")
    yield world.run("plan", "--undo", "latest", "--debug")
    yield world.run("export", "--debug")
    yield world.run("plan", "--environment", "nowhere")
    yield world.run("plan", "--nonsense")
    yield from _faulty(world, monkeypatch, capsys)


def _faulty(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Faults of ours while reading, and in the middle of a write."""
    exchange = Transport.exchange

    def faulty(transport: Transport, method: str, *arguments: Any, **options: Any) -> Any:
        if method in breaking:
            raise RuntimeError(f"cannot use {transport.secret.value!r} of {transport.secret!r}")
        return exchange(transport, method, *arguments, **options)

    world.write(FLOW % "p3", "flow.yaml")
    monkeypatch.setattr(Transport, "exchange", faulty)
    breaking = {"GET"}
    yield world.run("plan", "--debug")
    breaking = {"PUT", "POST"}
    yield world.run("apply", "--auto-approve", "--debug")
    monkeypatch.setattr(Transport, "exchange", exchange)
    yield world.run("apply", "--auto-approve", "--debug")
    capsys.readouterr()
    (world.folder / "other").mkdir()
    code = run(["export", str(world.folder / "other"), "--debug"])
    yield Run(code, *capsys.readouterr())


@pytest.mark.parametrize("store", first(["git", "file"]))
@pytest.mark.git
def test_the_key_is_nowhere(
    life: tuple[World, Seen, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], store: str
) -> None:
    """Validated, planned, saved, applied, failed, drifted, adopted, undone, exported, crashed: it is in no output, no
    file, no object of git, and no process that we start is given it, nor the key of another project."""
    world, seen, told = life
    world.write(f"state: {{store: {store}}}\n", "reconciler.yaml")
    ends = list(_lived(world, monkeypatch, capsys))
    assert [each.code for each in ends] == [0, 0, 0, 6, 0, 0, 0, 0, 5, 64, 64, 1, 1, 0, 0], [each.err for each in ends]
    assert set(seen.keys) == {LIFE}
    printed = "".join(each.out + each.err for each in ends).encode()
    assert b"a fault in reconciler" in printed
    assert b"debug: PUT" in printed
    folders = [world.folder, told.parent, told.parent.parent / "remote.git"]
    files = {each: _unpacked(each) for folder in folders for each in folder.rglob("*") if each.is_file()}
    assert {"main.yaml", "plan.json", "told"} <= {each.name for each in files}
    assert any("receipts" in each.parts for each in files) or store == "git"
    for form in spelled(LIFE):
        assert form not in printed
        assert not [str(each) for each, content in files.items() if form in content], form
    assert OTHER.encode() not in files[told]
    assert b"PATH=" in files[told]


def _unpacked(file: Path) -> bytes:
    """What a file holds; objects of git are packed."""
    content = file.read_bytes()
    try:
        return content + zlib.decompress(content) if "objects" in file.parts else content
    except zlib.error:
        return content


def test_the_search_finds_it() -> None:
    """The forms that are looked for are those that it has."""
    for text in (f"a {LIFE} b", f"?key={quote(LIFE, '')}&", base64.b64encode(f"user:{LIFE}!".encode()).decode()):
        assert [form for form in spelled(LIFE) if form in text.encode()], text
