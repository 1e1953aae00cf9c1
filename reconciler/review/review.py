"""Makes a review of a plan: scopes, tasks, and what each change does to people, such as a delivery that stops."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

from reconciler import kinds
from reconciler.kinds import KINDS
from reconciler.kinds.references import resolve_references
from reconciler.kinds.wire import shorten
from reconciler.model.inputs import Desired, Record
from reconciler.model.plan import DESTROYS, WRITES, Action, Cause, Change, Plan
from reconciler.model.reports import Impact, Review, Scope, Weight
from reconciler.review.wording import DAY, Clock, Receivers, parse_stamp
from reconciler.text import abridge, format_count

GRAVITY = {weight: rank for rank, weight in enumerate(Weight)}
MOST_NAMED = 5  # of those who receive or use something: a plan is read at a glance


def find_scopes(plan: Plan, before: Plan | None) -> Mapping[str, Scope]:
    """Address → scope, of each change of a plan. `before` is the plan of the base's configuration with the same state
    and the same live objects; None if it has none: then every change is the pull request's."""
    known = {change.address: _make_comparable(change) for change in before.changes} if before else {}
    scopes = {}
    for change in plan.changes:
        is_drift = bool(change.fields) and all(each.cause is Cause.DRIFT for each in change.fields)
        is_known = known.get(change.address) == _make_comparable(change)
        scopes[change.address] = Scope.PULL_REQUEST if not is_known else Scope.DRIFT if is_drift else Scope.PENDING
    return scopes


def _make_comparable(change: Change) -> Change:
    """A change without what depends on other changes, so that it is equal in every plan that has it."""
    remember = change.remember.as_wanted() if change.remember else None
    return replace(change, depends_on=(), cleanup_after=(), reason="", notes=(), remember=remember)


def _find_steps(change: Change) -> Iterator[str]:
    """A sentence for each manual step of a change."""
    kind = KINDS[change.kind]
    if change.action is Action.MANUAL:
        fixed = {each.name for each in kind.fields if each.immutable}
        values = [
            (each.path, _format_value(each.before), _format_value(each.after))
            for each in change.fields
            if each.path in fixed
        ]
        steps = [f"change {path} from {before} to {after} by hand" for path, before, after in values]
        yield from steps or [kind.messages.manual_step]
    if change.action in (Action.CREATE, Action.REPLACE) and kind.messages.after_create:
        yield kind.messages.after_create
    delivery = kind.delivery
    if change.action is Action.UPDATE and delivery.failing:
        failed = any(each.path == delivery.status and each.before == delivery.failing for each in change.fields)
        if failed and delivery.remedy:
            yield delivery.remedy


def _format_value(value: object) -> str:
    return shorten(json.dumps(value, ensure_ascii=False))


def make_review(given: Review, *, zone: tzinfo | None = None, sandbox_key: bool | None = None) -> Review:
    """The review with its tasks, and with what each change does, the gravest first. `given.at` decides which delivery
    is next. `zone` is the reader's, for times beside UTC. `sandbox_key`: whether the key is of the sandbox, None if
    that is not known."""
    plan, desired, live = given.plan, given.desired, given.live
    clock, receivers = Clock(given.at or datetime.now(UTC), zone), Receivers(plan, desired, live)
    key = None if sandbox_key is None else "sandbox" if sandbox_key else "production"
    found = {}
    for change in plan.changes:
        record = live.find(change.kind, change.id)
        own, other = _ChangeImpact(change, record, clock, receivers), _find_mismatch(change, desired, key)
        if impacts := sorted([*own.find_impacts(), *other], key=lambda each: GRAVITY[each.weight]):
            found[change.address] = tuple(impacts)
    tasks = tuple(f"{change.address}: {step}" for change in plan.changes for step in _find_steps(change))
    return replace(given, impacts=found, tasks=tasks)


