"""Checks the items of the API's lists that a plan sends: they must be proven, and offered there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.errors import ConfigurationInvalid, IdentityAmbiguous, Problem
from reconciler.kinds import KINDS, Reference
from reconciler.kinds.destinations import BY_ID, BY_LABEL, WRITE_IT, described, find_labels
from reconciler.kinds.references import referred
from reconciler.model.desired import Desired, Resource
from reconciler.model.live import Destination, Live, Target
from reconciler.model.plan import Change
from reconciler.plan.context import PlanContext
from reconciler.serialization import canonical
from reconciler.text import did_you_mean


@dataclass(frozen=True, slots=True)
class _Sent:
    """An item that a change sends, as it is written, and its place."""

    change: Change
    resource: Resource
    name: str
    index: int
    item: Any
    reference: Reference


def require_sound_offers(context: PlanContext, changes: Iterable[Change]) -> None:
    """IdentityAmbiguous if the lists do not prove which item stands for a live object that these changes refer to;
    ConfigurationInvalid if an item that is written by its id is not offered."""
    changes = list(changes)
    unsure: list[str] = []
    for sent in _sent(context.desired, changes):
        address = referred(sent.reference, sent.item)
        record = context.target(address) if address else None
        if address and record and _is_open(sent, address):
            kind, offered = KINDS[sent.reference.kind], context.references.offers(sent.reference)
            targets = context.references.targets(sent.reference)
            first, *candidates = targets.in_doubt(kind, record, address, offered) or [""]
            unsure += [f"{sent.change.address}: {sent.name}[{sent.index}]: {first}", *candidates] if first else []
    if unsure:
        raise IdentityAmbiguous("\n".join(unsure), hint=WRITE_IT)
    if problems := list(_not_offered(context, changes)):
        raise ConfigurationInvalid(problems)


def _not_offered(context: PlanContext, changes: Iterable[Change]) -> Iterator[Problem]:
    """Problems for items that are written by id and not offered, unless the live object has them already."""
    for sent in _new_by_id(context.desired, context.live, changes):
        offered = context.references.offers(sent.reference)
        if sent.reference.lookup in context.live.lookups and not offered.holds(sent.item):
            path = f"{sent.name}[{sent.index}].id"
            found, ids = sent.item["id"], [str(each["id"]) for each in offered if each.get("id")]
            message = f'{sent.change.address}: {path}: the API does not offer "{found}" in {sent.reference.lookup}'
            message += f"; expected one of: {described(offered)}{did_you_mean(found, ids)}"
            sources = ", ".join(map(str, sent.resource.sources.get(path, ())))
            message += f" (the value comes from {sources})" if sources else ""
            yield Problem(*sent.resource.field_location(path), message, subject=sent.change.address)


def unread(desired: Desired, live: Live, changes: Iterable[Change]) -> set[str]:
    """The paths of the lists that must be read to check these changes."""
    return {sent.reference.lookup for sent in _new_by_id(desired, live, changes)} - live.lookups.keys()


def destinations(context: PlanContext) -> Iterator[Destination]:
    """All items of the lists for references, each with the live object that it is proven to stand for."""
    addresses = context.addresses()
    references = {each.lookup: each for kind in KINDS.values() for _, each in kind.reference_fields()}
    for reference in references.values():
        offered = context.references.offers(reference)
        labels, behind = find_labels(offered), context.references.behind(reference)
        bearers: dict[str, list[str]] = defaultdict(list)
        for item_id, label in labels.items():
            bearers[label].append(item_id)
        for item in offered:
            item_id, label = str(item.get("id")), labels.get(str(item.get("id")), "")
            same = [other for other in bearers.get(label, ()) if other != item_id]
            record = context.live.records.get(reference.kind, {}).get(behind.get(item_id, item_id))
            target = None
            if record is not None and item.get("type") == reference.type:
                address = addresses.get((record.kind, record.id), "")
                proven_by = BY_LABEL if item_id in behind else BY_ID
                target = Target(record.kind, record.id, record.name, address, proven_by)
            yield Destination(str(item.get("type")), item_id, label, tuple(same), target)


def _new_by_id(desired: Desired, live: Live, changes: Iterable[Change]) -> Iterator[_Sent]:
    for sent in _sent(desired, changes):
        record = live.records.get(sent.change.kind, {}).get(sent.change.id or "")
        held = record.fields.get(sent.name) if record else None
        known = set(map(canonical, held)) if isinstance(held, list) else set()
        if isinstance(sent.item, dict) and "id" in sent.item and canonical(sent.item) not in known:
            yield sent


def _sent(desired: Desired, changes: Iterable[Change]) -> Iterator[_Sent]:
    for change in changes:
        resource = desired.resources.get(change.address)
        for name, reference in KINDS[change.kind].reference_fields() if resource else ():
            if resource and any(name in request.sets for request in change.requests):
                for index, item in enumerate(resource.fields.get(name) or ()):
                    yield _Sent(change, resource, name, index, item, reference)


def _is_open(sent: _Sent, address: str) -> bool:
    """Whether a reference is resolved only when the change is sent."""
    items = [each for request in sent.change.requests for each in (request.body or {}).get(sent.name) or ()]
    return any(referred(sent.reference, each) == address for each in items)
