"""Field by field: what is written, live and remembered, and what follows from that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.errors import Location, WrongUsage, did_you_mean
from reconciler.explain.rules import held, is_within, rules_of_field
from reconciler.kinds import Kind
from reconciler.kinds.comparison import flattened
from reconciler.kinds.paths import path_keys
from reconciler.model.desired import Resource
from reconciler.model.explanation import FieldExplanation, Held, Verdict
from reconciler.model.live import Record
from reconciler.model.plan import Action, Cause, Change, FieldChange
from reconciler.model.state import Entry

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
TOUCHED = {
    Action.CREATE: (Verdict.NEW, "sets it in the new object"),
    Action.UPDATE: (Verdict.DIFFERENT, "sets it to what is written"),
    Action.REPLACE: (Verdict.DIFFERENT, "makes a new object that has it as it is written"),
    Action.MANUAL: (Verdict.MANUAL, "nothing: a person has to change it"),
    Action.DELETE: (Verdict.DELETED, "deletes it with the object"),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """One address with all that is known of it. `stored`: what the API keeps in place of what was sent, by path.
    `line` gives the text at a place."""

    kind: Kind
    resource: Resource | None
    record: Record | None
    entry: Entry | None
    change: Change | None
    stored: Mapping[str, Any]
    ids: Mapping[str, str | None]
    line: Callable[[Location], str]

    def rests(self) -> Verdict:
        """What holds of a field that no configuration speaks of."""
        if self.resource is not None:
            return Verdict.LEFT_OUT
        if self.change is None:
            return Verdict.UNMANAGED
        return Verdict.FORGOTTEN if self.change.action is Action.FORGET else Verdict.DELETED


def fields_of(subject: Subject, path: str) -> tuple[FieldExplanation, ...]:
    """Every field, or those at a path. WrongUsage where there is no such field, with the closest one."""
    paths = list(_paths(subject))
    if path:
        paths = _chosen(subject, path, paths)
    return tuple(_explained(subject, each) for each in paths)


def _sources(subject: Subject) -> tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]:
    """What is written, live and remembered; beside the kind's fields, what the server sets."""
    record, kind = subject.record, subject.kind
    server = {name: record.raw[name] for name in sorted(kind.server_fields) if name in record.raw} if record else {}
    return (
        subject.resource.fields if subject.resource else {},
        {**record.fields, **server} if record else {},
        subject.entry.applied if subject.entry else {},
    )


def _paths(subject: Subject) -> Iterator[str]:
    """The paths of all values, those of maps opened, in the order of the kind's fields, each once."""
    sources = _sources(subject)
    found = dict.fromkeys(path for source in sources for path, _ in flattened(subject.kind, source))
    order = {name: at for at, name in enumerate(subject.kind.field_names())}
    leaves = [path for path in found if not any(is_within(other, path) for other in found if other != path)]
    yield from sorted(leaves, key=lambda path: order[str((path_keys(path) or ("",))[0])])
    yield from (name for name in sources[1] if name in subject.kind.server_fields)


def _chosen(subject: Subject, path: str, paths: list[str]) -> list[str]:
    """Those at a path: what is within it, or itself where it is within one of them."""
    inner = [each for each in paths if is_within(each, path)]
    keys = path_keys(path)
    if inner or keys is None:
        if inner:
            return inner
    elif any(held(source, keys).there for source in _sources(subject)) or _is_declared(subject.kind, keys):
        return [path]
    known = {*paths, *subject.kind.field_names(), *subject.kind.server_fields}
    raise WrongUsage(
        f"{subject.kind.name} has no field {path}{did_you_mean(path, known)}",
        hint=f"its fields are {', '.join(subject.kind.field_names())}",
    )


def _is_declared(kind: Kind, keys: tuple[str | int, ...]) -> bool:
    """Whether the schema knows it, though it stands nowhere."""
    if keys[0] not in kind.field_names():
        return keys[0] in kind.server_fields and len(keys) == 1
    in_maps = all(isinstance(key, str) for key in keys)
    return in_maps and kind.field_named(str(keys[0])).schema_at(keys[1:]) is not None


def _explained(subject: Subject, path: str) -> FieldExplanation:
    keys = path_keys(path) or (path,)
    written, live, applied = (held(source, keys) for source in _sources(subject))
    verdict, cause, following = _verdict(subject, path, written)
    kept = _stored_at(subject, path)
    place = subject.resource.field_location(path) if subject.resource is not None and written.there else None
    return FieldExplanation(
        path=path,
        verdict=verdict,
        written=written,
        live=live,
        applied=applied,
        next=following,
        place=place,
        line=subject.line(place) if place else "",
        cause=cause,
        rules=tuple(
            rules_of_field(
                subject.kind,
                path,
                keys,
                verdict=verdict,
                cause=cause,
                resource=subject.resource,
                record=subject.record,
                ids=subject.ids,
                stored=None if kept is None else (kept, subject.stored[kept]),
            )
        ),
    )


def _verdict(subject: Subject, path: str, written: Held) -> tuple[Verdict, Cause | None, str]:
    """What holds of a field, why it differs, and what the next apply does to it."""
    change, resource = subject.change, subject.resource
    if str((path_keys(path) or (path,))[0]) in subject.kind.server_fields:
        return Verdict.SERVER, None, UNTOUCHED[Verdict.SERVER]
    planned = _planned(change, path)
    if change is not None and planned is not None and change.action in TOUCHED:
        verdict, following = TOUCHED[change.action]
        if change.action is Action.UPDATE and planned.cause is Cause.DRIFT:
            following = "sets it back to what is written"
        return verdict, planned.cause if change.action is not Action.DELETE else None, following
    ignored = [each.field for each in resource.lifecycle.ignore_changes] if resource else []
    if any(is_within(path, each) for each in ignored) and subject.record is not None:
        return Verdict.IGNORED, None, UNTOUCHED[Verdict.IGNORED]
    kept = _stored_at(subject, path) is not None
    verdict = (Verdict.STORED if kept else Verdict.EQUAL) if written.there else subject.rests()
    return verdict, None, UNTOUCHED[verdict]


def _stored_at(subject: Subject, path: str) -> str | None:
    """The path of a value that the API keeps otherwise than it was sent, and that this one is, holds or lies in."""
    return next((each for each in subject.stored if is_within(path, each) or is_within(each, path)), None)


def _planned(change: Change | None, path: str) -> FieldChange | None:
    """What a change does at a path, around it, or within it."""
    fields = change.fields if change else ()
    return next((each for each in fields if is_within(path, each.path) or is_within(each.path, path)), None)
