"""Many alike: what comes of `for_each` is a function of what is written, and an edit of one item reaches its own."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.config.load import Configuration

from .examples import examples

Json = dict[str, Any]
NAMES = ("app", "region", "store")
keys = st.sampled_from(["a", "b", "c", "d1", "e-f", "x_y"]) | st.integers(0, 99)
items = st.builds(lambda key, at: {"key": key, "at": at}, keys, st.integers(0, 9)) | keys


@st.composite
def dimensions(draw: st.DrawFn) -> dict[str, list[Any]]:
    """One dimension or more, each with items of different keys."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    unique = st.lists(items, min_size=1, max_size=3, unique_by=lambda each: str(key_of(each)))
    return {name: draw(unique) for name in names}


def key_of(item: Any) -> Any:
    """The key of an item."""
    return item["key"] if isinstance(item, dict) else item


def automation(for_each: Mapping[str, list[Any]], data: Json) -> Json:
    """A definition whose name and data are made of every dimension."""
    texts = {f"in_{name}": f"x ${{each.{name}}} y" for name in for_each}
    whole = {f"is_{name}": f"${{each.{name}}}" for name in for_each}
    name = " ".join(f"{each} ${{each.{each}}}" for each in for_each)
    return {"for_each": for_each, "name": name, "data": {**texts, **whole, **data}}


def made(files: Mapping[str, Json]) -> dict[str, Any]:
    """Address → fields, of what files make."""
    with tempfile.TemporaryDirectory() as folder:
        for name, value in files.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(value), encoding="utf-8")
        configuration = Configuration(Path(folder))
        return {address: each.fields for address, each in configuration.check()["default"].resources.items()}


def shuffled(value: Any, chance: random.Random) -> Any:
    """With the keys of each map in another order; the order of lists stays, since it means something to `key`."""
    if isinstance(value, dict):
        names = list(value)
        chance.shuffle(names)
        return {name: shuffled(value[name], chance) for name in names}
    return [shuffled(each, chance) for each in value] if isinstance(value, list) else value


@examples(60)
@given(for_each=dimensions(), excluded=st.data(), chance=st.randoms(use_true_random=False))
def test_order_means_nothing(for_each: dict[str, list[Any]], excluded: st.DataObject, chance: random.Random) -> None:
    """Neither that of files, nor of keys, nor of items; only the order of dimensions is that of the parts of a key."""
    left_out = [{name: key_of(excluded.draw(st.sampled_from(each), "left out")) for name, each in for_each.items()}]
    first = automation(for_each, {"kept": 1})
    first["exclude"] = left_out
    defaults = {"defaults": {"automations": {"status": "active", "data": {"low": {"a": 1}}}}}
    other = {"automations": {"other": {"name": "Other", "data": {"low": {"b": 2}}}}}
    files = {"a.yaml": {"automations": {"many": first}}, "b.yaml": defaults, "low/c.yaml": other}
    usual = made(files)
    mixed = {name: shuffled(value, chance) for name, value in files.items()}
    mixed["a.yaml"]["automations"]["many"]["for_each"] = {
        name: chance.sample(each, len(each)) for name, each in for_each.items()
    }
    renamed = {{"a.yaml": "z.yml", "b.yaml": "0.yaml"}.get(name, name): value for name, value in mixed.items()}
    assert made(renamed) == usual
    assert set(usual) - {"automation.other"} == {
        "automation.many-" + "-".join(str(key_of(each)) for each in combination)
        for combination in product(*for_each.values())
        if [key_of(each) for each in combination] != list(left_out[0].values())
    }


@examples(60)
@given(for_each=dimensions(), data=st.data())
def test_an_edit_of_one_item_changes_its_instances_only(for_each: dict[str, list[Any]], data: st.DataObject) -> None:
    """All others are equal; each of its own differs in what is made of it."""
    name = data.draw(st.sampled_from(list(for_each)), "dimension")
    at = data.draw(st.integers(0, len(for_each[name]) - 1), "item")
    before = {**for_each, name: [{"at": 1, "key": key_of(each)} for each in for_each[name]]}
    after = {**before, name: [{**each, "at": 2} if index == at else each for index, each in enumerate(before[name])]}
    texts = {"edited": f"${{each.{name}.at}}", "deep": {"list": [f"at ${{each.{name}.at}}"]}}
    old, new = (made({"a.yaml": {"automations": {"m": {**automation(each, texts), "status": "active"}}}})
                for each in (before, after))  # fmt: skip
    assert list(old) == list(new)
    changed = {address for address in old if old[address] != new[address]}
    assert changed == {address for address in old if new[address]["data"]["edited"] == 2}
    assert len(changed) * len(for_each[name]) == len(old)
