"""Records with odd values: read as what they mean where that is plain, kept as they are elsewhere, never a crash."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from size import seeds
from world import KEY

from reconciler.cli.main import run

from .scripted import Script, page, says, served

Json = dict[str, Any]
CONFIGURATION = """
integrations: {hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}}
reports:
  daily:
    report_name: Daily
    send_at: "09:00"
    included_range_days: 7
    status: active
    environment: production
    destinations: [{integration: hook}]
automations:
  flow:
    name: "5"
    caption: "7"
    status: active
    data: {platform: iOS, initiators: [{uid: "2", type: event}], actions: {push: "12"}}
"""
DESTINATION = {"type": "target_integration", "id": "i1", "label": "Webhooks: Hook"}
PROVIDER = {"title": "Webhooks", "slug": "webhooks", "allowedStores": ["iOS"]}
TABLES: dict[str, list[Any]] = {
    "/integrations/meta": [{"title": "Other", "items": [PROVIDER]}],
    "/scheduled-reports/destinations": [DESTINATION],
}
RECORDS: dict[str, Json] = {
    "/integrations": {"id": "i1", "title": "Hook", "integration": "Webhooks", "target_platform": "iOS", "active": 1},
    "/scheduled-reports": {
        "id": "r1",
        "report_name": "Daily",
        "send_at": "09:00",
        "included_range_days": 7,
        "status": "active",
        "environment": "production",
        "destinations": [DESTINATION],
    },
    "/automations": {
        "id": "a1",
        "name": "5",
        "caption": "7",
        "status": "active",
        "data": {"platform": "iOS", "initiators": [{"uid": "2", "type": "event"}], "actions": {"push": "12"}},
    },
}


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_waiting: None, uses_network: None) -> Iterator[Script]:
    """A server with the three objects of the configuration in `tmp_path`."""
    (tmp_path / "main.yaml").write_text(CONFIGURATION, encoding="utf-8")
    with served(Script()) as script:
        monkeypatch.setenv("QONVERSION_SECRET", KEY)
        monkeypatch.setenv("QONVERSION_API_URL", script.url)
        play(script)
        yield script


def play(script: Script, path: str = "", **values: Any) -> None:
    """The objects as they are, but for these values of the one at `path`."""
    for each, record in RECORDS.items():
        script.play(each, says(page([{**record, **(values if each == path else {})}], more=False)))
    for each, items in TABLES.items():
        script.play(each, says(page(items, more=False)))


def plan(folder: Path, capsys: pytest.CaptureFixture[str]) -> Json:
    """The plan's document."""
    capsys.readouterr()
    code = run(["plan", str(folder), "--format", "json"])
    told = capsys.readouterr()
    assert code == 0, told.err
    document: Json = json.loads(told.out)
    return document


TOLERATED = {
    "integer-as-text": ("/scheduled-reports", {"included_range_days": "7"}),
    "integer-as-float": ("/scheduled-reports", {"included_range_days": 7.0}),
    "flag-as-text": ("/integrations", {"active": "1"}),
    "flag-as-truth": ("/integrations", {"active": True}),
    "text-as-number": ("/automations", {"name": 5, "caption": 7}),
    "text-as-number-within": (
        "/automations",
        {"data": {"platform": "iOS", "initiators": [{"uid": 2, "type": "event"}], "actions": {"push": 12}}},
    ),
    "more-fields": ("/automations", {"priority": {"level": [1, None]}, "object": None, "error": {"code": "x"}}),
    "nulls-within": (
        "/automations",
        {
            "data": {
                "platform": "iOS",
                "initiators": [{"uid": "2", "type": "event"}],
                "actions": {"push": "12", "screen": None},
                "segments": None,
            }
        },
    ),
    "strangers-among-the-destinations": ("/scheduled-reports", {"destinations": [None, "x", 5, DESTINATION]}),
    "large": ("/automations", {"notes": "x" * 10 * 1024 * 1024}),
}


@pytest.mark.parametrize(("path", "values"), TOLERATED.values(), ids=TOLERATED)
def test_what_means_the_same_is_the_same(
    tmp_path: Path, script: Script, capsys: pytest.CaptureFixture[str], path: str, values: Json
) -> None:
    """Another type that holds the same, fields nobody knows, 10 MB of them: found by name, nothing to change."""
    play(script, path, **values)
    assert {each["action"] for each in plan(tmp_path, capsys)["changes"]} == {"adopt"}


DIFFERENT = {
    "unknown-word": ("/scheduled-reports", {"status": "dormant"}, "status", "dormant"),
    "unknown-number": ("/integrations", {"active": 7}, "status", "7"),
    "truth-is-no-number": ("/scheduled-reports", {"included_range_days": True}, "included_range_days", True),
    "text-that-is-no-number": ("/scheduled-reports", {"included_range_days": "seven"}, "included_range_days", "seven"),
    "large-number": ("/scheduled-reports", {"included_range_days": 10**30}, "included_range_days", 10**30),
    "null": ("/scheduled-reports", {"send_at": None}, "send_at", None),
    "list-for-text": ("/automations", {"caption": ["a"]}, "caption", ["a"]),
    "null-list": ("/scheduled-reports", {"destinations": None}, "destinations", None),
}


