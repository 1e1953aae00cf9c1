"""`secret_command`: the key is what a program prints."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest
from world import World

from reconciler.api import secret

pytestmark = pytest.mark.process

FLOW = "automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n"
BODY = "Zq81fT0mPb6xYw3Kd9"
PRINTED = f"test_sk_{BODY}"
# Put together where it runs: a key that stands in a file is an error.
PRINTS = f"print('test_' + 'sk_' + '{BODY}')"


@pytest.fixture(autouse=True)
def no_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration, and no key in the environment."""
    monkeypatch.delenv("QONVERSION_SECRET")
    world.write(FLOW)


def _command(*words: str) -> str:
    return json.dumps(words)


def _python(program: str) -> str:
    return _command(sys.executable, "-c", program)


def _settings(world: World, command: str, rest: str = "") -> None:
    world.write(f"environments: {{main: {{secret_command: {command}{rest}}}}}\n", "reconciler.yaml")


def test_what_it_prints_is_the_key(world: World) -> None:
    """Stripped; a plan, an apply and an empty plan by it, and the key is in no output and no file."""
    _settings(world, _python(f"print('  '); {PRINTS}"))
    ends = [world.plan("--debug"), world.apply("--debug"), world.plan("--debug")]
    assert [each.code for each in ends] == [2, 0, 0], ends[0].err
    assert PRINTED not in "".join(each.out + each.err for each in ends)
    kept = [each.read_bytes() for each in world.folder.rglob("*") if each.is_file()]
    assert not [each for each in kept if PRINTED.encode() in each]


def test_a_refused_key_is_told_by_its_command(world: World) -> None:
    """Exit 4; the program is named where a variable would be."""
    _settings(world, _command("printf", "sk_%s", "forbidden_1"))
    refused = world.plan()
    assert refused.code == 4
    assert "the key in secret_command (printf) may not do this" in refused.err


def test_a_variable_that_is_set_wins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a pipeline sets it, and a person's password manager is left in peace; empty is not set."""
    _settings(world, _python(f"open('ran', 'w').close(); {PRINTS}"), ", secret_env: MAIN_KEY")
    monkeypatch.setenv("MAIN_KEY", "sk_readonly_1")
    assert world.plan().code == 2
    assert not (world.folder / "ran").exists()
    monkeypatch.setenv("MAIN_KEY", " ")
    assert world.plan().code == 2
    assert (world.folder / "ran").exists()


def test_a_variable_that_is_not_named_is_not_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """QONVERSION_SECRET may be of another project: who writes a command alone means the command."""
    monkeypatch.setenv("QONVERSION_SECRET", "sk_forbidden_1")
    _settings(world, _python(PRINTS))
    assert world.plan().code == 2


def test_only_the_command_of_the_environment_is_run(world: World) -> None:
    """Nobody is asked for the key of production while the sandbox is planned."""
    one, two = (_python(f"open('{name}', 'w').close(); {PRINTS}") for name in ("one", "two"))
    world.write(f"environments: {{one: {{secret_command: {one}}}, two: {{secret_command: {two}}}}}", "reconciler.yaml")
    assert world.plan("--environment", "two").code == 2
    assert (world.folder / "two").exists()
    assert not (world.folder / "one").exists()


@pytest.mark.parametrize("command", [["validate"], ["state", "list"], ["history"], ["plan", "--environment", "none"]])
def test_who_needs_no_key_does_not_run_it(world: World, command: list[str]) -> None:
    """`validate` on somebody's pull request runs nothing of theirs."""
    _settings(world, _python(f"open('ran', 'w').close(); {PRINTS}"))
    name, *rest = command
    world.run(name, *rest) if name != "state" else _state(world)
    assert not (world.folder / "ran").exists()


