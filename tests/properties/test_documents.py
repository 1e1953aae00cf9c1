"""What is written to a file for ourselves reads back as it was: plans, receipts, states."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Refused
from reconciler.kinds import KINDS
from reconciler.model.inputs import Entry, State, Tombstone
from reconciler.model.plan import Plan
from reconciler.model.reports import Receipt, ReceiptItem
from reconciler.model.settings import Environment, StateSettings
from reconciler.plan.plan_file import bind, check_binding, read_plans, write_plans
from reconciler.state import document
from reconciler.state.receipts import from_text, to_text

from .examples import examples
from .values import halves, json_values

KEYS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,9}", fullmatch=True)
ADDRESSES = st.builds("{}.{}".format, st.sampled_from(list(KINDS)), KEYS)
PLAIN = {str: halves, int: st.integers(), bool: st.booleans(), Any: json_values(halves)}


def any_of(wanted: Any, **known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Anything that a type allows, but for the fields of a record that are given."""
    origin, inner = get_origin(wanted), get_args(wanted)
    if wanted in PLAIN:
        return PLAIN[wanted]
    if dataclasses.is_dataclass(wanted):
        hints = {name: hint for name, hint in get_type_hints(wanted).items() if name not in known}
        return st.builds(wanted, **{name: any_of(hint) for name, hint in hints.items()}, **known)
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return st.sampled_from(wanted)
    if origin is tuple:
        return st.lists(any_of(inner[0]), max_size=2).map(tuple)
    if origin is Mapping:
        return st.dictionaries(any_of(inner[0]), any_of(inner[1]), max_size=2)
    return st.none() | any_of(next(each for each in inner if each is not type(None)))


def exactly(value: Any) -> str:
    """As JSON, where 1, 1.0 and true differ, and so does the order of keys."""
    return json.dumps(dataclasses.asdict(value))


OBJECTS = st.builds("{}[{}]".format, st.sampled_from(sorted(KINDS)), st.text("abc", min_size=1, max_size=2))
memories = any_of(
    State,
    environment=st.just("default"),
    tombstones=st.dictionaries(OBJECTS, any_of(Tombstone), max_size=2),
    unread=st.just(frozenset()),
    entries=st.dictionaries(
        ADDRESSES,
        any_of(Entry, applied=st.dictionaries(KEYS.map("x-{}".format), json_values(halves), max_size=3)),
        max_size=2,
    ),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "saved.plan"


@examples(60)
@given(plan=any_of(Plan, environment=st.just("default")), state=memories, secret=st.text("abc", min_size=1))
def test_any_plan_is_read_from_its_file_as_it_was(path: Path, plan: Plan, state: State, secret: str) -> None:
    """Values, types and orders survive; it is bound to its state and key, and to no other."""
    state = dataclasses.replace(state, configuration=plan.configuration)
    saved = bind(plan, state, secret, "folder", "head")
    write_plans(path, [saved])
    (read,) = read_plans(path)
    assert exactly(read) == exactly(saved)
    environment = Environment("default", StateSettings("file", path), configuration=plan.configuration)
    check_binding(read, environment, state, secret, folder="folder", api=plan.api)
    with pytest.raises(Refused, match="another key"):
        check_binding(read, environment, state, secret + "x", folder="folder", api=plan.api)


@examples(60)
@given(plan=any_of(Plan), data=st.data())
def test_a_plan_that_says_something_else_is_refused(path: Path, plan: Plan, data: st.DataObject) -> None:
    """One byte put in, taken out or changed anywhere in its file."""
    write_plans(path, [bind(plan, State("default"), "sk_key", "folder", "head")])
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    piece = data.draw(st.binary(max_size=1))
    changed = whole[:at] + piece + whole[at + data.draw(st.integers(0, 1)) :]
    path.write_bytes(changed)
    if changed == whole:
        assert exactly(read_plans(path)[0].plan) == exactly(plan)
    else:
        with pytest.raises(Refused):
            read_plans(path)


@examples(60)
@given(
    receipt=any_of(
        Receipt,
        format_version=st.just(1),
        items=st.lists(any_of(ReceiptItem, address=ADDRESSES), max_size=3).map(tuple),
    )
)
def test_any_receipt_is_read_from_its_text_as_it_was(receipt: Receipt) -> None:
    """Of any content that the API, a person or a machine gave it."""
    text = to_text(receipt)
    assert exactly(from_text(text.encode(), "here")) == exactly(receipt)


@examples(60)
@given(state=memories)
def test_any_state_is_read_from_its_text_as_it_was(state: State) -> None:
    """And the same memory has one text, whatever the order in which it was learned."""
    text = document.to_text(state)
    read = document.from_text(text.encode().decode(), "default", "here")
    assert read == state
    turned = dataclasses.replace(state, entries=dict(reversed(state.entries.items())))
    assert document.to_text(read) == document.to_text(turned) == text
