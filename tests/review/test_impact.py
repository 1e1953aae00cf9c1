"""What a change does to people, said at a moment that the test chooses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from golden.cases import CASES, DAILY, SLACK, Case, a_report, integration, report
from golden.stage import NOW, play, review_of
from offenders import for_all

from reconciler.model.plan import Action
from reconciler.model.reports import Review, Weight

LIVE = (integration("int-1", "Team", "slack"), report("rep-1", "Daily Revenue", "int-1"))
BEFORE = f"integrations:\n{SLACK}reports:\n{DAILY}"
ONE = Case(live=LIVE, before=BEFORE)
STOPPED = replace(ONE, after=f"integrations:\n{SLACK}")


def texts(review: Review, address: str, weight: Weight) -> list[str]:
    """What is said of an address, of that weight."""
    return [each.text for each in review.impacts.get(address, ()) if each.weight is weight]


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "last", "soon"),
    [
        ("2026-03-05 08:18:00", "2026-03-04 09:00 UTC", "in 42 minutes"),
        ("2026-03-05 08:59:31", "2026-03-04 09:00 UTC", "within a minute"),
        ("2026-03-05 09:00:00", "09:00 UTC", "in 24 hours"),
        ("2026-03-05 23:59:59", "09:00 UTC", "in 9 hours"),
        ("2026-02-28 09:30:00", "09:00 UTC", "in 23 hours"),
        ("2026-03-05 07:59:00", "2026-03-04 09:00 UTC", "in 61 minutes"),
    ],
)
def test_the_next_delivery_is_told_from_the_clock(now: str, last: str, soon: str) -> None:
    """What stops says when it was due last, and which delivery will not go out."""
    said = texts(play(STOPPED, at(now)), "report.daily", Weight.STOPS)
    assert said == [
        f'stops "Daily Revenue" to "Slack: Team"; last delivery was due {last}, next one {soon} will not go out'
    ]


@pytest.mark.parametrize(
    ("zone", "now", "there"),
    [
        ("Europe/Berlin", "2026-03-28 10:00", "2026-03-29 09:00 UTC (11:00 Europe/Berlin)"),
        ("Europe/Berlin", "2026-03-27 10:00", "2026-03-28 09:00 UTC (10:00 Europe/Berlin)"),
        ("Pacific/Auckland", "2026-03-05 08:00", "09:00 UTC (22:00 Pacific/Auckland)"),
        ("Pacific/Kiritimati", "2026-03-05 08:00", "09:00 UTC (23:00 Pacific/Kiritimati)"),
        ("America/Los_Angeles", "2026-03-05 08:00", "09:00 UTC (01:00 America/Los_Angeles)"),
    ],
)
def test_times_are_in_the_readers_zone_too(zone: str, now: str, there: str) -> None:
    """By the offset of the day that is meant, not of today; `time_zone` in reconciler.yaml names the zone."""
    draft = replace(ONE, live=(LIVE[0], report("rep-1", "Daily Revenue", "int-1", status="draft")))
    case = replace(
        draft,
        before=BEFORE.replace("status: active\n    environment", "status: draft\n    environment"),
        after=BEFORE,
        settings=f"time_zone: {zone}\n",
    )
    (said,) = texts(play(case, at(now)), "report.daily", Weight.STARTS)
    assert f"first delivery is due {there}, in " in said


@pytest.mark.parametrize(
    ("old", "new", "weight", "said"),
    [
        ("10:00", "09:00", Weight.RETIMES, "goes out at 09:00 UTC, no longer at 10:00 UTC; next one in 42 minutes"),
        ("07:30", "07:00", Weight.RETIMES, "goes out at 07:00 UTC, no longer at 07:30 UTC; next one in 22 hours"),
        ("07:30", "09:00", Weight.RISKS, "no longer at 07:30 UTC: it may go out a second time today, in 42 minutes"),
        ("09:00", "07:30", Weight.RISKS, "no longer at 09:00 UTC: today's may never go out"),
    ],
)
def test_another_time_may_skip_a_day_or_hit_it_twice(old: str, new: str, weight: Weight, said: str) -> None:
    """A delivery that is due today moves over the present moment."""
    case = Case(
        live=(LIVE[0], report("rep-1", "Daily Revenue", "int-1", send_at=old)),
        before=BEFORE.replace("09:00", old),
        after=BEFORE.replace("09:00", new),
    )
    (text,) = texts(play(case), "report.daily", weight)
    assert text.endswith(said)


def test_a_key_of_the_other_environment_is_said_where_it_matters() -> None:
    """A production report that is planned with a sandbox key."""
    review = play(Case(after=BEFORE, key="test_sk_golden"))
    said = "environment is production, and the key is a sandbox key"
    assert texts(review, "report.daily", Weight.RISKS) == [said]
    assert not any("sandbox" in each.text for each in review.impacts["integration.slack"])


def test_who_uses_it_is_named_managed_or_not() -> None:
    """Reports that nobody manages are fed, too; five are named, the others are counted."""
    others = tuple(report(f"rep-{number}", f"Other {number}", "int-1", send_at="08:30") for number in range(2, 8))
    paused = replace(ONE, live=(*LIVE, *others), after=BEFORE.replace("status: active}", "status: paused}"))
    assert texts(play(paused), "integration.slack", Weight.FEEDS) == [
        'this integration feeds 7 reports: "Daily Revenue", "Other 2", "Other 3", "Other 4", "Other 5" and 2 more; '
        "the next of them is due 08:30 UTC, in 12 minutes"
    ]


def test_a_receiver_that_comes_or_goes_is_said() -> None:
    """To whom it is sent no longer, and to whom it is sent now, as people call them."""
    two = (LIVE[0], integration("int-2", "Hook"), report("rep-1", "Daily Revenue", "int-1"))
    after = BEFORE.replace("[{integration: slack}]", "[{type: target_integration, id: int-2}]")
    review = play(Case(live=two, before=BEFORE, after=after))
    (stopped,) = texts(review, "report.daily", Weight.STOPS)
    assert stopped.startswith('stops "Daily Revenue" to "Slack: Team"; last delivery was due')
    assert stopped.endswith(" will not go there")
    assert texts(review, "report.daily", Weight.STARTS) == ['"Daily Revenue" also goes to "Webhooks: Hook"']


def test_a_time_that_is_none_is_not_reckoned_with() -> None:
    """Whatever the API holds: it stops, and nothing is said of a next one."""
    odd = replace(STOPPED, edits=(("scheduled-reports", "rep-1", {"send_at": "25:99"}),))
    assert texts(play(odd), "report.daily", Weight.STOPS) == ['stops "Daily Revenue" to "Slack: Team"']


@pytest.mark.parametrize("stamp", ["yesterday", "9999-12-31T23:59:59-14:00", 7, None])
def test_an_error_is_told_with_whatever_time_it_has(stamp: object) -> None:
    """The server's own words where its time cannot be read."""
    failing = {"active": 2, "last_error_at": stamp, "last_error_message": "401 from Slack"}
    case = replace(ONE, edits=(("integrations", "int-1", failing),), after=BEFORE, settings="time_zone: Asia/Tokyo\n")
    (said,) = texts(play(case), "integration.slack", Weight.RISKS)
    assert said == f"in error since {stamp or 'an unknown time'}: 401 from Slack"


