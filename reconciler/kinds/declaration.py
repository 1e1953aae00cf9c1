"""The values that declare a kind. All other code reads them, and never asks which kind it has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, cast

from reconciler.kinds.schema import ID_PATTERN, Schema
from reconciler.lazy import frozen
from reconciler.model.inputs import Fields, Lookups, Raw
from reconciler.model.plan import WRITES, Action, Change
from reconciler.model.reports import Weight


class Pages(Enum):
    """How a kind's list is read: all at once, by `limit` and `offset`, or by `limit` and `starting_after`."""

    WHOLE = "whole"
    OFFSET = "offset"
    CURSOR = "cursor"


@frozen
class Reference:
    """A value that may refer to a resource, written as `{<key>: KEY}`: that of a field, or the one at `path` within it;
    of a list, each item. A request carries the id of the target. With a `lookup`, it carries an item of this list
    of the API, whose type is `type`. `label` returns the label that the API makes of a target's record, None if that
    cannot be known. Targets with equal fields `labelled_by` have the same label. If there is a `label_key`, an item may
    also name what the API offers by its label, under this key. `attach_first`: a target that moves from one object to
    another is added to the new one first."""

    kind: str
    key: str
    lookup: str = ""
    type: str = ""
    label: Callable[[Raw], str | None] = lambda _raw: None
    labelled_by: tuple[str, ...] = ()
    label_key: str = ""
    path: tuple[str, ...] = ()
    attach_first: bool = False

    def item(self, object_id: str) -> dict[str, str]:
        """The item of the list that stands for the object with this id."""
        return {"type": self.type, "id": object_id}


@frozen
class SubEndpoint:
    """A field with an endpoint of its own, below the record's path. `words`: what may be written, and what it is on
    the wire (empty: every value, as it is). `initial`: what a new record has before it is set (None: the create's body
    sets it). `in_body`: the words that the create's and the update's body take as well; `placeholder`: the word that
    the body carries in place of others. `moves`: word → those that may follow it (empty: all); a word that none follows
    is the end of an object. `reads`: GET tells the value, and a list's record lacks it; `by_id`: the record by its id
    has it. `comes_last`: it is sent once all else is read back."""

    method: str
    path: str
    key: str
    words: Mapping[str, Any] = field(default_factory=dict)
    initial: str | None = None
    in_body: frozenset[str] = frozenset()
    placeholder: str | None = None
    moves: Mapping[str, Sequence[str]] = field(default_factory=dict)
    reads: bool = False
    by_id: bool = False
    comes_last: bool = False

    @property
    def terminal(self) -> str:
        """The word that ends an object; empty if there is none."""
        return next((word for word, after in self.moves.items() if not after), "")


@frozen
class Delivery:
    """When an object of a kind sends something to somebody: while its field `status` is `on`; never without one. `at`
    is the field with the UTC time of day (HH:MM) of a daily delivery, if it has one. `failing` is the word of `status`
    that says that deliveries fail, and `remedy` what a person does before it is `on` again. In the API's record,
    `last_at` is when it sent last, `failed_at` since when it fails, `failure` the server's words, `sent_count` the
    counter that grows with each delivery, `failed_count` the one that grows with each error."""

    status: str = ""
    on: str = ""
    at: str = ""
    failing: str = ""
    remedy: str = ""
    last_at: str = ""
    failed_at: str = ""
    failure: str = ""
    sent_count: str = ""
    failed_count: str = ""


@frozen
class Field:
    """One field that a user writes. `expected` ends the sentence "expected …" in an error, if the schema does not tell;
    `derived` are keys within its value that the API adds by itself; `follows_key`: a word that usually is the
    environment of the key; `known`: the values that the documents name, where the API may have newer ones. `grid`: it
    is a UTC time of day (HH:MM) on a grid of so many minutes, sent under its own name, and may be written as a local
    time; 0: it is none. `most_bytes`: the most that a request may have for it; 0: no limit. What the API adds to an
    item of a list that lacks it is the `default` of that property in the schema."""

    name: str
    schema: Schema
    expected: str = ""
    required: bool = True
    immutable: bool = False
    unordered: bool = False
    reference: Reference | None = None
    sub_endpoint: SubEndpoint | None = None
    derived: frozenset[str] = frozenset()
    follows_key: bool = False
    known: tuple[str, ...] = ()
    grid: int = 0
    most_bytes: int = 0

    def find_schema(self, keys: Sequence[str | int]) -> Schema | None:
        """The schema of the value at these keys, None if it is not declared."""
        schema: Any = self.schema
        for key in keys:
            known = schema.get("items") if isinstance(key, int) else schema.get("properties", {}).get(key)
            if known is None:
                return None
            schema = known
        return cast("Schema", schema)


