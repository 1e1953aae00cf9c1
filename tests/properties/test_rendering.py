"""What is written as YAML reads back as what it was: any value, and any project that is exported."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from world import World, automation, integration, opened, report

from reconciler.cli.main import run
from reconciler.yaml import read
from reconciler.yaml.writing import dump

from .examples import examples
from .values import json_values, texts

PROVIDERS = ("webhooks", "slack", "amplitude", "amazon_s3", "Hooks & Co")
# A few words besides, so that two are often the same.
names = st.sampled_from(["Daily", "daily", "DAILY "]) | texts


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    """Each as it is."""
    return st.sampled_from(values)


integrations = st.fixed_dictionaries(
    {"title": names, "integration": one_of(*PROVIDERS), "active": one_of(0, 1, 2, 3, None)}
)
reports = st.fixed_dictionaries(
    {"report_name": names, "status": one_of("active", "draft", "archived"), "included_range_days": one_of(1, 3, 7, 14)}
)
automations = st.fixed_dictionaries(
    {
        "name": names,
        "caption": st.none() | texts,
        "status": one_of("active", "inactive", "paused", "unknown"),
        "data": json_values()
        | st.fixed_dictionaries({"actions": st.dictionaries(texts, texts), "more": json_values()}),
    }
)


@examples(200)
@given(value=json_values())
def test_any_value_reads_back_the_same(value: Any) -> None:
    """Values, types and the order of keys survive; a reader of YAML 1.1 gets the same."""
    text, same = dump(value), json.dumps(value)
    documents, problems = read(text.encode(), "f")
    assert problems == []
    # A document of nothing is none.
    assert [json.dumps(each.value) for each in documents] == ([] if value is None else [same])
    assert json.dumps(yaml.load(text, Loader=yaml.SafeLoader)) == same


def seed_project(world: World, data: st.DataObject) -> None:
    """Live objects as they come."""
    made = data.draw(st.lists(integrations, max_size=5))
    hooks = [world.insert("integrations", **integration(**fields)) for fields in made]
    for fields in data.draw(st.lists(reports, max_size=5)):
        targets = data.draw(st.lists(one_of(*hooks, "gone-1"), unique=True, max_size=3))
        world.insert("scheduled-reports", **{**report("", *targets), **fields})
    for fields in data.draw(st.lists(automations, max_size=5)):
        world.insert("automations", **automation(**fields))


@examples(30)
@given(data=st.data())
@pytest.mark.network
def test_any_project_can_be_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    """The export validates, a plan right after it is empty, what is left out is unmanaged, a second one is the same."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    with opened(Path(tempfile.mkdtemp(dir=tmp_path)), monkeypatch, capsys) as world:
        seed_project(world, data)
        done = world.run("export")
        assert done.code == 0, done.err
        checked = world.run("validate")
        assert checked.code == 0, checked.err
        planned = world.plan()
        assert planned.code == 0, planned.err + planned.out
        assert len(planned.document["unmanaged"]) == done.err.count(" is left out: "), done.err
        assert world.writes() == []
        again = world.folder.parent / "again"
        assert run(["export", str(again)]) == 0
        for path in world.folder.glob("*.yaml"):
            assert (again / path.name).read_bytes() == path.read_bytes()