def test_what_a_person_has_to_do_is_a_list() -> None:
    """In the order of the changes: credentials of what is created again, what the API cannot change, what fails."""
    steps = [task.partition(":")[0] for task in review_of("all").tasks]
    assert steps == ["integration.hook", "integration.events", "integration.adjust", "integration.mail"]
    assert 'change title from "Mail" to "Post" by hand' in review_of("all").tasks[-1]


@for_all("name", CASES)
def test_nothing_is_said_twice(name: str) -> None:
    """No impact of a change is also a note of it, or another impact."""
    review = review_of(name)
    for change in review.plan.changes:
        said = [each.text for each in review.impacts.get(change.address, ())] + list(change.notes)
        assert len(said) == len(set(said)), change.address


def test_the_gravest_comes_first() -> None:
    """Destroys, then what stops delivering, then what starts, then the rest, by kind and by name; twice the same."""
    order = [(change.action, change.address) for change in review_of("all").plan.changes]
    assert order == [(change.action, change.address) for change in play(CASES["all"], NOW).plan.changes]
    assert [address for _, address in order] == [
        *("integration.hook", "report.daily", "report.asleep"),
        *("report.trial", "integration.events", "report.noon", "automation.welcome"),
        *("integration.adjust", "report.found", "report.night", "report.weekly"),
        *("integration.mail", "automation.winback", "report.kept"),
    ]
    assert [action for action, _ in order[:3]] == [Action.REPLACE, Action.DELETE, Action.UPDATE]


def test_a_new_receiver_must_be_set_up_first() -> None:
    """A report that starts to something that this plan makes says that a person has to be at that first."""
    (said,) = texts(play(Case(after=BEFORE)), "report.daily", Weight.STARTS)
    assert said.endswith('in 42 minutes; before that, "Team" must be set up by a person')


def test_a_draft_does_not_stop_by_going() -> None:
    """What delivers nothing stops nothing: only its loss is said."""
    draft = a_report("daily", "Daily", "slack", status="draft")
    live = (LIVE[0], report("rep-1", "Daily", "int-1", status="draft"))
    review = play(Case(live=live, before=f"integrations:\n{SLACK}reports:\n{draft}", after=f"integrations:\n{SLACK}"))
    assert [each.weight for each in review.impacts["report.daily"]] == [Weight.LOSES]
