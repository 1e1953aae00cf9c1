"""The values that declare a kind. All other code reads them, and never asks which kind it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, cast

from reconciler.model.inputs import Fields, Lookups, Raw, Record
from reconciler.model.plan import Action, Change

Schema = Mapping[str, Any]


def text(description: str, *examples: Any, **limits: Any) -> dict[str, Any]:
    """The schema of a text within those limits, such as `minLength` or `enum`."""
    shown = {"examples": list(examples)} if examples else {}
    return {"type": "string", **limits, "description": description, **shown}


AREAS = "Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific"
LOCAL_TIME = f"^([01][0-9]|2[0-3]):[0-5][0-9] ({AREAS})(/[A-Z][A-Za-z0-9_+-]*)+$"
"""A time of day and a place, whose clock has seasons: `09:00 Europe/Berlin`. No fixed offset, such as CET."""


def utc_time(description: str, minutes: int) -> dict[str, Any]:
    """The schema of a UTC time of day on a grid of so many minutes, or of a local time that is one all year. The
    description is of what the API has: a local time is of this tool."""
    times = ["{:02d}:{:02d}".format(*divmod(at, 60)) for at in range(0, 24 * 60, minutes)]
    local = {"title": "Local time", "description": "HH:MM Area/City: this time on that clock, all year."}
    choices = [{"title": "UTC", "enum": times}, {**local, "pattern": LOCAL_TIME}]
    return text(description, "09:00", "09:00 Europe/Berlin", oneOf=choices)


def closed(description: str, properties: Schema, required: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """The schema of a map without other keys."""
    needed = {"required": list(required)} if required else {}
    head = {"type": "object", "description": description, "properties": properties}
    return {**head, **needed, "additionalProperties": False, **more}


class Pages(Enum):
    """How a kind's list is read: all at once, by `limit` and `offset`, or by `limit` and `starting_after`."""

    WHOLE = "whole"
    OFFSET = "offset"
    CURSOR = "cursor"


class Put(Enum):
    """What PUT means for a kind: there is none, it takes the fields that change, or it replaces the whole record."""

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Reference:
    """Items of a list field may name a resource of ours: `{<key>: <its key>}`. `lookup` is the API's list in which the
    item that is sent is found, and `type` the type of such an item. `label` gives the label that the API makes for a
    target from its record, None if that is not known. Targets that are equal in the fields `labelled_by` bear one. An
    item may name what the API offers by its label, under `label_key` if there is one."""

    kind: str
    key: str
    lookup: str
    type: str
    label: Callable[[Raw], str | None]
    labelled_by: tuple[str, ...]
    label_key: str = ""


