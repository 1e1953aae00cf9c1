"""What an explanation is about, and which rules decide, each with where it is said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from reconciler import kinds
from reconciler.errors import Location, WrongUsage
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.comparison import is_within
from reconciler.kinds.declaration import Field
from reconciler.kinds.references import find_address, find_named_label, list_items
from reconciler.kinds.wire import LookupTable, list_labels
from reconciler.lazy import frozen
from reconciler.model.inputs import Desired, Entry, Ignored, Live, Resource, State
from reconciler.model.plan import DESTROYS, WAITS, Action, Cause, Plan
from reconciler.model.reports import Receipt
from reconciler.model.results import Rule, Verdict
from reconciler.text import suggest_close

# A key has neither dots nor brackets, and an id no bracket: what follows is the path of a field.
TARGET = re.compile(r"([a-z_]+)(?:\.([^.\[\]]+)|\[([^\]]*)\])(?:\.(.+))?", re.DOTALL)
SHAPE = "expected KIND.KEY or KIND[ID], and perhaps .FIELD: report.daily-revenue.send_at, report[wbRlfw1x]"


@frozen
class ExplainInput:
    """All that an explanation is made of. `receipts`: the latest first; `line` gives the text at a place."""

    plan: Plan
    desired: Desired
    state: State
    live: Live
    receipts: Sequence[Receipt]
    line: Callable[[Location], str]
    now: datetime


class Subject:
    """An address, its live object (`id` and `record`), and a path within it (empty: all of it). `old_address` is the
    one that the state has it under. `resource` is what is written, `entry` what the state has, `change` what the next
    apply does to it, and `stored`, by path, what the API keeps in place of what was sent. `sources`: what is written,
    live and remembered; beside the kind's fields, what the server sets."""

    def __init__(self, address: str, kind: Kind, object_id: str | None, path: str, given: ExplainInput) -> None:
        self.address, self.kind, self.id, self.path, self.given = address, kind, object_id, path, given
        self.old_address = given.plan.moved.get(address, address)
        self.record = given.live.records[kind.name].get(object_id or "")
        self.resource = given.desired.resources.get(address)
        self.entry = given.state.entries.get(self.old_address)
        self.change = next((each for each in given.plan.changes if each.address == address), None)
        after = given.plan.refresh.get(address) or (self.change.remember if self.change else None)
        self.stored = after.stored if after else {}
        raw = self.record.raw if self.record else {}
        server = {name: raw[name] for name in sorted(kind.server_fields) if name in raw}
        self.sources = (
            self.resource.fields if self.resource else {},
            {**self.record.fields, **server} if self.record else {},
            self.entry.applied if self.entry else {},
        )


def find_subject(text: str, given: ExplainInput) -> Subject:
    """What is asked about. WrongUsage if there is no such address, with the closest one."""
    plan, desired, live = given.plan, given.desired, given.live
    found = TARGET.fullmatch(text)
    ids: dict[str, str | None] = {address: entry.id for address, entry in given.state.entries.items()}
    ids |= {address: entry.id for address, entry in plan.refresh.items()}
    ids |= {change.address: change.id for change in plan.changes}
    known = {*desired.resources, *ids}
    if found is None or found[1] not in KINDS:
        raise WrongUsage(f"{text} is no address{suggest_close(text, {*known, *KINDS})}", hint=SHAPE)
    kind, key, object_id, path = found.groups()
    records = live.records.get(kind, {})
    if object_id is not None:
        if object_id not in records:
            close = suggest_close(object_id, records)
            raise WrongUsage(f"there is no live {kind} with the id {object_id}{close}", hint=SHAPE)
        holder = next((each for each, each_id in ids.items() if each_id == object_id and each.startswith(kind)), None)
        return Subject(holder or f"{kind}[{object_id}]", KINDS[kind], object_id, path or "", given)
    address = f"{kind}.{key}"
    if address not in desired.resources:
        address = next((new for new, old in plan.moved.items() if old == address), address)
    if address not in known:
        reason = desired.explain_none(address) or f"{address}: there is no such address{suggest_close(address, known)}"
        raise WrongUsage(reason, hint=SHAPE)
    current = ids.get(address)
    return Subject(address, KINDS[kind], current if current in records else None, path or "", given)


