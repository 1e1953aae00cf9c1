"""Wrong values: each is named at its own place, with what was expected and the way there."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.inputs import Ignored

from .conftest import Folder, written

SEND_AT = 'expected a UTC time on the 30-minute grid, "00:00" to "23:30"'
DESTINATIONS = (
    "expected a list of `integration: KEY` or `{type: target_integration, id: ID}` (or `label: LABEL`), at least one"
)
SHAPES = "expected {integration: …} or {type: target_integration, id: …} or {type: target_integration, label: …}"
NAME = "expected a text of 1 to 255 characters"

REPORT = [
    ("send_at", '"09:15"', 14, f'found the text "09:15"; {SEND_AT}; did you mean "09:00" or "09:30"?'),
    ("send_at", "23:45", 14, f'found the text "23:45"; {SEND_AT}; did you mean "23:30"?'),
    ("send_at", "9:00", 14, f'found the text "9:00"; {SEND_AT}; did you mean "09:00"?'),
    ("send_at", "10:30:00", 14, f'found the text "10:30:00"; {SEND_AT}; did you mean "10:30"?'),
    ("send_at", "noon", 14, f'found the text "noon"; {SEND_AT}'),
    ("send_at", "9", 14, f'found the number 9; {SEND_AT}; did you mean "09:00"?'),
    ("send_at", "0600", 14, f'found the number 600; {SEND_AT}; did you mean "06:00"?'),
    ("send_at", "2500", 14, f"found the number 2500; {SEND_AT}"),
    ("send_at", "[09:00]", 14, f"found a list; {SEND_AT}"),
    ("send_at", "", 13, f"found nothing; {SEND_AT}"),
    ("included_range_days", "2", 26, "found the number 2; expected one of 1, 3, 7"),
    ("included_range_days", '"1"', 26, 'found the text "1"; expected one of 1, 3, 7; write it without quotes'),
    ("included_range_days", "1.0", 26, "found the number 1.0; expected one of 1, 3, 7"),
    ("included_range_days", "true", 26, "found the value true; expected one of 1, 3, 7"),
    ("included_range_days", "012", 26, "found the number 12; expected one of 1, 3, 7"),
    ("included_range_days", "1_000", 26, 'found the text "1_000"; expected one of 1, 3, 7'),
    ("status", "Active", 13, 'found the text "Active"; expected one of draft, active; did you mean "active"?'),
    ("status", "yes", 13, 'found the text "yes"; expected one of draft, active'),
    ("status", "true", 13, "found the value true; expected one of draft, active"),
    (
        "environment",
        "prod",
        18,
        'found the text "prod"; expected one of sandbox, production; did you mean "production"?',
    ),
    ("report_name", "2024", 18, f"found the number 2024; {NAME}; write it in quotes"),
    ("report_name", "true", 18, f"found the value true; {NAME}; write it in quotes"),
    ("report_name", "1.10", 18, f"found the number 1.1; {NAME}; write it in quotes"),
    ("report_name", '""', 18, f"is empty; {NAME}"),
    ("report_name", "[test]", 18, f"found a list; {NAME}; write it in quotes if it is a text"),
    ("report_name", "x" * 256, 18, f"is 256 characters long; {NAME}"),
    ("report_name", "{a: b}", 18, f"found a map of a; {NAME}"),
    ("destinations", "[]", 19, f"is empty; {DESTINATIONS}"),
    (
        "destinations",
        "release-alerts",
        19,
        f'found the text "release-alerts"; {DESTINATIONS}; did you mean [{{integration: release-alerts}}]?',
    ),
    (
        "destinations",
        "integration.release-alerts",
        19,
        f'found the text "integration.release-alerts"; {DESTINATIONS}; did you mean [{{integration: release-alerts}}]?',
    ),
    (
        "destinations",
        "{integration: x}",
        19,
        f'found a map of integration; {DESTINATIONS}; write "- " before each item',
    ),
]


@pytest.mark.parametrize(("name", "text", "column", "said"), REPORT)
def test_a_field_of_a_report(folder: Folder, name: str, text: str, column: int, said: str) -> None:
    """The message stands at the value and names the resource, the field, what was found and what was expected."""
    folder.write(written("reports", **{name: text}))
    assert folder.problems() == [f"main.yaml:3:{column}: report.a: {name}: {said}"]


ITEMS = [
    (
        "release-alerts",
        20,
        f'[0]: found the text "release-alerts"; {SHAPES}; did you mean {{integration: release-alerts}}?',
    ),
    ("{integration: x, id: y}", 20, f"[0]: found a map of integration, id; {SHAPES}"),
    ("{type: target_integration}", 20, f"[0]: found a map of type; {SHAPES}"),
    ("{}", 20, f"[0]: is empty; {SHAPES}"),
    ("null", 20, f"[0]: found nothing; {SHAPES}"),
    ("{integration: 5}", 34, "[0].integration: found the number 5; expected a text; write it in quotes"),
    (
        "{type: integration, id: y}",
        27,
        '[0].type: found the text "integration"; expected target_integration; did you mean "target_integration"?',
    ),
]


@pytest.mark.parametrize(("item", "column", "said"), ITEMS)
def test_an_item_of_the_destinations(folder: Folder, item: str, column: int, said: str) -> None:
    """Within a list the message counts the item, says one thing about it, and shows both shapes that are right."""
    folder.write(written("reports", destinations=f"[{item}]"))
    folder.write(written("integrations", "x"), "integrations.yaml")
    assert folder.problems() == [f"main.yaml:3:{column}: report.a: destinations{said}"]


def test_an_unknown_key_in_a_destination(folder: Folder) -> None:
    """An unknown key is named at the key."""
    folder.write(written("reports", destinations="[{type: target_integration, id: y, lable: z}]"))
    assert folder.problems() == [
        'main.yaml:3:54: report.a: destinations[0]: unknown key "lable"; expected one of integration, type, id, '
        'label; did you mean "label"?'
    ]


DATA = [
    (
        "{platform: ios}",
        22,
        'data.platform: found the text "ios"; expected one of iOS, Android, null; did you mean "iOS"?',
    ),
    ("{initiators: {uid: x}}", 24, 'data.initiators: found a map of uid; expected a list; write "- " before each item'),
    (
        "{initiators: [{uid: 2}]}",
        31,
        "data.initiators[0].uid: found the number 2; expected a text; write it in quotes",
    ),
    ("{initiators: [x]}", 25, 'data.initiators[0]: found the text "x"; expected a map of uid, type'),
    ("{actions: {push: 5}}", 28, "data.actions.push: found the number 5; expected a text or null; write it in quotes"),
    ("{actions: [push]}", 21, "data.actions: found a list; expected a map of push, screen"),
    ("{segments: [a]}", 22, "data.segments: found a list; expected a text, a map or null"),
    ("[]", 11, "data: found an empty list; expected a map of platform, initiators, actions, segments"),
    ("", 10, "data: found nothing; expected a map of platform, initiators, actions, segments"),
]


@pytest.mark.parametrize(("text", "column", "said"), DATA)
def test_nested_values_of_an_automation(folder: Folder, text: str, column: int, said: str) -> None:
    """Deep within `data` the whole path is named, and the place is that of the innermost value."""
    folder.write(written("automations", data=text))
    assert folder.problems() == [f"main.yaml:3:{column}: automation.a: {said}"]


def test_unlisted_keys_of_data_are_allowed(folder: Folder) -> None:
    """`data` is the API's own, so keys that nobody has listed go through as they are."""
    folder.write(written("automations", data="{platform: null, delay: {minutes: 5}, on: [yes, 1.5]}"))
    data = folder.desired().resources["automation.a"].fields["data"]
    assert data == {"platform": None, "delay": {"minutes": 5}, "on": ["yes", 1.5]}


