"""Makes a review of a plan: scopes, tasks, and what each change does to people, such as a delivery that stops."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

from reconciler import kinds
from reconciler.kinds import KINDS
from reconciler.kinds.references import resolve_references
from reconciler.kinds.wire import shorten
from reconciler.model.inputs import Desired, Record
from reconciler.model.plan import DESTROYS, WRITES, Action, Cause, Change, Plan
from reconciler.model.reports import Impact, Review, Scope, Weight
from reconciler.review.clock import DAY, Clock, parse_stamp
from reconciler.review.receivers import Receivers, User
from reconciler.text import counted

GRAVITY = {weight: rank for rank, weight in enumerate(Weight)}
MOST_NAMED = 5


def find_scopes(plan: Plan, before: Plan | None) -> Mapping[str, Scope]:
    """Address → scope, of each change of a plan. `before` is the plan that the configuration of the base makes of the
    same memory and the same live objects; None if it makes none, and then all is the pull request's."""
    known = {change.address: _comparable(change) for change in before.changes} if before else {}
    scopes = {}
    for change in plan.changes:
        is_drift = bool(change.fields) and all(each.cause is Cause.DRIFT for each in change.fields)
        is_known = known.get(change.address) == _comparable(change)
        scopes[change.address] = Scope.PULL_REQUEST if not is_known else Scope.DRIFT if is_drift else Scope.PENDING
    return scopes


def _comparable(change: Change) -> Change:
    """A change without what other changes have put into it: the same for the same change in every plan."""
    remember = change.remember.as_wanted() if change.remember else None
    return replace(change, depends_on=(), cleanup_after=(), reason="", notes=(), remember=remember)


def _steps(change: Change) -> Iterator[str]:
    """A sentence for each manual step of a change."""
    kind = KINDS[change.kind]
    if change.action is Action.MANUAL:
        fixed = {each.name for each in kind.fields if each.immutable}
        values = [(each.path, _value(each.before), _value(each.after)) for each in change.fields if each.path in fixed]
        steps = [f"change {path} from {before} to {after} by hand" for path, before, after in values]
        yield from steps or [kind.messages.manual_step]
    if change.action in (Action.CREATE, Action.REPLACE) and kind.messages.after_create:
        yield kind.messages.after_create
    delivery = kind.delivery
    if change.action is Action.UPDATE and delivery and delivery.failing:
        failed = any(each.path == delivery.status and each.before == delivery.failing for each in change.fields)
        if failed and delivery.remedy:
            yield delivery.remedy


def _value(value: object) -> str:
    return shorten(json.dumps(value, ensure_ascii=False))


def make_review(given: Review, *, zone: tzinfo | None = None, sandbox_key: bool | None = None) -> Review:
    """The review with its tasks, and with its impacts at the time that it is made. `zone` is the reader's, for times
    beside UTC. `sandbox_key`: whether the key is of the sandbox, None if that is not known."""
    tasks = tuple(f"{change.address}: {step}" for change in given.plan.changes for step in _steps(change))
    return replace(given, impacts=find_impacts(given, zone, sandbox_key), tasks=tasks)


def find_impacts(review: Review, zone: tzinfo | None, sandbox_key: bool | None) -> Mapping[str, tuple[Impact, ...]]:
    """Address → what its change does, the gravest first. When the review is made decides which delivery is the next
    one; `sandbox_key`: whether the key is of the sandbox, None if that is not known."""
    plan, desired, live = review.plan, review.desired, review.live
    clock, receivers = Clock(review.at or datetime.now(UTC), zone), Receivers(plan, desired, live)
    key = None if sandbox_key is None else "sandbox" if sandbox_key else "production"
    found = {}
    for change in plan.changes:
        record = live.records.get(change.kind, {}).get(change.id or "")
        own, other = _ChangeImpact(change, record, clock, receivers), _other_environment(change, desired, key)
        if impacts := sorted([*own.impacts(), *other], key=lambda each: GRAVITY[each.weight]):
            found[change.address] = tuple(impacts)
    return found


def _other_environment(change: Change, desired: Desired, key: str | None) -> Iterator[Impact]:
    resource = desired.resources.get(change.address)
    fields = resource.fields if resource and key else {}
    for each in KINDS[change.kind].fields:
        value = fields.get(each.name)
        if each.follows_key and value is not None and value != key:
            yield Impact(Weight.RISKS, f"{each.name} is {shorten(value)}, and the key is a {key} key")


