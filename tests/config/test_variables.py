"""`${var.NAME}`: values that differ by environment."""

from __future__ import annotations

import pytest

from .conftest import Folder, written

TWO = """\
environments:
  sandbox: {variables: {prefix: "[test] ", days: 3, env: sandbox, live: true, half: 0.5}}
  production: {variables: {prefix: "", days: 7, env: production, live: false, half: 1.5}}
"""


def test_each_environment_has_its_values(folder: Folder) -> None:
    """A variable may be a part of a text or all of it, and is put in for the environment that is asked for."""
    folder.write(TWO, "reconciler.yaml")
    folder.write(written("reports", report_name='"${var.prefix}Daily ${ var.days }"', environment="${var.env}"))
    names = {name: folder.desired(name).resources["report.a"].fields for name in ("sandbox", "production")}
    assert names["sandbox"]["report_name"] == "[test] Daily 3"
    assert names["production"]["report_name"] == "Daily 7"
    assert names["production"]["environment"] == "production"


def test_a_variable_keeps_its_type(folder: Folder) -> None:
    """A value that is a variable alone is a number or a boolean where the variable is; within a text it is text."""
    folder.write(TWO, "reconciler.yaml")
    data = '{a: "${var.live}", b: "${var.half}", c: "is ${var.live}"}'
    folder.write(written("reports", included_range_days="${var.days}"), "r.yaml")
    folder.write(written("automations", data=data, lifecycle='{prevent_destroy: "${var.live}"}'))
    resources = folder.desired("sandbox").resources
    assert resources["report.a"].fields["included_range_days"] == 3
    assert resources["automation.a"].fields["data"] == {"a": True, "b": 0.5, "c": "is true"}
    assert resources["automation.a"].lifecycle.prevent_destroy


def test_two_dollars_are_one(folder: Folder) -> None:
    """`$${` is a plain `${`, and a lone dollar is a dollar."""
    folder.write(written("automations", name='"$5 $${var.x} $$"'))
    assert folder.desired().resources["automation.a"].fields["name"] == "$5 ${var.x} $$"


def test_variables_in_blocks(folder: Folder) -> None:
    """An id to import differs by environment."""
    folder.write("environments: {default: {variables: {id: x1}}}", "reconciler.yaml")
    folder.write(written("automations") + 'imports: [{to: automation.a, id: "${var.id}"}]')
    assert folder.desired().imports[0].id == "x1"


def test_a_variable_that_is_not_set(folder: Folder) -> None:
    """The place is the value that needs it; a similar one is suggested; all environments say it once."""
    folder.write(TWO, "reconciler.yaml")
    folder.write(written("reports", report_name="Daily ${var.prefx}"))
    assert folder.problems() == [
        'main.yaml:3:18: the variable "prefx" is not set; expected a value under variables of the environment in '
        'reconciler.yaml; did you mean "prefix"?'
    ]


def test_without_settings_there_are_no_variables(folder: Folder) -> None:
    """The message says where a variable would be, although the file is not there."""
    folder.write(written("reports", report_name="${var.name}"))
    assert folder.problems() == [
        'main.yaml:3:18: the variable "name" is not set; expected a value under variables of the environment in '
        "reconciler.yaml"
    ]


def test_a_variable_that_one_environment_lacks(folder: Folder) -> None:
    """validate checks every environment, and says which one lacks the value and where it could stand."""
    folder.write(
        """\
        environments:
          sandbox: {variables: {days: 3, name: A}}
          production: {variables: {days: null}}
        """,
        "reconciler.yaml",
    )
    folder.write(written("reports", included_range_days="${var.days}", report_name="${var.name}"))
    assert folder.problems() == [
        'main.yaml:4:18: the variable "name" is not set; expected a value under variables of the environment in '
        "reconciler.yaml (in the environment production)",
        'reconciler.yaml:3:34: the variable "days" has no value; expected one here, since main.yaml:3:26 uses it '
        "(in the environment production)",
    ]


def test_a_value_that_is_wrong_in_one_environment(folder: Folder) -> None:
    """A problem that not every environment has names those that have it; one that all have is printed once."""
    folder.write(TWO.replace("days: 3", "days: 2"), "reconciler.yaml")
    folder.write(written("reports", included_range_days="${var.days}", status="on"))
    assert folder.problems() == [
        'main.yaml:4:13: report.a: status: found the text "on"; expected one of draft, active',
        "reconciler.yaml:2:50: report.a: included_range_days: found the number 2, the value of ${var.days} at "
        "main.yaml:3:26; expected one of 1, 3, 7 (in the environment sandbox)",
    ]


@pytest.mark.parametrize("text", ["${name}", "${var.}", "${var.a-b}", "${env.HOME}", "${}", "${var.name"])
def test_what_is_no_variable(folder: Folder, text: str) -> None:
    """Anything else in `${…}` is a problem that shows how a variable is written, and how a plain `${` is."""
    folder.write(written("automations", name=f"'{text}'"))
    assert folder.problems() == [
        f'main.yaml:3:11: "{text}" is no variable; expected ${{var.NAME}} (a plain ${{ is written $${{)'
    ]


def test_an_unknown_value_brings_no_other_problem(folder: Folder) -> None:
    """Where a variable has no value nothing else is said of the value, and all else of the resource is checked."""
    folder.write(written("reports", "a", send_at="${var.t}", report_name="${var.n}", status="on"), "a.yaml")
    folder.write(written("reports", "b", report_name="${var.n}", destinations='[{integration: "${var.d}"}]'), "b.yaml")
    assert [each.split(" is not set")[0] for each in folder.problems()] == [
        'a.yaml:3:14: the variable "t"',
        'a.yaml:4:18: the variable "n"',
        'a.yaml:5:13: report.a: status: found the text "on"; expected one of draft, active',
        'b.yaml:4:34: the variable "d"',
    ]


def test_a_suggestion_is_one_of_what_is_asked_for(folder: Folder) -> None:
    """The same misspelt word may name a dimension and a variable."""
    folder.write("variables: {hours: '09:00'}\n", "reconciler.yaml")
    folder.write(written("reports", "a", for_each="{houses: [x, z]}", report_name='"${each.hous} ${var.hous}"'))
    problems = "\n".join(folder.problems())
    assert 'there is no dimension "hous"; expected houses; did you mean "houses"?' in problems
    assert 'the variable "hous" is not set; expected a value under variables of the environment' in problems
    assert problems.count('did you mean "hours"?') == 1, problems