LIFECYCLE = [
    ("{replace: yes}", 26, 'lifecycle.replace: found the text "yes"; expected allow'),
    (
        '{prevent_destroy: "true"}',
        34,
        'lifecycle.prevent_destroy: found the text "true"; expected true or false; write it without quotes',
    ),
    (
        "{prevent_destroy: yes}",
        34,
        'lifecycle.prevent_destroy: found the text "yes"; expected true or false; did you mean true?',
    ),
    (
        "{prevent_destory: true}",
        17,
        'lifecycle: unknown key "prevent_destory"; expected one of prevent_destroy, ignore_changes, replace; '
        'did you mean "prevent_destroy"?',
    ),
    (
        "{ignore_changes: status}",
        33,
        'lifecycle.ignore_changes: found the text "status"; expected a list; did you mean [status]?',
    ),
    (
        "{ignore_changes: [statsu]}",
        34,
        'lifecycle.ignore_changes[0]: "statsu" is no field; expected one of name, caption, status, data, '
        'or a path within one; did you mean "status"?',
    ),
    (
        "{ignore_changes: ['data.initiators[0].uid']}",
        34,
        'lifecycle.ignore_changes[0]: "data.initiators[0].uid" goes into a list; expected a path of keys; '
        'did you mean "data.initiators"?',
    ),
    (
        "{ignore_changes: [name.first]}",
        34,
        'lifecycle.ignore_changes[0]: "name.first" goes into a value that is no map; expected a path of keys; '
        'did you mean "name"?',
    ),
    (
        "{ignore_changes: [data.]}",
        34,
        'lifecycle.ignore_changes[0]: "data." has an empty key; expected a path such as data.actions.push',
    ),
    ("{ignore_changes: ['']}", 34, "lifecycle.ignore_changes[0]: is empty; expected a text or a map"),
    (
        "allow",
        16,
        'lifecycle: found the text "allow"; expected a map of prevent_destroy, ignore_changes, replace',
    ),
]


