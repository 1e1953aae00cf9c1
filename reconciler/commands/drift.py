"""What somebody changed since the last apply; and the values of that, written into the YAML if nothing else changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from reconciler.commands.edits import Written, evaluate, find_differing, read_text, write_edits
from reconciler.commands.plan import plan, refuse
from reconciler.commands.session import Planned, Session
from reconciler.config.schema_problems import find_violations
from reconciler.config.values import EXPRESSION
from reconciler.errors import ConfigurationInvalid
from reconciler.kinds import KINDS
from reconciler.kinds.comparison import get_value, is_equal, join_keys, outer_keys, with_value
from reconciler.kinds.references import ReferenceResolver
from reconciler.model.addresses import ObjectRef, address_key, address_kind
from reconciler.model.inputs import Desired, Fields, Instance, Live, Resource, list_managed
from reconciler.model.results import AlsoChanged, Drift, Drifted
from reconciler.plan.drift import ADOPTED, compare_state
from reconciler.plan.export import describe_unwritten, find_writable_fields, make_blocks
from reconciler.plan.guards import VANISHED, WRONG_PROJECT, Options
from reconciler.review.health import find_health
from reconciler.text import abridge
from reconciler.yaml import KeyPath, find_key_path
from reconciler.yaml.edit import Edit, set_values
from reconciler.yaml.edit_changes import read_documents
from reconciler.yaml.writing import Layout, dump, escape_variables

DEFAULTS = ("defaults",)


def read_drift(session: Session) -> Drift:
    """What somebody changed since the last apply, and what does not deliver. Refused if this looks like another project
    or a short list."""
    return _plan_drift(session)[1]


def _plan_drift(session: Session) -> tuple[Planned, Drift]:
    planned = plan(session, Options(to_apply=False))
    # The other guards refuse writes, and drift writes nothing to the API.
    wrong = tuple(refusal for refusal in planned.plan.refusals if refusal.guard in (WRONG_PROJECT, VANISHED))
    refuse(replace(planned.plan, refusals=wrong))
    found = compare_state(planned.state, planned.live, planned.plan)
    return planned, replace(found, health=find_health(planned.state, planned.live, session.transport.clock()))


def adopt_drift(session: Session) -> tuple[Drift, Written]:
    """Writes the live values of what somebody changed into the YAML. Returns the drift, and what was written."""
    planned, found = _plan_drift(session)
    resources = session.configuration.desired(session.environment).resources
    addresses, blocks = list_managed(planned.state.entries), dict[str, Fields]()
    values, left = dict[str, dict[KeyPath, Any]](), list[str]()
    for drifted in found.objects:
        address, kind = drifted.address, KINDS[address_kind(drifted.address)]
        if drifted.gone or address not in resources:
            left.append(f"{address}: it is not live, or not in the configuration any more: nothing to write")
            continue
        blocks[address] = block = _make_block(drifted, resources[address].fields, planned.live, addresses)
        wanted = {each.keys: each.live for each in drifted.fields}
        # A list of references is one value: its items are compared by what they mean, and not by their places.
        whole = wanted.keys() & {(name, *each.path) for name, each in kind.reference_fields}
        wanted |= {keys: get_value(block, keys) for keys in whole}
        for name, message in find_violations(kind.name, block):
            if name in {keys[0] for keys in wanted}:
                left.append(f"{address}: {describe_unwritten(kind.name, block, name, message)}")
                wanted = {keys: value for keys, value in wanted.items() if keys[0] != name}
        values[address] = wanted
    adoption = Adoption(session, blocks)
    written = adoption.write(values)
    objects = tuple(_mark_adopted(each, adoption.accepted) for each in found.objects)
    found = replace(found, objects=objects, also_changed=written.also_changed)
    return found, replace(written, left=(*left, *written.left))


def _mark_adopted(drifted: Drifted, accepted: Sequence[Value]) -> Drifted:
    ways = [each.keys for each in accepted if each.address == drifted.address]
    marked = (replace(at, next=ADOPTED) if any(at.keys[: len(w)] == w for w in ways) else at for at in drifted.fields)
    return replace(drifted, fields=tuple(marked))


def _make_block(drifted: Drifted, written: Fields, live: Live, addresses: Mapping[ObjectRef, str]) -> dict[str, Any]:
    """The live object as YAML would have it. In a list of references, the items that stay keep their places."""
    kind = KINDS[address_kind(drifted.address)]
    record, resolver = live.records[kind.name][drifted.id], ReferenceResolver(live)
    block = make_blocks({record.ref: find_writable_fields(record)}, live, addresses)[record.ref]
    for name, reference in kind.reference_fields:
        if reference.path:
            continue
        pairs = list(zip(block.get(name) or (), record.fields.get(name) or (), strict=True))
        sent = [(item, resolver.as_sent(reference, item)) for item in written.get(name) or ()]
        before = [(item, target) for item, target in sent if any(target in pair for pair in pairs)]
        known = [target for _, target in before]
        block[name] = [item for item, _ in before] + [pair[0] for pair in pairs if not any(e in known for e in pair)]
    return block


class Value(NamedTuple):
    """A live value at these keys of a resource, and its place: `key_path` in `file`."""

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

    Each value is written where a person would edit it. It is left if that would change anything else here.
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
        """Writes values (address → keys → value). Returns what was written and left, and what else has changed."""
        places: dict[tuple[Path, KeyPath], list[Value]] = defaultdict(list)
        for address, wanted in values.items():
            for each in self._find_places(self._before[self._name].resources[address], wanted):
                places[each.file, each.key_path].append(each)
        self._accept(list(places.values()))
        return Written(write_edits(self._edits), tuple(self._describe_left()), also_changed=tuple(self._also))

    def _find_places(self, resource: Resource, values: Mapping[KeyPath, Any]) -> Iterator[Value]:
        """Each value with its place. A value of `defaults` is overridden on the resource, a list as a whole."""
        address, instance = resource.address, resource.instance
        own = (KINDS[resource.kind].section, address_key(instance.definition if instance else address))
        for keys, value in values.items():
            file, *position = resource.locate_field(join_keys(keys))
            found = (find_key_path(each.value, position) for each in self._documents(Path(file)))
            key_path = next(filter(None, found), ())
            if key_path[:1] == DEFAULTS and len(outer := outer_keys(keys)) < len(keys):
                keys, value = outer, get_value(self._live[address], outer)  # noqa: PLW2901 - a list is one value
            if instance is None or key_path[:1] == DEFAULTS or len(key_path) <= len(own):
                file, key_path = resource.location.file, (*own, *keys)
            yield Value(address, keys, value, Path(file), key_path)

    def _accept(self, places: Sequence[list[Value]]) -> None:
        """Accepts what can be written together; else one half after the other, to find what cannot."""
        # Each look evaluates the whole configuration: one bad value among n takes about 2 log n looks, and not n.
        objection = self._find_objection([*self.accepted, *chain(*places)]) if places else ""
        if objection and len(places) == 1:
            self._left += [(each, objection) for each in places[0]]
        elif objection:
            self._accept(places[: len(places) // 2])
            self._accept(places[len(places) // 2 :])

    def _find_objection(self, values: Sequence[Value]) -> str:
        """Why the last of these values cannot be written with the others. Empty if it can: then all are accepted."""
        wanted: dict[Path, dict[KeyPath, Any]] = defaultdict(dict)
        for each in values:
            if not is_equal(wanted[each.file].setdefault(each.key_path, each.live), each.live):
                return f"{each.path}: it is written once for several resources, which differ now"
        edits = [set_values(file, self._text(file), ways) for file, ways in wanted.items()]
        if left := [problem for each in edits for problem in each.left.values()]:
            return str(left[0])
        try:
            after = evaluate(self._path, edits)
        except ConfigurationInvalid as error:
            return f"{values[-1].path}: then the configuration would be invalid: {error.problems[0]}"
        differing = {name: find_differing(before, after[name]) for name, before in self._before.items()}
        known = {(each.address, str(each.keys[0])) for each in values}
        if others := {at for paths in differing.values() for at, _ in paths - known} | self._find_missed(values, after):
            return f"{values[-1].path}: that would change {abridge(sorted(others))} too"
        del differing[self._name]
        self.accepted, self._edits, self._also = [*values], edits, []
        for each in values:
            if names := tuple(name for name, paths in differing.items() if (each.address, each.keys[0]) in paths):
                self._also.append(AlsoChanged(str(each.file), each.address, join_keys(each.keys), names))
        return ""

    def _find_missed(self, values: Sequence[Value], after: Mapping[str, Desired]) -> set[str]:
        """The addresses of resources that would still differ from what is live."""
        wanted: dict[str, Any] = {}
        for each in values:
            before = wanted.get(each.address, self._before[self._name].resources[each.address].fields)
            wanted[each.address] = with_value(before, each.keys, each.live)
        reached = {address: each.fields for address, each in after[self._name].resources.items()}
        return {address for address, fields in wanted.items() if not is_equal(fields, reached.get(address))}

    def _describe_left(self) -> Iterator[str]:
        """A text for each value that is left; for those of an instance, the lines that change it alone."""
        alone: dict[str, list[Value]] = defaultdict(list)
        resources = self._before[self._name].resources
        for each, objection in self._left:
            if resources[each.address].instance is None:
                yield objection
            else:
                alone[each.address].append(each)
        for address, values in alone.items():
            if instance := resources[address].instance:
                yield self._write_out(resources[address], instance, values)

    def _write_out(self, resource: Resource, instance: Instance, values: Sequence[Value]) -> str:
        """The lines that leave an instance out of its `for_each`, and write it with its live values."""
        texts = [join_keys(each.keys) for each in values]
        paths = ", ".join(f"{path} ({resource.locate_field(path)})" for path in texts)
        names = [name for name, each in self._before.items() if resource.address in each.resources]
        try:
            fields = dict(self._find_shared_fields(resource, instance, names))
        except LookupError:
            reason = "is not its own, and its environments differ; write a variable with a value for each of them"
            return f"{resource.address}: {paths} {reason}"
        for each in values:
            fields = with_value(fields, each.keys, escape_variables(each.live))
        section, (_, _, definition) = KINDS[resource.kind].section, instance.definition.partition(".")
        documents = self._documents(Path(resource.location.file))
        written = (get_value(each.value, (section, definition, "exclude")) for each in documents)
        excluded: list[Any] = next(filter(None, written), [])
        only = {"only_in": names} if len(names) < len(self._before) else {}
        blocks = {
            definition: {"exclude": [*excluded, dict(instance.items)]},
            address_key(resource.address): {**only, **fields, **resource.lifecycle.written()},
        }
        others = ", ".join(name for name in names if name != self._name)
        also = f" (this also changes {others})" if others else ""
        lines = dump({section: blocks}, Layout(has_short_maps=True)).rstrip()
        return f"{resource.address}: {paths} is not its own; to change it alone, write{also}:\n{lines}"

    def _find_shared_fields(
        self, resource: Resource, instance: Instance, names: Sequence[str]
    ) -> Iterator[tuple[str, Any]]:
        """The fields of an instance, valid in all these environments: with variables if they differ. LookupError if
        that takes a field of an item."""
        written = self._written[instance.definition].node
        for name, value in resource.fields.items():
            every = (self._before[each].resources[resource.address].fields.get(name) for each in names)
            is_same = all(is_equal(value, each) for each in every)
            yield name, escape_variables(value) if is_same else _replace_items(written[name], instance.items)


def _replace_items(node: Any, items: Mapping[str, str]) -> Any:
    """What is written, with the keys of items in place of `${each.…}`. LookupError for a field of an item, as in
    `${each.office.zone}`."""
    if isinstance(node, str):
        names = (each[1].strip() for each in EXPRESSION.finditer(node) if each[1])
        keys = {name: items[name.removeprefix("each.")] for name in names if name.startswith("each.")}
        return EXPRESSION.sub(lambda found: keys.get((found[1] or "").strip(), found[0]), node)
    if isinstance(node, dict):
        return {key: _replace_items(value, items) for key, value in node.items()}
    return [_replace_items(value, items) for value in node] if isinstance(node, list) else node
