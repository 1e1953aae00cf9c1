"""What objects of a kind send, by what is declared of their delivery."""

from __future__ import annotations

from enum import StrEnum

from reconciler.kinds.declaration import Kind
from reconciler.model.inputs import Fields, Record
from reconciler.model.plan import Action, Change


class DeliveryChange(StrEnum):
    """What a change does to the deliveries of its object, the gravest first."""

    STOPS = "stops"
    STARTS = "starts"
    NONE = "none"


def sends(kind: Kind, fields: Fields) -> bool:
    """Whether an object with those fields sends something."""
    return kind.delivery is not None and fields.get(kind.delivery.status) == kind.delivery.on


def fails(kind: Kind, record: Record) -> bool:
    """Whether an object should send something and its deliveries fail."""
    delivery = kind.delivery
    return delivery is not None and bool(delivery.failing) and record.fields.get(delivery.status) == delivery.failing


def count_deliveries(kind: Kind, record: Record) -> dict[str, int]:
    """The counters of deliveries and errors that a record shows, by their names."""
    names = (kind.delivery.sent_count, kind.delivery.failed_count) if kind.delivery else ()
    return {name: value for name in filter(None, names) if type(value := record.raw.get(name)) is int}


def delivery_change(kind: Kind, change: Change) -> DeliveryChange:
    """Whether deliveries stop or start with a change. A new object for which a person has to do something first does
    not start by being made."""
    if kind.delivery is None or change.action not in (Action.CREATE, Action.UPDATE, Action.DELETE, Action.REPLACE):
        return DeliveryChange.NONE
    status = next((each for each in change.fields if each.path == kind.delivery.status), None)
    if status is None:
        return DeliveryChange.NONE
    if status.before == kind.delivery.on:
        return DeliveryChange.STOPS
    waits = change.action is Action.CREATE and bool(kind.messages.after_create)
    return DeliveryChange.STARTS if status.after == kind.delivery.on and not waits else DeliveryChange.NONE
