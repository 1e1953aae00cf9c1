"""One cause is told once, however many resources and environments it reaches, and with the line that has it."""

from __future__ import annotations

import json

import pytest

from reconciler.cli.main import run

from .conftest import FIELDS, Folder

MANY = 13
REACHED = "(13 resources: report.r0, report.r1, report.r2, …)"
SIXTEEN = "environments:\n" + "".join(f"  e{n}: {{variables: {{prefix: p{n}}}}}\n" for n in range(16))


def reports(head: str = "", **fields: str) -> str:
    """Thirteen reports; `head` is what they have in common, at the beginning of each."""
    values = {name: text for name, text in {**FIELDS["reports"], **fields}.items() if text}
    lines = [", ".join(f"{name}: {text}" for name, text in (values | fields).items() if text)]
    return "reports:\n" + "".join(
        f"  r{n}: {{{head}{lines[0].replace('report_name: Daily', f'report_name: R{n}')}}}\n" for n in range(MANY)
    )


def test_a_bad_variable(folder: Folder) -> None:
    """It is told at its place in `reconciler.yaml`, with the first place that uses it."""
    folder.write("environments: {a: {variables: {when: 9:10}}, b: {variables: {when: '09:00'}}}", "reconciler.yaml")
    folder.write(reports(send_at='"${var.when}"'))
    (problem,) = folder.problems()
    assert problem.startswith(
        'reconciler.yaml:1:38: send_at: found the text "9:10", the value of ${var.when} at main.yaml:2:34; expected'
    )
    assert problem.endswith(REACHED[:-1] + "; in the environment a)")


@pytest.mark.parametrize(("value", "column"), [("", 38), ("null", 38)])
def test_a_variable_without_a_value(folder: Folder, value: str, column: int) -> None:
    """Likewise, if it is null."""
    folder.write(f"environments: {{a: {{variables: {{when: {value}}}}}}}", "reconciler.yaml")
    folder.write(reports(send_at='"${var.when}"'))
    assert folder.problems() == [
        f'reconciler.yaml:1:{column}: the variable "when" has no value; expected one here, since main.yaml:2:34 '
        f"uses it {REACHED}"
    ]


def test_a_variable_that_nobody_sets(folder: Folder) -> None:
    """The first place that uses it is told."""
    folder.write(SIXTEEN, "reconciler.yaml")
    folder.write(reports(send_at='"${var.when}"'))
    (problem,) = folder.problems()
    assert problem.startswith('main.yaml:2:34: the variable "when" is not set; expected ')
    assert problem.endswith(REACHED)


@pytest.mark.parametrize(
    ("anchor", "said"),
    [
        ("status: actve", '14: status: found the text "actve"; expected one of draft, active; did you mean "active"?'),
        ("statu: active", "6: unknown key"),
    ],
)
def test_a_bad_anchor(folder: Folder, anchor: str, said: str) -> None:
    """A value or a key that many resources get by a merge key is told where it is written."""
    folder.write(
        f"x-base: &base\n     {anchor}\n     environment: production\n"
        + reports("<<: *base, ", status="", environment="")
    )
    (problem,) = folder.problems()
    assert problem.startswith(f"main.yaml:2:{said}")
    assert problem.endswith(REACHED)


def test_an_alias_without_an_anchor(folder: Folder) -> None:
    """All of its places are one problem."""
    folder.write("x-base: &base {status: active}\n" + reports("<<: *bass, ", status=""))
    assert folder.problems() == [
        "main.yaml:3:12: unknown alias *bass; expected an anchor &bass before it; did you mean *base? "
        "(13 places: main.yaml:3, main.yaml:4, main.yaml:5, …)"
    ]


def test_a_reference_to_what_is_not_there(folder: Folder) -> None:
    """What many refer to is missing once."""
    folder.write(reports(destinations="[{integration: alerts}]"))
    (problem,) = folder.problems()
    assert 'there is no integration "alerts"' in problem
    assert problem.endswith(REACHED)