@frozen
class Identity:
    """Which object a record is, and whose. `object_name` is the word that a record says of itself in `object`.
    `natural_key` are the fields that tell two objects apart for a person; people call one by its `name_field`.
    `chosen_id`: the field with the id, if the caller chooses it; left out, it is the key. `id_pattern`: what an id
    looks like. `vendor_flag`: what is true in records that are the vendor's, and nobody's to change. `is_project_wide`:
    a sandbox and a production key see the same objects."""

    object_name: str
    natural_key: tuple[str, ...]
    name_field: str
    chosen_id: str = ""
    id_pattern: str = ID_PATTERN
    vendor_flag: str = ""
    is_project_wide: bool = False


@frozen
class Endpoints:
    """What the API offers below `path`, the list of a kind. `create`, `update` and `delete` are HTTP methods. If
    `update` is None, only sub-endpoints change an object. If `delete` is None, the `terminal` state of one takes its
    place. An update sends the whole record, so that nothing is reset; a `partial_update` sends what changes.

    `readable`: GET shows an object by its id. `idempotent_create`: a create takes an Idempotency-Key. `closed`: a
    delete needs `--allow delete:KIND`. `on_demand`: a project may lack this kind, and its list is read only if the
    configuration or the state has one. `lookups` are lists that `from_wire` needs. `test` asks for a trial delivery, at
    `test_path` below an object."""

    path: str
    pages: Pages
    create: str = "POST"
    update: str | None = "PUT"
    delete: str | None = "DELETE"
    partial_update: bool = False
    readable: bool = True
    idempotent_create: bool = False
    closed: bool = False
    on_demand: bool = False
    lookups: tuple[str, ...] = ()
    test: str = "POST"
    test_path: str = ""

    @property
    def has_full_update(self) -> bool:
        """Whether an update replaces what it does not send."""
        return self.update is not None and not self.partial_update


@frozen
class Messages:
    """What messages say of a kind. `source`: where the API's owner states what is declared. `lost_on_delete`: what a
    delete loses for good; `after_create`: what a person has to do before a new one works; `manual_step`: what a person
    does if the API cannot change a field. `effects`: what a change from these fields to those (empty: there is no
    object) does to people; `advice`: what is to be said of the objects of this kind as they will be, by address."""

    title: str
    description: str
    source: str
    lost_on_delete: str
    after_create: str = ""
    manual_step: str = ""
    effects: Callable[[Fields, Fields], Iterable[tuple[Weight, str]]] | None = None
    advice: Callable[[Mapping[str, Fields]], Iterable[str]] | None = None


