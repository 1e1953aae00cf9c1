"""Findings as workflow commands of GitHub Actions, which shows them beside the lines of a pull request.

It shows ten errors, ten warnings and ten notices of a step, so the gravest come first.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.review import Review
from reconciler.output.problems import Finding, Level, findings_of_review, repository_path

COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


class PlanAnnotations:
    """The risky changes and the warnings of a plan."""

    def __init__(self, review: Review) -> None:
        self._review = review

    def __str__(self) -> str:
        return workflow_commands(findings_of_review(self._review))


def workflow_commands(findings: Iterable[Finding]) -> str:
    """A command a line."""
    return "\n".join(map(_command, findings))


def _command(finding: Finding) -> str:
    place = finding.place
    properties = {"file": repository_path(place.file)} if place else {}
    if place and place.line:
        properties |= {"line": str(place.line), "col": str(max(1, place.column))}
    properties["title"] = f"reconciler: {finding.rule.title}"
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{COMMANDS[finding.rule.level]} {said}::{_data(chr(10).join(finding.lines))}"


def _data(text: str) -> str:
    """As the runner reads it back: actions/toolkit, packages/core/src/command.ts, escapeData."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """The same file, escapeProperty."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
