"""Every command of the documents works, in the order in which it stands, in one shell.

The shell runs in a copy of the repository. Three things differ from the shell of a reader:

- `python3 -m venv` makes an environment whose pip brings only `reconciler`, and whose pytest does nothing. The gate has
  the real ones.
- If a document sets no address of the API, it is that of a simulator.
- `apply` gets the answer yes.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from size import first

from reconciler.cli.main import run

from .documents import DOCUMENTS, README, Block, blocks, code_spans, name_of
from .imports import ROOT

QUICKSTART = ROOT / "examples" / "quickstart" / "README.md"
FIRST = (README, QUICKSTART)
"""A new user begins with these, in one shell, and installs the tool by the first."""

GUIDES = [page for page in DOCUMENTS if page not in FIRST and not all(block.not_run for block in blocks(page))]
LEFT_OUT = [(page, block) for page in DOCUMENTS for block in blocks(page) if block.not_run]
COPIED = ("README.md", "pyproject.toml", ".gitignore", ".ci", ".github", "examples", "schemas")
KEPT = ("LANG", "LC_ALL", "TMPDIR", "COVERAGE_FILE", "PYTHONPYCACHEPREFIX")
SERVER = "127.0.0.1:8080"
ENDS_WITH = re.compile(r"#.*\bexit code (\d+)$")
HERE_DOCUMENT = re.compile(r"<<-?\s*'?(\w+)'?")

PYTHON3 = """\
#!/bin/sh
[ "$1 $2" = "-m venv" ] || exec {python} "$@"
mkdir -p "$3/bin" && cp {venv}/* "$3/bin/"
"""
ACTIVATE = 'PATH="$PWD/.venv/bin:$PATH"\n'
PIP = """\
#!/bin/sh
for last; do :; done
[ "$last" != . ] || cp {installed}/reconciler "$(dirname "$0")/"
"""
RECONCILER = """\
#!/bin/sh
printf '%s\\t%s\\n' "$QONVERSION_API_URL" "$*" >>{log}
export QONVERSION_API_URL="${{QONVERSION_API_URL:-simulator:{vendor}}}"
[ "$1" != apply ] || set -- "$@" --auto-approve
exec {python} -m reconciler "$@"
"""


@dataclass(frozen=True)
class Shell:
    """A copy of the repository, with the programs that its commands find."""

    folder: Path
    environment: dict[str, str]
    log: Path

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Runs a script to its end, without a terminal."""
        return subprocess.run(
            ["bash", "-c", script],  # noqa: S607 - the bash of whoever runs the tests, as a reader has it
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    def calls(self) -> list[tuple[str, str]]:
        """QONVERSION_API_URL and arguments of each call of `reconciler`."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [(url, arguments) for url, _, arguments in (line.partition("\t") for line in lines)]


def write_program(path: Path, text: str) -> None:
    """A program in a folder that may not exist yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def without_reconciler(path: str) -> list[str]:
    """The folders of a PATH without those of an environment in which the tool is installed."""
    return [each for each in path.split(os.pathsep) if not (Path(each) / "reconciler").is_file()]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A fresh copy in git, with a remote; the project behind the API holds the objects of the quickstart."""
    folder, programs, venv, installed = (tmp_path / name for name in ("checkout", "programs", "venv", "installed"))
    paths = {"python": sys.executable, "venv": venv, "installed": installed}
    paths |= {"log": tmp_path / "calls", "vendor": tmp_path / "vendor.sqlite"}
    words = {name: shlex.quote(str(path)) for name, path in paths.items()}
    write_program(programs / "python3", PYTHON3.format(**words))
    write_program(installed / "reconciler", RECONCILER.format(**words))
    write_program(venv / "activate", ACTIVATE)
    write_program(venv / "pip", PIP.format(**words))
    write_program(venv / "pytest", "#!/bin/sh\n")
    ignored = shutil.ignore_patterns(".reconciler", "*.sqlite*", "__pycache__")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    kept = {name: value for name, value in os.environ.items() if name in KEPT}
    environment = kept | {
        "PATH": os.pathsep.join([str(programs), *without_reconciler(os.environ["PATH"])]),
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": "r@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    made = Shell(folder, environment, tmp_path / "calls")
    prepared = made.run(
        "git init --quiet --initial-branch main && git add --all && git commit --quiet --message Begin "
        "&& git init --quiet --bare ../origin.git && git remote add origin ../origin.git "
        "&& git push --quiet origin main && git fetch --quiet origin"
    )
    assert prepared.returncode == 0, prepared.stderr
    return made


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The simulator as a process of its own; gives its host and port."""
    with subprocess.Popen(
        [sys.executable, "-m", "reconciler", "simulate", "--port", "0"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stderr is not None
            answers = re.search(r"http://(127\.0\.0\.1:\d+)/v4", process.stderr.readline())
            assert answers
            yield answers[1]
        finally:
            process.terminate()


def statements(block: Block) -> Iterator[tuple[int, str, int]]:
    """Line, text and expected exit code of each command; a continued line and a here-document are part of one."""
    begun: list[str] = []
    end = ""
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        begun.append(line)
        if not end and (found := HERE_DOCUMENT.search(line)):
            end = found[1]
        elif line == end:
            end = ""
        if end or line.endswith("\\"):
            continue
        text = "\n".join(begun)
        if text.strip():
            code = ENDS_WITH.search(begun[0])
            yield number - len(begun) + 1, text, int(code[1]) if code else 0
        begun = []


def script_of(page: Path) -> str:
    """All commands of a document, which ends at the first that does not exit as it says."""
    checked = []
    for block in blocks(page):
        for line, text, code in () if block.not_run else statements(block):
            place = shlex.quote(f"{name_of(page)}:{line}: expected exit code {code}, not ")
            checked.append(f'{text}\nended=$?; [ $ended = {code} ] || {{ echo {place}"$ended" >&2; exit 1; }}\n')
    return "".join(checked)


@pytest.mark.process
@pytest.mark.git
@pytest.mark.network
@pytest.mark.parametrize(
    "guides", [pytest.param([], id="the first"), pytest.param(GUIDES, id="all", marks=pytest.mark.exhaustive)]
)
def test_a_new_user_reads_one_document_after_the_other(shell: Shell, guides: list[Path]) -> None:
    """One shell for all of them. Nothing of the simulator is left in it for the project of the user."""
    # What the vendor's address answers is the quickstart.
    made = shell.run(
        "cp -r examples/quickstart .. && QONVERSION_SECRET=sk_x ../installed/reconciler apply ../quickstart"
    )
    assert made.returncode == 0, made.stderr
    done = run_commands(shell, "".join(script_of(page) for page in (*FIRST, *guides)))
    assert done.returncode == 0, done.stdout + done.stderr
    asked = {url for url, arguments in shell.calls() if "my-project" in arguments}
    assert asked == {""}


@pytest.mark.process
@pytest.mark.git
@pytest.mark.network
def test_the_line_to_try_leaves_nothing_in_the_shell(shell: Shell) -> None:
    """Who goes on with a project of his own after it asks the vendor."""
    first = next(blocks(README))
    done = shell.run(f'{first.text}ended=$?\nenv | grep QONVERSION\nexit "$ended"')
    assert done.returncode == 0, done.stderr
    assert "QONVERSION" not in done.stdout
    assert "Plan for default: no changes" in done.stdout


@pytest.mark.process
@pytest.mark.git
@pytest.mark.network
@pytest.mark.parametrize("page", first(GUIDES), ids=name_of)
def test_the_commands_of_a_guide_work(shell: Shell, page: Path) -> None:
    """Each exits with 0, or with the code that its comment names."""
    done = run_commands(shell, f'PATH="$PWD/../installed:$PATH"\n{script_of(page)}')
    assert done.returncode == 0, done.stdout + done.stderr


def run_commands(shell: Shell, script: str) -> subprocess.CompletedProcess[str]:
    """Runs the commands of documents, with a server beside them if they ask for one."""
    if "curl " in script and shutil.which("curl") is None:
        pytest.skip("there is no curl")
    if SERVER not in script:
        return shell.run(script)
    with serving(shell.folder.parent) as address:
        return shell.run(script.replace(SERVER, address))


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_a_command_in_a_sentence_can_be_read(capsys: pytest.CaptureFixture[str], page: Path) -> None:
    """`reconciler` has it, with its options."""
    for line, span in code_spans(page):
        words = shlex.split(span) if span.startswith("reconciler ") else []
        if words[1:] and words[1] != "COMMAND":
            assert run([*words[1:], "--help"]) == 0, f"{name_of(page)}:{line}: {capsys.readouterr().err}"


@pytest.mark.process
@pytest.mark.parametrize(("page", "block"), LEFT_OUT, ids=lambda value: name_of(value) if value in DOCUMENTS else "")
def test_a_block_that_is_not_run_can_be_read(capsys: pytest.CaptureFixture[str], page: Path, block: Block) -> None:
    """bash understands it, and `reconciler` knows its options."""
    read = subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True, check=False)  # noqa: S607 - as above
    assert read.returncode == 0, f"{name_of(page)}:{block.line}: {read.stderr}"
    for _, text, _ in statements(block):
        words = shlex.split(text, comments=True)
        if words[0] == "reconciler":
            assert run([*words[1:], "--help"]) == 0, capsys.readouterr().err