OURS = "reconciler: fields that are left out are not managed"
CAUSES = {
    Cause.CONFIG: "what is live is what was last applied, so it was changed here",
    Cause.DRIFT: "what is written is what was last applied, so it was changed outside: drift",
    Cause.BOTH: "neither what is written nor what is live is what was last applied: changed here and outside",
    Cause.CLOCK: "what is live is its UTC time from before the clocks changed",
    Cause.UNKNOWN: "nothing is remembered of it, so nobody can tell who changed it",
}


def find_overlap(paths: Iterable[str], path: str) -> str | None:
    """The first of the paths that is `path`, is in it, or has it within."""
    return next((each for each in paths if is_within(path, each) or is_within(each, path)), None)


def find_field_rules(
    subject: Subject, path: str, keys: Sequence[str | int], verdict: Verdict, cause: Cause | None
) -> Iterator[Rule]:
    """What decides about one field, the reason of its verdict first."""
    kind, resource = subject.kind, subject.resource
    if cause is not None and subject.record is not None:
        yield Rule(CAUSES[cause], "the state")
    stored = find_overlap(subject.stored, path)
    if stored is not None:
        where, value = "" if stored == path else f"{stored} is ", subject.stored[stored]
        kept = "left out" if value is None else json.dumps(value, ensure_ascii=False)
        yield Rule(f"{where}stored by the API as {kept}; the plan warns until the YAML says so", "the state")
    if resource is not None:
        sources = resource.sources.get(path, ())
        yield from (Rule("its value is also made of what stands here", str(place)) for place in sources)
        ignored = resource.lifecycle.ignore_changes if verdict is Verdict.IGNORED else ()
        yield from (describe_ignored(each, resource) for each in ignored if is_within(path, each.field))
    if verdict is Verdict.LEFT_OUT:
        yield Rule("it is left out of the YAML, so it is neither compared nor changed", OURS)
        if kind.endpoints.has_full_update:
            text = f"{kind.endpoints.update} replaces the whole record"
            yield Rule(f"{text}, so its live value is sent along with every update", kind.messages.source)
    if verdict is Verdict.SERVER:
        yield Rule("the API sets it: it is neither compared nor sent", kind.messages.source)
        return
    rule, grid = kind.find_local_times(resource.fields if resource else {}).get(path, ("", 0))
    if rule:
        yield Rule(kinds.local_time.describe(rule, grid, subject.given.now), "the time zones of this machine")
    for each in subject.given.plan.waiting:
        if (each.address, each.path) == (subject.address, path):
            yield Rule(f"{each.after} UTC waits until {each.not_before}: {WAITS}", "reconciler: no delivery is lost")
    yield from _find_declared_rules(subject, kind.find_field(str(keys[0])), keys[1:])


def describe_ignored(each: Ignored, resource: Resource) -> Rule:
    """The line of `ignore_changes`, with who wants it and until when."""
    details = {"until ": each.until, "reason: ": each.reason, "owner: ": each.owner}
    why = ", ".join(f"{name}{value}" for name, value in details.items() if value)
    return Rule(f"ignore_changes names {each.field}" + (f" ({why})" if why else ""), str(resource.location))


def _find_declared_rules(subject: Subject, field: Field, inner: Sequence[str | int]) -> Iterator[Rule]:
    """What the kind declares of a field, and of a path within it."""
    kind, resource, record = subject.kind, subject.resource, subject.record
    schema = field.find_schema(inner) or field.schema
    yield Rule(str(schema["description"]), kind.messages.source)
    if field.immutable:
        then = "a person has to, unless `lifecycle: {replace: allow}` has a new object made"
        if resource is not None and resource.lifecycle.replace:
            then = "`replace: allow` has a new object made"
        yield Rule(f"the API cannot change it in an object that is there: {then}", kind.messages.source)
        if record is not None and field.name not in record.fields:
            yield Rule("what is live could not be read, so it is not compared", kind.messages.source)
    if field.sub_endpoint is not None:
        endpoint = f"{field.sub_endpoint.method} {kind.endpoints.path}/ID{field.sub_endpoint.path}"
        yield Rule(f"it has an endpoint of its own: {endpoint}", kind.messages.source)
    if field.unordered:
        yield Rule("the order of its items means nothing", kind.messages.source)
    if field.reference is not None and all(map(str.__eq__, field.reference.path, map(str, inner))):
        offers = f"what the API offers for it in {field.reference.lookup}"
        by_id = f"{offers}: by its id, else by a label that only it could bear" if field.reference.lookup else "its id"
        yield Rule(f"a reference is sent as {by_id}", kind.messages.source)
        for _, item in list_items(field.name, field.reference, resource.fields if resource else {}):
            address = find_address(field.reference, item)
            if address is not None:
                known = subject.given.plan.find_id(address) if address in subject.given.desired.resources else None
                yield Rule(f"{address} is {known or 'not live yet'}", "the state, and what is live")
            elif (label := find_named_label(field.reference, item)) is not None:
                available = LookupTable(subject.given.live.lookups.get(field.reference.lookup, ()))
                yield Rule(f'the label "{label}" is that of {list_labels(available.find("label", label))}', offers)


