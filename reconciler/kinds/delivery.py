"""Whether an object delivers something before and after a change, by what its kind declares."""

from __future__ import annotations

from enum import StrEnum

from reconciler.kinds import KINDS, Kind
from reconciler.model.desired import Fields
from reconciler.model.live import Record
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


def delivery_change(change: Change) -> DeliveryChange:
    """Whether deliveries stop or start with a change. A new object for which a person has to do something first does
    not start by being made."""
    kind = KINDS[change.kind]
    if kind.delivery is None or change.action not in (Action.CREATE, Action.UPDATE, Action.DELETE, Action.REPLACE):
        return DeliveryChange.NONE
    status = next((each for each in change.fields if each.path == kind.delivery.status), None)
    if status is None:
        return DeliveryChange.NONE
    if status.before == kind.delivery.on:
        return DeliveryChange.STOPS
    waits = change.action is Action.CREATE and bool(kind.after_create)
    return DeliveryChange.STARTS if status.after == kind.delivery.on and not waits else DeliveryChange.NONE
