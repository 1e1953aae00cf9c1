"""Any edit of any file: the values are right, and every line that was not edited is there, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.yaml import KeyPath, read
from reconciler.yaml.edit import add_to, set_values

from .examples import examples
from .files import KEYS, TEXTS, any_file, any_value

FILE = Path("any.yaml")


def said(text: str) -> Any:
    """What a text says, as JSON text: types and order count."""
    documents, problems = read(text.encode(), "")
    assert not problems, problems
    (document,) = documents
    return json.dumps(document.value, sort_keys=True)


def ways(value: Any, way: KeyPath = ()) -> Iterator[KeyPath]:
    """The way to every value."""
    yield way
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in pairs:
        yield from ways(inner, (*way, step))


def at(value: Any, way: KeyPath) -> Any:
    """The value at a way."""
    for step in way:
        value = value[step]
    return value


def any_edits(chance: Random, value: dict[str, Any]) -> dict[KeyPath, Any]:
    """Some ways, none on the way to another, with new values; some of them are not there yet."""
    chosen: dict[KeyPath, Any] = {}
    every = [way for way in ways(value) if len(way) > 2]
    for way in chance.sample(every, min(len(every), chance.randrange(1, 5))):
        old, new = at(value, way), any_value(chance)
        if isinstance(old, list) and chance.random() < 0.7:
            new = [each for each in old if chance.random() < 0.7] + [any_value(chance, 2)] * chance.randrange(2)
        if isinstance(old, dict) and chance.random() < 0.5:
            way, new = (*way, "added"), any_value(chance)  # noqa: PLW2901 - the way to a new key of this map
        if not any(way[: len(each)] == each or each[: len(way)] == way for each in chosen):
            chosen[way] = new
    return chosen


def changed(value: Any, edits: dict[KeyPath, Any]) -> Any:
    """The value with the edits made."""
    result = json.loads(json.dumps(value))
    for way, new in edits.items():
        at(result, way[:-1])[way[-1]] = new
    return result


def is_touched(way: KeyPath, whole: bool, edits: dict[KeyPath, Any]) -> bool:
    """Whether an edit may change the line that holds this."""
    return any(way[: len(each)] == each or (whole and each[: len(way)] == way) for each in edits)


def is_one_line_scalar(value: Any, way: KeyPath, lines: list[tuple[str, KeyPath, bool]]) -> bool:
    """Whether a scalar stands on one line, and a comment is not part of its text."""
    old = at(value, way)
    is_scalar = not isinstance(old, dict | list) and "# c" not in str(old)
    return is_scalar and sum(each == way for _, each, _ in lines) == 1


@examples(150)
@given(chance=st.randoms(use_true_random=False))
def test_set_values_changes_what_it_is_told_and_nothing_else(chance: Random) -> None:
    """Every other line is there in its order; a comment behind a scalar that becomes another scalar is too.

    Only text on several lines is left, as it was.
    """
    value, lines, text = any_file(chance)
    assert said(text) == json.dumps(value, sort_keys=True), "the test writes what it does not mean"
    edits = any_edits(chance, value)
    adopted = set_values(FILE, text, edits)
    assert all(" is written on several lines; " in each.message for each in adopted.left.values())
    edits = {way: new for way, new in edits.items() if way not in adopted.left}
    after = adopted.after
    assert said(after) == json.dumps(changed(value, edits), sort_keys=True)
    rest = iter(after.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"))
    missing = [line for line, way, whole in lines if not is_touched(way, whole, edits) and line not in rest]
    assert not missing, edits
    for line, way, _ in lines:
        if way in edits and not isinstance(edits[way], dict | list) and is_one_line_scalar(value, way, lines):
            assert line.partition("# c")[2] in after, line
    assert after.startswith("\ufeff") == text.startswith("\ufeff")
    assert after.count("\r\n") == (after.count("\n") if "\r\n" in text else 0)


@examples(150)
@given(chance=st.randoms(use_true_random=False))
def test_an_addition_is_one_piece_of_text_and_nothing_else(chance: Random) -> None:
    """The text before and the text behind it are the old text."""
    value, _, text = any_file(chance)
    section = chance.choice(["reports", "automations", "integrations"])
    fields = {key: any_value(chance) for key in chance.sample(KEYS, 4)}
    after = add_to(FILE, text, section, {"new": fields}).after
    value.setdefault(section, {})["new"] = fields
    assert said(after) == json.dumps(value, sort_keys=True)
    assert is_one_piece(text, after)
    both = add_to(FILE, after, "imports", [{"to": "report.new", "id": chance.choice(TEXTS)}]).after
    assert is_one_piece(after, both)


def is_one_piece(before: str, after: str) -> bool:
    """Whether `after` is `before` with one text put in."""
    same = next((at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), len(before))
    return len(after) > len(before) and after.endswith(before[same:])
