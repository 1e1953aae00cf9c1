"""What `reconciler test` prints, how it ends, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from size import first

from reconciler.cli.main import run

from .conftest import Rehearsed

FEW = """
    x-production: &production {environment: production}
    tests:
      moves: {<<: *production, change: {report.daily: {send_at: "10:00"}}, expect: {summary: {update: 1}}}
      fails:
        <<: *production
        expect:
          summary: {create: 1}
"""
MANY = "\n".join(
    f"  n{number}: {{environment: ['*'], run: {way}, change: {{automation.welcome: {{caption: c{number}}}}}, "
    f"faults: ['GET /*: status 503, chance=0.4', 'PUT /*: drop after, chance=0.5'], "
    f"expect: {{summary: {{update: {number % 2}}}, requests: {{'PUT /*': 1, 'GET /*': 5}}, then: empty}}}}"
    for number, way in enumerate(["plan", "apply"] * 3)
)


def contents(folder: Path) -> dict[str, tuple[bytes | None, int]]:
    """Everything below a folder, with the time of its last change."""
    return {
        str(path): (path.read_bytes() if path.is_file() else None, path.lstat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def test_a_failure_shows_expected_and_got_at_its_place(tested: Rehearsed) -> None:
    """A line for each test, in the order of the file; exit 7."""
    file = tested.write(FEW, "few.test.yaml")
    done = tested.run()
    assert done.code == 7
    assert done.err == ""
    assert done.out.splitlines() == [
        f"passed {file}:4: moves (production)",
        f"FAILED {file}:5: fails (production)",
        f"  {file}:8:25: summary.create: expected -, got +",
        "    - 1",
        "    + 0",
        "2 tests: 1 passed, 1 failed",
    ]


def test_all_that_pass_are_exit_0(tested: Rehearsed) -> None:
    """Only the chosen tests run: by a part of a name, or by a pattern."""
    tested.write(FEW, "few.test.yaml")
    for pattern in ("mov", "m*s", "moves"):
        done = tested.run("-k", pattern)
        assert (done.code, done.out.splitlines()[-1]) == (0, "1 test: 1 passed, 0 failed")


def test_a_pattern_that_fits_none_is_a_wrong_usage(tested: Rehearsed) -> None:
    """Exit 64, with the names that there are."""
    tested.write(FEW, "few.test.yaml")
    done = tested.run("-k", "nothing")
    assert (done.code, done.out) == (64, "")
    assert "moves, fails" in done.err


def test_no_test_is_an_error(tested: Rehearsed) -> None:
    """It says what was expected, and where."""
    done = tested.run()
    assert done.code == 3
    assert f"{tested.folder}: there is no *.test.yaml in this folder" in done.err


def test_junit_is_what_ci_systems_read(tested: Rehearsed) -> None:
    """A suite for each file, a case for each test, a failure with the difference."""
    first = tested.write(FEW, "few.test.yaml")
    tested.write('tests: {"a <b> & \\"c\\" \\e[31m": {environment: sandbox, expect: {}}}', "x/other.test.yaml")
    done = tested.run("--format", "junit")
    assert done.code == 7
    root = ElementTree.fromstring(done.out)  # noqa: S314 - we made it
    suites = root.findall("testsuite")
    assert [(suite.get("tests"), suite.get("failures")) for suite in suites] == [("2", "1"), ("1", "0")]
    assert suites[0].get("name") == str(first)
    moves, fails = suites[0].findall("testcase")
    assert moves.find("failure") is None
    failure = fails.find("failure")
    assert failure is not None
    assert failure.get("message") == "not as expected: summary.create"
    assert "- 1" in (failure.text or "")
    assert (fails.get("name"), fails.get("file"), fails.get("line")) == ("fails (production)", str(first), "5")
    (other,) = suites[1].findall("testcase")
    assert other.get("name") == 'a <b> & "c" \\u001b[31m (sandbox)'


def test_json_has_all_of_it(tested: Rehearsed) -> None:
    """With the place of each expectation."""
    file = tested.write(FEW, "few.test.yaml")
    document = tested.run("--format", "json").document
    assert document["summary"] == {"tests": 2, "failures": 1}
    assert document["tests"][1]["mismatches"] == [
        {"path": "summary.create", "expected": 1, "got": 0, "place": f"{file}:8:25"}
    ]


@pytest.mark.parametrize("form", first(["text", "json", "junit"]))
def test_the_output_is_the_same_each_time(tested: Rehearsed, form: str) -> None:
    """However many run at once: with faults by chance, retries, and two environments."""
    tested.write(f"tests:\n{MANY}\n", "many.test.yaml")
    runs = [tested.run("--format", form, "--parallelism", most) for most in ("1", "16", "16")]
    assert {run.code for run in runs} == {7}
    assert len({run.out for run in runs}) == 1


def test_nothing_in_the_checkout_changes(tested: Rehearsed) -> None:
    """No state, no journal, no lock, nothing of git; a state that is there is neither read nor written. No socket is
    opened and no process started: this test has none of these marks."""
    tested.write("{not: a state}", ".reconciler/production.json")
    tested.write("tests:\n" + MANY, "many.test.yaml")
    tested.write(
        """
        state: {store: git}
        environments:
          sandbox: {state: {store: file, path: ../elsewhere}, variables: {prefix: "", apps: [chess, go]}}
          production: {secret_command: [touch, ran], variables: {prefix: "", apps: [chess, go]}}
        """,
        "reconciler.yaml",
    )
    before = contents(tested.folder.parent.parent)
    assert tested.run().code == 7
    assert contents(tested.folder.parent.parent) == before


def test_temporary_files_go(tested: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stays behind in the folder of temporary files, not even after a failure."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    tested.write(FEW, "few.test.yaml")
    assert tested.run().code == 7
    assert list((tmp_path / "temporary").iterdir()) == []


def test_tests_are_no_part_of_the_configuration(tested: Rehearsed) -> None:
    """`validate` does not read them, in whatever case their name is written. A file beside them is part of a folder."""
    tested.write("[no, tests", "Few.TEST.yaml")
    assert run(["validate", str(tested.folder)]) == 0
    single = tested.folder.parent.parent / "single"
    single.mkdir()
    (single / "one.yaml").write_text(
        "automations: {a: {name: A, status: active, data: {actions: {push: p}}}}", encoding="utf-8"
    )
    (single / "one.test.yaml").write_text("tests: {}", encoding="utf-8")
    assert run(["validate", str(single / "one.yaml")]) == 3
