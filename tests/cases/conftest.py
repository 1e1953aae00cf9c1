"""A configuration with tests of its own, which nothing but this process runs: no socket, no process, no git."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from world import Run

from reconciler.cli.main import run

SETTINGS = """
    environments:
      sandbox: {secret_env: QONVERSION_SANDBOX_SECRET, variables: {prefix: "[test] ", apps: [chess, go]}}
      production: {variables: {prefix: "", apps: [chess, go]}}
"""
MAIN = """
    integrations:
      hook: {title: "${var.prefix}Hook", integration: webhooks, target_platform: iOS, status: active}
      safe:
        title: Safe
        integration: amazon_s3
        target_platform: iOS
        lifecycle: {prevent_destroy: true}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: "${var.events}"
        destinations: [{integration: hook}, {type: target_integration, id: int-wh-01}]
      app:
        for_each: {app: "${var.apps}"}
        report_name: "Of ${each.app}"
        send_at: 09:00 Europe/Berlin
        destinations: [{integration: hook}]
    automations:
      welcome: {name: Welcome, status: active, data: {platform: iOS, actions: {push: p1, screen: s1}}}
    defaults:
      reports: {included_range_days: 1, status: active, environment: production}
""".replace("${var.events}", "production")


@dataclass(frozen=True)
class Rehearsed:
    """A configuration in `folder`, and its tests."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def write(self, text: str, name: str) -> Path:
        """Writes a file; its indentation means nothing."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def run(self, *arguments: str) -> Run:
        """`reconciler test` on the folder."""
        self.capsys.readouterr()
        code = run(["test", str(self.folder), *arguments])
        captured = self.capsys.readouterr()
        return Run(code, captured.out, captured.err)

    def one(self, case: str) -> dict[str, Any]:
        """The result of one test in production, written without its name and environment."""
        body = textwrap.indent(textwrap.dedent(case), "    ")
        (self.folder / "a.test.yaml").write_text(f"tests:\n  a:\n    environment: production\n{body}", encoding="utf-8")
        done = self.run("--format", "json")
        assert done.code in (0, 7), done.err
        (result,) = done.document["tests"]
        assert result["passed"] is (done.code == 0)
        return dict(result)

    def met(self, case: str) -> None:
        """Asserts that a test passes."""
        result = self.one(case)
        assert result["passed"], json.dumps(result, indent=1)

    def unmet(self, case: str) -> dict[str, tuple[Any, Any]]:
        """The expectations that one test does not meet: path → expected, got."""
        return {each["path"]: (each["expected"], each["got"]) for each in self.one(case)["mismatches"]}


@pytest.fixture
def tested(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Rehearsed:
    """The configuration above, in what looks like a checkout, without a key, and with an address that leads nowhere."""
    for name in ("QONVERSION_SECRET", "QONVERSION_SANDBOX_SECRET", "RECONCILER_NOW"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("QONVERSION_API_URL", "http://127.0.0.1:1/v4")
    found = Rehearsed(tmp_path / "checkout" / "growth", capsys)
    for name in ("objects", "refs"):
        (tmp_path / "checkout" / ".git" / name).mkdir(parents=True)
    (tmp_path / "checkout" / ".git" / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    found.write(SETTINGS, "reconciler.yaml")
    found.write(MAIN, "main.yaml")
    return found
