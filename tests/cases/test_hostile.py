"""Files of tests that are wrong, and runs that would never end."""

from __future__ import annotations

import re

import pytest

from .conftest import Rehearsed

WRONG = {
    "no map": ("[a]", "1:1: found a list; expected a map of tests"),
    "empty": ("", "1:1: found nothing; expected a map of tests"),
    "no tests": ("tests: {}", "tests: is empty"),
    "no test": ("tests: {a: 1}", "1:12: tests.a: found the number 1; expected a map"),
    "no YAML": ("tests: [", "1:"),
    "a name twice": ("tests:\n  a: {expect: {}}\n  a: {expect: {}}", '3:3: duplicate key "a"'),
    "two documents": ("tests: {}\n---\ntests: {}", "a second document; expected one"),
    "another key": ("tets: {}", '1:1: unknown key "tets"; expected tests; did you mean "tests"?'),
    "no expectation": ("tests: {a: {environment: production}}", 'tests.a: "expect" is missing'),
    "a key that is none": ("tests: {a: {expct: {}}}", '1:13: tests.a: unknown key "expct"'),
    "a run that is none": (
        "tests: {a: {environment: production, run: aply, expect: {}}}",
        '1:43: tests.a.run: found the text "aply"; expected one of plan, apply; did you mean "apply"?',
    ),
    "given what": (
        "tests: {a: {environment: production, given: aplied, expect: {}}}",
        '1:45: tests.a.given: found the text "aplied"; expected applied',
    ),
    "a live object of no kind": (
        "tests: {a: {environment: production, given: [{reprt: {}}], expect: {}}}",
        'unknown key "reprt"; expected one of integration, report, segment, automation, product, entitlement, '
        'remote_config; did you mean "report"?',
    ),
    "an id that is none": (
        "tests: {a: {environment: production, given: [{report: {id: ../x}}], expect: {}}}",
        'tests.a.given[0].report.id: found the text "../x"',
    ),
    "no environment": (
        "tests: {a: {expect: {}}}",
        "tests.a: no environment is named; expected one of sandbox, production",
    ),
    "an unknown environment": (
        "tests: {a: {environment: [prodution], expect: {}}}",
        '1:26: tests.a: there is no environment "prodution"; expected one of sandbox, production; '
        'did you mean "production"?',
    ),
    "an unknown address": (
        "tests: {a: {environment: production, change: {report.dayly: null}, expect: {}}}",
        'tests.a: nothing is written at "report.dayly"; expected an address of the YAML, or a whole resource',
    ),
    "an override of nothing": (
        "tests: {a: {environment: production, change: {report.dayly: {status: draft}}, expect: {}}}",
        'or a whole resource; did you mean "report.daily"?',
    ),
    "what a for_each makes": (
        "tests: {a: {environment: production, change: {report.app-go: null}, expect: {}}}",
        'or a whole resource; did you mean "report.app"?',
    ),
    "no address": ("tests: {a: {environment: production, change: {../../x: {a: 1}}, expect: {}}}", '"../../x"'),
    "an unknown variable": (
        "tests: {a: {environment: production, change: {variables: {app: [go]}}, expect: {}}}",
        'tests.a: there is no variable "app"; did you mean "apps"?',
    ),
    "a variable that is none": (
        "tests: {a: {environment: production, change: {variables: {'a b': 1}}, expect: {}}}",
        '"a b" cannot name a variable',
    ),
    "a fault that cannot be read": (
        "tests: {a: {environment: production, faults: ['GET /*: statsu 503'], expect: {}}}",
        "'statsu' is not known here; did you mean status?",
    ),
    "a fault of a wrong type": ("tests: {a: {environment: production, faults: GET, expect: {}}}", "expected a list"),
    "at no time": (
        "tests: {a: {environment: production, at: tomorrow, expect: {}}}",
        "1:42: tests.a: at tomorrow: expected a moment with its zone",
    ),
    "at no zone": ("tests: {a: {environment: production, at: 2027-03-28T02:00, expect: {}}}", "with its zone"),
    "a guard that is none": (
        "tests: {a: {environment: production, expect: {refused: prevent-destory}}}",
        '1:56: tests.a: there is no guard "prevent-destory"; expected one of behind, delete:entitlement, '
        "delete:product, delete:remote_config, delete:segment, empty-configuration, frozen, identity-ambiguous, "
        "key-exposed, list-incomplete, max-deletes, missing-files, prevent-destroy, prune-without-state, vanished, "
        'wrong-configuration, wrong-project; did you mean "prevent-destroy"?',
    ),
    "a policy that is none": (
        "tests: {a: {environment: production, expect: {refused: ['policy:x'], policies: [x]}}}",
        '1:81: tests.a: there is no policy "x"',
    ),
    "an exit that is none": ("tests: {a: {environment: production, expect: {exit: '5'}}}", "write it without quotes"),
    "another exit code": (
        "tests: {a: {environment: production, expect: {exit: 9}}}",
        "1:53: tests.a.expect.exit: found the number 9; expected one of 0, 1, 2, 3, 4, 5, 6, 7, 64",
    ),
    "a method that is none": (
        "tests: {a: {environment: production, expect: {requests: {GTE /x: 1}}}}",
        '1:66: tests.a: there is no method "GTE"; expected one of *, DELETE, GET, HEAD, PATCH, POST, PUT; '
        'did you mean "GET"?',
    ),
    "an address that nothing has": (
        "tests: {a: {environment: production, expect: {changes: {report.dayly: {send_at: '10:00'}}}}}",
        'tests.a: there is no address "report.dayly"; did you mean "report.daily"?',
    ),
    "a pattern that fits no address": (
        "tests: {a: {environment: production, expect: {changes: {'report.apps-*': null}}}}",
        'tests.a: there is no address "report.apps-*"; did you mean "report.app-',
    ),
    "a count that is none": ("tests: {a: {environment: production, expect: {summary: {create: -1}}}}", "0 or more"),
    "an action that is none": (
        "tests: {a: {environment: production, expect: {changes: {report.daily: updte}}}}",
        'expect.changes.report.daily: found the text "updte"; expected an action',
    ),
    "too deep": ("tests: " + "[" * 2000, "nested deeper than"),
    "aliases that explode": (
        "x-a: &a [1,1,1,1,1,1,1,1,1,1]\n"
        + "\n".join(
            f"x-{new}: &{new} [{','.join([f'*{old}'] * 10)}]" for old, new in zip("abcdefg", "bcdefgh", strict=True)
        )
        + "\ntests: {a: {environment: production, given: *h, expect: {}}}",
        "alias",
    ),
    "an anchor within itself": ("tests: &a {b: *a}", "alias"),
}
ENDLESS = {
    "a retry": "faults: ['GET /*: status 503']\nexpect: {exit: 1, requests: {'GET /automations': 5}}",
    "a wait": "faults: ['GET /*: rate 1/9999']\nexpect: {exit: 1}",
    "a delay": "faults: ['* /*: delay 9999', '* /*: delay 9999 after']\nexpect: {summary: {}}",
    "a silence": "run: apply\ngiven: empty\nfaults: ['POST /*: drop after']\nexpect: {summary: {create: 6}}",
    "what never shows": "run: apply\ngiven: empty\nfaults: ['POST /*: hide 999999']\nexpect: {exit: 6}",
    "a list that moves": "faults: ['GET /*: omit 9']\nexpect: {exit: 5}",
    "an answer that breaks off": "faults: ['GET /*: truncate 3']\nexpect: {exit: 1}",
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_told_with_its_place(tested: Rehearsed, text: str, said: str) -> None:
    """Exit 3 and nothing on stdout: no test runs."""
    file = tested.write(text, "a.test.yaml")
    done = tested.run()
    assert (done.code, done.out) == (3, ""), done.err
    assert re.search(rf"^{re.escape(str(file))}:[1-9]\d*:[1-9]\d*: ", done.err), done.err
    assert said in done.err


def test_all_problems_are_told_in_one_run(tested: Rehearsed) -> None:
    """Of all files and tests: of their form, their addresses, their faults and their times."""
    tested.write(
        "tests: {a: {environment: production, run: x, expect: {}}, b: {environment: no, expect: {}}}", "a.test.yaml"
    )
    tested.write(
        "tests: {c: {environment: sandbox, at: x, faults: [y, 'GET /*: z'], change: {report.x: null}, expect: {}}}",
        "sub/b.test.yaml",
    )
    done = tested.run()
    assert done.code == 3
    assert done.err.splitlines()[-1] == "error: 6 problems in the configuration"


def test_a_configuration_that_is_wrong_comes_first(tested: Rehearsed) -> None:
    """Its own problems are told, and no test runs."""
    tested.write("reports: {x: {}}", "wrong.yaml")
    tested.write("tests: {a: {environment: production, expect: {}}}", "a.test.yaml")
    done = tested.run()
    assert (done.code, done.out) == (3, "")
    assert "wrong.yaml:1:" in done.err


@pytest.mark.parametrize("case", ENDLESS.values(), ids=ENDLESS)
def test_a_fault_without_end_ends(tested: Rehearsed, case: str) -> None:
    """As in real life, the run gives up; here it takes no time."""
    assert not [path for path in tested.unmet(case) if path != "exit"]


def test_a_link_out_of_the_folder_is_not_followed(tested: Rehearsed) -> None:
    """As for all files of a configuration."""
    outside = tested.folder.parent / "outside.yaml"
    outside.write_text("tests: {a: {environment: production, expect: {}}}", encoding="utf-8")
    (tested.folder / "a.test.yaml").symlink_to(outside)
    done = tested.run()
    assert done.code == 3
    assert "is a link that leaves the folder" in done.err


def test_a_key_in_a_test_is_not_shown(tested: Rehearsed) -> None:
    """Not in the problem, and not with the line that it stands in."""
    tested.write("tests: {a: {environment: production, run: sk_very_secret_key_1, expect: {}}}", "a.test.yaml")
    done = tested.run()
    assert done.code == 3
    assert "sk_very" not in done.out + done.err