@pytest.mark.parametrize(("text", "column", "said"), LIFECYCLE)
def test_a_wrong_lifecycle(folder: Folder, text: str, column: int, said: str) -> None:
    """A guard that is misspelled must not be silently none."""
    folder.write(written("automations", lifecycle=text))
    assert folder.problems() == [f"main.yaml:3:{column}: automation.a: {said}"]


def test_a_right_lifecycle(folder: Folder) -> None:
    """What `lifecycle` says is not among the fields."""
    text = "{prevent_destroy: true, ignore_changes: [status, data.actions.push], replace: allow}"
    folder.write(written("automations", lifecycle=text))
    resource = folder.desired().resources["automation.a"]
    assert resource.lifecycle.prevent_destroy
    assert resource.lifecycle.replace
    assert resource.lifecycle.ignore_changes == (Ignored("status"), Ignored("data.actions.push"))
    assert "lifecycle" not in resource.fields


def test_left_out_is_not_empty(folder: Folder) -> None:
    """A field that is left out is not there, "" is an empty text, and null is neither."""
    folder.write(written("automations"))
    assert "caption" not in folder.desired().resources["automation.a"].fields
    folder.write(written("automations", caption='""'))
    assert folder.desired().resources["automation.a"].fields["caption"] == ""
    folder.write(written("automations", caption="null"))
    assert folder.problems() == [
        "main.yaml:3:14: automation.a: caption: found nothing; expected a text of at most 1024 characters; "
        "leave the key out if it is not managed"
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10:30", "10:30"),
        ("no", "no"),
        ("on", "on"),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("~", None),
        ("True", True),
        ("!!str 5", "5"),
        ('"5"', "5"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(folder: Folder, text: str, value: Any) -> None:
    """No sexagesimals, no yes and no as booleans, no dates, no underscores; octal is 0o."""
    folder.write(written("automations", data=f"{{anything: {text}}}"))
    found = folder.desired().resources["automation.a"].fields["data"]["anything"]
    assert (found, type(found)) == (value, type(value))
