"""Runs a workflow of GitHub's step by step, as its runner does: contexts, files, conditions, our composite action.

docs.github.com/en/actions/reference: workflow-syntax, contexts, workflow-commands, metadata-syntax
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from forges.github import TOKEN, GitHub
from forges.server import Json

from .expressions import filled, holds
from .machine import Machine
from .repository import Repository, git

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / "examples" / "ci" / "github"
ACTION = ROOT / ".github" / "actions" / "reconciler"
OURS = "OWNER/reconciler/.github/actions/reconciler@"
CHECKOUT, UPLOAD = "actions/checkout@", "actions/upload-artifact@"
EVENTS = ("action", "before", "number", "pull_request", "merge_group", "inputs", "schedule")
"""What payloads may hold; what an event has none of is nothing there."""


@dataclass
class Job:
    """How a job ended. `log` is what its steps printed; `artifacts`: name → file → text; `ran`: the names of steps."""

    name: str
    result: str = "success"
    log: str = ""
    summary: str = ""
    artifacts: dict[str, dict[str, str]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Event:
    """What happened."""

    name: str
    ref: str
    sha: str
    payload: Json = field(default_factory=dict)
    base_ref: str = ""
    actor: str = "ada"


def workflow(name: str) -> Json:
    """A workflow of the examples. YAML 1.1, which takes `on` for true."""
    document = yaml.load((WORKFLOWS / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {("on" if key is True else key): value for key, value in document.items()}


class GitHubRunner:
    """`secrets` are the repository's, `variables` what the machine has of its own."""

    def __init__(
        self,
        folder: Path,
        venv: Path,
        repository: Repository,
        host: GitHub,
        secrets: dict[str, str],
        variables: dict[str, str],
    ) -> None:
        self._folder = folder
        self._venv = venv
        self.repository = repository
        self.host = host
        self._secrets = secrets
        self._variables = variables
        self._runs = itertools.count(1)
        self.tools: dict[str, str] = {}
        self.attempt = 1
        self.machine: Machine

    def run(self, document: Json, event: Event) -> dict[str, Job]:
        """The jobs that an event starts, by their names; none where the workflow is not for it."""
        if not _starts(document["on"], event):
            return {}
        jobs = {}
        for name, job in document["jobs"].items():
            for matrix in _combinations(job.get("strategy", {}).get("matrix", {})):
                title = " ".join((name, *matrix.values()))
                jobs[title] = _Run(self, document, job, matrix, event, Job(title), next(self._runs)).whole()
        return jobs

    def plan(self, number: int, head: str, document: Json | None = None, fork: str = "") -> dict[str, Job]:
        """A pull request was opened, or pushed to."""
        sha = self.repository.at(f"refs/pull/{number}/merge")
        head_of = {"sha": head, "repo": {"full_name": fork or "acme/config"}}
        pull = {"number": number, "user": {"login": "ada"}, "head": head_of}
        payload = {"action": "synchronize", "number": number, "pull_request": pull}
        event = Event("pull_request", f"refs/pull/{number}/merge", sha, payload, "main")
        return self.run(document or workflow("plan.yml"), event)

    def apply(self, before: str, document: Json | None = None, after: str = "main") -> Job:
        """Main was pushed to."""
        commits = [{"id": each} for each in self.repository.between(before, after)]
        event = Event("push", "refs/heads/main", self.repository.at(after), {"before": before, "commits": commits})
        (job,) = self.run(document or workflow("apply.yml"), event).values()
        return job

    def queue(self, number: int) -> dict[str, Job]:
        """A merge queue asks about what it is going to merge."""
        sha = self.repository.at(f"refs/pull/{number}/merge")
        group = {"head_sha": sha, "base_sha": self.repository.at("main"), "base_ref": "refs/heads/main"}
        ref = f"refs/heads/gh-readonly-queue/main/pr-{number}"
        return self.run(workflow("plan.yml"), Event("merge_group", ref, sha, {"merge_group": group}))

    def dispatch(self, digest: str = "", ref: str = "refs/heads/main", *, allow: str = "") -> Job:
        """Somebody runs the apply by hand."""
        payload = {"inputs": {"digest": digest, "allow": allow}}
        event = Event("workflow_dispatch", ref, self.repository.at("main"), payload)
        return self.run(workflow("apply.yml"), event)["apply production"]

    def night(self, name: str = "drift.yml", document: Json | None = None) -> Job:
        """The clock strikes."""
        event = Event("schedule", "refs/heads/main", self.repository.at("main"), {"schedule": "17 4 * * *"})
        (job,) = self.run(document or workflow(name), event).values()
        return job


