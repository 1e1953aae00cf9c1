"""Runs the jobs of GitLab's template line by line, as its runner does: inputs, rules, extends, variables, artifacts.

docs.gitlab.com/ci: yaml, inputs, jobs/job_rules, variables/predefined_variables
"""

from __future__ import annotations

import compileall
import itertools
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

import yaml
from forges.gitlab import GitLab
from forges.server import Json

from .machine import Machine
from .repository import Repository, git

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "ci" / "gitlab"
TEMPLATE = FOLDER / "templates" / "reconciler.yml"
INPUT = re.compile(r"\$\[\[ inputs\.([a-z-]+) \]\]")
VARIABLE = re.compile(r"\$\{?([A-Z_0-9]+)\}?")
CLAUSE = re.compile(r'\$([A-Z_0-9]+) == (?:"([^"]*)"|\$([A-Z_0-9]+))')
KEYWORDS = {
    "artifacts", "before_script", "environment", "extends", "image", "interruptible", "resource_group", "rules",
    "script", "stage", "timeout", "variables",
}  # fmt: skip


@dataclass
class Job:
    """How a job ended."""

    name: str
    result: str = "success"
    log: str = ""
    files: dict[str, str] = field(default_factory=dict)


def template(**inputs: str) -> Json:
    """The jobs of the template with its inputs filled in."""
    header, content = yaml.load_all(TEMPLATE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    declared = header["spec"]["inputs"]
    assert set(inputs) <= set(declared), inputs
    values = {name: each["default"] for name, each in declared.items()} | inputs
    filled: Json = _filled(content, values)
    return filled


def included() -> Json:
    """The inputs that the file to paste gives."""
    (entry,) = yaml.load((FOLDER / ".gitlab-ci.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["include"]
    assert ROOT / entry["file"].lstrip("/") == TEMPLATE
    inputs: Json = entry["inputs"]
    assert entry["ref"] == inputs["version"]
    return inputs


class GitLabRunner:
    """`secrets` are variables of the project, `variables` what the machine has of its own, `source` is cloned."""

    def __init__(
        self,
        folder: Path,
        venv: Path,
        repository: Repository,
        host: GitLab,
        secrets: dict[str, str],
        variables: dict[str, str],
        source: Path,
    ) -> None:
        self._folder = folder
        self._venv = venv
        self.repository = repository
        self.host = host
        self._given = {**variables, **secrets}
        self._runs = itertools.count(1)
        self._source = source
        self.inputs: dict[str, str] = {}

    def run(self, commit: str, **variables: str) -> dict[str, Job]:
        """A pipeline; the jobs that its rules let in, by what they do."""
        document = template(**included() | {"source": self._source.as_uri(), **self.inputs})
        given = {**self._given, **self.host.environment(CI_COMMIT_SHA=commit, CI_DEFAULT_BRANCH="main", **variables)}
        jobs = {}
        for name, job in document.items():
            if not name.startswith(".") and _let_in(job["rules"], given):
                jobs[name.split()[1]] = self._job(Job(name), _extended(document, job), given)
        return jobs

    def plan(self, number: int, head: str, *, project: str = "55", source: str = "55") -> dict[str, Job]:
        """A merge request was opened, or pushed to; in a fork its pipeline is that of the fork."""
        return self.run(
            head,
            CI_PIPELINE_SOURCE="merge_request_event",
            CI_MERGE_REQUEST_IID=str(number),
            CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main",
            CI_MERGE_REQUEST_DIFF_BASE_SHA=self.repository.base(head),
            CI_MERGE_REQUEST_PROJECT_ID="55",
            CI_MERGE_REQUEST_SOURCE_PROJECT_ID=source,
            CI_PROJECT_ID=project,
        )

    def apply(self, before: str) -> Job:
        """Main was pushed to."""
        return self._of_main("push", CI_COMMIT_BEFORE_SHA=before)["apply"]

    def web(self, digest: str | None = None, **variables: str) -> Job:
        """Somebody runs a pipeline by hand."""
        given = {} if digest is None else {"RECONCILER_DIGEST": digest}
        return self._of_main("web", **given, **variables)["apply"]

    def night(self) -> Job:
        """The clock strikes."""
        return self._of_main("schedule")["drift"]

    def _of_main(self, source: str, **variables: str) -> dict[str, Job]:
        return self.run(
            self.repository.at("main"),
            CI_PIPELINE_SOURCE=source,
            CI_COMMIT_BRANCH="main",
            CI_MERGE_REQUEST_IID="",
            **variables,
        )

    def _job(self, ended: Job, job: Json, given: dict[str, str]) -> Job:
        assert set(job) <= KEYWORDS, set(job) - KEYWORDS
        machine = Machine(self._folder / f"machine-{next(self._runs)}", self._venv)
        # What a pipeline is given stands above what the job says; a variable may be made of others.
        variables = {**{name: _expanded(str(value), given) for name, value in job["variables"].items()}, **given}
        project = machine.folder / "project"
        self._checkout(project, given["CI_COMMIT_SHA"], variables["GIT_DEPTH"])
        done = machine.run("\n".join([*job["before_script"], *job["script"]]), project, variables)
        ended.result, ended.log = "failure" if done.code else "success", done.log
        for path in job.get("artifacts", {}).get("paths", []):
            for file in sorted((project / path).glob("*")):
                ended.files[file.name] = file.read_text("utf-8")
        shutil.rmtree(project)
        return ended

    def _checkout(self, folder: Path, commit: str, depth: str) -> None:
        """The commit, detached, with its history where the depth is 0. No branch is there but what is fetched."""
        folder.mkdir()
        git(folder, "init", "--quiet")
        git(folder, "remote", "add", "origin", self.repository.url)
        git(folder, "fetch", "--quiet", *(() if depth == "0" else (f"--depth={depth}",)), "origin", commit)
        git(folder, "checkout", "--quiet", "--detach", commit)


def make_source(folder: Path) -> Path:
    """The tool's own repository, as far as it is needed, with the tag of its version. It brings its bytecode along, so
    that no job compiles the clone that it makes."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("reconciler", ".github/actions"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    compileall.compile_dir(folder / "reconciler", quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    git(folder, "init", "--quiet")
    git(folder, "config", "core.compression", "0")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "-m", "the tool")
    git(folder, "tag", included()["version"])
    git(folder, "repack", "--quiet", "-a", "-d", "--window=0")  # a clone then takes the pack as it is
    return folder


def _filled(value: Any, inputs: Json) -> Any:
    if isinstance(value, dict):
        return {_filled(key, inputs): _filled(each, inputs) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, inputs) for each in value]
    return INPUT.sub(lambda found: inputs[found[1]], value) if isinstance(value, str) else value


def _extended(document: Json, job: Json) -> Json:
    base = document[job["extends"]]
    return {**base, **job, "variables": {**base["variables"], **job.get("variables", {})}}


def _let_in(rules: list[Json], variables: dict[str, str]) -> bool:
    return any(all(_clause(each, variables) for each in rule["if"].split(" && ")) for rule in rules)


def _clause(text: str, variables: dict[str, str]) -> bool:
    found = CLAUSE.fullmatch(text)
    assert found, text
    other = found[2] if found[2] is not None else variables.get(found[3])
    return variables.get(found[1]) == other


def _expanded(text: str, variables: dict[str, str]) -> str:
    return VARIABLE.sub(lambda found: variables.get(found[1], ""), text)
