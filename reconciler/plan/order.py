"""The order of changes: targets are created before what refers to them, and deleted after it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from reconciler.errors import WrongUsage
from reconciler.kinds import KINDS
from reconciler.kinds.references import references
from reconciler.model.plan import DESTROYS, WRITES, Action, Change
from reconciler.plan.context import PlanContext
from reconciler.text import did_you_mean


def ordered(context: PlanContext, changes: Mapping[str, Change]) -> dict[str, Change]:
    """The changes with their dependencies. Notes name what still refers to an object that is deleted."""
    if not changes:
        return {}
    users, addresses = context.references.users(), context.addresses()
    result = {}
    for address, change in changes.items():
        before: set[str] = set()
        notes: list[str] = []
        if change.action is not Action.DELETE and change.action in WRITES:
            before = _needed(context, address, changes)
            notes = _not_offered(context, change)
        leaving: set[str] = set()
        if change.action in DESTROYS:
            using = [
                (addresses.get((user.kind, user.id), f"{user.kind}[{user.id}]"), user.name)
                for user in users.get((change.kind, change.id or ""), ())
            ]
            leaving, notes = _leaving(context, change, using, changes, notes)
        deletes = change.action is Action.DELETE
        result[address] = replace(
            change,
            depends_on=tuple(sorted(before | (leaving if deletes else set()))),
            cleanup_after=() if deletes else tuple(sorted(leaving)),
            notes=(*change.notes, *notes),
        )
    return result


def _needed(context: PlanContext, address: str, changes: Mapping[str, Change]) -> set[str]:
    resource = context.desired.resources[address]
    uses = {used for used, *_ in references(KINDS[resource.kind], resource.fields)}
    return {used for used in uses if used in changes and changes[used].action in WRITES}


def _not_offered(context: PlanContext, change: Change) -> list[str]:
    """References to live objects that the API's list does not offer."""
    if change.remember is None:
        return []
    return [
        f"{used} is live, and the API does not offer it in {reference.lookup} yet: looked up again when applying"
        for used, _, _, reference in references(KINDS[change.kind], change.remember.applied)
        if context.target(used) is not None
    ]


def _leaving(
    context: PlanContext, change: Change, using: list[tuple[str, str]], changes: Mapping[str, Change], notes: list[str]
) -> tuple[set[str], list[str]]:
    """The changes that end a use of the object, and the notes with one for the other users."""
    leaving: set[str] = set()
    staying: set[str] = set()
    for address, name in using:
        other = changes.get(address)
        if other is not None and (other.action is Action.DELETE or _stops_using(context, change, other)):
            leaving.add(address)
        else:
            staying.add(f"{address} ({name})")
    if staying:
        notes = [
            *notes,
            f"still used by {', '.join(sorted(staying))}: the API may refuse, or leave it without a target",
        ]
    return leaving, notes


def _stops_using(context: PlanContext, target: Change, user: Change) -> bool:
    if user.action not in (Action.UPDATE, Action.REPLACE) or user.remember is None:
        return False
    record = context.live.records[target.kind].get(target.id or "")
    for name, reference in KINDS[user.kind].reference_fields():
        if reference.kind != target.kind or record is None:
            continue
        known = context.references.targets(reference).possible(record, context.references.offers(reference))
        ids = {target.id, *(item["id"] for item in known)}
        if any(item.get("id") in ids for item in user.remember.applied.get(name) or () if isinstance(item, dict)):
            return False
    return True


def find_targets(target: str, known: Collection[str]) -> list[str]:
    """What `--target` means: an address, or all that fit a pattern (`report.chess-*`). WrongUsage if none does."""
    found = [target] if target in known else [each for each in known if fnmatchcase(each, target)]
    if not found:
        raise WrongUsage(
            f"--target {target}: no such address{did_you_mean(target, known)}",
            hint="an address is KIND.KEY, for example report.daily-revenue; report.daily-* means all that begin so",
        )
    return found


def with_needs(targets: Collection[str], changes: Mapping[str, Change]) -> dict[str, Change]:
    """The changes at those addresses and all that has to happen with them."""
    wanted: set[str] = set()
    queue = [address for address in targets if address in changes]
    while queue:
        address = queue.pop()
        if address not in wanted:
            wanted.add(address)
            queue.extend((*changes[address].depends_on, *changes[address].cleanup_after))
    return {address: change for address, change in changes.items() if address in wanted}
