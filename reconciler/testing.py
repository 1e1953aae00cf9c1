"""Tests whether a kind does what it declares, by real requests to a simulator or to any server. See `conformance`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reconciler.apply.execute import Event
from reconciler.config.schema_problems import find_violations
from reconciler.errors import DELETE, ConfigurationInvalid, ReconcilerError
from reconciler.kinds import KINDS, Kind, Kinds, using
from reconciler.kinds.comparison import get_value
from reconciler.kinds.references import references
from reconciler.model.addresses import address_key, address_kind, make_address
from reconciler.model.inputs import Fields
from reconciler.model.plan import Action
from reconciler.model.reports import Outcome, Status
from reconciler.project import Plan, Project

HOSTILE = ("Ünïcode ✓ 日本 🎉", "e\u0301", "two\nlines", " blanks ", "", "null", "0123", "'\" \\ {{ }} # : &a")
KEY, LONG, MOST_DELETES = "kind", 5000, 1000
ALLOWED = ("empty-configuration", "vanished", "wrong-project")


def conformance(
    kind: Kind, *, server: str, examples: Sequence[Fields] = (), kinds: Kinds | None = None, key: str = "sk_conformance"
) -> None:
    """Creates, reads back, adopts, changes, undoes and deletes a resource, finds drift, and tries hostile values.

    `server` is the address of the API (`http://127.0.0.1:PORT/v4` or `simulator:FILE`), and `key` its Secret Key. The
    objects that this makes are deleted. `examples` are fields of valid resources, by default the kind's own. `kinds` is
    a registry with the kinds that they refer to, whose examples become the targets; by default it has this kind alone.
    Raises AssertionError, or the error of the tool, at the first failure.
    """
    registry = kinds or Kinds(kind)
    for example in examples or [kind.example]:
        with using(registry), TemporaryDirectory() as folder:
            ours, others = (_Trial(kind, Path(folder) / name, server, registry, key) for name in ("ours", "others"))
            try:
                _check_life(ours, others, example)
            finally:
                ours.write({})
                with suppress(ReconcilerError):
                    ours.apply(ours.plan())


def _require(holds: object, message: str) -> None:
    if not holds:
        raise AssertionError(message)


class _Trial:
    """A configuration, and the events of its last apply."""

    def __init__(self, kind: Kind, folder: Path, server: str, registry: Kinds, key: str) -> None:
        self.kind, self.folder = kind, folder
        self.address = make_address(kind.name, KEY)
        self.closed = [DELETE + each.name for each in registry.by_name.values() if each.endpoints.closed]
        self.write({})
        self.project = Project.open(folder, env={"QONVERSION_SECRET": key}, api_url=server, kinds=registry)

    def write(self, resources: Mapping[str, Fields], **blocks: Any) -> None:
        """Writes resources of the kind, by key, with all that they refer to. JSON is YAML."""
        document: dict[str, Any] = {self.kind.section: dict(resources), **blocks}
        left = [(self.kind, fields) for fields in resources.values()]
        while left:
            for address in _find_needed(*left.pop()):
                target, key = KINDS[address_kind(address)], address_key(address)
                if key not in document.setdefault(target.section, {}):
                    document[target.section][key] = target.example
                    left.append((target, target.example))
        self.folder.mkdir(exist_ok=True)
        (self.folder / "main.yaml").write_bytes(json.dumps(document, ensure_ascii=False).encode())

    def plan(self, undo: str | None = None) -> Plan:
        return self.project.plan(allow=[*ALLOWED, *self.closed], max_deletes=MOST_DELETES, undo=undo)

    def apply(self, plan: Plan) -> Sequence[Outcome]:
        events: list[Event] = []
        outcomes = self.project.apply(plan, on_event=events.append).outcomes
        self.events = [(each.change.address, each.status) for each in events if each.change]
        return outcomes

    def settle(self, resources: Mapping[str, Fields], **blocks: Any) -> str | None:
        """Applies a configuration. All of it must succeed, and the plan after it be empty. Returns the object's id."""
        self.write(resources, **blocks)
        outcomes = self.apply(self.plan())
        failed = [f"{each.address}: {each.reason}" for each in outcomes if each.status is not Status.DONE]
        _require(not failed, f"the apply failed: {failed}")
        self.require_plan()
        return next((each.id for each in outcomes if each.address == self.address), None)

    def require_actions(self, action: Action, otherwise: str) -> None:
        """The plan has changes of this action, and no others."""
        found = {change.address: change.action.value for change in self.plan().changes}
        _require({*found.values()} == {action}, f"{otherwise}: {found}")

    def require_plan(self, expected: str = "", cause: str = "") -> None:
        """The plan has one change of one field, which begins and ends so; by default it is empty."""
        fields = ((change, each) for change in self.plan().changes for each in change.fields or [None])
        shown = ((change, each and (each.path, each.before, each.after, each.cause.value)) for change, each in fields)
        found = [f"{change.action} {change.address} {each}" for change, each in shown]
        fits = [each.startswith(expected) and each.endswith(cause) for each in found] == [True] * bool(expected)
        _require(fits, f"expected a plan of {expected or 'nothing'} {cause}: {found!s:.1000}")

    def require_order(self, first: str, then: str) -> None:
        """In the last apply, the first ended before the other began."""
        ended, began = map(self.events.index, ((first, Status.DONE), (then, None)))
        _require(ended < began, f"{then} began before {first} was done")