def quoted(name: str) -> str:
    """A name within a sentence."""
    return f'"{name}"'


def listed(names: list[str]) -> str:
    """Names in a row, the first few of many."""
    rest = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(map(quoted, names[:MOST_NAMED])) + rest


class _ChangeImpact:
    """What one change does. `delivery`: the fields that say when and whether it sends; None if it sends nothing.
    `at`: the field with the time at which it sends; `before` and `after`: the fields of the object as they are live and
    as they will be, empty if there is none."""

    def __init__(self, change: Change, record: Record | None, clock: Clock, receivers: Receivers) -> None:
        self.change, self.record, self.clock, self.receivers = change, record, clock, receivers
        self.kind = KINDS[change.kind]
        self.delivery = self.kind.delivery
        self.at = self.delivery.at if self.delivery else ""
        self.raw = record.raw if record else {}
        self.before = record.fields if record else {}
        applied = change.remember.applied if change.remember else {}
        self.after = {} if change.action is Action.DELETE else {**self.before, **applied}

    def impacts(self) -> Iterator[Impact]:
        kind, change, record = self.kind, self.change, self.record
        if change.action in DESTROYS and kind.messages.lost_on_delete:
            yield Impact(Weight.LOSES, f"loses {kind.messages.lost_on_delete}")
        if change.action is Action.CREATE and kind.messages.after_create:
            yield Impact(Weight.RISKS, f"created{self._first_status()}: {kind.messages.after_create}")
        if record is not None and kind.fails(record.fields) and change.action is not Action.FORGET:
            yield Impact(Weight.RISKS, self._failure())
        if change.action in WRITES:
            yield from self._deliveries()
        if kind.messages.effects and change.action in WRITES:
            new, targets = self.receivers.created, self.receivers.resolver.targets
            after = resolve_references(kind, self.after, lambda at, to: (one := new.get(at)) and targets(to).proof(one))
            yield from (Impact(weight, text) for weight, text in kind.messages.effects(self.before, after))
        yield from self._feeds()

    def _first_status(self) -> str:
        """The status that a new object has, if it has one: ` paused`."""
        endpoint, remember = self.kind.words, self.change.remember
        written = remember.applied.get(self.delivery.status) if remember and self.delivery else None
        status = written or (endpoint[1].initial if endpoint else None)
        return f" {status}" if status else ""

    def _failure(self) -> str:
        since = self.raw.get(self.delivery.failed_at) if self.delivery else None
        message = self.raw.get(self.delivery.failure) if self.delivery else None
        when = f"since {self.clock.stamp(shorten(since))}" if since else "since an unknown time"
        return f"in error {when}: {shorten(message or 'no message')}"

    def _deliveries(self) -> Iterator[Impact]:
        kind, change, before, after = self.kind, self.change, self.before, self.after
        old, new = self.receivers.of(kind, before), self.receivers.of(kind, after)
        shift = kind.delivery_change(change)
        if shift is Weight.STOPS or (change.action is Action.REPLACE and kind.sends(before)):
            text = f"stops {quoted(change.name)}" + (f" to {listed(list(old.values()))}" if old else "")
            is_replaced = change.action is Action.REPLACE
            rest = f" until the new one is set up by a person{self._last()}" if is_replaced else self._last_and_next()
            yield Impact(Weight.STOPS, text + rest)
        elif shift is Weight.STARTS:
            yield Impact(Weight.STARTS, self._starts(list(new.values())))
        elif kind.sends(before) and kind.sends(after):
            yield from self._retimed()
            lost = [name for key, name in old.items() if key not in new]
            gained = [name for key, name in new.items() if key not in old]
            if lost:
                text = f"stops {quoted(change.name)} to {listed(lost)}{self._last_and_next('there')}"
                yield Impact(Weight.STOPS, text)
            if gained:
                yield Impact(Weight.STARTS, f"{quoted(change.name)} also goes to {listed(gained)}")

    def _last_and_next(self, where: str = "out") -> str:
        """`; last delivery was due …, next one in 42 minutes will not go out`, as far as that is known. `where`: `out`,
        or `there` if it still goes to others."""
        moment = self.clock.next(self.record.fields.get(self.at)) if self.record else None
        if moment is None:
            return self._last()
        created = parse_stamp(self.raw.get("created_at"))
        has_been_due = created is None or created <= moment - DAY
        last = f"last delivery was due {self.clock.moment(moment - DAY)}, " if has_been_due else ""
        return f"; {last}next one {self.clock.until(moment)} will not go {where}"

    def _last(self) -> str:
        stamp = self.raw.get(self.delivery.last_at) if self.delivery else None
        return f"; it delivered last at {self.clock.stamp(shorten(stamp))}" if stamp else ""

    def _starts(self, receivers: list[str]) -> str:
        text = f"starts {quoted(self.change.name)}" + (f" to {listed(receivers)}" if receivers else "")
        moment = self.clock.next(self.after.get(self.at))
        if moment is not None:
            text += f"; first delivery is due {self.clock.moment(moment)}, {self.clock.until(moment)}{self._rule()}"
        receivers_after = self.receivers.of(self.kind, self.after)
        waiting = [name for key, name in receivers_after.items() if key in self.receivers.unready]
        return f"{text}; before that, {listed(waiting)} must be set up by a person" if waiting else text

    def _retimed(self) -> Iterator[Impact]:
        """Another time of day. Whether the server makes up for a time that has passed is stated nowhere."""
        old, new = self.before.get(self.at), self.after.get(self.at)
        moment = self.clock.next(new)
        if old == new or moment is None:
            return
        clock = self.clock
        text = f"{quoted(self.change.name)} goes out at {clock.time(new)}, no longer at {clock.time(old)}{self._rule()}"
        is_judged = any(each.path == self.at and each.cause is Cause.CLOCK for each in self.change.fields)
        if is_judged or clock.passed(old) == clock.passed(new):
            yield Impact(Weight.RETIMES, f"{text}; next one {clock.until(moment)}")
        elif clock.passed(old):
            yield Impact(Weight.RISKS, f"{text}: it may go out a second time today, {clock.until(moment)}")
        else:
            yield Impact(Weight.RISKS, f"{text}: today's may never go out")

    def _rule(self) -> str:
        """The UTC times of a local time, with the date when they change next; empty if it is none."""
        rule = self.change.remember.rules.get(self.at) if self.change.remember else None
        grid = self.kind.field_named(self.at).grid if rule else 0
        return f"; {kinds.local_time.describe(rule, grid, self.clock.now)}" if rule else ""

    def _feeds(self) -> Iterator[Impact]:
        """Who goes through it, if that makes a difference to them."""
        change = self.change
        shift = self.kind.delivery_change(change)
        users = self.receivers.users(change) if change.action is not Action.DELETE else []
        matters = change.action in (Action.CREATE, Action.REPLACE, Action.MANUAL) or shift is not None
        if users and self.kind.delivery is None and change.action in WRITES:
            nouns = Counter(user.kind.name for user in users)
            noun = " and ".join(counted(number, name.replace("_", " ")) for name, number in sorted(nouns.items()))
            text = f"{noun} {'uses' if len(users) == 1 else 'use'} this {change.kind.replace('_', ' ')}"
            yield Impact(Weight.FEEDS, f"{text}: {listed([user.name for user in users])}")
        elif users and matters:
            sections = {user.kind.section if len(users) > 1 else user.kind.name for user in users}
            noun = " and ".join(sorted(sections))
            verb = "will feed" if change.action is Action.CREATE else "feeds"
            cut = change.action is Action.REPLACE or shift is Weight.STOPS
            names = listed([user.name for user in users])
            text = f"this {change.kind} {verb} {len(users)} {noun}: {names}{self._soonest(users) if cut else ''}"
            yield Impact(Weight.FEEDS, text)

    def _soonest(self, users: list[User]) -> str:
        moments = [
            moment
            for user in users
            if user.kind.delivery and user.kind.sends(user.fields)
            if (moment := self.clock.next(user.fields.get(user.kind.delivery.at))) is not None
        ]
        if not moments:
            return ""
        return f"; the next of them is due {self.clock.moment(min(moments))}, {self.clock.until(min(moments))}"
