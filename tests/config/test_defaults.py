"""`defaults`: fields that a folder's resources have if they do not write them; variables for every environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.config import load

from .conftest import Folder, written

REPORT = "reports:\n  {key}:\n    report_name: {key}\n    destinations: [{{type: target_integration, id: x}}]\n{rest}"
TOP = 'defaults:\n  reports: {send_at: "09:00", included_range_days: 1, status: active, environment: production}\n'


def report(key: str, **fields: str) -> str:
    """A report without the fields that have defaults."""
    return REPORT.format(key=key, rest="".join(f"    {name}: {text}\n" for name, text in fields.items()))


def fields(folder: Folder, address: str) -> Any:
    """The fields of a resource, of which `validate` says that it is fine."""
    return folder.desired().resources[address].fields


def test_the_nearest_folder_wins(folder: Folder) -> None:
    """A default holds in its folder and below, in any file; what is written on the resource wins over all."""
    folder.write(TOP, "z.yaml")
    folder.write(report("a"))
    folder.write("defaults: {reports: {send_at: 10:00, status: draft}}\n", "team/defaults.yaml")
    folder.write(report("b"), "team/b.yaml")
    folder.write(report("c", send_at="11:00"), "team/deep/c.yaml")
    folder.write(report("d"), "team2/d.yaml")
    found = {key: fields(folder, f"report.{key}") for key in "abcd"}
    assert {key: (each["send_at"], each["status"]) for key, each in found.items()} == {
        "a": ("09:00", "active"),
        "b": ("10:00", "draft"),
        "c": ("11:00", "draft"),
        "d": ("09:00", "active"),
    }
    assert all(each["environment"] == "production" for each in found.values())


def test_maps_merge_and_lists_replace(folder: Folder) -> None:
    """At every depth; a list or a scalar stands in place of the default."""
    folder.write("defaults: {automations: {status: active, data: {a: {b: 1, c: [1, 2]}, d: [1], e: {f: 1}}}}")
    folder.write("defaults: {automations: {data: {a: {c: [3], x: 1}}}}\n", "low/d.yaml")
    folder.write("automations: {w: {name: W, data: {a: {b: 2, y: 3}, d: [], e: 5}}}", "low/w.yaml")
    assert fields(folder, "automation.w")["data"] == {"a": {"b": 2, "c": [3], "x": 1, "y": 3}, "d": [], "e": 5}


def test_the_place_of_a_default_is_in_its_file(folder: Folder) -> None:
    """A value that came by a default is edited there; a resource stands where its key is."""
    folder.write("defaults:\n  automations:\n    status: active\n    data: {a: {b: 1}}\n", "defaults.yaml")
    folder.write("automations: {w: {name: W, data: {a: {c: 2}}}}", "low/w.yaml")
    made = folder.desired().resources["automation.w"]
    places = {path: made.locate_field(path) for path in ("status", "data.a.b", "data.a.c", "name", "data.a")}
    assert {path: (Path(at.file).name, at.line, at.column) for path, at in places.items()} == {
        "status": ("defaults.yaml", 3, 5),
        "data.a.b": ("defaults.yaml", 4, 16),
        "data.a.c": ("w.yaml", 1, 39),
        "name": ("w.yaml", 1, 19),
        "data.a": ("w.yaml", 1, 35),
    }
    assert (made.file, Path(made.location.file).name) == ("low/w.yaml", "w.yaml")


def test_a_wrong_default_is_told_once_at_its_place(folder: Folder) -> None:
    """However many resources have it."""
    folder.write(TOP.replace("active", "actve"), "defaults.yaml")
    folder.write(report("a") + report("b").removeprefix("reports:\n"), "low/r.yaml")
    assert folder.problems() == [
        'defaults.yaml:2:63: status: found the text "actve"; expected one of draft, active; did you mean "active"? '
        "(2 resources: report.a, report.b)"
    ]


def test_a_default_may_hold_variables_and_items(folder: Folder) -> None:
    """Items only where the resource has that dimension."""
    folder.write("variables: {events: production}", "reconciler.yaml")
    folder.write(
        TOP.replace("production", '"${var.events}"').replace("reports: {", "reports: {report_name: 'R ${each.app}', ")
    )
    one = "reports:\n  r:\n    for_each: {app: [a, b]}\n    destinations: [{type: target_integration, id: x}]\n"
    folder.write(one, "low/r.yaml")
    assert [each.fields["report_name"] for each in folder.desired().resources.values()] == ["R a", "R b"]
    folder.write(one.replace("for_each: {app: [a, b]}", "status: draft"), "low/r.yaml")
    assert folder.problems() == [
        'main.yaml:2:26: "${each.app}" stands in no resource with for_each; expected for_each with this dimension '
        "beside it"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("defaults: {report: {status: draft}}", 'main.yaml:1:12: defaults: unknown key "report"; expected one of '
         'integrations, reports, segments, automations, products, entitlements, remote_configs; '
         'did you mean "reports"?'),
        ("defaults: {reports: {sttus: draft}}", 'main.yaml:1:22: defaults.reports: unknown key "sttus"; expected one '
         'of report_name, send_at, included_range_days, status, environment, destinations; did you mean "status"?'),
        ("defaults: {reports: {lifecycle: {replace: allow}}}", 'main.yaml:1:22: defaults.reports: "lifecycle" is no '
         "field; expected it on each resource"),
        ("defaults: {reports: {for_each: {a: [b]}}}", 'main.yaml:1:22: defaults.reports: "for_each" is no field; '
         "expected it on each resource"),
        ("defaults: {reports: [a]}", "main.yaml:1:21: defaults.reports: found a list; expected a map of fields"),
        ("defaults: [a]", "main.yaml:1:11: defaults: found a list; expected a map of integrations, "
         "reports, segments, automations, products, entitlements, remote_configs"),
        ("default: {reports: {status: draft}}", 'main.yaml:1:1: unknown key "default"; expected one of integrations, '
         "reports, segments, automations, products, entitlements, remote_configs, moved, removed, imports, policies, "
         'defaults, or x-… for anchors; did you mean "defaults"?'),
    ],
)  # fmt: skip
def test_what_is_wrong(folder: Folder, text: str, said: str) -> None:
    """One problem; that a field is missing, which may follow from it, is none."""
    folder.write(text)
    folder.write("reports: {r: {report_name: R}}", "low/r.yaml")
    assert folder.problems() == [said]


def test_a_resource_without_a_value_beside_wrong_defaults(folder: Folder) -> None:
    """The wrong defaults are told, and nothing is made of the resource."""
    folder.write("defaults: []\nintegrations:\n  a: null\n")
    assert [each.partition(";")[0] for each in folder.problems()] == [
        "main.yaml:1:11: defaults: found an empty list",
        "main.yaml:3:3: integration.a: found nothing",
    ]


def test_two_defaults_of_one_field_in_a_folder(folder: Folder) -> None:
    """Both places are told; in another folder it is an override."""
    folder.write("defaults: {reports: {status: draft}}\n", "a.yaml")
    folder.write("defaults: {reports: {environment: production, status: active}}\n", "b.yaml")
    folder.write("defaults: {reports: {status: active}}\n", "low/c.yaml")
    assert folder.problems() == [
        'b.yaml:1:47: defaults.reports: "status" has a default in this folder at a.yaml:1:22 already; expected it once'
    ]


def test_a_file_of_defaults_that_cannot_be_read(folder: Folder) -> None:
    """Fields that may stand there are not said to be missing."""
    folder.write("defaults: {reports: {status: draft}\nx: ]", "defaults.yaml")
    folder.write("reports: {r: {report_name: R, statu: draft}}", "low/r.yaml")
    first, second = folder.problems()
    assert first.startswith("defaults.yaml:1:11:")
    assert second.startswith('low/r.yaml:1:31: report.r: unknown key "statu"')


def test_defaults_of_too_much(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What all resources of a folder are given is counted before it is given."""
    monkeypatch.setattr(load, "MOST_EVALUATED", 100_000)
    folder.write("defaults: {automations: {status: active, data: {a: [" + ", ".join("1" * 9999) + "]}}}")
    folder.write("automations:\n" + "".join(f"  a{n}: {{name: A{n}}}\n" for n in range(11)), "low/a.yaml")
    (problem,) = folder.problems()
    assert problem.startswith("main.yaml:1:1: defaults: automations: gives its resources 1")
    assert problem.endswith(" values; expected at most 100000")


