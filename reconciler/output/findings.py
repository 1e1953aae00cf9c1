"""What somebody should look at before a merge, each with its place in the YAML: problems, warnings, risky changes.

As SARIF 2.1.0, which code hosts show beside the lines of a pull request, and as workflow commands of GitHub Actions. Of
the latter GitHub shows ten errors, ten warnings and ten notices of a step, so the gravest come first.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import quote

from reconciler import __version__
from reconciler.errors import GUARD, Location, Problem
from reconciler.lazy import frozen
from reconciler.model.plan import DESTROYS, Action
from reconciler.model.reports import Ended, Review
from reconciler.output.groups import Group, find_groups
from reconciler.output.labels import GRAVE, WEIGHTS, find_repository_path
from reconciler.output.terminal import escape
from reconciler.text import abridge

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
HELP = "`reconciler explain ADDRESS` says which policies are about a resource, and why each holds or not."
OF_POLICY = re.compile(r"\(policy ([a-z0-9_-]+), ")
AT_A_PLACE = re.compile(r"(?P<file>.+?):(?P<line>[0-9]{1,7}):(?P<column>[0-9]{1,7}): (?P<rest>.*)", re.DOTALL)


@frozen
class Rule:
    """A kind of finding: its stable id, what it is in a few words and in a sentence."""

    id: str
    level: Literal["error", "warning", "note"]
    title: str
    description: str


RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule("invalid", "error", "Invalid configuration", "The configuration cannot be planned with it."),
        Rule("refused", "error", "Refused by a guard", "A guard refuses to apply the plan."),
        Rule("failed", "error", "No plan", "The plan of an environment could not be made."),
        Rule("destroys", "warning", "Destroys an object", "A live object is deleted, or replaced by a new one."),
        Rule("stops", "warning", "Stops deliveries", "Something is not sent any more, to somebody at least."),
        Rule("behind", "warning", "Undoes a newer commit", "The checkout is older than what was applied."),
        Rule("risks", "warning", "Needs a look", "Something about the change is likely to surprise."),
        Rule("warning", "warning", "Warning", "A person should know, beside the changes themselves."),
        Rule("manual", "note", "To do by hand", "The API cannot do it: a person has to."),
        Rule("hint", "note", "Hint", "It does no harm and can be tidied up."),
    )
}


@frozen
class Finding:
    """A result of a rule. `subject` tells it from the others of its rule; `lines` are its text, a sentence each.
    Without a place it is about the whole configuration."""

    rule: Rule
    subject: str
    lines: tuple[str, ...]
    place: Location | None = None


def list_review_findings(review: Review) -> Iterator[Finding]:
    """The findings of a plan: refusals first, then its changes in their order, then its warnings."""
    for refusal in review.plan.refusals:
        rule, passes = _find_rule(refusal.guard, "refused"), f"to pass: {refusal.passes}"
        if not refusal.problems:
            yield Finding(rule, refusal.guard, (refusal.message, passes))
        for each in refusal.problems:
            yield Finding(rule, str(each), (each.message, passes), each.location)
    for group in find_groups(review):
        # One for each line that was edited, whatever is risky about it: hosts show only so many.
        is_written = group.first.address in review.desired.resources
        for place, addresses in group.places.items() or [(None, group.addresses)]:
            wanted = frozenset(addresses)
            changes = [change for change in group.changes if change.address in wanted]
            yield from _list_findings_at(Group(review, changes, {}), place if is_written else None)
    files = review.desired.files()
    for warning in review.plan.warnings:
        text, place = warning, None
        if (found := AT_A_PLACE.fullmatch(warning)) and found["file"] in files:
            text, place = found["rest"], Location(found["file"], int(found["line"]), int(found["column"]))
        of_policy = OF_POLICY.search(text)
        rule = _find_rule(GUARD + of_policy[1] if of_policy else "", "warning")
        yield Finding(rule, warning, (text,), place)


def list_problem_findings(problems: Iterable[Problem], rule: str = "invalid") -> Iterator[Finding]:
    """The findings of problems, by default of an invalid configuration. `rule`: the id of another rule."""
    for each in problems:
        yield Finding(_find_rule(each.code, rule), str(each), (each.message,), each.location)


def _find_rule(code: str, otherwise: str) -> Rule:
    """The rule of the policy that `code` names, else the one with the other id. A hint of a policy is a warning."""
    if not code.startswith(GUARD):
        return RULES[otherwise]
    name, level = code.removeprefix(GUARD), RULES[otherwise].level
    description = f"The policy {name} of the configuration does not hold."
    return Rule(code, "warning" if level == "note" else level, f"Policy {name}", description)


def _list_findings_at(group: Group, place: Location | None) -> Iterator[Finding]:
    change, review = group.first, group.review
    weights = [each.weight for one in group.changes for each in review.impacts.get(one.address, ())]
    grave = [weight for weight in GRAVE if weight in weights]
    head, texts = f'{change.action.value} {change.address} "{change.name}"', group.list_sentences()
    if len(group.changes) > 1:
        head = f"{change.action.value} {group.title}"
    behind = [review.list_remarks(each)[0] for each in group.changes if each.address in review.behind]
    if behind:
        yield Finding(RULES["behind"], change.address, (head, *dict.fromkeys(behind)), place)
    if change.action in DESTROYS or grave:
        rule = RULES["destroys" if change.action in DESTROYS else WEIGHTS[grave[0]].rule]
        yield Finding(rule, change.address, (head, *(text for weight, text in texts if weight in GRAVE)), place)
    elif change.action is Action.MANUAL:
        yield Finding(RULES["manual"], change.address, (head, *change.remarks()), place)


def list_plan_findings(ended: Iterable[Ended[Review]]) -> Iterator[Finding]:
    """The findings of all environments, errors first, each once. One that is not of all of them names its own."""
    every = list(ended)
    found: dict[Finding, dict[str, None]] = defaultdict(dict)
    for each in every:
        if each.error is not None and each.value is None:
            found[Finding(RULES["failed"], each.environment, (str(each.error),))][each.environment] = None
    for each in every:
        for finding in list_review_findings(each.value) if each.value else ():
            found[finding][each.environment] = None
    for finding, names in found.items():
        where = "" if len(names) == len(every) else f"In {abridge(names)}: "
        first, *rest = finding.lines
        yield replace(finding, lines=(where + first, *rest))


def render_annotations(ended: Sequence[Ended[Review]]) -> str:
    """The risky changes and the warnings of plans, as commands."""
    return render_workflow_commands(list_plan_findings(ended))


# As the runner reads it back: actions/toolkit, packages/core/src/command.ts, escapeData and escapeProperty.
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def render_workflow_commands(findings: Iterable[Finding]) -> str:
    """The findings as workflow commands of GitHub, one on each line."""
    lines = []
    for each in findings:
        properties = {"file": find_repository_path(each.place.file)} if each.place else {}
        if each.place and each.place.line:
            properties |= {"line": str(each.place.line), "col": str(max(1, each.place.column))}
        properties["title"] = f"reconciler: {each.rule.title}"
        pairs = ",".join(f"{name}={value.translate(_PROPERTY)}" for name, value in properties.items())
        text = "\n".join(map(escape, each.lines)).translate(_DATA)
        lines.append(f"::{each.rule.level.replace('note', 'notice')} {pairs}::{text}")
    return "\n".join(lines)


def render_plans_sarif(ended: Sequence[Ended[Review]]) -> str:
    """The risky changes and the warnings of plans, as SARIF."""
    files = sorted({file for each in ended if each.value for file in each.value.desired.files()})
    return render_sarif(list_plan_findings(ended), Location(files[0], 0, 0) if files else None)


def render_sarif(findings: Iterable[Finding], elsewhere: Location | None = None) -> str:
    """The SARIF document. `elsewhere`: the file for findings without a place; code hosts drop those without a file."""
    every = list(findings)
    rules = {**RULES, **{each.rule.id: each.rule for each in every}}
    described = [
        {
            "id": rule.id,
            "name": rule.title.title().replace(" ", ""),
            "shortDescription": {"text": rule.title},
            "fullDescription": {"text": rule.description},
            "help": {"text": HELP if rule.id.startswith(GUARD) else rule.description},
            "defaultConfiguration": {"level": rule.level},
        }
        for rule in rules.values()
    ]
    results: list[dict[str, Any]] = []
    for each in every:
        name = hashlib.sha256(f"{each.rule.id} {each.subject}".encode("utf-8", "surrogatepass")).hexdigest()
        result = {
            "ruleId": each.rule.id,
            "ruleIndex": list(rules).index(each.rule.id),
            "level": each.rule.level,
            # SARIF takes `[text](target)` for a link, in plain texts too; a name is none.
            "message": {"text": "\n".join(map(escape, each.lines)).replace("](", "] (")},
            "partialFingerprints": {"reconcilerFinding/v1": name},
        }
        if place := each.place or elsewhere:
            uri = quote(find_repository_path(place.file), safe="/", errors="replace")
            physical: dict[str, Any] = {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}}
            if place.line:
                physical["region"] = {"startLine": place.line, "startColumn": max(1, place.column)}
            result["locations"] = [{"physicalLocation": physical}]
        results.append(result)
    driver = {"name": "reconciler", "version": __version__, "rules": described}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)
