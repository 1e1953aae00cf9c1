"""JSON that is written reads back as what it was, and the same values have the same text."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.serialization import to_canonical, to_json_text

from .examples import examples
from .values import halves, json_values


@dataclass(frozen=True, slots=True)
class Thing:
    """A value of a model, whose fields are in no order."""

    zeta: Any
    alpha: Any
    inner: tuple[Any, ...] = ()


def shuffled(value: Any, chance: Random) -> Any:
    """The same value with the keys of its maps in another order."""
    if isinstance(value, dict):
        names = sorted(value)
        chance.shuffle(names)
        return {name: shuffled(value[name], chance) for name in names}
    return [shuffled(each, chance) for each in value] if isinstance(value, list) else value


@examples(300)
@given(json_values(halves), st.booleans(), st.booleans())
def test_it_reads_back(value: Any, indented: bool, sort_keys: bool) -> None:
    """Also half a surrogate pair and numbers of any size; and a file can hold the text."""
    text = to_json_text(value, indented=indented, sort_keys=sort_keys)
    assert json.loads(text.encode()) == value
    if sort_keys and isinstance(value, dict):
        assert list(json.loads(text)) == sorted(value)


@examples(300)
@given(json_values(halves), json_values(halves), st.randoms(use_true_random=False))
def test_the_same_has_the_same_text(value: Any, other: Any, chance: Random) -> None:
    """Whatever the order of the keys, also below a dataclass; and another has another."""
    assert to_canonical(value) == to_canonical(shuffled(value, chance))
    thing = Thing(value, 1, (Thing(other, value),))
    assert to_canonical(thing) == to_canonical(asdict(thing))
    texts = [json.dumps(each, sort_keys=True) for each in (value, other)]
    assert (to_canonical(value) == to_canonical(other)) == (texts[0] == texts[1])


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, "\ud800", [[2**80, {"\udfff": Thing(1, "é")}]]])
@pytest.mark.parametrize("indented", [False, True])
def test_what_the_library_cannot_write(value: Any, indented: bool) -> None:
    """Written all the same."""
    text = to_json_text(value, indented=indented)
    assert text.isascii()
    assert json.loads(text) == json.loads(json.dumps(value, default=asdict))


def test_a_value_that_has_no_json() -> None:
    """A fault of ours is one, and nothing is made up."""
    with pytest.raises(TypeError):
        to_json_text({"a": {1, 2}})