def find_address_rules(subject: Subject) -> Iterator[Rule]:
    """What decides about an address as a whole: which object it is, how it may be treated, why it goes."""
    given, kind, change = subject.given, subject.kind, subject.change
    state = f"the state of {given.state.environment}, serial {given.state.serial}"
    if subject.resource is not None and subject.resource.instance is not None:
        instance, place = subject.resource.instance, subject.resource.location
        yield Rule(f"it is made by the for_each of {instance.definition}, for {instance}", str(place))
        for dimension, at in instance.places.items():
            yield Rule(f"its {dimension} is {instance.items[dimension]}", str(at))
    yield from _find_identity_rules(subject, state)
    for moved in given.desired.moved:
        if moved.target == subject.address and given.plan.moved.get(subject.address):
            yield Rule(f"`moved`: what the state knows as {moved.source} is {subject.address} now", str(moved.location))
    if subject.resource is not None:
        yield from _find_lifecycle_rules(subject.resource, subject.entry, state)
    elif subject.entry is not None:
        block = next((each for each in given.desired.removed if each.source == subject.address), None)
        fate = "it is deleted" if block and block.destroy else "it is forgotten, and stays as it is"
        gone = Rule("the state knows it and the configuration does not want it, so it goes", state)
        yield Rule(f"`removed`: {fate}", str(block.location)) if block else gone
        if subject.entry.protected:
            yield Rule("prevent_destroy is remembered: a delete is refused", state)
    if change is not None and change.action is Action.MANUAL:
        yield Rule(kind.messages.manual_step, kind.messages.source)
    if change is not None and change.action in DESTROYS:
        yield Rule(f"that loses {kind.messages.lost_on_delete}", kind.messages.source)


def _find_identity_rules(subject: Subject, state: str) -> Iterator[Rule]:
    kind, resource, entry, record = subject.kind, subject.resource, subject.entry, subject.record
    if resource is None and entry is None:
        yield Rule("it is live, and neither in the configuration nor in the state: never touched but by --prune", state)
        return
    for block in subject.given.desired.imports:
        if block.target == subject.address and record is not None and block.id == record.id:
            yield Rule(f"`imports`: it is the object {block.id}", str(block.location))
    if entry is not None:
        gone = "" if record is not None else ", which is not live any more"
        yield Rule(f"the state knows it as {entry.id}{gone}", state)
    elif resource is not None:
        key = ", ".join(f"{name} {resource.fields.get(name)}" for name in kind.identity.natural_key)
        found = "it is the only" if record is not None else "there is no"
        text = f"the state does not know it; {found} live {kind.name} with {key}"
        yield Rule(text, f"the natural key of a {kind.name}")


def _find_lifecycle_rules(resource: Resource, entry: Entry | None, state: str) -> Iterator[Rule]:
    place, lifecycle = str(resource.location), resource.lifecycle
    if lifecycle.prevent_destroy:
        yield Rule("prevent_destroy: it is neither deleted nor replaced", place)
    elif lifecycle.prevent_destroy is None and entry is not None and entry.protected:
        yield Rule("prevent_destroy is remembered, until `prevent_destroy: false` is written", state)
    if lifecycle.replace:
        yield Rule("replace: allow: if the API cannot change it, a new object is made in its place", place)
    yield from (describe_ignored(each, resource) for each in lifecycle.ignore_changes)
