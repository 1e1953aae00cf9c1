"""Findings as SARIF 2.1.0, which code hosts show beside the lines of a pull request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from reconciler import __version__
from reconciler.model.desired import Location
from reconciler.model.review import Review
from reconciler.output.problems import RULES, Finding, findings_of_review, repository_path

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RULE_INDEX = {rule: index for index, rule in enumerate(RULES)}


class PlanSarif:
    """The risky changes and the warnings of a plan."""

    def __init__(self, review: Review) -> None:
        self._review = review

    def __str__(self) -> str:
        files = sorted(self._review.desired.files())
        return sarif(findings_of_review(self._review), Location(files[0], 0, 0) if files else None)


def sarif(findings: Iterable[Finding], elsewhere: Location | None = None) -> str:
    """The document. `elsewhere`: a file for what has no place, since hosts leave out what is nowhere."""
    run = {
        "tool": {"driver": {"name": "reconciler", "version": __version__, "rules": _rules()}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, finding.place or elsewhere) for finding in findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "id": rule.id,
            "name": rule.title.title().replace(" ", ""),
            "shortDescription": {"text": rule.title},
            "fullDescription": {"text": rule.description},
            "defaultConfiguration": {"level": rule.level.value},
        }
        for rule in RULES.values()
    ]


def _result(finding: Finding, place: Location | None) -> dict[str, Any]:
    name = hashlib.sha256(f"{finding.rule.id} {finding.subject}".encode("utf-8", "surrogatepass")).hexdigest()
    result: dict[str, Any] = {
        "ruleId": finding.rule.id,
        "ruleIndex": RULE_INDEX[finding.rule.id],
        "level": finding.rule.level.value,
        "message": {"text": _message(finding.lines)},
        "partialFingerprints": {"reconcilerFinding/v1": name},
    }
    return result | ({"locations": [_location(place)]} if place else {})


def _message(lines: Iterable[str]) -> str:
    """SARIF takes `[text](target)` for a link, in plain texts too; a name is none."""
    return "\n".join(lines).replace("](", "] (")


def _location(place: Location) -> dict[str, Any]:
    uri = quote(repository_path(place.file), safe="/", errors="replace")
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}}
    if place.line:
        physical["region"] = {"startLine": place.line, "startColumn": max(1, place.column)}
    return {"physicalLocation": physical}
