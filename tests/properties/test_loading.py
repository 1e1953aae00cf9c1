"""Whatever stands in the files: reading them ends with every problem and its place, or with what is wanted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from world import without_excerpts

from reconciler.cli.main import run
from reconciler.kinds import KINDS
from reconciler.kinds.resources import make_block_schemas, make_resource_schema
from reconciler.kinds.schema import DEFAULTS
from reconciler.kinds.settings import SETTINGS
from reconciler.yaml.writing import dump

from .examples import examples
from .values import json_values, texts

WORDS = ("default", "a", "report.a", "active", "${var.a}", "09:00", "sk_0123456789abcdefGHIJ", *KINDS)
WORDS += ("${each.a}", "x ${each.a.b}", "${var.a.b}")
words = st.sampled_from(WORDS) | texts
near = json_values(words)
keys = st.sampled_from(["a", "b", "_", "key", "${var.a}", "${each.a}"]) | texts


def like(schema: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """What a schema describes, with something else in any place."""
    schema = schema if isinstance(schema, dict) else {}
    properties = schema.get("properties", {})
    if depth > 5:
        return near
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) | words
    if properties:
        known = {name: like(each, depth + 1) for name, each in properties.items()}
        required = {name: known.pop(name) for name in schema.get("required", ()) if name in known}
        return _odd(st.fixed_dictionaries(required, optional=known))
    if isinstance(schema.get("additionalProperties"), dict):
        return _odd(st.dictionaries(keys, like(schema["additionalProperties"], depth + 1), max_size=3))
    if "items" in schema:
        return _odd(st.lists(like(schema["items"], depth + 1), max_size=3))
    return {"integer": st.integers(), "boolean": st.booleans(), "string": words}.get(str(schema.get("type")), near)


def _odd(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(right, right, right, near)


def one_of_ours(schema: Any) -> st.SearchStrategy[bytes]:
    """A file of the shape of a schema, as YAML, or as JSON with a few bytes in a wrong place."""
    values = like(schema).filter(lambda value: isinstance(value, dict))
    whole = values.map(lambda value: dump(value).encode())
    flow = values.map(lambda value: json.dumps(value, ensure_ascii=False).encode())
    return whole | st.builds(torn, flow | whole, st.floats(0, 1), st.binary(max_size=3) | st.sampled_from(SIGNS))


def torn(content: bytes, where: float, piece: bytes) -> bytes:
    """With a piece put in somewhere."""
    at = round(where * len(content))
    return content[:at] + piece + content[at:]


SIGNS = (b"\n", b"\t", b"- ", b": ", b"{", b"]", b"&a ", b"*a ", b"!x ", b"<<: ", b"---\n", b"'", b"#", b"|\n", b"\xff")
CONFIGURATION = {
    "properties": {
        **{kind.section: {"additionalProperties": make_resource_schema(kind)} for kind in KINDS.values()},
        **make_block_schemas(),
        DEFAULTS: {"properties": {kind.section: make_resource_schema(kind) for kind in KINDS.values()}},
        "x-a": {},
    }
}
anything = st.binary(max_size=200) | texts.map(str.encode) | st.text().map(lambda text: text.encode("utf-16"))
LINE = re.compile(r"(?P<file>main|reconciler)\.yaml(?::(?P<line>[1-9]\d*):[1-9]\d*)?: \S.*")
BREAKS = re.compile(rb"\r\n|[\n\r]|\xc2\x85|\xe2\x80[\xa8\xa9]")


@examples(250)
@given(
    content=one_of_ours(CONFIGURATION) | anything,
    settings=st.just(b"") | one_of_ours(SETTINGS) | anything,
)
@example(content=b"integrations:\n  a: !x\n", settings=b"")
@example(content=b"integrations:\n  a: ${var.x}\n", settings=b"on: 1\n")
def test_reading_ends_with_problems_or_with_what_is_wanted(
    folder: Path, capsys: pytest.CaptureFixture[str], content: bytes, settings: bytes
) -> None:
    """Exit 0, or exit 3 and a line a problem, each with its file and a place that is in it."""
    files = {"main": content, "reconciler": settings}
    for name, each in files.items():
        (folder / f"{name}.yaml").write_bytes(each)
    code = run(["validate", str(folder)])
    out, err = capsys.readouterr()
    if code == 0:
        assert "error" not in err
        return
    assert (code, out) == (3, ""), err
    *problems, last = without_excerpts(err.replace(f"{folder}/", ""))
    assert last.startswith(f"error: {len(problems)} problem"), err
    assert problems
    for problem in problems:
        found = LINE.fullmatch(problem)
        assert found, problem
        # The end behind a last comment without a line break is, to the parser, on the next line.
        assert int(found["line"] or 0) <= 2 + len(BREAKS.findall(files[found["file"]])), problem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
