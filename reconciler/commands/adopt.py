"""Live values written where they stand, after a look at all that this changes, in every environment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from reconciler.commands.edits import Written, evaluate, read_text, write_edits
from reconciler.commands.session import Session
from reconciler.config.values import EXPRESSION
from reconciler.errors import ConfigurationInvalid, abridge
from reconciler.kinds import KINDS
from reconciler.kinds.comparison import alike, join_keys, outer_keys, value_at, with_value
from reconciler.model.inputs import Desired, Fields, Instance, Resource
from reconciler.model.results import AlsoChanged
from reconciler.yaml import KeyPath, find_key_path
from reconciler.yaml.edit import Edit, set_values
from reconciler.yaml.edit_changes import read_documents
from reconciler.yaml.writing import Layout, dump, escape_variables

DEFAULTS = ("defaults",)


class Value(NamedTuple):
    """A live value at these keys of a resource, and the way to where it is written in a file."""

    address: str
    keys: KeyPath
    live: Any
    file: Path
    key_path: KeyPath

    @property
    def path(self) -> str:
        """`report.daily.send_at`."""
        return f"{self.address}.{join_keys(self.keys)}"


class Adoption:
    """Writes live values into the YAML of a session's configuration. `live`: address → all fields of its object.

    Each value is written where a person would edit it, and left if that would change another resource, or more here.
    """

    def __init__(self, session: Session, live: Mapping[str, Fields]) -> None:
        self._path = session.configuration.path
        self._name = session.environment.name
        self._live = live
        self._written = session.configuration.merged.resources
        self._before = session.configuration.check()
        self._text = cache(read_text)
        self._documents = cache(lambda file: read_documents(file, self._text(file)))
        self.accepted: list[Value] = []
        self._edits: list[Edit] = []
        self._also: list[AlsoChanged] = []
        self._left: list[tuple[Value, str]] = []

    def write(self, values: Mapping[str, Mapping[KeyPath, Any]]) -> Written:
        """Writes values (address → keys → value), and says what was left and what else has changed."""
        places: dict[tuple[Path, KeyPath], list[Value]] = defaultdict(list)
        for address, wanted in values.items():
            for each in self._placed(self._before[self._name].resources[address], wanted):
                places[each.file, each.key_path].append(each)
        self._accept(list(places.values()))
        return Written(write_edits(self._edits), tuple(self._by_hand()), also_changed=tuple(self._also))

    def _placed(self, resource: Resource, values: Mapping[KeyPath, Any]) -> Iterator[Value]:
        """Each value with its place. What `defaults` say is overridden on the resource, a list as a whole."""
        address, instance = resource.address, resource.instance
        own = (KINDS[resource.kind].section, (instance.definition if instance else address).partition(".")[2])
        for keys, value in values.items():
            file, *position = resource.field_location(join_keys(keys))
            found = (find_key_path(each.value, position) for each in self._documents(Path(file)))
            key_path = next(filter(None, found), ())
            if key_path[:1] == DEFAULTS and len(outer := outer_keys(keys)) < len(keys):
                keys, value = outer, value_at(self._live[address], outer)  # noqa: PLW2901 - a list is one value
            if instance is None or key_path[:1] == DEFAULTS or len(key_path) <= len(own):
                file, key_path = resource.location.file, (*own, *keys)
            yield Value(address, keys, value, Path(file), key_path)

    def _accept(self, places: Sequence[list[Value]]) -> None:
        """Accepts what can be written together; else one half after the other, to find what cannot."""
        objection = self._objection([*self.accepted, *chain(*places)]) if places else ""
        if objection and len(places) == 1:
            self._left += [(each, objection) for each in places[0]]
        elif objection:
            self._accept(places[: len(places) // 2])
            self._accept(places[len(places) // 2 :])

    def _objection(self, values: Sequence[Value]) -> str:
        """Why the last of these values cannot be written with the others. Empty if it can: then all are accepted."""
        wanted: dict[Path, dict[KeyPath, Any]] = defaultdict(dict)
        for each in values:
            if not alike(wanted[each.file].setdefault(each.key_path, each.live), each.live):
                return f"{each.path}: it is written once for several resources, which differ now"
        adopted = [set_values(file, self._text(file), ways) for file, ways in wanted.items()]
        if left := [problem for each in adopted for problem in each.left.values()]:
            return str(left[0])
        edits = [each.edit for each in adopted]
        try:
            after = evaluate(self._path, edits)
        except ConfigurationInvalid as error:
            return f"{values[-1].path}: then the configuration would be invalid: {error.problems[0]}"
        differing = {name: find_differing(before, after[name]) for name, before in self._before.items()}
        known = {(each.address, str(each.keys[0])) for each in values}
        if others := {at for paths in differing.values() for at, _ in paths - known} | self._missed(values, after):
            return f"{values[-1].path}: that would change {abridge(sorted(others))} too"
        del differing[self._name]
        self.accepted, self._edits, self._also = [*values], edits, []
        for each in values:
            if names := tuple(name for name, paths in differing.items() if (each.address, each.keys[0]) in paths):
                self._also.append(AlsoChanged(str(each.file), each.address, join_keys(each.keys), names))
        return ""

    def _missed(self, values: Sequence[Value], after: Mapping[str, Desired]) -> set[str]:
        """The resources that would not become as they are live."""
        wanted: dict[str, Any] = {}
        for each in values:
            before = wanted.get(each.address, self._before[self._name].resources[each.address].fields)
            wanted[each.address] = with_value(before, each.keys, each.live)
        reached = {address: each.fields for address, each in after[self._name].resources.items()}
        return {address for address, fields in wanted.items() if not alike(fields, reached.get(address))}

    def _by_hand(self) -> Iterator[str]:
        """What is said of the values that are left: of those of an instance, the lines that change it alone."""
        alone: dict[str, list[Value]] = defaultdict(list)
        resources = self._before[self._name].resources
        for each, objection in self._left:
            if resources[each.address].instance is None:
                yield objection
            else:
                alone[each.address].append(each)
        for address, values in alone.items():
            if instance := resources[address].instance:
                yield self._written_out(resources[address], instance, values)

    def _written_out(self, resource: Resource, instance: Instance, values: Sequence[Value]) -> str:
        """The lines that leave an instance out of its `for_each`, and write it with its live values."""
        texts = [join_keys(each.keys) for each in values]
        paths = ", ".join(f"{path} ({resource.field_location(path)})" for path in texts)
        names = [name for name, each in self._before.items() if resource.address in each.resources]
        try:
            fields = dict(self._for_all(resource, instance, names))
        except LookupError:
            reason = "is not its own, and its environments differ; write a variable with a value for each of them"
            return f"{resource.address}: {paths} {reason}"
        for each in values:
            fields = with_value(fields, each.keys, escape_variables(each.live))
        section, (_, _, definition) = KINDS[resource.kind].section, instance.definition.partition(".")
        documents = self._documents(Path(resource.location.file))
        excluded: list[Any] = next(
            filter(None, (value_at(each.value, (section, definition, "exclude")) for each in documents)), []
        )
        only = {"only_in": names} if len(names) < len(self._before) else {}
        blocks = {
            definition: {"exclude": [*excluded, dict(instance.items)]},
            resource.address.partition(".")[2]: {**only, **fields, **resource.lifecycle.written()},
        }
        others = ", ".join(name for name in names if name != self._name)
        also = f" (this also changes {others})" if others else ""
        lines = dump({section: blocks}, Layout(has_short_maps=True)).rstrip()
        return f"{resource.address}: {paths} is not its own; to change it alone, write{also}:\n{lines}"

    def _for_all(self, resource: Resource, instance: Instance, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
        """The fields of an instance, variables kept, for these environments. LookupError if that needs `for_each`."""
        written = self._written[instance.definition].node
        for name, value in resource.fields.items():
            every = (self._before[each].resources[resource.address].fields.get(name) for each in names)
            is_same = all(alike(value, each) for each in every)
            yield name, escape_variables(value) if is_same else _with_items(written[name], instance.items)


def find_differing(before: Desired, after: Desired) -> set[tuple[str, str]]:
    """The addresses and the names of their fields that differ."""
    old, new = ({address: each.fields for address, each in side.resources.items()} for side in (before, after))
    return {
        (address, name)
        for address in old.keys() | new.keys()
        if (was := old.get(address, {})) != (now := new.get(address, {}))
        for name in {*was, *now}
        if not alike(was.get(name), now.get(name))
    }


def _with_items(node: Any, items: Mapping[str, str]) -> Any:
    """What is written, with the keys of items in place of `${each.…}`. LookupError if it has another value of one."""
    if isinstance(node, str):
        names = (each[1].strip() for each in EXPRESSION.finditer(node) if each[1])
        keys = {name: items[name.removeprefix("each.")] for name in names if name.startswith("each.")}
        return EXPRESSION.sub(lambda found: keys.get((found[1] or "").strip(), found[0]), node)
    if isinstance(node, dict):
        return {key: _with_items(value, items) for key, value in node.items()}
    return [_with_items(value, items) for value in node] if isinstance(node, list) else node