@dataclass(frozen=True, kw_only=True)  # Without slots, which a cached property cannot have.
class Kind:
    """One kind of resource. `section` is the key of its resources in the YAML. `server_fields` are set by the API and
    are neither compared nor sent; `changed_at` is the one with the last change. `from_wire` gives the fields that are
    not in a record as they are written (None: unknown); `to_wire` turns fields into a body. `shown` is what
    the record of a new object will show, as far as its label is made of that. `creation_errors`: why the API will not
    create this, as far as its own lists tell. `claims`: what else the owner of the API states of these lists, each with
    what is seen against it (None: nothing tells); `doctor` shows it."""

    name: str
    section: str
    identity: Identity
    endpoints: Endpoints
    fields: tuple[Field, ...]
    server_fields: frozenset[str]
    changed_at: str = "updated_at"
    from_wire: Callable[[Raw, Lookups], dict[str, Any]] = lambda _raw, _lookups: {}
    to_wire: Callable[[Fields], dict[str, Any]] = dict
    shown: Callable[[Fields, Lookups], Raw] = lambda fields, _lookups: fields
    creation_errors: Callable[[Fields, Lookups], list[str]] = lambda _fields, _lookups: []
    claims: Callable[[Lookups], Iterable[tuple[str, Iterable[object] | None]]] = lambda _lookups: ()
    example: Mapping[str, Any]
    delivery: Delivery = field(default_factory=Delivery)
    messages: Messages

    def find_field(self, name: str) -> Field:
        """The field of that name, which must be one of `field_names`."""
        return next(each for each in self.fields if each.name == name)

    @cached_property
    def field_names(self) -> tuple[str, ...]:
        """The names of the fields that a user writes, in the order of the declaration."""
        return tuple(each.name for each in self.fields)

    @cached_property
    def rewritten(self) -> tuple[Field, ...]:
        """The fields whose values may be others than those that are written: the API derives or adds some keys."""
        return tuple(each for each in self.fields if each.derived or "items" in each.schema)

    def find_local_times(self, fields: Fields) -> dict[str, tuple[str, int]]:
        """The fields that are written as a local time: name → that, and the grid of its UTC time."""
        written = [(name, fields.get(name), grid) for name, grid in self._times]
        return {name: (value, grid) for name, value, grid in written if isinstance(value, str) and " " in value}

    @cached_property
    def _times(self) -> tuple[tuple[str, int], ...]:
        return tuple((each.name, each.grid) for each in self.fields if each.grid)

    @cached_property
    def sub_endpoints(self) -> tuple[tuple[str, SubEndpoint], ...]:
        """The names of the fields with an endpoint of their own, and that endpoint, in the order of their writes."""
        return tuple((each.name, each.sub_endpoint) for each in self.fields if each.sub_endpoint)

    @cached_property
    def parts(self) -> tuple[tuple[str, SubEndpoint], ...]:
        """Those of the sub-endpoints that a record lacks, and that are read for each object."""
        return tuple(each for each in self.sub_endpoints if each[1].reads)

    @cached_property
    def words(self) -> tuple[str, SubEndpoint] | None:
        """The sub-endpoint of which the words are known: that of the status, if there is one."""
        return next((each for each in self.sub_endpoints if each[1].words), None)

    def has_ended(self, fields: Fields) -> bool:
        """Whether an object with those fields is in a state that it cannot leave: it counts as deleted."""
        return any(each.terminal and fields.get(name) == each.terminal for name, each in self.sub_endpoints)

    def can_change(self, each: Field, before: Any, after: Any) -> bool:
        """Whether the API can change a field of a live object in this way."""
        moves = each.sub_endpoint.moves if each.sub_endpoint else {}
        return not each.immutable and (before not in moves or after in moves[before] if moves else True)

    def sends(self, fields: Fields) -> bool:
        """Whether an object with those fields sends something."""
        return fields.get(self.delivery.status) == self.delivery.on

    def fails(self, fields: Fields) -> bool:
        """Whether an object with those fields should send something, and its deliveries fail."""
        return bool(self.delivery.failing) and fields.get(self.delivery.status) == self.delivery.failing

    def read_delivery_counts(self, raw: Raw) -> dict[str, int]:
        """The counters of deliveries and errors that a record shows, by their names."""
        names = (self.delivery.sent_count, self.delivery.failed_count)
        return {name: value for name in names if type(value := raw.get(name)) is int}

    def find_delivery_change(self, change: Change) -> Weight | None:
        """Whether deliveries stop or start with a change; None if neither. A new object for which a person has to do
        something first does not start by being made."""
        status = next((each for each in change.fields if each.path == self.delivery.status), None)
        if status is None or change.action not in WRITES:
            return None
        if status.before == self.delivery.on:
            return Weight.STOPS
        waits = change.action is Action.CREATE and self.messages.after_create
        return Weight.STARTS if status.after == self.delivery.on and not waits else None

    @cached_property
    def reference_fields(self) -> tuple[tuple[str, Reference], ...]:
        """The names of the fields whose values may refer to other resources, and how."""
        return tuple((each.name, each.reference) for each in self.fields if each.reference)

    @cached_property
    def lists(self) -> tuple[tuple[str, Reference], ...]:
        """Those of `reference_fields` that are looked up in a list of the API."""
        return tuple(each for each in self.reference_fields if each[1].lookup)