@pytest.mark.parametrize(("path", "values", "field", "before"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_is_not_understood_is_shown(
    tmp_path: Path, script: Script, capsys: pytest.CaptureFixture[str], path: str, values: Json, field: str, before: Any
) -> None:
    """As it came: it differs from what is wanted, and the plan says so."""
    play(script, path, **values)
    (change,) = [each for each in plan(tmp_path, capsys)["changes"] if each["action"] == "update"]
    assert [(each["path"], each["before"]) for each in change["fields"]] == [(field, before)]


def test_what_is_deep_is_compared(tmp_path: Path, script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    """As deep as it may be, with a difference at its bottom; deeper is an error and no crash."""

    def nested(depth: int, bottom: int) -> Any:
        return bottom if depth == 0 else {"in": nested(depth - 1, bottom)}

    text = json.dumps(nested(58, 1))
    (tmp_path / "main.yaml").write_text(
        CONFIGURATION.replace("data: {platform", f"data: {{custom: {text}, platform"), encoding="utf-8"
    )
    data = RECORDS["/automations"]["data"]
    play(script, "/automations", data={**data, "custom": nested(58, 2)})
    (change,) = [each for each in plan(tmp_path, capsys)["changes"] if each["action"] == "update"]
    assert [(each["before"], each["after"]) for each in change["fields"]] == [(2, 1)]
    play(script, "/automations", data={**data, "custom": nested(70, 2)})
    assert run(["plan", str(tmp_path)]) == 1
    assert "nested deeper than 64 levels" in capsys.readouterr().err


def test_a_name_without_end_is_cut_where_it_is_shown(
    tmp_path: Path, script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    """In every sentence; what is compared is the whole."""
    long = {**RECORDS["/automations"], "id": "a2", "name": "n" * 1024 * 1024}
    broken = {**RECORDS["/integrations"], "last_error_message": "m" * 1024 * 1024, "active": 2}
    script.play("/automations", says(page([RECORDS["/automations"], long], more=False)))
    script.play("/integrations", says(page([broken], more=False)))
    document = plan(tmp_path, capsys)
    (other,) = document["unmanaged"]
    assert other == {"kind": "automation", "id": "a2", "name": "n" * 255 + "…"}
    assert max(len(note) for change in document["changes"] for note in change["notes"]) < 1000
    assert run(["plan", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out) < 10_000


def test_half_a_character_is_not_exported(tmp_path: Path, script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON can hold it and YAML cannot: the object is left out, with a word, and the others are exported."""
    data = RECORDS["/automations"]["data"]
    play(script, "/automations", data={**data, "custom": "half \ud800"})
    folder = tmp_path / "export"
    folder.mkdir()
    assert run(["export", str(folder)]) == 0
    assert "data holds half of a character" in capsys.readouterr().err
    assert run(["validate", str(folder)]) == 0


VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    1.5,
    10**30,
    "",
    "x",
    "1",
    "\x1b[2J",
    "\ud800",
    [],
    [None],
    ["x"],
    [[]],
    [{}],
    {},
    {"x": None},
    {"id": "i1"},
    {"items": None},
]


def mixed(luck: random.Random, record: Any) -> Any:
    """The record with some values replaced, left out or added, at any depth."""
    if isinstance(record, dict):
        kept = {name: mixed(luck, value) for name, value in record.items() if luck.random() > 0.05}
        return {**kept, **({f"new{luck.randint(0, 9)}": luck.choice(VALUES)} if luck.random() < 0.2 else {})}
    if isinstance(record, list):
        return [mixed(luck, each) for each in record * luck.choice([1, 1, 1, 0, 2])]
    return luck.choice(VALUES) if luck.random() < 0.15 else record


@pytest.mark.parametrize("seed", [*seeds(40, every_day=3), 109, 485])
def test_no_values_make_it_fall(tmp_path: Path, script: Script, capsys: pytest.CaptureFixture[str], seed: int) -> None:
    """Any JSON in any place of any answer: a plan or an error in a sentence, for people and as a document; an apply
    that cannot write ends with an exit code of the table, and nothing is ever deleted."""
    luck = random.Random(seed)  # noqa: S311 - dice, not secrets
    for path, record in RECORDS.items():
        script.play(path, says(page([mixed(luck, record), {**mixed(luck, record), "id": "other"}], more=False)))
    for path, items in TABLES.items():
        script.play(path, says(page([each for each in mixed(luck, items) if isinstance(each, dict)], more=False)))
    empty = tmp_path / "empty"
    empty.mkdir()
    for command, folder, *rest in (
        ("plan", tmp_path),
        ("plan", tmp_path, "--format", "json"),
        ("apply", tmp_path, "--auto-approve"),
        ("drift", tmp_path),
        ("export", empty),
    ):
        code = run([str(command), str(folder), *map(str, rest)])
        told = capsys.readouterr()
        assert code in (0, 1, 2, 4, 5, 6), f"seed {seed}: {told.err}"
        assert "fault in reconciler" not in told.err + told.out, f"seed {seed}: {told.err}"
        assert "\x1b[2J" not in told.err + told.out
    assert not [each for each in script.writes if each.startswith("DELETE")]
