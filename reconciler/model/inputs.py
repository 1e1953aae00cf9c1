"""What a plan is made of: what the configuration wants, what the state remembers, and what is live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, fields, replace
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from reconciler.errors import Location, Problem, list_instances
from reconciler.lazy import frozen
from reconciler.model.addresses import ObjectRef

if TYPE_CHECKING:
    from reconciler.model.policies import Policy

Fields = Mapping[str, Any]


@frozen
class Ignored:
    """A path of a field that an update leaves as it is live; `until` (YYYY-MM-DD) and the rest are for people."""

    field: str
    until: str = ""
    reason: str = ""
    owner: str = ""


@frozen
class Lifecycle:
    """The block `lifecycle`. `prevent_destroy` is None if it is not written; then the state's value holds."""

    prevent_destroy: bool | None = None
    ignore_changes: tuple[Ignored, ...] = ()
    replace: bool = False

    def written(self) -> dict[str, Any]:
        """The block `lifecycle` as it is written; nothing if it says nothing."""
        ignored = [
            {at.name: value for at in fields(each) if (value := getattr(each, at.name))} if each.until else each.field
            for each in self.ignore_changes
        ]
        block: dict[str, Any] = {} if self.prevent_destroy is None else {"prevent_destroy": self.prevent_destroy}
        block |= ({"ignore_changes": ignored} if ignored else {}) | ({"replace": "allow"} if self.replace else {})
        return {"lifecycle": block} if block else {}


@frozen
class Instance:
    """The origin of a resource that a `for_each` made: the address of the `for_each`, and dimension → key and location
    of its item."""

    definition: str
    items: Mapping[str, str]
    places: Mapping[str, Location] = field(default_factory=dict)

    def __str__(self) -> str:
        """`app=chess, region=eu`."""
        return ", ".join(f"{dimension}={key}" for dimension, key in self.items.items())


@frozen
class Resource:
    """One resource as written, with variables replaced. A reference stays as written: `{"integration": "x"}`.

    `locations` are where a person would edit each value within it, by its path (`data.initiators[0].uid`): in
    `defaults` of another file, or at an item of `for_each`, if that is the whole value. `sources` are the other places
    that such a value is made of: variables, items, and the text that names the item. `location` is where its key is (of
    an instance, that of the definition), and `file` the file of that, relative to the configuration's folder, with `/`.
    """

    address: str
    kind: str
    fields: Fields
    location: Location
    lifecycle: Lifecycle = Lifecycle()
    locations: Mapping[str, Location] = field(default_factory=dict)
    file: str = ""
    sources: Mapping[str, tuple[Location, ...]] = field(default_factory=dict)
    instance: Instance | None = None

    def locate_field(self, path: str) -> Location:
        """The location of the value at a path, or else of the nearest value around it, or of the resource."""
        while path and path not in self.locations:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.locations[path] if path else self.location


@frozen
class Moved:
    """A reviewed rename: the state's entry at `source` belongs to `target` from now on."""

    source: str
    target: str
    location: Location


@frozen
class Removed:
    """A reviewed removal. Without `destroy` the object stays in the API and is forgotten."""

    source: str
    destroy: bool
    location: Location


@frozen
class Import:
    """A reviewed adoption: the live object `id` is what `target` means."""

    target: str
    id: str
    location: Location


@frozen
class Desired:
    """The whole configuration for one environment. `resources` are in the order of their addresses. `warnings` about
    what is written are problems, with their places. `left_out`: the addresses that an `only_in` leaves out, `ended`:
    those in a state that an object cannot leave, each with its place. `definitions`: a pattern of addresses → the
    `for_each` that could make these, and its place."""

    resources: Mapping[str, Resource]
    moved: tuple[Moved, ...] = ()
    removed: tuple[Removed, ...] = ()
    imports: tuple[Import, ...] = ()
    warnings: tuple[Problem | str, ...] = ()
    left_out: Mapping[str, Location] = field(default_factory=dict)
    definitions: Mapping[str, tuple[str, Location]] = field(default_factory=dict)
    policies: tuple[Policy, ...] = ()
    ended: Mapping[str, Location] = field(default_factory=dict)

    def explain_none(self, address: str) -> str:
        """Why an address is no resource: it is a `for_each`, or `only_in` leaves it out; empty if it is neither."""
        if address in self.left_out:
            return f"only_in at {self.left_out[address]} leaves {address} out of this environment"
        made = ((each, resource.instance) for each, resource in self.resources.items())
        addresses = [each for each, instance in made if instance and instance.definition == address]
        return list_instances(address, addresses) if addresses and address not in self.resources else ""

    def explain_gone(self, address: str, file: str) -> str:
        """Why an address is no resource any more although its file still has what made it; empty if it has not."""
        if address in self.ended:
            return f"{self.ended[address]} ends it"
        if address in self.left_out:
            return f"only_in at {self.left_out[address]} leaves it out of this environment"
        for pattern, (name, place) in self.definitions.items():
            if (address == name or fnmatchcase(address, pattern)) and PurePath(place.file).as_posix().endswith(file):
                return f"it is not in the configuration any more; the for_each of {name} at {place} does not make it"
        return ""

    def files(self) -> set[str]:
        """The files that the resources are written in."""
        return {resource.location.file for resource in self.resources.values()}


