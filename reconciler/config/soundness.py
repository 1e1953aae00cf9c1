"""What no schema can say: references, natural keys, and blocks that contradict the configuration."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.config.check import mark_of
from reconciler.config.merge import Merged
from reconciler.config.wording import quoted
from reconciler.errors import Problem, did_you_mean
from reconciler.kinds import KINDS
from reconciler.kinds.references import references
from reconciler.model.desired import Desired, Place, Resource, kind_of


def soundness(desired: Desired, merged: Merged) -> Iterator[Problem]:
    """Every such problem of a configuration."""
    for resource in desired.resources.values():
        yield from _references(resource, merged)
        yield from _ignored(resource, merged)
    yield from _natural_keys(desired)
    yield from _blocks(desired, merged)


def _references(resource: Resource, merged: Merged) -> Iterator[Problem]:
    written = merged.resources[resource.address]
    for address, name, index, reference in references(KINDS[resource.kind], resource.fields):
        if address in merged.resources:
            continue
        key = resource.fields[name][index][reference.key]
        mark = mark_of(written.node, (name, index, reference.key), written.mark)
        others = [other for other in merged.resources if other.partition(".")[2] == key]
        known = [other.partition(".")[2] for other in merged.resources if kind_of(other) == reference.kind]
        what = f"{others[0]} is a {kind_of(others[0])}" if others else f"there is no {address} in the configuration"
        close = (
            f'; did you mean "{key.partition(".")[2]}"?' if key.partition(".")[2] in known else did_you_mean(key, known)
        )
        expected = f"the key of one of the {KINDS[reference.kind].section}"
        yield Problem(
            resource.place.file, *mark, f"{resource.address}: {name}[{index}]: {what}; expected {expected}{close}"
        )


def _ignored(resource: Resource, merged: Merged) -> Iterator[Problem]:
    names = KINDS[resource.kind].field_names()
    written = merged.resources[resource.address]
    for index, path in enumerate(resource.lifecycle.ignore_changes):
        if path.split(".", 1)[0] not in names:
            mark = mark_of(written.node, ("lifecycle", "ignore_changes", index), written.mark)
            expected = f"one of {', '.join(names)}, or a path within one{did_you_mean(path, names)}"
            message = f"{resource.address}: ignore_changes: {quoted(path)} is no field; expected {expected}"
            yield Problem(resource.place.file, *mark, message)


def _natural_keys(desired: Desired) -> Iterator[Problem]:
    first: dict[tuple[object, ...], Resource] = {}
    for resource in desired.resources.values():
        kind = KINDS[resource.kind]
        key = (kind.name, *(resource.fields[name] for name in kind.natural_key))
        other = first.setdefault(key, resource)
        if other is not resource:
            names = ", ".join(f"{name} {quoted(str(resource.fields[name]))}" for name in kind.natural_key)
            message = f"{resource.address} has the same {names} as {other.address} at {other.place}"
            place = resource.place
            yield Problem(place.file, place.line, place.column, f"{message}; expected them to differ in one of these")


def _blocks(desired: Desired, merged: Merged) -> Iterator[Problem]:
    for moved in desired.moved:
        if moved.source in merged.resources:
            yield _at(moved.place, f"moved: {moved.source} is still in the configuration; expected it only under `to`")
        if kind_of(moved.source) != kind_of(moved.target):
            yield _at(moved.place, f"moved: {moved.source} cannot become {moved.target}; expected one kind")
    for removed in desired.removed:
        if removed.source in merged.resources:
            yield _at(removed.place, f"removed: {removed.source} is still in the configuration; expected it gone")
    yield from _imports(desired, merged)


def _imports(desired: Desired, merged: Merged) -> Iterator[Problem]:
    seen: dict[tuple[str, str], Place] = {}
    for block in desired.imports:
        if block.target not in merged.resources:
            close = did_you_mean(block.target, merged.resources)
            yield _at(
                block.place, f"imports: there is no {block.target} in the configuration; expected one of it{close}"
            )
        for what, name in ((block.target, "address"), (block.id, f"{kind_of(block.target)} id")):
            earlier = seen.setdefault((name, what), block.place)
            if earlier is not block.place:
                yield _at(block.place, f"imports: the {name} {what} is imported at {earlier} already; expected once")


def _at(place: Place, message: str) -> Problem:
    return Problem(place.file, place.line, place.column, message)
