"""`fold` keeps comments, other lines, and all that it cannot fold."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.cli.main import run
from reconciler.commands.edits import evaluate

from .folding import HOOK, Fold, compared, reports

APPS = ("chess", "go", "sudoku", "rummy")
ITEMS = "    for_each:\n      item:\n" + "".join(f"        - {app}\n" for app in APPS)
PLAIN = reports(*((f"daily-{app}", f"report_name: Daily {app}") for app in APPS))
COMMENTED = f"""\
{HOOK}# The reports of the team.
reports:
  # For chess.
  daily-chess:   # the first
    # its name
    report_name: Daily chess
    send_at: 07:30         # before standup
    included_range_days: 1
    status: active
    environment: production
    destinations: [{{integration: hook}}]

  # A heading that belongs to no report.

  # For go,
  # since May.
  daily-go:   # the "#2"
    # its name
    report_name: Daily go
    send_at: 07:30         # before standup
    included_range_days: 1 # a day
    status: active
    environment: production
    destinations: [{{integration: hook}}]
    # daily-go ends here
  alone:   # is not alike
    report_name: 'Alone # no comment'
    send_at: 08:30
    included_range_days: 7
    status: active
    environment: production
    destinations: [{{integration: hook}}]

  daily-sudoku:
    report_name: Daily sudoku
    send_at: 07:30
    included_range_days: 1
    status: active
    environment: production
    destinations: [{{integration: hook}}]

# The end.
"""


def comments(text: str) -> set[str]:
    """The comments of a text in which no value has a sign like theirs, but for one."""
    return {each.strip() for each in re.findall(r"(?m)(?:^|\s)(#.*)$", text.replace("# no comment", ""))}


def test_no_comment_is_lost(fold: Fold) -> None:
    """Those of the first block stay, and those of the others go above it. What belongs to none stays."""
    folded = fold(COMMENTED)
    assert comments(folded.text) == comments(COMMENTED)
    before, after = COMMENTED.split("  alone:")
    assert (
        folded.text.partition("  alone:")[2] == after.partition("  daily-sudoku:")[0].rstrip("\n") + "\n\n# The end.\n"
    )
    assert folded.text.partition("  alone:")[0] == (
        before.partition("  daily-chess")[0]
        + """\
  # For go,
  # since May.
  # the "#2"
  # a day
  # daily-go ends here
  daily:   # the first
    for_each:
      item:
        - chess
        - go
        - sudoku
    # its name
    report_name: "Daily ${each.item}"
    send_at: 07:30         # before standup
    included_range_days: 1
    status: active
    environment: production
    destinations: [{integration: hook}]

  # A heading that belongs to no report.