@pytest.mark.parametrize("name", ["X", "${var.prefix}"])
def test_a_double_name_in_sixteen_environments(folder: Folder, name: str) -> None:
    """Names that are the same are told once for all of their resources, whatever the name is in each environment."""
    folder.write(SIXTEEN, "reconciler.yaml")
    folder.write(reports(report_name=f'"{name}"'))
    (problem,) = folder.problems()
    assert problem.startswith("main.yaml:3:3: report.r1 has the same report_name")
    assert problem.endswith("(12 resources: report.r1, report.r2, report.r3, …)")


def test_a_double_name_in_two_of_sixteen(folder: Folder) -> None:
    """The environments that have it are counted and named."""
    folder.write(SIXTEEN.replace("prefix: p3}", "prefix: p4}").replace("prefix: p5}", "prefix: p4}"), "reconciler.yaml")
    folder.write(reports().replace("R0", '"${var.prefix}"').replace("R1,", "p4,"))
    (problem,) = folder.problems()
    assert problem.endswith("(in 3 environments: e3, e4, e5)")


def test_a_double_key_in_sixteen_environments(folder: Folder) -> None:
    """A problem of the YAML is told once for all environments."""
    folder.write(SIXTEEN, "reconciler.yaml")
    folder.write(reports(status="active, status: draft"))
    assert len(folder.problems()) == MANY


def test_programs_get_each_cause_once(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    """SARIF has one result for it, without the line that the terminal shows."""
    folder.write(reports(destinations="[{integration: alerts}]"))
    assert run(["validate", "--format", "sarif", str(folder.path)]) == 3
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert result["message"]["text"].endswith(REACHED)


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_the_line_and_a_caret(
    folder: Folder, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below a problem stands its line, with a caret below the column; colours as elsewhere."""
    monkeypatch.setenv("QONVERSION_SECRET", "sk_test")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    folder.write("# 1\n" * 8 + "reports: {a: {status: [actve]}}\n")
    arguments = (
        [command, str(folder.path)]
        if command == "validate"
        else [command, str(folder.path), "--api-url", f"simulator:{folder.path}/s"]
    )
    assert run(arguments) == 3
    said = capsys.readouterr().err
    assert "\n  9 | reports: {a: {status: [actve]}}\n    |                       ^\n" in said
    assert "\x1b[" not in said
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(arguments) == 3
    assert "\x1b[31m^\x1b[0m\n" in capsys.readouterr().err
    monkeypatch.setenv("NO_COLOR", "1")
    assert run(arguments) == 3
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("columns", [None, "40", "120"])
@pytest.mark.parametrize(("before", "after"), [(0, 5000), (5000, 0), (300, 300), (0, 3)])
@pytest.mark.parametrize("letter", ["x", "日", "\\u202e"])
def test_a_long_line_is_cut_around_the_caret(
    folder: Folder,
    columns: str | None,
    before: int,
    after: int,
    letter: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It fits into the width, 80 without a terminal, and the caret is below the value that is wrong."""
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    letter = letter.encode().decode("unicode_escape") if letter.isascii() else letter
    folder.write(f'{{x-a: "{letter * before}", moved: 5, x-b: "{letter * after}"}}\n'.encode())
    assert run(["validate", str(folder.path)]) == 3
    *_, line, caret, _ = capsys.readouterr().err.splitlines()

    def cells(text: str) -> int:
        return sum(2 if each == "日" else 1 for each in text)

    assert cells(line) <= int(columns or 80)
    at = next(n for n in range(len(line)) if cells(line[:n]) == len(caret) - 1)
    assert line[at] == "5"
    assert before + after < 10 or "…" in line


def test_a_key_in_the_line_is_not_shown(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    """The line that is shown holds no Secret Key."""
    folder.write("moved: 5 # sk_abcdefgh12345678ABCDEFGH\n")
    assert run(["validate", str(folder.path)]) == 3
    assert "12345678" not in capsys.readouterr().err


def test_a_key_that_escapes_spell_is_not_shown(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor one that the line only spells."""
    folder.write('reports: 5\nx-a: "\\\\x73k_Z9f3kQ27LmX81vTbR4"\n')
    assert run(["validate", str(folder.path)]) == 3
    said = capsys.readouterr().err
    assert "Z9f3kQ27LmX81vTbR4" not in said
    assert "  1 | reports: 5" in said