def _find_needed(kind: Kind, fields: Fields) -> set[str]:
    """The addresses that fields refer to by a key, and not by an id."""
    return {address for address, keys, _ in references(kind, fields) if isinstance(get_value(fields, keys), dict)}


def _check_life(ours: _Trial, others: _Trial, example: Fields) -> None:
    """One resource, from its creation to its end."""
    kind, address, needed = ours.kind, ours.address, _find_needed(ours.kind, example)
    ours.write({KEY: example})
    ours.require_actions(Action.CREATE, "there are live objects with the names of the examples")
    object_id = ours.settle({KEY: example})
    for each in needed:
        ours.require_order(each, address)
    # A state may be lost, and objects are found again by their natural keys.
    shutil.rmtree(ours.folder / ".reconciler")
    ours.require_actions(Action.ADOPT, "without the state, live objects are not adopted")
    ours.settle({KEY: example})
    for name, fields in _find_changed(kind, example):
        ours.settle({KEY: fields})
        ours.apply(ours.plan(undo="latest"))
        ours.require_plan(f"update {address} ({name!r}, ")
        ours.settle({KEY: example})
        # A change from outside: another configuration has the same object.
        others.settle({KEY: fields}, imports=[{"to": address, "id": object_id}])
        drifted = [each.address for each in ours.project.drift().objects]
        _require(drifted == [address], f"expected drift of {address}, found {drifted}")
        ours.require_plan(f"update {address} ({name!r}, ", "'drift')")
        ours.settle({KEY: example})
    _check_values(ours, example)
    ours.write({})
    refusals = ours.project.plan(allow=ALLOWED, max_deletes=MOST_DELETES).refusals
    _require(refusals or not kind.endpoints.closed, "the delete of a closed kind is not refused")
    ours.settle({})
    for each in needed:
        ours.require_order(address, each)
    _require(object_id not in {each.id for each in ours.plan().unmanaged}, f"{object_id} is live after its delete")


def _find_changed(kind: Kind, example: Fields) -> list[tuple[str, Fields]]:
    """A field that the API can change to and fro, and the example with another value of it. Empty if there is none."""
    for each in kind.fields:
        value = example.get(each.name)
        for other in each.schema.get("enum", [f"{value} 2"] if isinstance(value, str) else []):
            fields = {**example, each.name: other}
            can_change = kind.can_change(each, value, other) and kind.can_change(each, other, value)
            if value not in (None, other) and can_change and not find_violations(kind.name, fields):
                return [(each.name, fields)]
    return []


def _check_values(ours: _Trial, example: Fields) -> None:
    """A hostile value is refused offline or by the API; or it is applied, and the plan after that is empty."""
    kind = ours.kind
    left: dict[str, Fields] = {KEY: example}
    for each in kind.fields:
        for value in _make_hostile_values(each.schema) if each.name in example else ():
            named = {**example, kind.identity.name_field: f"{example.get(kind.identity.name_field)} {len(left)}"}
            fields = {**(example if find_violations(kind.name, named) else named), each.name: value}
            left[f"{KEY}-{len(left)}"] = {name: fields[name] for name in fields if name != kind.identity.chosen_id}
    # The schema refuses some of them, and what the API's own lists tell refuses others.
    for _ in range(2):
        ours.write(left)
        try:
            ours.plan()
        except ConfigurationInvalid as error:
            left = {key: left[key] for key in left if make_address(kind.name, key) not in error.subjects}
    _require(len(left) > 1, "every value is refused")
    ours.write(left)
    failed = {each.address: each.reason for each in ours.apply(ours.plan()) if each.status is not Status.DONE}
    _require("a fault in reconciler" not in str(failed), str(failed))
    ours.write({key: left[key] for key in left if make_address(kind.name, key) not in failed})
    ours.require_plan()
    ours.settle({KEY: example})


def _make_hostile_values(schema: Mapping[str, Any]) -> list[Any]:
    """Values that a kind may not have thought of: of a closed list all words, and words that are not in it."""
    if words := schema.get("enum"):
        return [*words, f"{words[0]}x", "", str(words[0]).upper()]
    most = schema.get("maxLength", LONG)
    return [*HOSTILE, "x" * most, "x" * (most + 1)] if "string" in schema.get("type", ()) else [10**20]
