"""Where values come from, as text and as JSON: the explanation of an address, and a configuration written out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.errors import Location
from reconciler.kinds import KINDS, SECTIONS
from reconciler.kinds.comparison import join_keys
from reconciler.model.addresses import address_key, make_address
from reconciler.model.inputs import Desired
from reconciler.model.results import Explanation, FieldExplanation, FieldValue, Verdict
from reconciler.output.document import select, to_json
from reconciler.output.labels import CAUSES, format_api, format_place
from reconciler.output.terminal import bold, dim, escape, fit, sanitize, yellow
from reconciler.output.values import cut, describe, format_value
from reconciler.system import make_relative_path
from reconciler.text import count_columns, pad, shorten_commit
from reconciler.yaml import LocatedList, LocatedMap, read
from reconciler.yaml.writing import Layout, dump, escape_variables

KeyPath = tuple[str | int, ...]
DEEPEST = 40  # the column at which a broken value goes on, at most
# The three places of a value, and what is said if none is there.
SOURCES = {"in the YAML": "not written", "live": "nothing", "last applied": "nothing"}
CALM = frozenset({Verdict.EQUAL, Verdict.STORED, Verdict.SERVER, Verdict.LEFT_OUT, Verdict.UNMANAGED})


def render(each: Explanation, form: str) -> str:
    """An explanation as `text`: a field in sentences, an address as a table of its fields. As `json` for programs: a
    value that is not there has no key, since null is a value."""
    if form == "text":
        return fit("\n".join(_render_lines(each)))
    fields = [
        {
            "path": field.path,
            "verdict": field.verdict,
            **{name: found.value for name in ("written", "live", "applied") if (found := getattr(field, name)).there},
            "cause": field.cause,
            "next": field.next,
            "place": _collect_place(field),
            "rules": _collect_rules(field),
        }
        for field in each.fields
    ]
    return to_json(
        **select(each, "environment", "address", "kind", "name", "id", "path", "verdict", "action", "next"),
        place=_collect_place(each),
        last_applied={**asdict(each.last), "commit": each.last.commit or None} if each.last else None,
        rules=_collect_rules(each),
        notes=each.notes,
        fields=fields,
    )


def _render_lines(each: Explanation) -> Iterator[str]:
    live = f" ({escape(each.id)})" if each.id else ""
    path = f".{escape(each.path)}" if each.path else ""
    field = each.fields[0] if each.path and len(each.fields) == 1 else None
    verdict = field.verdict if field else each.verdict
    head = bold(f"{escape(each.address)}{path} in {escape(each.environment)}: {verdict}")
    yield f"{head} {format_value(each.name)}{live}{format_api(each.api)}"
    last = "no receipt names it"
    if each.last is not None:
        commit = f", {shorten_commit(each.last.commit)}" if each.last.commit else ""
        how = f"{each.last.action} {each.last.status}, {each.last.at}, by {each.last.who}"
        last = escape(f"{how}{commit} (receipt {each.last.receipt})")
    about = field or each
    if about.place is not None:
        yield f"  YAML: {escape(str(about.place))}" + (f"  {dim(escape(cut(about.line)))}" if about.line else "")
    if field is not None:
        yield f"  written: {_format_value(field.written, each.labels) or 'not written'}"
        yield f"  live: {_format_value(field.live, each.labels) or 'nothing'}"
        yield f"  remembered: {_format_value(field.applied, each.labels) or 'nothing'}"
        yield from [yellow(f"  cause: {CAUSES[field.cause].phrase}")] if field.cause else []
    yield f"  last applied: {last}"
    yield f"  the next apply: {about.next}"
    yield from (f"  {escape(note)}" for note in (each.notes if field is None else ()))
    for rule in (*about.rules, *(each.rules if field and field.verdict is not Verdict.SERVER else ())):
        yield f"  rule: {escape(rule.text)}" + dim(f"  [{escape(rule.source)}]")
    if field is None:
        yield ""
        yield from _render_table(each.fields, each.labels)


def _format_value(found: FieldValue, labels: Mapping[str, str]) -> str:
    return describe(found.value, labels) if found.there else ""


def _render_table(fields: tuple[FieldExplanation, ...], labels: Mapping[str, str]) -> Iterator[str]:
    """A line for each field with its value; below it the three values, if they are not the same."""
    rows = []
    for each in fields:
        cause = f", {CAUSES[each.cause].phrase}" if each.cause and each.verdict is not Verdict.NEW else ""
        there = [found for found in (each.written, each.live, each.applied) if found.there]
        is_equal, is_same = each.verdict is Verdict.EQUAL, all(found == there[0] for found in there)
        if is_equal:
            # The order of a list says nothing then.
            is_same = _sort(each.live.value) == _sort(each.applied.value)
        value = _format_value(there[-1], labels) if is_same and there else ""
        if value and is_equal and isinstance(each.live.value, str) and each.written != each.live:
            value += f" ({_format_value(each.written, labels)})"
        rows.append((each, escape(each.path), each.verdict.value + cause, value))
    widest = max((count_columns(path) for _, path, _, _ in rows), default=0)
    longest = max((count_columns(says) for _, _, says, value in rows if value), default=0)
    hang = min(widest + longest + 4, DEEPEST)
    for each, path, says, value in rows:
        paint = str if each.verdict in CALM else yellow
        yield fit(paint(f"  {pad(path, widest)}  {pad(says, longest)}  {value}".rstrip()), hang)
        # The three values, if they are not the same.
        for (place, nothing), found in zip(SOURCES.items(), (each.written, each.live, each.applied), strict=True):
            if not value:
                yield f"      {place}: {_format_value(found, labels) or nothing}"


def _sort(value: Any) -> object:
    return sorted(json.dumps(item, sort_keys=True) for item in value) if isinstance(value, list) else value


def _collect_place(of: Explanation | FieldExplanation) -> dict[str, Any] | None:
    return {**of.place._asdict(), "text": of.line} if of.place else None


def _collect_rules(of: Explanation | FieldExplanation) -> list[dict[str, str]]:
    return [{"rule": rule.text, "source": rule.source} for rule in of.rules]


def render_expanded(desired: Desired, folder: Path, form: str) -> str:
    """The configuration without for_each, defaults and variables. As `text` it is YAML: behind each value stand its
    places, relative to the folder. As `json` it has the fields of each resource, and the place of each value in them.
    """
    blocks = {
        "moved": [{"from": each.source, "to": each.target} for each in desired.moved],
        "removed": [{"from": each.source, "destroy": each.destroy} for each in desired.removed],
        "imports": [{"to": each.target, "id": each.id} for each in desired.imports],
    }
    blocks = {name: items for name, items in blocks.items() if items}
    if form == "text":
        return _render_yaml(desired, folder, blocks)
    found = []
    for address, each in desired.resources.items():
        places = {path: str(each.locate_field(path)) for path in _list_paths("", each.fields)}
        found.append({"address": address, "fields": each.fields, **each.lifecycle.written(), "places": places})
    return to_json(resources=found, **blocks)


def _render_yaml(desired: Desired, folder: Path, blocks: Mapping[str, Any]) -> str:
    resources: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for address, each in desired.resources.items():
        written = {**each.fields, **each.lifecycle.written()}
        resources[KINDS[each.kind].section][address_key(address)] = written
    sections = {section: escape_variables(blocks) for section, blocks in resources.items() if blocks}
    # A text that stdout would show escaped stands in double quotes, in which YAML reads the same escapes.
    layout = Layout(must_quote=lambda text: "\n" in text or sanitize(text, sys.stdout.encoding) != text)
    text = dump({**sections, **blocks}, layout)
    lines = text.split("\n")[:-1]
    (parsed,), _ = read(text.encode(), "")
    for key_path, line in _find_lines((), parsed.value):
        comment = ", ".join(_list_places(desired, key_path, folder))
        lines[line - 1] += f"  # {escape(comment)}" if comment else ""
    return "\n".join(lines)


def _find_lines(key_path: KeyPath, node: Any) -> Iterator[tuple[KeyPath, int]]:
    """The keys of each resource, of each item of a block and of each scalar, with its line."""
    found: list[tuple[Any, Any, int]] = []
    if isinstance(node, LocatedMap):
        found = [(key, value, node.key_positions[key][0]) for key, value in node.items()]
    elif isinstance(node, LocatedList):
        found = [(at, value, node.positions[at][0]) for at, value in enumerate(node)]
    for step, value, line in found:
        is_value = bool(key_path) and key_path[0] in SECTIONS and not (value and isinstance(value, dict | list))
        if is_value or len(key_path) == 1:
            yield (*key_path, step), line
        yield from _find_lines((*key_path, step), value)


def _list_places(desired: Desired, key_path: KeyPath, folder: Path) -> Iterator[str]:
    """Where a value is written, then where the variables and items stand that it is made of."""
    section, step, *path = key_path
    if section not in SECTIONS:
        yield _format_place(getattr(desired, str(section))[step].location, folder)
        return
    resource = desired.resources[make_address(SECTIONS[str(section)].name, str(step))]
    if not path:
        items = resource.instance.places.values() if resource.instance else ()
        made = f" for {resource.instance} ({', '.join(_format_place(each, folder) for each in items)})" if items else ""
        yield _format_place(resource.location, folder) + made
        return
    inner = join_keys(path)
    places = (resource.locate_field(inner), *resource.sources.get(inner, ()))
    yield from dict.fromkeys(_format_place(each, folder) for each in places)


@cache
def _format_place(place: Location, folder: Path) -> str:
    return format_place(Location(make_relative_path(place.file, folder), *place[1:]))


def _list_paths(path: str, value: Any) -> Iterator[str]:
    """The path of each value within fields, at every depth."""
    steps = value if isinstance(value, Mapping) else range(len(value)) if isinstance(value, list) else ()
    for step in steps:
        inner = join_keys([step], path)
        yield inner
        yield from _list_paths(inner, value[step])
