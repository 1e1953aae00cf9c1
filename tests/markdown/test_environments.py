"""Many environments in one comment: it fits, nothing that is deleted goes silently, and all are approved."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from size import ends

from reconciler.errors import ApiFailed, Exit, NotBegun
from reconciler.model.approval import find_marker
from reconciler.model.plan import Action
from reconciler.model.reports import Applied, ApplyReport, Ended, Outcome, Review, Status
from reconciler.model.results import Drift, Drifted, DriftedField
from reconciler.output.markdown.reports import render_drift
from reconciler.output.markdown.several import render_all_applied, render_drifts, render_plans

from .plans import change, hostile, many, review
from .reading import ALIVE, OURS, read

LIMIT = 62_000
SIZES = [(2, 1, 1), (14, 30, 10), (50, 3, 100), (50, 40, 0), (200, 2, 5)]


def ended(number: int, of: Review) -> Ended[Review]:
    """The same plan for an environment of its own."""
    name = f"environment-{number:03d}"
    return Ended(name, replace(of, plan=replace(of.plan, environment=name, digest=f"sha256:{number:064d}")))


def own(number: int, *, deletes: int = 3, updates: int = 10) -> Review:
    """A plan that no other environment has."""
    gone = [change(Action.DELETE, f"gone-{number}-{each}") for each in range(deletes)]
    changed = [change(Action.UPDATE, f"new-{number}-{each}", caption=("a", str(number))) for each in range(updates)]
    return review(*gone, *changed, warnings=(f"warning {number}",))


@pytest.mark.parametrize(
    ("count", "deletes", "updates"), ends([(2, 1, 1), (14, 30, 10), (50, 40, 0), (200, 2, 5), (50, 3, 100)])
)
def test_any_number_of_environments_fits(count: int, deletes: int, updates: int) -> None:
    """Every digest is in the mark; each environment has a row or is counted; each delete is listed or counted."""
    text = render_plans([ended(each, own(each, deletes=deletes, updates=updates)) for each in range(count)])
    marker = find_marker(text)
    assert marker is not None
    assert len(marker.approvals()) == count
    assert {each.digest for each in marker.approvals().values()} == {f"sha256:{each:064d}" for each in range(count)}
    for each in marker.approvals().values():
        assert len(each.changes) + each.left_out == deletes + updates
    assert len(text.encode()) < LIMIT or count > 50
    assert len(text.encode()) < 65_536
    reading = read(text)
    assert f"**{count * deletes:,} to delete**" in text
    rows = re.findall(r"^\| `environment-\d+` \| \*\*\d+ to delete\*\*", text, re.MULTILINE)
    left = re.search(r"… and (\d+) more environments: \*\*(\d+) objects to look at\*\*", text)
    assert len(rows) + (int(left[1]) if left else 0) == count
    listed = {each for each in reading.codes if each.startswith("report.gone-")}
    assert (
        len(listed) == count * deletes or "to delete or replace**" in text or "more environments are not shown" in text
    )


def test_what_all_share_is_told_once() -> None:
    """The same change of fourteen environments stands there once, with their names; what one has alone, beside it."""
    shared = change(Action.UPDATE, "daily", send_at=("09:00", "10:00"))
    plans = [ended(each, review(replace(shared, id=f"id-{each}"))) for each in range(13)]
    plans.append(ended(13, review(shared, change(Action.CREATE, "own", caption=(None, "x")))))
    text = render_plans(plans)
    assert text.count('+ send_at: "10:00"') == 1
    assert "### In 14 environments" in text
    assert text.count("**create** `report.own`") == 1
    assert "1 change as shown above, for several environments" in text
    assert text.count("<details>") == 1


def test_each_end_has_a_row() -> None:
    """A failure, a refusal and one that was left out, beside a plan."""
    failed = Ended("broken", None, ApiFailed("the API said | no", hint="try | again"))
    untouched = Ended("same", left_out="nothing of it has changed since 0123456789ab")
    text = render_plans([ended(1, own(1)), failed, untouched])
    marker = find_marker(text)
    assert marker is not None
    assert marker.several is not None
    assert (marker.several.failed, marker.several.left_out) == (("broken",), ("same",))
    assert set(marker.approvals()) == {"environment-001"}
    assert "; environments: **1 failed**, 1 left out" in text
    assert "| `broken` | **failed**: the API said `\\|` no |" in text
    assert "| `same` | left out: nothing of it has changed since" in text


@pytest.mark.parametrize(
    "value", ["@everyone #1", "a ``` b\n\n# Owned", "</details><script>", "| x | y |", "`", "<!--"]
)
def test_a_hostile_value_does_nothing(value: str) -> None:
    """What others can name is no markup in the table, in what is shared, or in what one environment has."""
    for count in (1, 2, 5):
        plans = [ended(each, hostile(value)) for each in range(count)]
        text = render_plans([*plans, Ended("broken", None, ApiFailed(value, hint=value))])
        reading = read(text)
        assert not [line for line in reading.html if not OURS.fullmatch(line)], reading.html
        assert not reading.kinds & {"link_open", "image", "s_open", "blockquote_open"}
        assert not [
            line for line in reading.text if (found := ALIVE.search(line)) and not found[0].startswith("environment")
        ]


def test_the_ends_of_an_apply() -> None:
    """Done, failed, not begun: a row each, and why; nothing is approved by it."""
    outcomes = (Outcome("report.a", "create", Status.DONE), Outcome("report.b", "create", Status.FAILED, reason="no"))
    made = Applied(review(), ApplyReport("one", "sha256:0", outcomes))
    each = [
        Ended("one", made, code=Exit.PARTIAL),
        Ended("two", Applied(review()), NotBegun("nothing was applied: one failed before it")),
        Ended("three", None, ApiFailed("no route")),
        Ended("four", Applied(review(change(Action.DELETE, "gone"))), ApiFailed("not what was approved")),
    ]
    text = render_all_applied(each)
    assert "Applied to 4 environments: 1 done, **1 failed**; environments: **2 failed**, **1 not begun**" in text
    assert "What is planned now" in text
    assert "**delete** `report.gone`" in text
    assert "| `one` | 1 done, **1 failed** |" in text
    assert "| `two` | nothing was applied: one failed before it |" in text
    assert "| `three` | **failed**: no route |" in text
    assert "- **create** `report.b`: no" in text
    marker = find_marker(text)
    assert marker is not None
    assert marker.command == "apply"
    assert not marker.approvals()
    long = [Ended(f"e{at}", Applied(review(), replace(made.report, outcomes=outcomes * 400))) for at in range(50)]  # type: ignore[type-var]
    assert len(render_all_applied(long).encode()) < LIMIT


def drift(environment: str, number: int, compared: int = 9) -> Ended[Drift]:
    """So many objects of an environment drifted."""
    field = DriftedField("send_at", ("send_at",), "09:00", "10:00", "the next apply sets it back")
    objects = (Drifted(f"report.r{at}", "x", "R", False, None, (field,), "") for at in range(number))
    return Ended(environment, Drift(environment, compared, tuple(objects)))


def test_drift_is_one_issue_with_a_table() -> None:
    """It can be closed if nothing drifted and none failed."""
    text = render_drifts([drift("one", 2), drift("two", 0), Ended("three", None, ApiFailed("no route"))])
    assert (
        "Drift in 3 environments: **2 objects changed outside**, of 18 remembered; environments: **1 failed**" in text
    )
    assert "| `two` | nothing changed outside, of 9 remembered |" in text
    assert "### `one`: 2 objects changed outside" in text
    commands = {
        "drift": ([drift("one", 1), drift("two", 0)], [drift("one", 0), drift("two", 0, 0)]),
        "no drift": ([drift("one", 0), drift("two", 0)],),
    }
    for command, sets in commands.items():
        for each in sets:
            marker = find_marker(render_drifts(each))
            assert marker is not None
            assert (marker.command, marker.environment) == (command, "one, two")
    failed = find_marker(render_drifts([drift("one", 0), Ended("two", None, ApiFailed("no route"))]))
    assert failed is not None
    assert failed.command == "drift"
    long = render_drifts([drift(f"e{at}", 400) for at in range(50)])
    assert len(long.encode()) < LIMIT


def test_two_long_values_are_cut_where_they_differ() -> None:
    """Two lists that begin alike would read the same."""
    lists = ([{"metric": "target_platform", "value": "Android"}] * 4 + [{"value": last}] for last in ("1", "0"))
    field = DriftedField("conditions", ("conditions",), *lists, "the next apply sets it back")
    found = Drift("one", 1, (Drifted("segment.s", "x", "S", False, None, (field,), ""),))
    (line,) = [line for line in render_drift(found).splitlines() if "is live" in line]
    assert 'value "1"` was applied' in line
    assert 'value "0"` is live' in line


def test_an_earlier_version_reads_the_set_and_no_approval() -> None:
    """The mark of one environment has the fields that it always had."""
    one = many(1, Action.CREATE)
    text = render_plans([ended(1, review(*one)), ended(2, review(*one))])
    assert (
        '{"environment":"environment-001, environment-002","command":"plan","approval":null,' in text.partition("\n")[0]
    )
