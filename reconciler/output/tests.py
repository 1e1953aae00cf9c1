"""The results of tests as text, as JSON, and as JUnit's XML, which CI systems show."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from xml.etree import ElementTree

from reconciler.model.results import CaseResult
from reconciler.output.document import to_json
from reconciler.output.terminal import bold, escape, fit, green, red, strip_styles
from reconciler.text import counted


def render(results: Sequence[CaseResult], form: str) -> str:
    """The results in a form: text, junit or json."""
    return {"text": _render_text, "junit": _render_junit, "json": _render_json}[form](results)


def _count_results(results: Sequence[CaseResult]) -> dict[str, int]:
    return {"tests": len(results), "failures": sum(bool(each.mismatches) for each in results)}


def _count_policies(results: Sequence[CaseResult]) -> dict[str, dict[str, int]]:
    """Policy → in how many tests it held for something, and refused something."""
    found = sorted({name for each in results for name in each.policies})
    seen = {name: [each.policies.get(name, (0, 0)) for each in results] for name in found}
    return {name: {"held": sum(h for h, _ in both), "refused": sum(r for _, r in both)} for name, both in seen.items()}


def _render_text(results: Sequence[CaseResult]) -> str:
    lines: list[str] = []
    for each in results:
        place = f"{each.location.file}:{each.location.line}: {each.name} ({each.environment})"
        lines += [(red("FAILED ") if each.mismatches else green("passed ")) + escape(place), *_render_result(each)]
    for name, seen in _count_policies(results).items():
        times = (f"{word} in {counted(often, 'test')}" for word, often in seen.items())
        lines.append(escape(f"policy {name}: {', '.join(times)}"))
    total, failed = _count_results(results).values()
    return fit("\n".join([*lines, bold(f"{counted(total, 'test')}: {total - failed} passed, {failed} failed")]))


def _render_result(result: CaseResult) -> Iterator[str]:
    """Each expectation that was not met, as a difference, and what the run ended with."""
    paint = {"-": red, "+": green}
    for mismatch in result.mismatches:
        yield escape(f"  {mismatch.location}: {mismatch.path}: expected -, got +")
        expected, got = (json.dumps(each, indent=2).split("\n") for each in (mismatch.expected, mismatch.got))
        lines = (line for line in difflib.ndiff(expected, got) if line[0] != "?")
        yield from (f"    {paint.get(line[0], str)(escape(line))}" for line in lines)
    if result.mismatches and result.error:
        yield from (escape(f"  {line}") for line in f"it ended with: {result.error}".split("\n"))


def _render_json(results: Sequence[CaseResult]) -> str:
    values = [asdict(each) | {"place": str(each.location), "passed": not each.mismatches} for each in results]
    for each in (each for value in values for each in (value, *value["mismatches"])):
        each["place"] = str(each.pop("location"))
        each.pop("policies", None)
    return to_json(summary=_count_results(results), policies=_count_policies(results), tests=values)


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
