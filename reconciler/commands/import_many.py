"""Many live objects written into the YAML in one go. What other environments have already is written once."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from reconciler.commands.adopt import find_differing
from reconciler.commands.edits import Texts, Written, edited, write_edits
from reconciler.commands.session import Session
from reconciler.commands.unmanaged import Project, call
from reconciler.config.files import SETTINGS_FILE
from reconciler.config.load import Configuration
from reconciler.errors import ConfigurationInvalid, Refused, some_of
from reconciler.kinds import KINDS
from reconciler.kinds.comparison import keys_path, value_at
from reconciler.kinds.references import references
from reconciler.model.inputs import Desired, Fields, Import, ObjectRef, address_kind, make_address
from reconciler.model.plan import Action
from reconciler.plan.export import make_blocks
from reconciler.plan.pairing import Selection, find_pairs, find_ways, name_variables
from reconciler.text import natural, truncate
from reconciler.yaml import LocatedMap
from reconciler.yaml.edit import REMOVED, Edit, Verbatim, Way

LONGEST: Final = 60
MOST: Final = 20
NOTHING: Final = "nothing is written"
Targets = Mapping[ObjectRef, str]
"""The address of each object that is imported."""
Blocks = Mapping[str, Fields]
"""The fields of each imported object as YAML, by address."""
Trouble = Mapping[str, str]
"""Addresses of what cannot be written, with why."""


def import_objects(session: Session, kinds: Sequence[str], matches: Sequence[str], file: Path | None) -> Written:
    """Writes the YAML of the objects that are not managed, and the `imports` lines that adopt them. `kinds` and
    `matches` (such as `report "Daily*"`) narrow down which.

    An object with the natural key of a resource that only other environments have becomes that resource: what differs
    gets a variable. The plan after it adopts them, and changes nothing. WrongUsage if a pattern fits nothing.
    """
    selection = Selection.parse(kinds, matches)
    project = Project(session)
    selection.require_fitting(project.live)
    return _Import(project, selection, file).write()


class _Import:
    """The import into one environment. What cannot be done is set aside, and the rest is tried again. `_own` are the
    objects with a block of their own, although another environment has a resource of their name; `_out` are left out.
    `_untouched` are resources of other environments that cannot get an `only_in`."""

    def __init__(self, project: Project, selection: Selection, file: Path | None) -> None:
        self._project, self._selection, self._file = project, selection, file
        self._folder = project.configuration.folder
        self._settings = (self._folder / SETTINGS_FILE).resolve()
        self._found = project.find_unmanaged(selection)
        self._pairs, self._unclear = find_pairs(project.candidates, map(project.record, self._found.keys))
        self._own: dict[ObjectRef, str] = {}
        self._out: dict[ObjectRef, str] = {}
        self._untouched: set[str] = set()

    def write(self) -> Written:
        """Writes what can be imported, and says what was done."""
        while True:
            targets = self._targets()
            blocks = self._blocks(targets)
            ways, trouble = self._compare(targets, blocks)
            texts, names = Texts(self._project.texts), self._name_variables(ways)
            trouble = trouble or self._edit(texts, targets, blocks, names) or self._judge(targets, texts.edits())
            if not trouble:
                said = [*self._say_done(targets, blocks, names)]
                return Written(write_edits(texts.edits()), tuple(self._say_left()), tuple(said), len(targets))
            self._set_aside(targets, trouble)

    def _targets(self) -> dict[ObjectRef, str]:
        """The address of each object that is imported now."""
        pairs = {ref: address for ref, address in self._pairs.items() if ref not in self._own}
        return {
            ref: pairs.get(ref) or make_address(ref.kind, self._found.keys[ref])
            for ref in self._found.fields
            if ref not in self._out
        }

    def _merged(self, targets: Targets) -> dict[str, ObjectRef]:
        """The imported objects that are resources of other environments, by address."""
        return {address: ref for ref, address in targets.items() if address in self._project.candidates}

    def _blocks(self, targets: Targets) -> dict[str, dict[str, Any]]:
        kept = self._project.kept.resources
        addresses = {ref: address for ref, address in self._project.managed.items() if address in kept}
        found = make_blocks(
            {ref: self._found.fields[ref] for ref in targets}, self._project.live, {**addresses, **targets}
        )
        return {targets[ref]: fields for ref, fields in found.items()}

    def _compare(self, targets: Targets, blocks: Blocks) -> tuple[dict[str, list[Way]], Trouble]:
        """The keys of the values that differ, of each resource that is merged; and what cannot be merged."""
        kept, merged = self._project.kept, self._merged(targets)
        resources = {**kept.resources, **{address: self._project.candidates[address] for address in merged}}
        found = (Import(address, ref.id, resources[address].location) for address, ref in merged.items())
        desired = replace(kept, resources=resources, imports=(*kept.imports, *found))
        ways: dict[str, list[Way]] = {}
        trouble = {}
        for change in self._project.plan(desired).changes if merged else ():
            if change.address in merged and change.fields:
                sides = [blocks[change.address], *self._project.sides(change.address).values()]
                differing = find_ways(change, [*sides, resources[change.address].fields])
                ways[change.address] = differing or []
                if why := self._why_fixed(change.address, differing, sides):
                    trouble[change.address] = f"{some_of(each.path for each in change.fields)} differs, and {why}"
        return ways, trouble

    def _why_fixed(self, address: str, ways: Iterable[Way] | None, sides: Sequence[Fields]) -> str:
        """Why values of a resource cannot become variables; empty if they can."""
        if ways is None:
            return "is missing in one environment"
        resource = self._project.candidates[address]
        for way in ways:
            if any("${" in json.dumps(value_at(side, way)) for side in sides):
                return f"no variable can hold ${{, as in {keys_path(way)}"
            node: Any = None if resource.instance else self._project.configuration.merged.resources[address].node
            for step in way:
                is_here = isinstance(node, dict | list) and not (isinstance(node, LocatedMap) and step in node.files)
                node = node[step] if is_here else None
            if node is None or "${" in json.dumps(node).replace("$${", ""):
                return f"{resource.field_location(keys_path(way))} is not its own"
        return ""

    def _set_aside(self, targets: Targets, trouble: Trouble) -> None:
        """What cannot be merged gets a block of its own; what cannot have one is left out. Refused if it is neither."""
        refs = {self._pairs[ref]: ref for ref in self._own} | {address: ref for ref, address in targets.items()}
        for address, why in trouble.items():
            ref, unproven = refs.get(address), self._project.unproven.get(address)
            if ref is None:
                if unproven is None or address in self._untouched:
                    raise Refused(f"{address}: {why}", hint=NOTHING)
                self._untouched.add(address)
            elif address not in self._project.candidates or ref in self._own or (unproven and unproven.instance):
                self._own.pop(ref, None)
                self._out[ref] = why
            else:
                self._own[ref] = why

    def _name_variables(self, ways: Mapping[str, Iterable[Way]]) -> dict[tuple[str, Way], str]:
        """Address and keys of a value → the name of its variable."""
        environments = self._project.environments.values()
        taken = {name for each in environments for name in (*each.variables, *each.unset)}
        return name_variables(ways, taken)

    def _place(self, address: str, *keys: str | int) -> tuple[Path, Way]:
        """The file of a merged resource, and the way to a value within it."""
        resource = self._project.candidates[address]
        way = (KINDS[resource.kind].section, address.partition(".")[2], *keys)
        return Path(resource.location.file).resolve(), way

    def _narrowed(self, targets: Targets) -> list[str]:
        """The resources of other environments that this one is not to have: those that an object with a block of its
        own replaces, and at the first import of all objects those that no object is."""
        project, merged = self._project, self._merged(targets)
        split = {self._pairs[ref] for ref in self._own}
        rest = set[str]()
        if not (self._selection.patterns or project.state.entries):
            kept = project.kept.resources.values()
            used = {address for each in kept for address, *_ in references(KINDS[each.kind], each.fields)}
            kinds = self._selection.kinds or KINDS
            rest = {name for name, each in project.unproven.items() if each.kind in kinds and not each.instance}
            rest -= {*merged, *used, *self._untouched, *(self._pairs.get(ref, "") for ref in self._out)}
        return sorted(project.unproven.keys() & (split | rest), key=natural)

    def _edit(self, texts: Texts, targets: Targets, blocks: Blocks, names: Mapping[tuple[str, Way], str]) -> Trouble:
        """Edits the texts; gives what cannot be edited."""
        project, merged = self._project, self._merged(targets)
        for address in sorted(merged.keys() - project.unproven.keys()):
            also = [*project.configuration.merged.resources[address].node["only_in"], self._project.name]
            texts.set(
                address, *self._place(address, "only_in"), REMOVED if project.environments.keys() <= {*also} else also
            )
        for address in self._narrowed(targets):
            texts.set(address, *self._place(address, "only_in"), [*project.sides(address)])
        for (address, way), name in names.items():
            texts.set(address, *self._place(address, *way), Verbatim(f"${{var.{name}}}"))
            for environment, value in self._values(address, way, blocks).items():
                texts.set(address, self._settings, ("environments", environment, "variables", name), Verbatim(value))
        lines = self._import_lines(texts, targets)
        if trouble := texts.write():
            return trouble
        only = {"only_in": [project.name]} if project.others else {}
        for kind in KINDS.values():
            file = (self._file or self._folder / f"{kind.section}.yaml").resolve()
            addresses = sorted((each for each in targets.values() if address_kind(each) == kind.name), key=natural)
            own = {each.partition(".")[2]: {**only, **blocks[each]} for each in addresses if each not in merged}
            texts.add(file, kind.section, own)
            texts.add(file, "imports", [lines[each] for each in addresses if each in lines])
        return {}

    def _values(self, address: str, way: Way, blocks: Blocks) -> dict[str, Any]:
        """The value at these keys of a merged resource, by environment."""
        sides = {**self._project.sides(address), self._project.name: blocks[address]}
        return {name: value_at(sides[name], way) for name in self._project.environments if name in sides}

    def _import_lines(self, texts: Texts, targets: Targets) -> dict[str, dict[str, Any]]:
        """The lines of `imports` that are new, by address; those that are there get one more id."""
        project, lines = self._project, dict[str, dict[str, Any]]()
        for ref, address in targets.items():
            if address not in project.import_lines:
                lines[address] = {"to": address, "id": {project.name: ref.id} if project.others else ref.id}
                continue
            file, index, known = project.import_lines[address]
            ids = known if isinstance(known, dict) else dict.fromkeys(project.sides(address), known)
            texts.set(address, file, ("imports", index, "id"), {**ids, project.name: ref.id})
        return lines

    def _judge(self, targets: Targets, edits: Sequence[Edit]) -> Trouble:
        """What would not be adopted as it is. Refused if anything else would change."""
        project, refs = self._project, {address: ref for ref, address in targets.items()}
        if not edits:
            return {}
        configuration = edited(project.configuration.path, edits)
        try:
            after = configuration.check()
        except ConfigurationInvalid as error:
            if trouble := self._blame(configuration, {*refs, *self._narrowed(targets)}):
                return trouble
            raise Refused(f"the configuration would be invalid: {error}", hint=NOTHING) from error
        if missing := [address for address in refs if address not in after[project.name].resources]:
            raise Refused(
                f"{self._file or self._folder} is no part of this configuration", hint=f"{missing[0]}: {NOTHING}"
            )
        trouble = self._find_changed(after, {*refs, *self._narrowed(targets)})
        for change in self._project.plan(after[project.name]).changes:
            if change.address in refs and (change.action, change.id) != (Action.ADOPT, refs[change.address].id):
                path = next((each.path for each in change.fields), "")
                place = after[project.name].resources[change.address].field_location(path)
                trouble[change.address] = f"its {path or 'id'} would not be as it is live: {place} says otherwise"
        return trouble

    def _blame(self, configuration: Configuration, ours: Collection[str]) -> Trouble:
        """The resources of ours that problems are about."""
        try:
            configuration.desired(configuration.environment(self._project.name))
        except ConfigurationInvalid as error:
            return dict.fromkeys(
                sorted(error.subjects & {*ours}), f"the configuration would be invalid: {error.problems[0]}"
            )
        return {}

    def _find_changed(self, after: Mapping[str, Desired], ours: Collection[str]) -> dict[str, str]:
        """The imported resources that would change in another environment. Refused if anything else would."""
        trouble: dict[str, str] = {}
        for name, before in {**self._project.others, self._project.name: self._project.here}.items():
            changed = {address for address, _ in find_differing(before, after[name])}
            lost = {(each.target, each.id) for each in before.imports} - {
                (each.target, each.id) for each in after[name].imports
            }
            if others := (changed | {target for target, _ in lost}) - {*ours}:
                raise Refused(f"that would change {some_of(sorted(others))} in {name}", hint=NOTHING)
            if name != self._project.name:
                trouble |= dict.fromkeys(sorted(changed), f"that would change it in {name}")
        return trouble

    def _say_done(self, targets: Targets, blocks: Blocks, names: Mapping[tuple[str, Way], str]) -> Iterator[str]:
        """What is said of resources that were there."""
        if merged := sorted(self._merged(targets), key=natural):
            yield f"written once, with {', '.join(self._project.others)}: {', '.join(merged)}"
        for (address, way), name in names.items():
            values = self._values(address, way, blocks).items()
            told = (f"{each} {truncate(json.dumps(value, ensure_ascii=False), LONGEST)}" for each, value in values)
            yield f"{address}.{keys_path(way)} is ${{var.{name}}}: {', '.join(told)}"
        if narrowed := self._narrowed(targets):
            yield f"only_in leaves these out of {self._project.name}, which has no such object: {', '.join(narrowed)}"

    def _say_left(self) -> Iterator[str]:
        """What is said of the objects that are left out, or not merged; each cause once."""
        name, found = self._project.name, {why: [*objects] for why, objects in self._found.left.items()}
        for ref, why in self._own.items():
            found.setdefault(f" has a block of its own: {self._pairs[ref]} cannot be it, since {why}", []).append(
                self._called(ref)
            )
        for ref, why in self._out.items():
            line = f"imports: [{{to: {self._pairs.get(ref)}, id: {{{name}: {ref.id}}}}}]"
            more = f"; give a variable to what differs, and write: {line}" if ref in self._pairs else ""
            found.setdefault(f" is left out: {why}{more}", []).append(self._called(ref))
        for records, addresses in self._unclear:
            some = [self._called(each.ref) for each in records if each.ref in self._found.fields]
            found[f" has a block of its own: {some_of(addresses)} could be it, and that is not clear"] = some
        for why, objects in found.items():
            more = f" and {len(objects) - MOST} more" if len(objects) > MOST else ""
            if objects:
                yield f"{', '.join(objects[:MOST])}{more}{why}"

    def _called(self, ref: ObjectRef) -> str:
        return call(self._project.record(ref))