def _find_mismatch(change: Change, desired: Desired, key: str | None) -> Iterator[Impact]:
    """Fields that name another environment than that of the key."""
    resource = desired.resources.get(change.address)
    fields = resource.fields if resource and key else {}
    for each in KINDS[change.kind].fields:
        value = fields.get(each.name)
        if each.follows_key and value is not None and value != key:
            yield Impact(Weight.RISKS, f"{each.name} is {shorten(value)}, and the key is a {key} key")


def _list_names(known: Iterable[str]) -> str:
    """The names in quotes, the first few of many."""
    return abridge((f'"{name}"' for name in known), MOST_NAMED, " and # more")


class _ChangeImpact:
    """What one change does. `at`: the field with the time at which the object sends, empty if it has none. `before` and
    `after`: the fields of the object as they are live and as they will be, empty if there is none."""

    def __init__(self, change: Change, record: Record | None, clock: Clock, receivers: Receivers) -> None:
        self.change, self.record, self.clock, self.receivers = change, record, clock, receivers
        self.kind = KINDS[change.kind]
        self.delivery = self.kind.delivery
        self.at = self.delivery.at
        self.raw = record.raw if record else {}
        self.before = record.fields if record else {}
        applied = change.remember.applied if change.remember else {}
        self.after = {} if change.action is Action.DELETE else {**self.before, **applied}

    def find_impacts(self) -> Iterator[Impact]:
        """What the change does to people and to what they receive."""
        kind, change, record = self.kind, self.change, self.record
        if change.action in DESTROYS and kind.messages.lost_on_delete:
            yield Impact(Weight.LOSES, f"loses {kind.messages.lost_on_delete}")
        if change.action is Action.CREATE and kind.messages.after_create:
            written = change.remember.applied.get(self.delivery.status) if change.remember else None
            status = written or (kind.words[1].initial if kind.words else None)
            yield Impact(Weight.RISKS, f"created{f' {status}' if status else ''}: {kind.messages.after_create}")
        if record is not None and kind.fails(record.fields) and change.action is not Action.FORGET:
            when = self._format_stamp(self.delivery.failed_at) or "an unknown time"
            message = shorten(self.raw.get(self.delivery.failure) or "no message")
            yield Impact(Weight.RISKS, f"in error since {when}: {message}")
        if change.action in WRITES:
            yield from self._find_deliveries()
        if kind.messages.effects and change.action in WRITES:
            new, targets = self.receivers.created, self.receivers.resolver.targets
            after = resolve_references(kind, self.after, lambda at, to: (one := new.get(at)) and targets(to).proof(one))
            yield from (Impact(weight, text) for weight, text in kind.messages.effects(self.before, after))
        yield from self._find_users()

    def _format_stamp(self, name: str) -> str:
        """A time of the live record, as people read it; empty if it has none."""
        found = self.raw.get(name)
        return self.clock.format_stamp(shorten(found)) if found else ""

    def _find_deliveries(self) -> Iterator[Impact]:
        """Deliveries that stop, start, change their time, or go to others."""
        kind, change, before, after = self.kind, self.change, self.before, self.after
        old, new = self.receivers.find_names(kind, before), self.receivers.find_names(kind, after)
        shift = kind.find_delivery_change(change)
        if shift is Weight.STOPS or (change.action is Action.REPLACE and kind.sends(before)):
            text = f'stops "{change.name}"' + (f" to {_list_names(old.values())}" if old else "")
            if change.action is Action.REPLACE:
                text += f" until the new one is set up by a person{self._describe_last()}"
            else:
                text += self._describe_stop()
            yield Impact(Weight.STOPS, text)
        elif shift is Weight.STARTS:
            text = f'starts "{change.name}"' + (f" to {_list_names(new.values())}" if new else "")
            moment = self.clock.find_next(after.get(self.at))
            if moment is not None:
                text += f"; first delivery is due {self.clock.format_due(moment)}{self._describe_rule()}"
            waiting = [name for key, name in new.items() if key in self.receivers.unready]
            text += f"; before that, {_list_names(waiting)} must be set up by a person" if waiting else ""
            yield Impact(Weight.STARTS, text)
        elif kind.sends(before) and kind.sends(after):
            yield from self._find_retiming()
            lost = [name for key, name in old.items() if key not in new]
            gained = [name for key, name in new.items() if key not in old]
            if lost:
                stop = self._describe_stop("there")
                yield Impact(Weight.STOPS, f'stops "{change.name}" to {_list_names(lost)}{stop}')
            if gained:
                yield Impact(Weight.STARTS, f'"{change.name}" also goes to {_list_names(gained)}')

    def _describe_stop(self, where: str = "out") -> str:
        """`; last delivery was due …, next one in 42 minutes will not go out`, as far as that is known. `where`: `out`,
        or `there` if it still goes to others."""
        moment = self.clock.find_next(self.record.fields.get(self.at)) if self.record else None
        if moment is None:
            return self._describe_last()
        created = parse_stamp(self.raw.get("created_at"))
        has_been_due = created is None or created <= moment - DAY
        last = f"last delivery was due {self.clock.format_moment(moment - DAY)}, " if has_been_due else ""
        return f"; {last}next one {self.clock.format_wait(moment)} will not go {where}"

    def _describe_last(self) -> str:
        stamp = self._format_stamp(self.delivery.last_at)
        return f"; it delivered last at {stamp}" if stamp else ""

    def _find_retiming(self) -> Iterator[Impact]:
        """Another time of day. No document says whether the server makes up for a time that has passed."""
        old, new = self.before.get(self.at), self.after.get(self.at)
        moment = self.clock.find_next(new)
        if old == new or moment is None:
            return
        clock, name = self.clock, self.change.name
        text = f'"{name}" goes out at {clock.format_time(new)}, no longer at {clock.format_time(old)}'
        text += self._describe_rule()
        is_judged = any(each.path == self.at and each.cause is Cause.CLOCK for each in self.change.fields)
        if is_judged or clock.has_passed(old) == clock.has_passed(new):
            yield Impact(Weight.RETIMES, f"{text}; next one {clock.format_wait(moment)}")
        elif clock.has_passed(old):
            yield Impact(Weight.RISKS, f"{text}: it may go out a second time today, {clock.format_wait(moment)}")
        else:
            yield Impact(Weight.RISKS, f"{text}: today's may never go out")

    def _describe_rule(self) -> str:
        """The UTC times of a local time, with the date when they change next; empty if it is none."""
        rule = self.change.remember.rules.get(self.at) if self.change.remember else None
        grid = self.kind.find_field(self.at).grid if rule else 0
        return f"; {kinds.local_time.describe(rule, grid, self.clock.now)}" if rule else ""

    def _find_users(self) -> Iterator[Impact]:
        """Who goes through it, if that makes a difference to them."""
        change = self.change
        shift = self.kind.find_delivery_change(change)
        users = self.receivers.users.get(change.address, []) if change.action is not Action.DELETE else []
        matters = change.action in (Action.CREATE, Action.REPLACE, Action.MANUAL) or shift is not None
        if users and not self.delivery.status and change.action in WRITES:
            nouns = Counter(user.kind for user in users)
            noun = " and ".join(format_count(number, name.replace("_", " ")) for name, number in sorted(nouns.items()))
            text = f"{noun} {'uses' if len(users) == 1 else 'use'} this {change.kind.replace('_', ' ')}"
            yield Impact(Weight.FEEDS, f"{text}: {_list_names(user.name for user in users)}")
        elif users and matters:
            sections = {KINDS[user.kind].section if len(users) > 1 else user.kind for user in users}
            verb = "will feed" if change.action is Action.CREATE else "feeds"
            text = f"this {change.kind} {verb} {len(users)} {' and '.join(sorted(sections))}"
            text = f"{text}: {_list_names(user.name for user in users)}"
            sending = ((each.fields, KINDS[each.kind]) for each in users)
            times = (each.get(kind.delivery.at) for each, kind in sending if kind.sends(each))
            moments = [moment for moment in map(self.clock.find_next, times) if moment is not None]
            if moments and (change.action is Action.REPLACE or shift is Weight.STOPS):
                text += f"; the next of them is due {self.clock.format_due(min(moments))}"
            yield Impact(Weight.FEEDS, text)