def test_variables_of_every_environment(folder: Folder) -> None:
    """An environment's own win, as a whole; a map and a list are values, and a path reaches into a map."""
    folder.write(
        """\
        variables: {data: {a: [1, {b: 2}], c: x}, name: N, only: 1}
        environments:
          one: {variables: {data: {c: y}, name: null}}
          two: {}
        """,
        "reconciler.yaml",
    )
    folder.write(written("automations", data='"${var.data}"', caption='"${var.data.c}"', name="${var.only}"))
    folder.write(written("automations", data='"${var.data}"', caption='"${var.data.c}"'))
    found = [folder.desired(name).resources["automation.a"].fields for name in ("one", "two")]
    assert [each["data"] for each in found] == [{"c": "y"}, {"a": [1, {"b": 2}], "c": "x"}]
    assert [each["caption"] for each in found] == ["y", "x"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${var.data.d}", 'the variable "data" has no "d"; expected one of cat, e'),
        ("${var.data.cta}", 'the variable "data" has no "cta"; expected one of cat, e; did you mean "cat"?'),
        ("${var.data.cat.e}", '"cat" of the variable "data" is the text "x"; expected a map with the key "e"'),
        ("a ${var.data}", "${var.data} is a map of cat, e; expected a text, a number or a boolean within a text"),
    ],
)
def test_a_path_that_leads_nowhere(folder: Folder, text: str, said: str) -> None:
    """The place is the value that has it."""
    folder.write("variables: {data: {cat: x, e: {}}}", "reconciler.yaml")
    folder.write(written("automations", caption=f"'{text}'"))
    assert folder.problems() == [f"main.yaml:3:14: {said}"]


def test_a_value_within_a_variable_is_told_where_it_stands(folder: Folder) -> None:
    """Like a variable that is a text."""
    folder.write("variables: {status: {report: actve}}", "reconciler.yaml")
    folder.write(written("reports", status='"${var.status.report}"'))
    (problem,) = folder.problems()
    assert problem.startswith(
        'reconciler.yaml:1:30: report.a: status: found the text "actve", the value of ${var.status.report} at '
        "main.yaml:3:13; expected one of draft, active"
    )