Raw = Mapping[str, Any]
Lookups = Mapping[str, Sequence[Raw]]


@frozen
class Record:
    """One live object. `fields` are in the configuration's words, `raw` is the API's record as it came."""

    kind: str
    id: str
    name: str
    fields: Fields
    raw: Raw

    @property
    def ref(self) -> ObjectRef:
        """Which object it is."""
        return ObjectRef(self.kind, self.id)


@frozen
class Live:
    """All live objects (kind → id → record) and the lists that were read beside them (path → items). `gone` are objects
    that are known to be gone: the API answered 404 for that id, or we deleted it. An object that is neither live nor
    gone is only not listed."""

    records: Mapping[str, Mapping[str, Record]]
    lookups: Lookups = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    gone: frozenset[ObjectRef] = frozenset()

    def find(self, kind: str, object_id: str | None) -> Record | None:
        """The live object of a kind and id; None if there is none, and also if the list was not read."""
        return self.records.get(kind, {}).get(object_id or "")


@frozen
class Entry:
    """The state's record of one address.

    `applied` are the fields as they were last written, references resolved. `depends_on` are the addresses that it
    referred to, `protected` keeps `prevent_destroy` alive after the block has gone from the configuration.
    `superseded` are ids of objects that a replace has put aside and not deleted yet. `file` is the file of the
    configuration that the resource stood in, relative to the configuration's folder, and `commit` the commit that
    wrote the object last; both are empty when they are not known. `stored` has the values that the API shows in place
    of those that were sent, by path (`report_name`, `data.actions.push`). `read_back`: live was seen to be so after the
    last write, so what differs later is somebody's change. `rules` are the local times, by field, that the UTC times in
    `applied` come from. `counts` of deliveries, which an apply saw at `counted_at` (UTC, ISO 8601), are not compared.
    """

    id: str
    applied: Fields
    protected: bool = False
    depends_on: tuple[str, ...] = ()
    superseded: tuple[str, ...] = ()
    file: str = ""
    commit: str = ""
    stored: Mapping[str, Any] = field(default_factory=dict)
    read_back: bool = False
    rules: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict, compare=False)
    counted_at: str = field(default="", compare=False)

    def as_wanted(self) -> Entry:
        """The entry with only what was wanted: without file, commit, stored values, and counts."""
        return replace(self, file="", commit="", stored={}, read_back=False, counts={}, counted_at="")


def list_managed(entries: Mapping[str, Entry]) -> dict[ObjectRef, str]:
    """The object of each entry, with its address."""
    return {ObjectRef.at(address, entry.id): address for address, entry in entries.items()}


@frozen
class Tombstone:
    """The state's record of an object without an entry. `address` is the one it had. `deleted`: we deleted it, at
    `commit` if known, and never adopt it again. `protected`: no list showed it, and `prevent_destroy` still holds."""

    address: str
    deleted: bool = False
    protected: bool = False
    commit: str = ""


NO_TOMBSTONES: Mapping[str, Tombstone] = {}


@frozen
class State:
    """The state of one environment. `lineage` is the id of its first write. `serial` counts the applies that wrote it,
    and `plan` is the digest of the last plan that did. `configuration` is the name of the configuration that
    it belongs to, None in a state that was written before states had one. `tombstones` are by `kind[id]`. `unread` are
    the addresses that an apply wrote and did not read back before it was cut off; only the journal knows them.
    `zone_data` is the version of the time zones that the last apply used, empty if it used none."""

    environment: str
    lineage: str = ""
    serial: int = 0
    entries: Mapping[str, Entry] = field(default_factory=dict)
    plan: str = ""
    configuration: str | None = None
    tombstones: Mapping[str, Tombstone] = field(default_factory=dict)
    unread: frozenset[str] = field(default=frozenset(), compare=False)
    zone_data: str = ""

    def is_read_back(self, address: str) -> bool:
        """Whether the object of an address was read back as it was sent, after its last write."""
        entry = self.entries.get(address)
        return address not in self.unread and entry is not None and entry.read_back
