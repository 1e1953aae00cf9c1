"""A configuration with the environments sandbox and production, and `compare` on it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from world import Json, Run, World, opened

from reconciler.cli.main import run

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "comparison.schema.json").read_text(encoding="utf-8"))
CHECK = Draft202012Validator(SCHEMA)


class Folder:
    """A configuration at `path`. What `compare` prints as JSON fits its schema."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self._capsys = capsys

    def write(self, text: str, name: str = "main.yaml") -> None:
        """Puts YAML into a file."""
        (self.path / name).write_text(textwrap.dedent(text), encoding="utf-8")

    def run(self, *arguments: str) -> Run:
        """A command in the folder."""
        self._capsys.readouterr()
        code = run(arguments)
        captured = self._capsys.readouterr()
        return Run(code, captured.out, captured.err)

    def compare(self, *arguments: str) -> Run:
        """The two environments, as text unless the arguments say otherwise."""
        return self.run("compare", "sandbox", "production", str(self.path), *arguments)

    def document(self, *arguments: str) -> Json:
        """The same as JSON."""
        done = self.compare("--format", "json", *arguments)
        document = done.document
        CHECK.validate(document)
        assert done.code == (2 if document["differences"] or document["unmanaged"] else 0), done.err
        return document


def pairs(differences: list[Json]) -> dict[str, tuple[object, object]]:
    """Address.path → both values; None if there is none, and True for an object as a whole."""
    return {
        f"{each['address']}.{each['path'] or ''}".removesuffix("."): tuple(
            side if side is None else (each["path"] is None) or side["value"] for side in (each["a"], each["b"])
        )
        for each in differences
    }


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Folder:
    path = tmp_path / "written"
    path.mkdir()
    return Folder(path, capsys)


class Projects(Folder):
    """The same, and a project of its own for each environment, behind a simulator of its own."""

    def __init__(self, sandbox: World, production: World, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(sandbox.folder, capsys)
        self.sandbox = sandbox
        self.production = production
        self.settings()

    def settings(self, more: str = "", production: str = "") -> None:
        """Writes reconciler.yaml. `production`: what its settings are, if its own project is not meant."""
        own = production or f"api_url: {self.production.url}"
        text = f"{more}\nenvironments:\n  sandbox: {{api_url: {self.sandbox.url}}}\n  production: {{{own}}}\n"
        (self.path / "reconciler.yaml").write_text(text, encoding="utf-8")

    def apply(self, *environments: str) -> None:
        """Both environments, or those that are named."""
        for name in environments or ("sandbox", "production"):
            done = self.run("apply", str(self.path), "-e", name, "--auto-approve")
            assert done.code == 0, done.err


@pytest.fixture
def projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], uses_network: None
) -> Iterator[Projects]:
    with (
        opened(tmp_path / "sandbox", monkeypatch, capsys) as sandbox,
        opened(tmp_path / "production", monkeypatch, capsys) as production,
    ):
        monkeypatch.delenv("QONVERSION_API_URL")
        yield Projects(sandbox, production, capsys)
