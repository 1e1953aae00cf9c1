"""Writes live objects into the YAML, with the `imports` lines that adopt them. A resource that other environments have
too is written once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from reconciler.commands.edits import Texts, Written, find_differing, open_edited, write_edits
from reconciler.commands.export import NOTHING, Project, Unmanaged, describe
from reconciler.commands.session import Session
from reconciler.config.files import SETTINGS_FILE
from reconciler.errors import ConfigurationInvalid, Refused, WrongUsage
from reconciler.kinds import KINDS
from reconciler.kinds.comparison import get_value, join_keys
from reconciler.kinds.normalization import find_by_natural_key
from reconciler.kinds.references import references
from reconciler.model.addresses import ObjectRef, address_key, address_kind, make_address
from reconciler.model.inputs import Desired, Import
from reconciler.model.plan import Action
from reconciler.plan.export import Selection, find_key_paths, make_blocks, name_variables
from reconciler.text import abridge, format_count, split_numbers, truncate
from reconciler.yaml import KeyPath
from reconciler.yaml.edit import REMOVED, Edit, Verbatim

LONGEST: Final = 60  # characters of a value in a message
Failures = dict[str, str]
"""Address → why it cannot be written."""


def import_objects(session: Session, kinds: Sequence[str], matches: Sequence[str], file: Path | None) -> Written:
    """Writes the YAML of the objects that are not managed, and the `imports` lines that adopt them. `kinds` and
    `matches` (such as `report "Daily*"`) narrow down which.

    An object with the natural key of a resource that only other environments have becomes that resource: what differs
    gets a variable. A plan then only adopts. Refused if it would change one; WrongUsage if a pattern fits nothing.
    """
    selection = Selection.parse(kinds, matches)
    project = Project(session, used={*selection.kinds, *(kind for kind, _ in selection.patterns)})
    selection.require_fitting(project.live)
    return _Import(project, project.find_unmanaged(selection), file).write()


def import_object(session: Session, address: str, object_id: str, file: Path | None) -> Written:
    """Writes the YAML of one live object, and its `imports` line. Refused if the key is written already, the object is
    managed, or it cannot be written as it is live; WrongUsage if it is not live."""
    kind, _, key = address.partition(".")
    if kind not in KINDS or not key:
        raise WrongUsage(f"{address} is no address", hint="expected KIND.KEY, for example report.daily-revenue")
    ref = ObjectRef(kind, object_id)
    project = Project(session, also=[ref], used=[ref.kind])
    found = project.find_one(ref, key)
    project.require_free(address, object_id)
    written = _Import(project, found, file).write()
    if not written.count:
        raise Refused("\n".join(written.left), hint=NOTHING)
    return written


class _Import:
    """The import into one environment. What cannot be written is set aside, and the rest is tried again. `_own` objects
    get a block of their own, although another environment has a resource of their name; `_out` objects are left out.
    `_untouched` resources of other environments cannot get an `only_in`. `_first` is the selection, if there is no
    state yet: those of its resources that no object is get an `only_in`. `_rest`: what a plan would also change."""

    def __init__(self, project: Project, found: Unmanaged, file: Path | None) -> None:
        self._project, self._found, self._file = project, found, file
        # Later, what the environment lacks may be a change that waits for its apply.
        self._first = None if project.state.entries else found.selection
        self._folder = project.configuration.folder
        self._own: dict[ObjectRef, str] = {}
        self._out: dict[ObjectRef, str] = {}
        self._untouched: set[str] = set()

    def write(self) -> Written:
        """Writes what can be imported, and says what was done."""
        while True:  # until nothing has to be set aside: each round sets aside at least one object or resource more
            texts = Texts()
            failures = self._choose() or self._edit(texts) or self._judge(texts.edits())
            if not failures:
                done = tuple(self._describe_done())
                return Written(write_edits(texts.edits()), tuple(self._describe_left()), done, len(self._targets))
            self._set_aside(failures)

    def _choose(self) -> Failures:
        """Sets what this try writes: `_targets` (object → address), the `_merged` that other environments have, and
        `_variables` for what differs. Returns what cannot be merged."""
        project, found = self._project, self._found
        pairs = {ref: address for ref, address in found.pairs.items() if ref not in self._own}
        chosen = {ref: fields for ref, fields in found.fields.items() if ref not in self._out}
        self._targets = {ref: pairs.get(ref) or make_address(ref.kind, found.keys[ref]) for ref in chosen}
        self._merged = {address: ref for ref, address in self._targets.items() if address in project.candidates}
        self._narrowed = self._find_narrowed()
        kept = {ref: address for ref, address in project.managed.items() if address in project.kept.resources}
        same = {ref: project.unproven[name] for ref, name in pairs.items() if name in project.unproven}
        own = {ref: (KINDS[ref.kind], each.fields, [project.find_record(ref)]) for ref, each in same.items()}
        paired = {ref: same[ref].address for ref, arguments in own.items() if find_by_natural_key(*arguments)}
        blocks = make_blocks(chosen, project.live, {**kept, **paired, **self._targets})
        self._blocks = {self._targets[ref]: fields for ref, fields in blocks.items()}
        key_paths, failures = self._compare({address: ref for ref, address in paired.items()} | self._merged)
        names = {name for each in project.environments.values() for name in (*each.variables, *each.unset)}
        taken = {name: {key: each.variables.get(name) for key, each in project.environments.items()} for name in names}
        values: dict[tuple[str, KeyPath], dict[str, Any]] = {}
        for address, paths in key_paths.items():
            sides = {**project.find_sides(address), project.name: self._blocks[address]}
            known = {name: sides[name] for name in project.environments if name in sides}
            values |= {(address, each): {name: get_value(at, each) for name, at in known.items()} for each in paths}
        self._variables = name_variables(values, taken)
        return failures

    def _find_narrowed(self) -> list[str]:
        """The resources of other environments that this one shall not have: those replaced by an object with a block of
        its own, and those that no object here is."""
        project = self._project
        kept = project.kept.resources.values()
        used = {address for each in kept for address, *_ in references(KINDS[each.kind], each.fields)}
        names = {name: each.fields.get(KINDS[each.kind].identity.name_field) for name, each in project.unproven.items()}
        rest = {name for name in names if self._first and self._first.has(address_kind(name), names[name])}
        rest -= {*self._merged, *used, *self._untouched, *(self._found.pairs.get(ref, "") for ref in self._out)}
        # An `only_in` counts for a whole for_each, so it is written only if no instance stays.
        made = {name: each.instance.definition for name, each in project.here.resources.items() if each.instance}
        partly = {made[name] for name in made.keys() - rest}
        rest = {name for name in rest if made.get(name) not in partly}
        split = {self._found.pairs[ref] for ref in self._own}
        return sorted(project.unproven.keys() & (split | rest), key=split_numbers)

    def _compare(self, known: Mapping[str, ObjectRef]) -> tuple[dict[str, list[KeyPath]], Failures]:
        """The keys of the values that differ, by address of a merged resource; and what cannot be merged. `known`: the
        objects of these resources, and of others that a plan finds by their names."""
        project, kept, key_paths, failures = self._project, self._project.kept, dict[str, list[KeyPath]](), Failures()
        resources = {**kept.resources, **{address: project.candidates[address] for address in known}}
        found = (Import(address, ref.id, resources[address].location) for address, ref in known.items())
        desired = replace(kept, resources=resources, imports=(*kept.imports, *found))
        for change in project.plan(desired).changes if self._merged else ():
            if change.address in self._merged and change.fields:
                resource = resources[change.address]
                sides = [self._blocks[change.address], *project.find_sides(change.address).values()]
                key_paths[change.address] = differing = find_key_paths(change, [*sides, resource.fields])
                values = json.dumps([get_value(side, key_path) for side in sides for key_path in differing])
                reasons = {
                    "a for_each makes it": resource.instance,
                    "one environment lacks it": not differing,
                    "no variable can hold ${": "${" in values,
                }
                if why := next((each for each, holds in reasons.items() if holds), ""):
                    failures[change.address] = f"{abridge(each.path for each in change.fields)} differs, and {why}"
        return key_paths, failures

    def _set_aside(self, failures: Failures) -> None:
        """Gives an object that cannot be merged a block of its own, and leaves it out if it cannot have one. Refused if
        neither helps."""
        pairs = {self._found.pairs[ref]: ref for ref in self._own}
        refs = pairs | {address: ref for ref, address in self._targets.items()}
        for address, why in failures.items():
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

    def _find_place(self, address: str, *keys: str | int) -> tuple[Path, KeyPath]:
        """The file of a merged resource, and the keys of a value within it."""
        resource = self._project.candidates[address]
        name = resource.instance.definition if resource.instance else address
        return Path(resource.location.file).resolve(), (KINDS[resource.kind].section, address_key(name), *keys)

    def _edit(self, texts: Texts) -> Failures:
        """Edits the texts; returns what cannot be edited."""
        project = self._project
        for address in sorted(self._merged.keys() - project.unproven.keys()):
            also = [*project.configuration.merged.resources[address].node["only_in"], project.name]
            is_everywhere = project.environments.keys() <= {*also}
            texts.set(address, *self._find_place(address, "only_in"), REMOVED if is_everywhere else also)
        for address in self._narrowed:
            texts.set(address, *self._find_place(address, "only_in"), [*project.find_sides(address)])
        settings = (self._folder / SETTINGS_FILE).resolve()
        for name, (values, value_paths) in self._variables.items():
            for (address, key_path), (start, end) in value_paths.items():
                texts.set(address, *self._find_place(address, *key_path), Verbatim(f"{start}${{var.{name}}}{end}"))
                for each, value in values.items():
                    texts.set(address, settings, ("environments", each, "variables", name), Verbatim(value))
        lines = self._make_import_lines(texts)
        if failures := texts.write():
            return failures
        only = {"only_in": [project.name]} if project.others else {}
        for kind in KINDS.values():
            file = (self._file or self._folder / f"{kind.section}.yaml").resolve()
            addresses = sorted((each for each in self._blocks if address_kind(each) == kind.name), key=split_numbers)
            own = {address_key(each): only | self._blocks[each] for each in addresses if each not in self._merged}
            texts.add(file, kind.section, own)
            texts.add(file, "imports", [lines[each] for each in addresses if each in lines])
        return {}

    def _make_import_lines(self, texts: Texts) -> dict[str, dict[str, Any]]:
        """The new lines of `imports`, by address. Lines that exist already get one more id."""
        project, lines = self._project, dict[str, dict[str, Any]]()
        written: dict[str, tuple[Path, int, Any]] = {}
        counts = Counter[Path]()
        moved = {each.node["to"] for each in project.configuration.merged.blocks["moved"]}
        for each in project.configuration.merged.blocks["imports"]:
            file = Path(each.location.file).resolve()
            written[each.node["to"]] = file, counts[file], each.node["id"]
            counts[file] += 1
        for ref, address in self._targets.items():
            ids: Any = {project.name: ref.id} if project.others else ref.id
            if address not in written:
                # The target of a move may stand in no other block, and its name says which object it is.
                lines |= {} if address in moved else {address: {"to": address, "id": ids}}
                continue
            file, index, known = written[address]
            if known != ids:
                known = known if isinstance(known, dict) else dict.fromkeys(project.find_sides(address), known)
                texts.set(address, file, ("imports", index, "id"), {**known, project.name: ref.id})
        return lines

    def _judge(self, edits: Sequence[Edit]) -> Failures:
        """What a plan would not adopt unchanged. Refused if anything else would change."""
        project, ours = self._project, {*self._blocks, *self._narrowed}
        if not edits:
            return self._find_differing(project.here)
        configuration = open_edited(project.configuration.path, edits)
        try:
            configuration.desired(configuration.environment(project.name))
            after = configuration.check()
        except ConfigurationInvalid as error:
            reason = f"the configuration would be invalid: {error.problems[0]}"
            # What was imported before may need a resource that gets an `only_in` now.
            needing = filter(None, map(project.here.resources.get, error.subjects))
            used = {address for each in needing for address, *_ in references(KINDS[each.kind], each.fields)}
            if blamed := sorted(error.subjects & ours or used & {*self._narrowed}):
                return dict.fromkeys(blamed, reason)
            raise Refused(reason, hint=NOTHING) from error
        if missing := self._blocks.keys() - after[project.name].resources.keys():
            reason = f"{self._file or self._folder} is no part of this configuration"
            raise Refused(reason, hint=f"{min(missing)}: {NOTHING}")
        return self._find_changed(after, ours) or self._find_differing(after[project.name])

    def _find_differing(self, after: Desired) -> Failures:
        """The imported resources that a plan would not just adopt. Refused if it would change other live objects."""
        failures, refs = Failures(), {address: ref for ref, address in self._targets.items()}
        changes = self._project.plan(after).changes
        self._rest = [each for each in changes if each.address not in refs and each.action is not Action.ADOPT]
        for change in changes:
            if change.address in refs and (change.action, change.id) != (Action.ADOPT, refs[change.address].id):
                path = next((each.path for each in change.fields), "")
                place = after.resources[change.address].locate_field(path)
                failures[change.address] = f"its {path or 'id'} would not be as it is live: {place} says otherwise"
        if not failures:
            self._project.require_adopts(after, self._rest, self._found, self._out)
        return failures

    def _find_changed(self, after: Mapping[str, Desired], ours: Collection[str]) -> Failures:
        """The imported resources that would change in another environment. Refused if anything else would."""
        failures, project = Failures(), self._project
        for name, before in {**project.others, project.name: project.here}.items():
            ids = {(each.target, each.id) for each in after[name].imports}
            lost = {each.target for each in before.imports if (each.target, each.id) not in ids}
            changed = {address for address, _ in find_differing(before, after[name])}
            if others := (changed | lost) - {*ours}:
                raise Refused(f"that would change {abridge(sorted(others))} in {name}", hint=NOTHING)
            if name != project.name:
                failures |= dict.fromkeys(sorted(changed), f"that would change it in {name}")
        return failures

    def _describe_done(self) -> Iterator[str]:
        """A text on each change to what was in the configuration already."""
        if merged := sorted(self._merged, key=split_numbers):
            yield f"written once, with {', '.join(self._project.others)}: {', '.join(merged)}"
        for name, (values, value_paths) in self._variables.items():
            texts = (f"{each} {truncate(json.dumps(it, ensure_ascii=False), LONGEST)}" for each, it in values.items())
            paths = abridge(f"{address}.{join_keys(key_path)}" for address, key_path in value_paths)
            yield f"{paths}: ${{var.{name}}} is {', '.join(texts)}"
        if raw := self._project.find_raw(self._blocks):
            yield f"written by id, because it is not managed: {raw}; if you import it too, write references instead"
        if self._narrowed:
            none = f"which has no such object: {', '.join(self._narrowed)}"
            yield f"only_in leaves these out of {self._project.name}, {none}"

    def _describe_left(self) -> Iterator[str]:
        """A text on the objects that are left out, or not merged; each cause once."""
        pairs, found = self._found.pairs, {why: [*objects] for why, objects in self._found.left.items()}
        for ref, why in self._own.items():
            reason = f" has a block of its own: {pairs[ref]} cannot be it, since {why}"
            found.setdefault(reason, []).append(describe(self._project.find_record(ref)))
        for ref, why in self._out.items():
            found.setdefault(f" is left out: {why}", []).append(describe(self._project.find_record(ref)))
        yield from (f"{', '.join(objects)}{why}" for why, objects in found.items())
        if self._found.selection and self._rest:
            reason = abridge(f"{each.action} {each.address}" for each in self._rest)
            yield f"besides the imports, the plan has {format_count(len(self._rest), 'other change')}: {reason}"
