"""Many nearly equal resources written as one `for_each`, after a look at what every environment would get by that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reconciler.commands.edits import evaluate, read_text
from reconciler.config.files import Disk
from reconciler.config.fold import fold_blocks
from reconciler.config.fold_names import lists_by_items, write_block
from reconciler.config.load import Configuration, read_configuration
from reconciler.config.text import cut
from reconciler.config.values import plain_copy
from reconciler.errors import ConfigurationInvalid, some_of
from reconciler.kinds import SECTIONS
from reconciler.model.inputs import Desired, address_kind, make_address
from reconciler.plan.references import find_targets
from reconciler.serialization import canonical
from reconciler.yaml import LocatedMap
from reconciler.yaml.edit import Edit
from reconciler.yaml.edit_blocks import BlockEditor, Joined
from reconciler.yaml.edit_changes import UnsafeError, documents_of


class Group(NamedTuple):
    """Resources of a section of a document that become one `for_each`."""

    file: Path
    document: int
    section: str
    joined: Joined

    @property
    def address(self) -> str:
        """That of the `for_each`."""
        return make_address(SECTIONS[self.section].name, self.joined.name)

    @property
    def resources(self) -> str:
        """The first of their addresses."""
        return some_of([cut(make_address(SECTIONS[self.section].name, key)) for key in self.joined.keys])


class Folder:
    """Folds a configuration. `folded`: each group, how many lines go by that, and the new ones. `edits` do it. `left`:
    the address of a `for_each` that is not made → the group that stays as it is, with the reason.

    ConfigurationInvalid if the configuration has problems; WrongUsage if a target does not exist.
    """

    def __init__(self, path: Path, targets: Collection[str]) -> None:
        configuration = read_configuration(path)
        self._path = path
        self._before = configuration.check()
        self.edits: list[Edit] = []
        self.folded: list[tuple[Group, int, str]] = []
        self.left: dict[str, tuple[Group, str]] = {}
        self._accept([*_find_groups(configuration, self._chosen(targets))])

    def _chosen(self, targets: Collection[str]) -> set[str]:
        known = {address: None for desired in self._before.values() for address in desired.resources}
        desired = next(iter(self._before.values()))
        found = (address for target in targets for address in find_targets(target, known, desired))
        return {*found} if targets else {*known}

    def _accept(self, groups: Sequence[Group]) -> None:
        """Accepts what can be written together; else one half after the other, to find what cannot."""
        known = [group for group, *_ in self.folded]
        objection = self._objection([*known, *groups]) if groups else ""
        if objection and len(groups) == 1:
            self.left[groups[0].address] = groups[0], objection
        elif objection:
            self._accept(groups[: len(groups) // 2])
            self._accept(groups[len(groups) // 2 :])

    def _objection(self, groups: Iterable[Group]) -> str:
        """Why these groups cannot be folded together; empty if they can: then they are accepted."""
        by_file: dict[Path, list[Group]] = defaultdict(list)
        for group in groups:
            by_file[group.file].append(group)
        edited = [self._edit(file, several) for file, several in by_file.items()]
        edits = [edit for edit, _ in edited]
        folded = [each for _, several in edited for each in several]
        try:
            after = evaluate(self._path, edits)
        except ConfigurationInvalid as error:
            return f"the configuration would be invalid: {error.problems[0]}"
        names = {group.address for group, *_ in folded}
        for name, desired in self._before.items():
            was, now = _compared(desired, names), _compared(after[name], names)
            if differing := [each for each in {**was, **now} if was.get(each) != now.get(each)]:
                return f"that would change {some_of(map(cut, differing))} in {name}"
        self.edits, self.folded = edits, folded
        return ""

    def _edit(self, file: Path, groups: Iterable[Group]) -> tuple[Edit, list[tuple[Group, int, str]]]:
        """The file with these groups folded, if that makes it shorter. What cannot be edited is left."""
        text = read_text(file)
        editor, folded = BlockEditor(file, text), []
        for group in groups:
            try:
                saved, written = editor.join(group.document, group.section, group.joined)
                folded += [(group, saved, written)] if saved else []
            except UnsafeError as error:
                self.left[group.address] = group, f"one of them {error}"
        return Edit(file, text, editor.joined()), folded


def _find_groups(configuration: Configuration, chosen: Collection[str]) -> Iterator[Group]:
    """The groups that could be folded."""
    first, *others = (plain_copy(each.variables) for each in configuration.environments.values())
    shared = (name for name in first if all(canonical(each.get(name)) == canonical(first[name]) for each in others))
    lists = lists_by_items({name: first[name] for name in shared})
    taken: dict[str, set[str]] = defaultdict(set)
    named = map(configuration.named, configuration.environments.values())
    for address in set(configuration.merged.resources).union(*named):
        taken[address_kind(address)].add(address.partition(".")[2])
    for file in Disk(configuration.path).resources()[0]:
        for number, document in enumerate(documents_of(file, read_text(file))):
            for section, kind in SECTIONS.items():
                for block in fold_blocks(_plain_resources(document.value, section, chosen)):
                    yield Group(file, number, section, write_block(block, lists, taken[kind.name]))


def _plain_resources(value: Any, section: str, chosen: Collection[str]) -> dict[str, LocatedMap]:
    """The resources of a document that are chosen, and have no `for_each` yet."""
    resources = value.get(section) if isinstance(value, LocatedMap) else None
    chosen_keys = (key for key in resources or () if make_address(SECTIONS[section].name, key) in chosen)
    found = {key: (resources or {})[key] for key in chosen_keys}
    return {key: node for key, node in found.items() if isinstance(node, LocatedMap) and "for_each" not in node}


def _compared(desired: Desired, names: Collection[str]) -> Mapping[str, Any]:
    """All that a plan is made of, by address. `names` are those of definitions, which are no resources."""
    return {
        **{each: (canonical(found.fields), found.lifecycle, found.file) for each, found in desired.resources.items()},
        **dict.fromkeys(desired.left_out.keys() - names - desired.resources.keys(), "left out"),
        "moved": [(each.source, each.target) for each in desired.moved],
        "removed": [(each.source, each.destroy) for each in desired.removed],
        "imports": [(each.target, each.id) for each in desired.imports],
    }