@dataclass(frozen=True, slots=True)
class SubEndpoint:
    """A field with an endpoint of its own, below the record's path. `words`: what may be written, and what it is on
    the wire. `initial`: what a new record has before it is set (None: the create's body sets it). `in_body`: the words
    that the create's and PUT's body take as well; `placeholder`: the word that the body carries in place of others."""

    method: str
    path: str
    key: str
    words: Mapping[str, Any]
    initial: str | None = None
    in_body: frozenset[str] = frozenset()
    placeholder: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """When an object of a kind sends something to somebody: while its field `status` is `on`. `at` is the field with
    the UTC time of day (HH:MM) of a daily delivery, if it has one; `noun` is what people call what it sends. `failing`
    is the word of `status` that says that deliveries fail, and `remedy` what a person does before it is `on` again. In
    the API's record, `last_at` is when it sent last, `failed_at` since when it fails, `failure` the server's words,
    `sent_count` the counter that grows with each delivery, `failed_count` the one that grows with each error."""

    status: str
    on: str
    noun: str
    at: str = ""
    failing: str = ""
    remedy: str = ""
    last_at: str = ""
    failed_at: str = ""
    failure: str = ""
    sent_count: str = ""
    failed_count: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field that a user writes. `expected` ends the sentence "expected …" in an error, if the schema does not tell;
    `derived` are keys within its value that the API adds by itself; `follows_key`: a word that usually is the
    environment of the key; `known`: the values that the documents name, where the API may have newer ones. `grid`: it
    is a UTC time of day (HH:MM) on a grid of so many minutes, sent under its own name, and may be written as a local
    time; 0: it is none."""

    name: str
    schema: Schema
    expected: str = ""
    required: bool = True
    immutable: bool = False
    unordered: bool = False
    reference: Reference | None = None
    setter: SubEndpoint | None = None
    derived: frozenset[str] = frozenset()
    follows_key: bool = False
    known: tuple[str, ...] = ()
    grid: int = 0

    def schema_at(self, keys: Sequence[str | int]) -> Schema | None:
        """The schema of the value at these keys, None if it is not declared."""
        schema: Any = self.schema
        for key in keys:
            known = schema.get("items") if isinstance(key, int) else schema.get("properties", {}).get(key)
            if known is None:
                return None
            schema = known
        return cast("Schema", schema)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of resource. `object_name` is the word that a record says of itself in `object`. `server_fields` are set
    by the API and are neither compared nor sent. `natural_key` are the fields that tell two objects apart for a person;
    `facts`: where the API's owner states what is declared here. `from_wire` turns a record into the configuration's
    words (a field that it cannot tell is left out), `to_wire` the other way. `lookups` are lists that `from_wire`
    needs. `shown` is what the record of a new object will show, as far as its label is made of that. `lost_on_delete`:
    what a delete loses for good; `after_create`: what a person has to do before a new one works; `manual_step`: what a
    person does if the API cannot change a field. `creation_errors`: why the API will not create this, as far as its own
    lists tell. `test_path`: where a trial delivery is asked for."""

    name: str
    object_name: str
    section: str
    title: str
    description: str
    path: str
    fields: tuple[Field, ...]
    server_fields: frozenset[str]
    natural_key: tuple[str, ...]
    facts: str
    name_field: str
    pages: Pages
    put: Put
    readable: bool
    from_wire: Callable[[Raw, Lookups], dict[str, Any]]
    to_wire: Callable[[Fields], dict[str, Any]] = dict
    lookups: tuple[str, ...] = ()
    shown: Callable[[Fields, Lookups], Raw] = lambda fields, _lookups: fields
    idempotent_create: bool = False
    lost_on_delete: str = ""
    after_create: str = ""
    test_path: str = ""
    delivery: Delivery | None = None
    manual_step: str = ""
    creation_errors: Callable[[Fields, Lookups], list[str]] = lambda _fields, _lookups: []
    example: Mapping[str, Any] = field(default_factory=dict)
    _names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _references: tuple[tuple[str, Reference], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # They are used for every resource.
        object.__setattr__(self, "_names", tuple(each.name for each in self.fields))
        referring = tuple((each.name, each.reference) for each in self.fields if each.reference)
        object.__setattr__(self, "_references", referring)

    def field_named(self, name: str) -> Field:
        """The field of that name, which must be one of `field_names`."""
        return next(each for each in self.fields if each.name == name)

    def field_names(self) -> tuple[str, ...]:
        """The names of the fields that a user writes, in the order of the declaration."""
        return self._names

    def local_times(self, fields: Fields) -> dict[str, tuple[str, int]]:
        """The fields that are written as a local time: name → that, and the grid of its UTC time."""
        written = ((each.name, fields.get(each.name), each.grid) for each in self.fields if each.grid)
        return {name: (value, grid) for name, value, grid in written if isinstance(value, str) and " " in value}

    def sub_endpoint(self) -> tuple[str, SubEndpoint] | None:
        """The name of the field with an endpoint of its own, and that endpoint, if there is one."""
        return next(((each.name, each.setter) for each in self.fields if each.setter), None)

    def reference_fields(self) -> tuple[tuple[str, Reference], ...]:
        """The names of the fields whose items may refer to other resources, and how."""
        return self._references


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
    waits = change.action is Action.CREATE and bool(kind.after_create)
    return DeliveryChange.STARTS if status.after == kind.delivery.on and not waits else DeliveryChange.NONE