class _Run:
    """One job on its machine."""

    def __init__(
        self, runner: GitHubRunner, document: Json, job: Json, matrix: Json, event: Event, ended: Job, number: int
    ) -> None:
        self._runner, self._event, self._ended = runner, event, ended
        self._job = {"permissions": document.get("permissions"), **job}
        self._number = number
        self._path: list[str] = []
        declared = (document["on"].get("workflow_dispatch") or {}).get("inputs", {})
        given = event.payload.get("inputs", {})
        self._contexts: dict[str, Any] = {
            "github": self._github(),
            "secrets": runner._secrets,
            "matrix": matrix,
            "inputs": {name: given.get(name) for name in declared},
            "steps": {},
        }

    def _github(self) -> Json:
        event = self._event
        return {
            "event_name": event.name,
            "event": dict.fromkeys(EVENTS) | event.payload,
            "ref": event.ref,
            "ref_name": event.ref.removeprefix("refs/heads/").removeprefix("refs/"),
            "base_ref": event.base_ref,
            "sha": event.sha,
            "repository": "acme/config",
            "actor": event.actor,
            "token": TOKEN,
        }

    def whole(self) -> Job:
        """Runs it."""
        condition = self._job.get("if", "true")
        if not holds(str(condition), {name: self._contexts[name] for name in ("github", "inputs")}, failed=False):
            self._ended.result = "skipped"
            return self._ended
        runner = self._runner
        self._machine = runner.machine = Machine(runner._folder / f"machine-{self._number}", runner._venv)
        for name, text in runner.tools.items():
            self._machine.tool(name, text)
        self._workspace = self._machine.folder / "workspace"
        self._workspace.mkdir()
        # What one run has installed the next one finds, as on a machine of one's own: it is quicker.
        installed = runner._venv.parent / "installed"
        if installed.exists():
            shutil.copytree(installed, self._machine.temp / "reconciler" / "bin")
        permissions = self._job["permissions"]
        runner.host.read_only = permissions.get("pull-requests") != "write"
        runner.host.no_issues = permissions.get("issues") != "write"
        runner.repository.may_push(permissions.get("contents") == "write")
        try:
            self._steps(self._job["steps"], self._contexts, {}, composite=False)
        finally:
            runner.repository.may_push(True)  # people may again
        if not installed.exists() and (self._machine.temp / "reconciler" / "bin").exists():
            shutil.copytree(self._machine.temp / "reconciler" / "bin", installed)
        return self._ended

    def _steps(self, steps: list[Json], contexts: dict[str, Any], variables: Json, *, composite: bool) -> bool:
        """Runs steps in their order, those that hold; whether all went well."""
        failed = False
        for step in steps:
            if not holds(str(step.get("if", "true")), contexts, failed=failed):
                self._remember(step, contexts, {})
                continue
            own = {name: filled(str(value), contexts) for name, value in step.get("env", {}).items()}
            outputs: Json = {}
            went_well = self._step(step, contexts, {**variables, **own}, outputs)
            self._remember(step, contexts, outputs)
            self._ended.ran.append(step.get("name", step.get("uses", "run")))
            failed = failed or not went_well
        if failed and not composite:
            self._ended.result = "failure"
        return not failed

    def _remember(self, step: Json, contexts: dict[str, Any], outputs: Json) -> None:
        """What later steps see of it; an output that was not set is empty."""
        if "id" in step:
            contexts["steps"][step["id"]] = {"outputs": _Outputs(outputs)}

    def _step(self, step: Json, contexts: dict[str, Any], variables: Json, outputs: Json) -> bool:
        given = {name: filled(str(value), contexts) for name, value in step.get("with", {}).items()}
        uses = step.get("uses", "")
        if "run" in step:
            assert step["shell"] == "bash", step
            return self._shell(step["run"], variables, outputs)
        if uses.startswith(CHECKOUT):
            return self._checkout(given)
        if uses.startswith(UPLOAD):
            return self._upload(given)
        assert uses.startswith(OURS), uses
        return self._composite(given, variables, outputs)

    def _composite(self, given: Json, variables: Json, outputs: Json) -> bool:
        action = yaml.load((ACTION / "action.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        assert set(given) <= set(action["inputs"]), given
        github = {"github": self._contexts["github"]}
        inputs = {name: filled(each.get("default", ""), github) for name, each in action["inputs"].items()} | given
        contexts = {**github, "inputs": inputs, "steps": {}}
        steps = action["runs"]["steps"]
        went_well = self._steps(steps, contexts, {**variables, "GITHUB_ACTION_PATH": str(ACTION)}, composite=True)
        outputs |= {name: filled(each["value"], contexts) for name, each in action["outputs"].items()}
        return went_well

    def _shell(self, script: str, variables: Json, outputs: Json) -> bool:
        files = {name: self._machine.temp / name for name in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("", encoding="utf-8")
        done = self._machine.run(
            script,
            self._workspace,
            {**self._surroundings(), **variables, **{name: str(file) for name, file in files.items()}},
            before=tuple(self._path),
        )
        self._ended.log += done.log
        outputs |= dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text("utf-8").splitlines())
        self._path = [*reversed(files["GITHUB_PATH"].read_text("utf-8").splitlines()), *self._path]
        self._ended.summary += files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
        return done.code == 0

    def _surroundings(self) -> Mapping[str, str]:
        event = self._machine.temp / "event.json"
        event.write_text(json.dumps(self._event.payload), encoding="utf-8")
        said = self._runner.host.environment(
            GITHUB_EVENT_NAME=self._event.name,
            GITHUB_EVENT_PATH=str(event),
            GITHUB_REF=self._event.ref,
            GITHUB_SHA=self._event.sha,
            GITHUB_RUN_ID=str(self._number),
            GITHUB_RUN_ATTEMPT=str(self._runner.attempt),
            GITHUB_WORKSPACE=str(self._workspace),
            RUNNER_TEMP=str(self._machine.temp),
            CI="true",
        )
        del said["GITHUB_TOKEN"]  # no variable of a runner: a step has to pass it
        return {**said, **self._runner._variables}

    def _checkout(self, given: Json) -> bool:
        """As actions/checkout: one commit, or with fetch-depth 0 all branches; on a branch where it is for one."""
        assert set(given) <= {"fetch-depth", "persist-credentials"}, given
        assert "contents" in self._job["permissions"]
        folder, event = self._workspace, self._event
        git(folder, "init", "--quiet")
        git(folder, "remote", "add", "origin", self._runner.repository.url)
        branches = ("+refs/heads/*:refs/remotes/origin/*",) if given.get("fetch-depth") == "0" else ("--depth=1",)
        git(folder, "fetch", "--quiet", *branches[:1] * (branches[0] == "--depth=1"), "origin", event.sha)
        if branches[0] != "--depth=1":
            git(folder, "fetch", "--quiet", "origin", *branches)
        branch = event.ref.removeprefix("refs/heads/")
        git(folder, "checkout", "--quiet", *(("--detach",) if branch == event.ref else ("-B", branch)), event.sha)
        return True

    def _upload(self, given: Json) -> bool:
        assert set(given) <= {"name", "path", "if-no-files-found"}, given
        files = sorted(Path(given["path"]).iterdir()) if given["path"] else []
        self._ended.artifacts[given["name"]] = {each.name: each.read_text("utf-8") for each in files}
        shutil.rmtree(given["path"] or self._machine.temp / "none", ignore_errors=True)
        return True


class _Outputs(dict[str, str]):
    """An output that was not set is empty."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return ""


def _starts(on: Json, event: Event) -> bool:
    if event.name not in on:
        return False
    branches = (on[event.name] or {}).get("branches") if event.name == "push" else None
    return branches is None or event.ref.removeprefix("refs/heads/") in branches


def _combinations(matrix: Json) -> Iterator[dict[str, str]]:
    for values in itertools.product(*matrix.values()):
        yield dict(zip(matrix, values, strict=True))
