"""Two projects behind simulators of their own, and one folder whose environments they are."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from world import Json, Run, World, automation, integration, opened, report

from reconciler.cli.main import run

ODD = [
    "key: value",
    '"quoted"',
    "it's",
    "\N{ROCKET} launch",
    "line\nbreak",
    "# none",
    "- item",
    "no",
    "${x} $${y}",
    "日本",
]
WRITES = {"integrations": integration, "scheduled-reports": report, "automations": automation}


class Projects:
    """`sandbox` and `production` are the projects; `folder` holds the one configuration of both."""

    def __init__(self, sandbox: World, production: World, capsys: pytest.CaptureFixture[str]) -> None:
        self.sandbox, self.production = sandbox, production
        self.folder = sandbox.folder
        self._capsys = capsys

    def settings(
        self, sandbox: str = "variables: {prefix: test}", production: str = "variables: {prefix: live}"
    ) -> None:
        """The settings, with comments, and these lines in each environment."""
        (self.folder / "reconciler.yaml").write_text(
            f"""\
# Who is who.
environments:
  sandbox:   # for tests
    api_url: {self.sandbox.url}
    {sandbox}
  production:
    api_url: {self.production.url}   # the real one
    {production}
""",
            encoding="utf-8",
        )

    def run(self, command: str, environment: str, *arguments: str) -> Run:
        """A command on the folder, for an environment."""
        self._capsys.readouterr()
        code = run([command, str(self.folder), "-e", environment, *arguments])
        captured = self._capsys.readouterr()
        return Run(code, captured.out, captured.err)

    def planned(self, environment: str) -> dict[str, str]:
        """Address → action."""
        done = self.run("plan", environment, "--format", "json")
        assert done.code == 0, done.err
        return done.actions()

    def settle(self, *environments: str) -> None:
        """Applies, and nothing is written to the API; a second plan is empty."""
        for name in environments:
            world = self.sandbox if name == "sandbox" else self.production
            actions = self.planned(name)
            assert set(actions.values()) <= {"adopt"}, (name, actions)
            world.requests()
            done = self.run("apply", name, "--auto-approve")
            assert done.code == 0, done.err
            assert world.writes() == []
            assert self.planned(name) == {}

    def texts(self) -> dict[str, str]:
        """File name → text of each file."""
        return {path.name: path.read_bytes().decode() for path in sorted(self.folder.glob("*.yaml"))}


@contextmanager
def two_projects(path: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Projects]:
    """Two empty projects, their settings written."""
    with opened(path / "a", patch, capsys) as sandbox, opened(path / "b", patch, capsys) as production:
        patch.delenv("QONVERSION_API_URL")
        found = Projects(sandbox, production, capsys)
        found.settings()
        yield found


def grown(projects: Projects, seed: int, count: int) -> None:
    """Fills both projects by hand: what is equal, what differs in a value, what is in one only, two of one name."""
    rng = random.Random(seed)  # noqa: S311 - projects that can be repeated
    hooks: dict[str, list[str]] = {"sandbox": [], "production": []}
    for number in range(count):
        odd = f"{rng.choice(ODD)} {number}"
        collection = rng.choice(("integrations", "scheduled-reports", "automations")) if number > 2 else "integrations"
        how = rng.choice(("equal", "equal", "differs", "sandbox", "production", "twice")) if number > 2 else "equal"
        for name in ("sandbox", "production"):
            world: World = getattr(projects, name)
            if how in ("sandbox", "production") and how != name:
                continue
            fields: Json = WRITES[collection](odd)  # type: ignore[operator]
            targets = hooks[name][:: rng.choice((1, 2))][:3] if how == "differs" else hooks[name][:2]
            if collection == "scheduled-reports":
                fields["destinations"] = [{"type": "target_integration", "id": each} for each in targets]
                if how == "differs":
                    fields["send_at"] = "10:30" if name == "sandbox" else "11:00"
                    fields["environment"] = name
            elif how == "differs":
                fields |= _other(collection, name)
            for _ in range(2 if how == "twice" else 1):
                made = world.insert(collection, **fields)
                if collection == "integrations":
                    hooks[name].append(made)


def _other(collection: str, name: str) -> dict[str, Any]:
    if collection == "integrations":
        return {"active": 1 if name == "sandbox" else 0}
    data: Json = {"platform": "iOS", "initiators": [{"uid": name, "type": "event"}], "actions": {"push": f"p: {name}"}}
    return {"caption": f"For {name}\n# {name}", "data": data}
