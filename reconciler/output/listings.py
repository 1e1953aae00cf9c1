"""Lists as text and as JSON: receipts, destinations, the state, problems, what drifted, and the results of tests."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby, zip_longest
from typing import Any
from xml.etree import ElementTree

from reconciler.errors import Problem
from reconciler.model.addresses import address_kind
from reconciler.model.inputs import State
from reconciler.model.plan import Destinations
from reconciler.model.reports import Receipt
from reconciler.model.results import CaseResult, Check, Diagnosis, Drift, Drifted, NotDelivering
from reconciler.output.document import select, to_json
from reconciler.output.labels import MOST_NAMED, SIGN_PAINT, Paint, format_api
from reconciler.output.terminal import bold, dim, escape, find_width, fit, green, red, strip_styles, yellow
from reconciler.output.values import ValueDiff, describe, format_value, is_nested, list_ignored
from reconciler.text import COUNTED, abridge, count_columns, format_count, pad, shorten_commit

RUN_COUNTS = re.compile(r"(, and `\w+`) (?:stayed at|grew from \d+ to) \d+")
MIN_GROUP = 3  # so many objects with the same edits are shown as one


def render_destinations(found: Destinations, form: str) -> str:
    """As `text` a line for each destination: what to write in the YAML, its label, its integration, and what proves
    that. As `json` all that is known of them."""
    if form == "json":
        values = list(map(asdict, found.items))
        for target in (each["target"] for each in values if each["target"]):
            target["address"] = target["address"] or None
        return to_json(environment=found.environment, destinations=values, warnings=found.warnings)
    items = found.items
    count = format_count(len(items), "destination")
    lines = [bold(f"Destinations of {escape(found.environment)}: {count}{format_api(found.api)}")]
    written = [escape(f"{{type: {item.type}, id: {item.id}}}") for item in items]
    labels = [format_value(item.label) if item.label else "no label" for item in items]
    widest, longest = (max(map(count_columns, texts), default=0) for texts in (written, labels))
    for item, line, label in zip(items, written, labels, strict=True):
        proof = dim("nothing proves that it belongs to an integration: write it as it stands here")
        if target := item.target:
            proof = escape(f"{target.address or f'{target.kind}[{target.id}], unmanaged'}, by its {target.proven_by}")
        lines.append(f"  {pad(line, widest)}  {pad(label, longest)}  {proof}")
        if item.same_label:
            lines.append(yellow(f"      ! its label is also that of {escape(', '.join(item.same_label))}"))
    return fit("\n".join(lines))


def render_history_text(receipts: Sequence[Receipt]) -> str:
    """One line for each apply, the latest first. Only a terminal breaks it."""
    if not receipts:
        return "nothing was applied yet"
    lines = []
    for each in receipts:
        commit = f", {shorten_commit(each.commit)}" if each.commit else ""
        passed = f", --allow {', '.join(each.allowed)}" if each.allowed else ""
        lines.append(bold(escape(each.id)) + escape(f"  {each.at}  {each.title()}  by {each.who}{commit}{passed}"))
    return fit("\n".join(lines))


def render_state(state: State, form: str) -> str:
    """The addresses with their ids: as `text` a line for each, as `json` also what they depend on."""
    entries = sorted(state.entries.items())
    if form == "text":
        return "\n".join(escape(f"{address} {each.id}{' protected' * each.protected}") for address, each in entries)
    resources = [
        {"address": address, "id": each.id, "protected": each.protected, "depends_on": list(each.depends_on)}
        for address, each in entries
    ]
    return to_json(environment=state.environment, resources=resources)


def render_validation_json(problems: Mapping[str, Iterable[Problem]], counts: Mapping[str, int]) -> str:
    """What is wrong, what could be (by rule: `invalid`, `warning`, `hint`), and the resources of each environment."""
    names = ("file", "line", "column", "message", "code")
    found = {
        key: [{name: getattr(each, name) for name in names} for each in problems.get(rule, ())]
        for key, rule in (("problems", "invalid"), ("warnings", "warning"), ("hints", "hint"))
    }
    environments = [{"environment": name, "resources": count} for name, count in counts.items()]
    return to_json(valid=not found["problems"], **found, environments=environments)


def render_rules(rules: Mapping[str, Mapping[str, Any]]) -> str:
    """Each ready rule: its description, and a line to paste with the default of each value, or else an example."""
    lines = []
    for name, rule in rules.items():
        given = {key: each.get("default", each["example"]) for key, each in rule["with"].items()}
        written = f", with: {json.dumps(given, ensure_ascii=False)}" if given else ""
        lines += [bold(name), f"  {rule['description']}", f"  my-{name}: {{use: {name}{written}}}"]
    return "\n".join(lines)


def render_drift_text(drift: Drift) -> str:
    """What somebody changed outside."""
    environment, api = escape(drift.environment), format_api(drift.api)
    if not drift.compared:
        head = bold(f"Drift in {environment}: not known, nothing is remembered{api}")
        rest = "Nothing was applied from here yet, or the state is lost; an apply adopts what it finds by name."
        return fit(f"{head}\n  {rest}")
    changed = format_count(len(drift.objects), "object") if drift.objects else "nothing"
    lines = [bold(f"Drift in {environment}: {changed} changed outside, of {drift.compared} remembered{api}")]
    lines += _list_alike(drift.objects, "~", yellow, lambda each, _: [*_render_drifted(each, drift.labels)])
    lines += map(dim, list_ignored(drift.ignored, drift.labels))
    lines += ["", bold(f"Not delivering: {format_count(len(drift.health), 'object')}")] if drift.health else []
    lines += _list_alike(drift.health, "!", red, _render_not_delivering)
    return fit("\n".join(lines))


def _list_alike(found: Sequence[Any], sign: str, paint: Paint, show: Callable[[Any, bool], list[str]]) -> Iterator[str]:
    """Objects with their lines, MIN_GROUP or more of a kind with equal lines as one. `show`: the lines of an object, or
    of a group if its second argument is true."""
    groups: dict[tuple[str, ...], list[Any]] = {}
    for each in found:
        values = repr(getattr(each, "fields", ()))
        groups.setdefault((address_kind(each.address), values, *show(each, True)), []).append(each)
    for (kind, _, *lines), group in groups.items():
        if len(group) >= MIN_GROUP:
            addresses = [escape(each.address) for each in group]
            yield from ("", paint(f"  {sign} {format_count(len(group), kind)} alike"), *lines)
            yield dim(f"      {abridge(addresses, MOST_NAMED, f'{COUNTED}; --format json lists all')}")
        for each in group if len(group) < MIN_GROUP else ():
            when = f", last changed {escape(at)}" if (at := getattr(each, "changed_at", None)) else ""
            head = paint(f"  {sign} {escape(each.address)} ({escape(each.id)})")
            yield from ("", f"{head} {format_value(each.name)}{when}", *show(each, False))


def _render_not_delivering(each: NotDelivering, is_many: bool) -> list[str]:
    problem = RUN_COUNTS.sub(r"\1 did not grow by as much", each.problem) if is_many else each.problem
    affects = [f"      affects {escape(abridge(each.affects))}"] if each.affects else []
    return [f"      {escape(problem)}", *affects]


def _render_drifted(each: Drifted, labels: Mapping[str, str]) -> Iterator[str]:
    if each.gone:
        yield f"      it is not live any more: {each.next}"
    for field, after in zip_longest(each.fields, each.fields[1:]):
        head = f"      {escape(field.path)}:"
        line = f"{head} {describe(field.applied, labels)} was applied, {describe(field.live, labels)} is live"
        width = find_width() or count_columns(line)
        if count_columns(line) <= width and not is_nested(field.applied, field.live):
            yield line
        else:
            yield f"{head} {red('- was applied')}, {green('+ is live')}"
            diff = ValueDiff(labels).compare(field.applied, field.live)
            yield from (SIGN_PAINT[line.sign](f"        {line}") for line in diff)
        if after is None or field.next != after.next:
            yield f"        {field.next}"


def collect_drift_values(drift: Drift) -> dict[str, Any]:
    """Drift for programs: what its JSON says of one environment."""
    fields = {"environment": drift.environment, "compared": drift.compared, "drift": drift.objects}
    return fields | {"health": drift.health, "also_changed": drift.also_changed}


PAINT = {"ok": green, "warning": yellow, "failed": red}
MOST_REFUTED = 10  # facts that are named
MOST_TEXT = 110  # characters of a check that failed, if environments are several: doctor's answer fits one screen
HOLDS = {True: "confirmed", False: "refuted", None: "unknown"}


def render_diagnoses(found: Sequence[Diagnosis], form: str) -> str:
    """As `text` a line for each check, then one on the facts; what several environments share comes first. As `json`
    all that was found; of several environments, a list of them."""
    if form == "json":
        values = [
            select(one, "environment", "api")
            | {"checks": [select(each, "name", "status", "message", "hint") for each in one.checks]}
            | {"facts": [{"fact": each.text, "status": HOLDS[each.holds], "seen": each.seen} for each in one.facts]}
            for one in found
        ]
        return to_json(**values[0]) if len(values) == 1 else to_json(environments=values)

    def show(check: Check) -> str:
        most = MOST_TEXT if found[1:] and check.status != "ok" else None
        first = check.message.partition("\n")[0][:most]
        parts = (first + " …" * (first != check.message), check.hint.replace("\n", " "))
        text = escape("; ".join(filter(None, parts)))
        return fit(f"{PAINT[check.status](pad(check.status, 9))}{pad(check.name, 15)}{text}", hang=24)

    shared = [each for each in found[0].checks if all(each in one.checks for one in found)] if found[1:] else []
    lines = list(map(show, shared))
    for one in found:
        lines += [bold(escape(f"{one.environment}:"))] if found[1:] else []
        lines += [show(each) for each in one.checks if each not in shared]
        counts = ", ".join(f"{sum(each.holds is holds for each in one.facts)} {word}" for holds, word in HOLDS.items())
        refuted = [each.text + (f" ({each.seen})" if each.seen else "") for each in one.facts if each.holds is False]
        parts = [f"{counts} here", *(f"refuted: {each}" for each in refuted)]
        text = abridge(parts, MOST_REFUTED + 1, rest="; and # more", separator="; ")
        level = Check("facts", text, "--format json has each", "warning" if refuted else "ok")
        lines += [show(level)] if one.facts else []
    return "\n".join(lines)


def render_results(results: Sequence[CaseResult], form: str) -> str:
    """The results of tests as `text`, as `json`, or as `junit`, the XML that CI systems show."""
    if form == "junit":
        return _render_junit(results)
    # Policy → in how many tests it held for something, and refused something.
    names = sorted({name for each in results for name in each.policies})
    seen = {name: [each.policies.get(name, (False, False)) for each in results] for name in names}
    policies = {
        name: {"held": sum(h for h, _ in both), "refused": sum(r for _, r in both)} for name, both in seen.items()
    }
    counts = _count_results(results)
    if form == "json":
        values = [asdict(each) | {"place": str(each.location), "passed": not each.mismatches} for each in results]
        for value in values:
            del value["location"], value["policies"]
            for mismatch in value["mismatches"]:
                mismatch["place"] = str(mismatch.pop("location"))
        return to_json(summary=counts, policies=policies, tests=values)
    lines: list[str] = []
    for each in results:
        place = f"{each.location.file}:{each.location.line}: {each.name} ({each.environment})"
        lines += [(red("FAILED ") if each.mismatches else green("passed ")) + escape(place), *_render_result(each)]
    for name, times in policies.items():
        often = ", ".join(f"{word} in {format_count(number, 'test')}" for word, number in times.items())
        lines.append(escape(f"policy {name}: {often}"))
    total, failed = counts.values()
    return fit("\n".join([*lines, bold(f"{format_count(total, 'test')}: {total - failed} passed, {failed} failed")]))


def _count_results(results: Sequence[CaseResult]) -> dict[str, int]:
    return {"tests": len(results), "failures": sum(bool(each.mismatches) for each in results)}


def _render_result(result: CaseResult) -> Iterator[str]:
    """Each expectation that was not met, as a difference, and what the run ended with."""
    for mismatch in result.mismatches:
        yield escape(f"  {mismatch.location}: {mismatch.path}: expected -, got +")
        expected, got = (json.dumps(each, indent=2).split("\n") for each in (mismatch.expected, mismatch.got))
        lines = (line for line in difflib.ndiff(expected, got) if line[0] != "?")
        yield from (f"    {SIGN_PAINT.get(line[0], str)(escape(line))}" for line in lines)
    if result.mismatches and result.error:
        yield from (escape(f"  {line}") for line in f"it ended with: {result.error}".split("\n"))


def _render_junit(results: Sequence[CaseResult]) -> str:
    """A suite for each file. Times are left out: the same results give the same text."""

    def add(parent: ElementTree.Element, tag: str, /, **values: object) -> ElementTree.Element:
        return ElementTree.SubElement(parent, tag, {key: escape(str(value)) for key, value in values.items()})

    root = ElementTree.Element("testsuites")
    for file, found in groupby(results, lambda each: each.location.file):
        cases = list(found)
        suite = add(root, "testsuite", name=file, **_count_results(cases))
        for each in cases:
            name = f"{each.name} ({each.environment})"
            case = add(suite, "testcase", name=name, classname=file, file=file, line=each.location.line)
            if each.mismatches:
                message = f"not as expected: {', '.join(one.path for one in each.mismatches)}"
                add(case, "failure", message=message).text = strip_styles("\n".join(_render_result(each)))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, "unicode")}'