def _state(world: World) -> None:
    program = [sys.executable, "-m", "reconciler", "state", "list", str(world.folder)]
    assert subprocess.run(program, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("name", ["./key.sh", "bin/key.sh", "../beside.sh"])
def test_a_program_with_a_slash_is_of_the_configuration(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """Relative to reconciler.yaml, wherever the command is called from."""
    program = world.folder / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\necho {PRINTED}\n", encoding="ascii")
    program.chmod(0o700)
    _settings(world, _command(name))
    for folder in (tmp_path, world.folder.parent):
        monkeypatch.chdir(folder)
        assert world.plan().code == 2


def test_a_bare_name_is_not_of_the_configuration(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked for in PATH only, though we stand in the folder."""
    program = world.folder / "reconciler-test-key"
    program.write_text(f"#!/bin/sh\necho {PRINTED}\n", encoding="ascii")
    program.chmod(0o700)
    monkeypatch.chdir(world.folder)
    _settings(world, _command(program.name))
    refused = world.plan()
    assert refused.code == 4
    assert (
        "no key: secret_command (reconciler-test-key) cannot be run (No such file or directory in PATH)" in refused.err
    )


def test_no_shell_reads_the_words(world: World) -> None:
    """They reach the program as they are, and it runs beside reconciler.yaml."""
    words = ["$(touch pwned)", "; touch pwned", "`touch pwned`", "a b", "*", "~", "${HOME}"]
    keeps = "import json, sys; json.dump(sys.argv[1:], open('words.json', 'w'));"
    _settings(world, _command(sys.executable, "-c", keeps + PRINTS, *words))
    assert world.plan().code == 2
    assert json.loads((world.folder / "words.json").read_text(encoding="ascii")) == words
    assert not (world.folder / "pwned").exists()


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (f"import sys; {PRINTS}; sys.exit(3)", "ended with 3"),
        (f"import os; {PRINTS}; import sys; sys.stdout.flush(); os.kill(os.getpid(), 9)", "was ended by signal 9"),
        ("pass", "printed nothing; expected the key, on stdout"),
        ("print('  \\n')", "printed nothing; expected the key, on stdout"),
        (f"{PRINTS}; print('and more')", "printed more than one word; expected the key"),
        ("print('password:', 'test_' 'sk_x')", "printed more than one word; expected the key"),
        (f"{PRINTS[:-1]} + chr(233))", "holds characters that a key cannot have"),
        (f"{PRINTS[:-1]} + chr(0))", "holds characters that a key cannot have"),
        (f"{PRINTS[:-1]} + chr(34))", "holds characters that a key cannot have"),
    ],
)
def test_a_command_that_gives_no_key(world: World, program: str, said: str) -> None:
    """Exit 4 before anything is asked of the API; what is wrong is said, and what was printed is not."""
    _settings(world, _python(program))
    refused = world.plan("--debug")
    assert (refused.code, refused.out) == (4, "")
    error, hint = refused.err.splitlines()
    assert said in error
    assert f"secret_command ({sys.executable})" in error
    assert hint.startswith("hint: ")
    assert BODY not in refused.err
    assert world.requests() == []


@pytest.mark.parametrize("command", ['["/nowhere/x"]', '["./missing"]', '["."]', r'["a\0b"]', r'["printf", "a\0b"]'])
def test_a_command_that_cannot_be_run(world: World, command: str) -> None:
    """Exit 4, and the other way to a key."""
    _settings(world, command, ", secret_env: MAIN_KEY")
    refused = world.plan()
    assert (refused.code, refused.out) == (4, "")
    assert "cannot be run (" in refused.err
    assert refused.err.splitlines()[1].endswith("or set MAIN_KEY, which wins")


def test_why_it_failed_is_told_harmless(world: World) -> None:
    """The end of its stderr, on one line: no control characters, not the key, not what stdout had."""
    says = (
        "import sys; w = sys.stderr.write; w('x' * 999); w(chr(27) + '[2J::error::locked' + chr(0x202e) + chr(10));"
        f"print('plain-Password9'); w('tried plain-Password9 and test_' + 'sk_' + '{BODY}, log in first'); sys.exit(1)"
    )
    _settings(world, _python(says))
    refused = world.plan()
    assert refused.code == 4
    error, _ = refused.err.splitlines()
    assert error.endswith("\\u001b[2J::error::locked\\u202e tried *** and *** log in first")
    assert len(error) < 600
    assert "plain-Password9" not in refused.err
    assert BODY not in refused.err


def test_its_time_is_limited(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, with what it has started and whatever that holds open."""
    monkeypatch.setattr(secret, "UNATTENDED_SECONDS", 1.0)
    pipe = world.folder / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        _settings(world, _command("sh", "-c", "exec 3>pipe; echo started >&3; sleep 60 & sleep 60"))
        refused = world.plan()
        os.set_blocking(reading, True)
        assert os.read(reading, 99) == b"started\n"
        assert select.select([reading], [], [], 20)[0], "what it has started still runs"
        assert os.read(reading, 99) == b""
    finally:
        os.close(reading)
    assert refused.code == 4
    assert "did not end within 1 seconds, and was ended" in refused.err


def _program(world: World) -> list[str]:
    return [sys.executable, "-m", "reconciler", "plan", str(world.folder)]


ASKS = "import sys; sys.stderr.write('Your password: '); print('test_' + 'sk_' + input())"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals here")
def test_on_a_terminal_it_may_ask(world: World) -> None:
    """Its question is seen as it comes, and it reads the answer from our terminal."""
    _settings(world, _python(ASKS))
    ours, theirs = os.openpty()
    try:
        os.write(ours, BODY.encode() + b"\n")
        done = subprocess.run(_program(world), stdin=theirs, capture_output=True, text=True, check=False)
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 0, done.stderr
    assert "Your password: " in done.stderr
    assert BODY not in done.stdout + done.stderr


def test_without_a_terminal_there_is_nobody_to_ask(world: World) -> None:
    """What stdin holds is not for it: it gets none, and fails at once."""
    _settings(world, _python(ASKS))
    done = subprocess.run(_program(world), input=f"{BODY}\n", capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "EOF" in done.stderr
    assert BODY not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ('"op read x"', 'found the text "op read x"; expected a list'),
        ("[]", "is empty; expected a list that holds something"),
        ('["op", 1]', "found the number 1; expected"),
        ('[""]', "is empty; expected"),
        (f'["echo", "{PRINTED}"]', "a secret key stands here; expected none in a file"),
    ],
)
def test_a_command_is_a_list_of_words(world: World, command: str, said: str) -> None:
    """Never one text for a shell, and never the key itself."""
    _settings(world, command)
    ended = world.run("validate")
    assert ended.code == 3
    assert "reconciler.yaml:1:" in ended.err
    assert said in ended.err
    assert BODY not in ended.err