"""
    ), folded.text


def test_a_comment_without_a_space_before_it(fold: Fold) -> None:
    """YAML reads it as a comment behind quotes and brackets."""
    assert "  #go\n  daily:\n" in fold(PLAIN.replace("Daily go\n", '"Daily go"#go\n')).text


@pytest.mark.parametrize("eol", ["\r\n", "\r", "\n"])
@pytest.mark.parametrize("beginning", ["", "\ufeff"])
def test_line_ends_stay(fold: Fold, eol: str, beginning: str) -> None:
    """Also a byte order mark, and a last line without an end."""
    text = beginning + COMMENTED.rstrip("\n").replace("\n", eol)
    folded = fold(text)
    assert folded.text == beginning + fold(COMMENTED).text.rstrip("\n").replace("\n", eol)


Change = Callable[[str], str]
SHARED: dict[str, tuple[Change, str]] = {
    "an anchor": (lambda text: text.replace("included_range_days: 1", "included_range_days: &days 1", 1), "&days"),
    "an alias": (
        lambda text: "x-days: &days 1\n" + text.replace("included_range_days: 1", "included_range_days: *days", 1),
        "*days",
    ),
    "a merge": (
        lambda text: "x-all: &all {status: active}\n" + text.replace("    status: active", "    <<: *all", 1),
        "<<",
    ),
    "an anchor that is there twice": (lambda text: f"x-1: &a 1\nx-2: &a 2\n{text}", "cannot be edited"),
    "a section with an anchor": (lambda text: text.replace("reports:", "reports: &all"), "section"),
    "a value on two lines": (lambda text: text.replace("Daily chess", '"Daily\n      chess"'), "one line"),
    "a block in braces": (lambda text: re.sub(r"(?s)daily-chess:\n(.*?)  daily-go", _in_braces, text), "braces"),
}


def _in_braces(found: re.Match[str]) -> str:
    return f"daily-chess: {{{', '.join(map(str.strip, found[1].splitlines()))}}}\n  daily-go"


@pytest.mark.parametrize("case", SHARED)
def test_what_is_shared_is_left_as_it_is(fold: Fold, case: str) -> None:
    """It says why."""
    change, said = SHARED[case]
    text = change(PLAIN)
    folded = fold(text)
    assert folded.text == text
    assert "left as they are: report.daily-chess, report.daily-go, report.daily-sudoku, …: " in folded.err
    assert said in folded.err
    assert folded.err.endswith("\nnothing to fold\n"), "another reason is told"


DIFFERENT = {
    "two are too few": reports(*((f"daily-{app}", f"report_name: Daily {app}") for app in APPS[:2])),
    "no common part in the keys": reports(*((app, f"report_name: Daily {app}") for app in APPS)),
    "other fields": reports(
        ("daily-chess", "report_name: Daily chess"),
        ("daily-go", "report_name: Daily go", "lifecycle: {prevent_destroy: true}"),
        ("daily-sudoku", "report_name: Daily sudoku", "only_in: [default]"),
    ),
    "nearly nothing in common": reports(
        ("daily-a", "report_name: A", "send_at: 01:00", "status: active", "environment: sandbox"),
        ("daily-b", "report_name: Two", "send_at: 02:30", "status: draft", "environment: sandbox"),
        ("daily-c", "report_name: It", "send_at: 03:00", "status: active", "environment: production"),
    ),
    "nothing at all": "x-nothing: {}\n",
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_does_not_fold_stays(fold: Fold, case: str) -> None:
    """Byte for byte, and it says that there is nothing to do, and why."""
    folded = fold(DIFFERENT[case])
    assert (folded.text, folded.out) == (DIFFERENT[case], "")
    assert folded.err.startswith("nothing to fold: no three resources of a section have the same fields, and keys and ")


def test_a_target_narrows_it(fold: Fold) -> None:
    """A pattern that fits none is a wrong usage."""
    weekly = PLAIN.replace("daily-", "weekly-").replace("Daily", "Weekly").partition("reports:\n")[2]
    folded = fold(PLAIN + weekly, "--target", "report.weekly-*")
    assert folded.text.startswith(PLAIN)
    assert folded.text.partition(PLAIN)[2].startswith(f"  weekly:\n{ITEMS}")


def test_a_target_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(PLAIN, encoding="utf-8")
    assert run(["fold", str(tmp_path), "--target", "report.yearly-*"]) == 64
    assert run(["fold", str(tmp_path), "--target", "report.daily-go"]) == 0


def test_only_one_file_at_a_time(tmp_path: Path) -> None:
    """A folder has three that are alike, in two files: they stay."""
    (tmp_path / "a.yaml").write_text(reports(*((f"daily-{app}", f"report_name: Daily {app}") for app in APPS[:2])))
    rest = reports(*((f"daily-{app}", f"report_name: Daily {app}") for app in APPS[2:])).replace(HOOK, "")
    (tmp_path / "b.yaml").write_text(rest)
    before = compared(evaluate(tmp_path, [])["default"])
    assert run(["fold", str(tmp_path), "--write"]) == 0
    assert (tmp_path / "b.yaml").read_text() == rest
    assert compared(evaluate(tmp_path, [])["default"]) == before


def test_an_invalid_configuration_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(PLAIN + "  bad: {}\n", encoding="utf-8")
    assert run(["fold", str(tmp_path), "--write"]) == 3
    assert (tmp_path / "main.yaml").read_text(encoding="utf-8") == PLAIN + "  bad: {}\n"


def test_values_keep_their_types(fold: Fold) -> None:
    """`true` and `1.0` are not the number that is in the key, and neither is a text."""
    blocks = "".join(
        f"  {name}-{number}:\n    name: {name} {number}\n    data: {{platform: iOS, steps: {value}}}\n"
        "    status: active\n"
        for name, first in (("other", "true"), ("point", "1.0"), ("text", '"1"'), ("same", "1"))
        for number, value in ((1, first), (2, "2"), (3, "3"), (4, "4"))
    )
    folded = fold(f"automations:\n{blocks}")
    for value in ("true", "1.0", '"1"', "1"):
        assert f'        - {{key: "1", steps: {value}}}\n        - {{key: "2", steps: 2}}\n' in folded.text


def test_documents_and_sections_are_apart(fold: Fold) -> None:
    """Each keeps what it has; quotes of keys stay."""
    second = PLAIN.partition("reports:\n")[2].replace("daily-chess", '"daily-chess"')
    second = second.replace("daily-", "weekly-").replace("Daily", "Weekly")
    folded = fold(f"{PLAIN}---\n# second\nreports:\n{second}")
    first, _, rest = folded.text.partition("---\n")
    assert first.startswith(f"{HOOK}reports:\n  daily:\n{ITEMS}")
    assert rest.startswith(f'# second\nreports:\n  "weekly":\n{ITEMS}')


def test_a_section_in_braces_is_left(fold: Fold) -> None:
    """There are no lines that it could take out."""
    blocks = ", ".join(f"hook-{app}: {{title: {app}, integration: webhooks, target_platform: iOS}}" for app in APPS)
    folded = fold(f"integrations: {{{blocks}}}\n")
    assert "integrations: {hook-chess" in folded.text
    assert "its section is no map in block style" in folded.err


def test_lifecycle_and_only_in_stay(fold: Fold) -> None:
    """They are written once, as in the first block; a value may be a variable."""
    own = ("lifecycle: {prevent_destroy: true, ignore_changes: [status]}", "only_in: [production]")
    folded = fold(
        reports(*((f"daily-{app}", f'report_name: "${{var.chess}}${{var.{app}}} {app}"', *own) for app in APPS)),
        settings="environments:\n"
        + "".join(
            f"  {name}: {{variables: {{chess: a, go: b, sudoku: c, rummy: d}}}}\n" for name in ("sandbox", "production")
        ),
    )
    assert folded.text.count("lifecycle") == folded.text.count("only_in") == 1
    assert '{key: go, report_name: "${var.chess}${var.go} go"}' in folded.text
    assert 'report_name: "${each.item.report_name}"' in folded.text


def test_hostile_keys(fold: Fold) -> None:
    """Those with very many parts are left alone, and cost nothing."""
    keys = [f"{'a-' * 450}{number}" for number in range(20)] + [f"a{'-' * 900}{number}" for number in range(3)]
    folded = fold(reports(*((key, f"report_name: R{number}") for number, key in enumerate(keys))))
    assert folded.text.count("for_each") == 1
