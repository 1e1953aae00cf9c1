"""Why an address is as it is, field by field: what is written, live and remembered, and what follows from that."""

from __future__ import annotations

from typing import Any

from reconciler.errors import WrongUsage
from reconciler.kinds.comparison import flatten, is_within, parse_path
from reconciler.model.plan import Action, Cause
from reconciler.model.results import Explanation, FieldExplanation, FieldValue, LastApply, Verdict
from reconciler.review.rules import (
    ExplainInput,
    Subject,
    find_address_rules,
    find_field_rules,
    find_overlap,
    find_subject,
)
from reconciler.text import suggest_close

EFFECTS = {
    Action.CREATE: (Verdict.NEW, "creates it", "sets it in the new object"),
    Action.UPDATE: (Verdict.DIFFERENT, "updates it", "sets it to what is written"),
    Action.REPLACE: (
        Verdict.DIFFERENT,
        "makes a new one in its place, then deletes this one",
        "makes a new object that has it as it is written",
    ),
    Action.DELETE: (Verdict.DELETED, "deletes it", "deletes it with the object"),
    Action.ADOPT: (Verdict.ADOPTED, "remembers it, and writes nothing to the API", ""),
    Action.FORGET: (Verdict.FORGOTTEN, "forgets it, and writes nothing to the API", ""),
    Action.MANUAL: (Verdict.MANUAL, "nothing: a person has to do it", "nothing: a person has to change it"),
}
"""What an action means: for the object, and for a field that it changes; empty if it changes none."""
UNTOUCHED = {
    Verdict.EQUAL: "nothing: it is as it is written",
    Verdict.STORED: "nothing: it is what the API made of what is written",
    Verdict.IGNORED: "nothing: it is left as it is live",
    Verdict.LEFT_OUT: "nothing: it is not written, so it is left as it is live",
    Verdict.SERVER: "nothing: nobody can write it",
    Verdict.UNMANAGED: "nothing: nobody manages the object",
    Verdict.FORGOTTEN: "nothing: it is left as it is live",
    Verdict.DELETED: "deletes it with the object",
}


def explain(text: str, given: ExplainInput) -> Explanation:
    """Why ADDRESS[.FIELD] is as it is. WrongUsage if there is no such address or field, with the closest one."""
    subject = find_subject(text, given)
    kind, change, resource, record = subject.kind, subject.change, subject.resource, subject.record
    place, name = (resource.location, str(resource.fields[kind.identity.name_field])) if resource else (None, "")
    last = (
        LastApply(receipt.id, receipt.at, receipt.who, receipt.commit, item.action, item.status)
        for receipt in given.receipts
        for item in receipt.items
        if item.address in (subject.address, subject.old_address)
    )
    verdict, following = Verdict.UNMANAGED, "nothing: it is unmanaged, listed in each plan and never touched"
    if change is not None:
        verdict, following, _ = EFFECTS[change.action]
        is_moved = change.action is Action.ADOPT and subject.old_address != subject.address
        verdict = Verdict.MOVED if is_moved else verdict
    elif resource is not None:
        verdict, following = Verdict.EQUAL, "nothing: it is as wanted"
    name = record.name if record else name or subject.address
    about = (given.state.environment, subject.address, kind.name, name, subject.id, subject.path, verdict)
    return Explanation(
        *about,
        action=change.action if change else None,
        next=following,
        fields=tuple(_explain_field(subject, each) for each in _find_paths(subject)),
        rules=tuple(find_address_rules(subject)),
        notes=change.remarks() if change else (),
        place=place,
        line=given.line(place) if place else "",
        last=next(last, None),
        api=given.plan.api,
        labels=given.plan.labels,
    )


def _find_paths(subject: Subject) -> list[str]:
    """The paths of all values at the subject's path, those of maps opened, in the order of the kind's fields; the path
    itself if it is within one of them. WrongUsage if it is no path of the kind."""
    kind, path = subject.kind, subject.path
    found = dict.fromkeys(each for source in subject.sources for each, _ in flatten(kind, source))
    order = {name: at for at, name in enumerate(kind.field_names)}
    leaves = [each for each in found if not any(is_within(other, each) for other in found if other != each)]
    paths = sorted(leaves, key=lambda each: order[str((parse_path(each) or ("",))[0])])
    paths += [name for name in subject.sources[1] if name in kind.server_fields]
    inner = [each for each in paths if is_within(each, path)] if path else paths
    if inner or not path:
        return inner
    keys = parse_path(path) or ()
    # A path without any value may be declared in the schema.
    is_field = bool(keys) and keys[0] in kind.field_names and all(isinstance(key, str) for key in keys)
    is_declared = is_field and kind.find_field(str(keys[0])).find_schema(keys[1:]) is not None
    is_there = bool(keys) and any(find_value(source, keys).there for source in subject.sources)
    if is_there or is_declared or path in kind.server_fields:
        return [path]
    close = suggest_close(path, {*paths, *kind.field_names, *kind.server_fields})
    raise WrongUsage(f"{kind.name} has no field {path}{close}", hint=f"its fields are {', '.join(kind.field_names)}")


def _explain_field(subject: Subject, path: str) -> FieldExplanation:
    keys = parse_path(path) or (path,)
    written, live, applied = (find_value(source, keys) for source in subject.sources)
    verdict, cause, following = _judge_field(subject, path, written)
    place = subject.resource.locate_field(path) if subject.resource is not None and written.there else None
    line, rules = subject.given.line(place) if place else "", find_field_rules(subject, path, keys, verdict, cause)
    return FieldExplanation(path, verdict, written, live, applied, following, place, line, cause, tuple(rules))


def _judge_field(subject: Subject, path: str, written: FieldValue) -> tuple[Verdict, Cause | None, str]:
    """What holds of a field, why it differs, and what the next apply does to it."""
    change, resource = subject.change, subject.resource
    if str((parse_path(path) or (path,))[0]) in subject.kind.server_fields:
        return Verdict.SERVER, None, UNTOUCHED[Verdict.SERVER]
    planned = next((each for each in (change.fields if change else ()) if find_overlap([each.path], path)), None)
    verdict, _, following = EFFECTS[change.action] if change else (Verdict.UNMANAGED, "", "")
    if change is not None and planned is not None and following:
        if change.action is Action.UPDATE and planned.cause is Cause.DRIFT:
            following = "sets it back to what is written"
        return verdict, planned.cause if change.action is not Action.DELETE else None, following
    # What is not written is deleted, forgotten or unmanaged with its object.
    ignored = [each.field for each in resource.lifecycle.ignore_changes] if resource else []
    if any(is_within(path, each) for each in ignored) and subject.record is not None:
        verdict = Verdict.IGNORED
    elif written.there:
        verdict = Verdict.STORED if find_overlap(subject.stored, path) is not None else Verdict.EQUAL
    elif resource is not None:
        verdict = Verdict.LEFT_OUT
    return verdict, None, UNTOUCHED[verdict]


def find_value(value: Any, keys: tuple[str | int, ...]) -> FieldValue:
    """The value at these keys of nested maps and lists, and whether there is one: it may be null."""
    for key in keys:
        in_map = isinstance(value, dict) and key in value
        in_list = isinstance(value, list) and isinstance(key, int) and key < len(value)
        if not (in_map or in_list):
            return FieldValue()
        value = value[key]
    return FieldValue(value, there=True)
