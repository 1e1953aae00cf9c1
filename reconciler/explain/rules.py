"""Which rules decide, each with where it is said. What the API does comes from the kind's declaration."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from reconciler.explain.subject import Subject
from reconciler.kinds.declaration import Field, Put
from reconciler.kinds.paths import is_within
from reconciler.kinds.references import referred
from reconciler.model.desired import Ignored, Resource
from reconciler.model.explanation import Held, Rule, Verdict
from reconciler.model.plan import DESTROYS, Action, Cause
from reconciler.model.state import Entry

NOWHERE = Held()


def held(value: Any, keys: tuple[str | int, ...]) -> Held:
    """What a value holds at the end of that way."""
    for key in keys:
        in_map = isinstance(value, dict) and key in value
        in_list = isinstance(value, list) and isinstance(key, int) and key < len(value)
        if not (in_map or in_list):
            return NOWHERE
        value = value[key]
    return Held(value, there=True)


OURS = "reconciler: fields that are left out are not managed"
CAUSES = {
    Cause.CONFIG: "what is live is what was last applied, so it was changed here",
    Cause.DRIFT: "what is written is what was last applied, so it was changed outside: drift",
    Cause.BOTH: "neither what is written nor what is live is what was last applied: changed here and outside",
    Cause.UNKNOWN: "nothing is remembered of it, so nobody can tell who changed it",
}


def overlapping(paths: Iterable[str], path: str) -> str | None:
    """The first of the paths that is `path`, is in it, or has it within."""
    return next((each for each in paths if is_within(path, each) or is_within(each, path)), None)


def rules_of_field(
    subject: Subject, path: str, keys: Sequence[str | int], verdict: Verdict, cause: Cause | None
) -> Iterator[Rule]:
    """What decides about one field, the reason of its verdict first."""
    kind, resource = subject.kind, subject.resource
    if cause is not None and subject.record is not None:
        yield Rule(CAUSES[cause], "the state")
    stored = overlapping(subject.stored, path)
    if stored is not None:
        where = "" if stored == path else f"{stored} is "
        value = subject.stored[stored]
        kept = "left out" if value is None else json.dumps(value, ensure_ascii=False)
        yield Rule(f"{where}stored by the API as {kept}; the plan warns until the YAML says so", "the state")
    if resource is not None and verdict is Verdict.IGNORED:
        yield from (
            ignored_by(each, resource) for each in resource.lifecycle.ignore_changes if is_within(path, each.field)
        )
    if verdict is Verdict.LEFT_OUT:
        yield Rule("it is left out of the YAML, so it is neither compared nor changed", OURS)
        if kind.put is Put.FULL:
            yield Rule("PUT replaces the whole record, so its live value is sent along with every update", kind.facts)
    if verdict is Verdict.SERVER:
        yield Rule("the API sets it: it is neither compared nor sent", kind.facts)
        return
    yield from _declared(subject, kind.field_named(str(keys[0])), keys[1:])


def ignored_by(each: Ignored, resource: Resource) -> Rule:
    """The line of `ignore_changes`, with who wants it and until when."""
    details = [
        f"until {each.until}" if each.until else "",
        f"reason: {each.reason}" if each.reason else "",
        f"owner: {each.owner}" if each.owner else "",
    ]
    why = ", ".join(filter(None, details))
    return Rule(f"ignore_changes names {each.field}" + (f" ({why})" if why else ""), str(resource.location))


def _declared(subject: Subject, field: Field, inner: Sequence[str | int]) -> Iterator[Rule]:
    """What the kind declares of a field, and of a spot within it."""
    kind, resource, record = subject.kind, subject.resource, subject.record
    schema = field.schema_at(inner) or field.schema
    yield Rule(str(schema.get("description", f"expected {field.expected}")), kind.facts)
    if field.immutable:
        allowed = resource is not None and resource.lifecycle.replace
        then = (
            "`replace: allow` has a new object made"
            if allowed
            else "a person has to, unless `lifecycle: {replace: allow}` has a new object made"
        )
        yield Rule(f"the API cannot change it in an object that is there: {then}", kind.facts)
        if record is not None and field.name not in record.fields:
            yield Rule("what is live could not be read, so it is not compared", kind.facts)
    if field.setter is not None:
        endpoint = f"{field.setter.method} {kind.path}/ID{field.setter.path}"
        yield Rule(f"it has an endpoint of its own: {endpoint}", kind.facts)
    if field.unordered:
        yield Rule("the order of its items means nothing", kind.facts)
    if field.reference is not None:
        offers = f"what the API offers for it in {field.reference.lookup}"
        yield Rule(f"a reference is sent as {offers}: by its id, else by a label that only it could bear", kind.facts)
        items: Any = resource.fields.get(field.name) if resource else None
        for item in items if isinstance(items, list) else ():
            address = referred(field.reference, item)
            if address is not None:
                known = subject.given.plan.id_of(address) if address in subject.given.desired.resources else None
                yield Rule(f"{address} is {known or 'not live yet'}", "the state, and what is live")


def rules_of_address(subject: Subject) -> Iterator[Rule]:
    """What decides about an address as a whole: which object it is, how it may be treated, why it goes."""
    given, kind, change = subject.given, subject.kind, subject.change
    state = f"the state of {given.state.environment}, serial {given.state.serial}"
    yield from _identity(subject, state)
    for moved in given.desired.moved:
        if moved.target == subject.address and given.plan.moved.get(subject.address):
            yield Rule(f"`moved`: what the state knows as {moved.source} is {subject.address} now", str(moved.location))
    if subject.resource is not None:
        yield from _lifecycle(subject.resource, subject.entry, state)
    elif subject.entry is not None:
        yield from _removal(subject, subject.entry, state)
    if change is not None and change.action is Action.MANUAL:
        yield Rule(kind.manual_step, kind.facts)
    if change is not None and change.action in DESTROYS:
        yield Rule(f"that loses {kind.lost_on_delete}", kind.facts)


def _identity(subject: Subject, state: str) -> Iterator[Rule]:
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
        key = ", ".join(f"{name} {resource.fields.get(name)}" for name in kind.natural_key)
        found = f"it is the only live {kind.name} with" if record is not None else f"there is no live {kind.name} with"
        yield Rule(f"the state does not know it; {found} {key}", f"the natural key of a {kind.name}")


def _lifecycle(resource: Resource, entry: Entry | None, state: str) -> Iterator[Rule]:
    place = str(resource.location)
    lifecycle = resource.lifecycle
    if lifecycle.prevent_destroy:
        yield Rule("prevent_destroy: it is neither deleted nor replaced", place)
    elif lifecycle.prevent_destroy is None and entry is not None and entry.protected:
        yield Rule("prevent_destroy is remembered, until `prevent_destroy: false` is written", state)
    if lifecycle.replace:
        yield Rule("replace: allow: if the API cannot change it, a new object is made in its place", place)
    yield from (ignored_by(each, resource) for each in lifecycle.ignore_changes)


def _removal(subject: Subject, entry: Entry, state: str) -> Iterator[Rule]:
    block = next((each for each in subject.given.desired.removed if each.source == subject.address), None)
    if block is not None:
        fate = "it is deleted" if block.destroy else "it is forgotten, and stays as it is"
        yield Rule(f"`removed`: {fate}", str(block.location))
    else:
        yield Rule("the state knows it and the configuration does not want it, so it goes", state)
    if entry.protected:
        yield Rule("prevent_destroy is remembered: a delete is refused", state)
