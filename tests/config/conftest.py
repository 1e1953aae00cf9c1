"""A folder of YAML and the command that checks it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from world import without_excerpts

from reconciler.cli.main import run
from reconciler.config.load import Configuration
from reconciler.model.inputs import Desired

FIELDS = {
    "integrations": {"title": "Alerts", "integration": "webhooks", "target_platform": "iOS"},
    "reports": {
        "report_name": "Daily",
        "send_at": '"09:00"',
        "included_range_days": "1",
        "status": "active",
        "environment": "production",
        "destinations": "[{type: target_integration, id: int-1}]",
    },
    "automations": {"name": "Welcome", "status": "active", "data": "{platform: iOS}"},
}


def written(section: str, key: str = "a", /, **fields: str) -> str:
    """A section with one whole resource; the given fields come first, so they begin at line 3, column 5."""
    lines = {**fields, **{name: text for name, text in FIELDS[section].items() if name not in fields}}
    return f"{section}:\n  {key}:\n" + "".join(f"    {name}: {text}\n" for name, text in lines.items())


class Folder:
    """The folder `path`, and how `validate` ends on it."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self._capsys = capsys

    def write(self, text: str | bytes, name: str = "main.yaml") -> None:
        """Put a file into the folder; the common indentation of the text means nothing."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())

    def validate(self, name: str = "") -> tuple[int, list[str]]:
        """The exit code, and the lines on stderr with file names relative to the folder. Nothing is on stdout.

        The lines of the source that are shown below a problem are left out.
        """
        self._capsys.readouterr()
        code = run(["validate", str(self.path / name)])
        out, err = self._capsys.readouterr()
        assert out == ""
        return code, without_excerpts(err.replace(f"{self.path}/", ""))

    def problems(self, name: str = "") -> list[str]:
        """The problems, of which there must be some: exit 3, and a last line that counts them."""
        code, (*problems, last) = self.validate(name)
        assert code == 3
        plural = "" if len(problems) == 1 else "s"
        assert last == f"error: {len(problems)} problem{plural} in the configuration"
        return problems

    def desired(self, environment: str = "default") -> Desired:
        """What the configuration wants, of which `validate` must say that it is fine."""
        code, lines = self.validate()
        assert code == 0, lines
        configuration = Configuration(self.path)
        return configuration.desired(configuration.environments[environment])


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Folder:
    return Folder(tmp_path, capsys)
