"""Keys: those of resources, those of fields, and those that are missing."""

from __future__ import annotations

import pytest

from .conftest import FIELDS, Folder, written

KEY = "expected small letters, digits, - and _, a letter or digit first"
META = "lifecycle, for_each, exclude, only_in, key"
FIELDS_OF_REPORT = f"report_name, send_at, included_range_days, status, environment, destinations, {META}"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("Daily Revenue", f'"Daily Revenue" cannot be a key; {KEY}; did you mean "daily-revenue"?'),
        ("daily.revenue", f'"daily.revenue" cannot be a key; {KEY}; did you mean "daily-revenue"?'),
        ("-daily", f'"-daily" cannot be a key; {KEY}; did you mean "daily"?'),
        ('"daily\\n"', f'"daily\\n" cannot be a key; {KEY}; did you mean "daily"?'),
        ("日本", f'"日本" cannot be a key; {KEY}'),
        ("12", 'a key must be a text; found the number 12; write it in quotes: "12"'),
        ("true", 'a key must be a text; found the value true; write it in quotes: "true"'),
        ("r-${var.a}", 'the key "r-${var.a}" holds a variable; expected variables in values only'),
    ],
)
def test_the_key_of_a_resource(folder: Folder, key: str, said: str) -> None:
    """What git history sees is plain; the message stands at the key and gives a key that would do."""
    folder.write(written("reports", key))
    assert folder.problems() == [f"main.yaml:2:3: {said}"]


@pytest.mark.parametrize("key", ["a", '"0"', '"12"', "a-b_c", "no", "x" * 200])
def test_keys_that_are_fine(folder: Folder, key: str) -> None:
    """Small letters, digits, - and _; of any length."""
    folder.write(written("reports", key))
    assert list(folder.desired().resources) == ["report." + key.strip('"')]


def test_a_resource_under_a_wrong_key_is_checked_too(folder: Folder) -> None:
    """The key is one problem, and the resource's own are found in the same run."""
    folder.write(written("reports", "Daily", status="on"))
    assert folder.problems() == [
        f'main.yaml:2:3: "Daily" cannot be a key; {KEY}; did you mean "daily"?',
        'main.yaml:3:13: report.Daily: status: found the text "on"; expected one of draft, active',
    ]


def test_a_duplicate_key_in_one_file(folder: Folder) -> None:
    """YAML's last-one-wins never happens, at any depth."""
    folder.write(written("reports") + "    status: draft\n  a: {}\n")
    assert folder.problems() == [
        'main.yaml:9:5: duplicate key "status"; it is written first at line 6; expected it once',
        'main.yaml:10:3: duplicate key "a"; it is written first at line 2; expected it once',
    ]


def test_one_address_in_two_files(folder: Folder) -> None:
    """The second place names the first, and is checked too."""
    folder.write(written("reports"), "one.yaml")
    folder.write(written("reports", sned_at="x"), "two.yaml")
    assert folder.problems() == [
        "two.yaml:2:3: report.a is written a second time; expected it once, and it stands at one.yaml:2:3 already",
        f'two.yaml:3:5: report.a: unknown key "sned_at"; expected one of {FIELDS_OF_REPORT}; did you mean "send_at"?',
    ]


def test_one_key_of_two_kinds(folder: Folder) -> None:
    """A key is unique within its kind only."""
    folder.write(written("reports") + written("automations"))
    assert list(folder.desired().resources) == ["automation.a", "report.a"]


@pytest.mark.parametrize(
    ("key", "close"),
    [("caption", ""), ("SEND_AT", '; did you mean "send_at"?'), ("depends", ""), ("send", '; did you mean "send_at"?')],
)
def test_an_unknown_field(folder: Folder, key: str, close: str) -> None:
    """The place is the key, what is known is listed, and the closest one is suggested."""
    folder.write(written("reports", **{key: "x"}))
    said = f'unknown key "{key}"; expected one of {FIELDS_OF_REPORT}{close}'
    assert folder.problems() == [f"main.yaml:3:5: report.a: {said}"]


def test_what_the_server_sets_is_unknown(folder: Folder) -> None:
    """An id or a url that was pasted from the API is nothing to write."""
    folder.write(written("automations", id="x", url="y"))
    assert [each.split(";")[0] for each in folder.problems()] == [
        'main.yaml:3:5: automation.a: unknown key "id"',
        'main.yaml:4:5: automation.a: unknown key "url"',
    ]


def test_missing_fields_are_missed_at_the_key(folder: Folder) -> None:
    """Every missing field is named, with what it should be, where the resource begins."""
    folder.write("reports:\n  a: {status: draft}\n")
    assert folder.problems() == [
        'main.yaml:2:3: report.a: "destinations" is missing; expected a list of `integration: KEY` or '
        "`{type: target_integration, id: ID}` (or `label: LABEL`), at least one",
        'main.yaml:2:3: report.a: "environment" is missing; expected one of sandbox, production',
        'main.yaml:2:3: report.a: "included_range_days" is missing; expected one of 1, 3, 7',
        'main.yaml:2:3: report.a: "report_name" is missing; expected a text of 1 to 255 characters',
        'main.yaml:2:3: report.a: "send_at" is missing; expected a UTC time on the 30-minute grid, "00:00" to "23:30"',
    ]


def test_a_misspelled_field_is_said_once(folder: Folder) -> None:
    """A field under a wrong name is an unknown key, and not missing as well."""
    fields = "".join(f"    {name}: {text}\n" for name, text in FIELDS["automations"].items())
    folder.write("automations:\n  a:\n" + fields.replace("status", "state"))
    assert folder.problems() == [
        'main.yaml:4:5: automation.a: unknown key "state"; expected one of name, caption, status, data, '
        f"{META}; "
        'did you mean "status"?'
    ]


@pytest.mark.parametrize(
    ("text", "column", "found"),
    [("", 3, "nothing"), ("[x]", 6, "a list"), ("hallo", 6, 'the text "hallo"'), ("5", 6, "the number 5")],
)
def test_a_resource_that_is_no_map(folder: Folder, text: str, column: int, found: str) -> None:
    """The place is the value, or the key where there is none."""
    folder.write(f"integrations:\n  a: {text}\n")
    assert folder.problems() == [
        f"main.yaml:2:{column}: integration.a: found {found}; "
        f"expected a map of title, integration, target_platform, status, {META}"
    ]


def test_a_variable_in_a_field_name(folder: Folder) -> None:
    """Variables are for values, at every depth."""
    folder.write(written("automations", data='{"${var.a}": 1}'))
    assert folder.problems() == [
        'main.yaml:3:12: the key "${var.a}" holds a variable; expected variables in values only'
    ]
