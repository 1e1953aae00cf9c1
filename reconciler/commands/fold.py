"""Many nearly equal resources written as one `for_each`, after a look at what every environment would get by that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from reconciler.commands.edits import evaluate, read_text
from reconciler.config.files import Disk
from reconciler.config.fold import fold_blocks, write_block
from reconciler.config.load import Configuration
from reconciler.errors import ConfigurationInvalid, Refused, abridge
from reconciler.kinds import SECTIONS
from reconciler.model.inputs import Desired, address_kind, make_address
from reconciler.plan.references import find_targets
from reconciler.serialization import canonical
from reconciler.text import cut
from reconciler.yaml import plain_copy
from reconciler.yaml.edit import BlockEditor, Edit, Joined
from reconciler.yaml.edit_changes import UnsafeError


class Group(NamedTuple):
    """Resources of a section of a file that become one `for_each`. `text`: its lines, or why it is not made."""

    file: Path
    section: str
    joined: Joined
    text: str

    def name(self, key: str) -> str:
        """The address of a resource of the section."""
        return cut(make_address(SECTIONS[self.section].name, key))


class Folder:
    """Folds a configuration. `folded` are the groups that become a `for_each`, by `edits`, and `left` the others.

    ConfigurationInvalid if the configuration has problems; WrongUsage if a target does not exist; Refused if not every
    environment would get the same as before.
    """

    def __init__(self, path: Path, targets: Collection[str]) -> None:
        configuration = Configuration(path)
        before = configuration.check()
        known = {address: None for desired in before.values() for address in desired.resources}
        desired = next(iter(before.values()))
        chosen = {address for target in targets for address in find_targets(target, known, desired)}
        self.folded: list[Group] = []
        self.left: list[Group] = []
        self._chosen = chosen if targets else known.keys()
        self._lists = _find_lists(configuration)
        self._taken: dict[str, set[str]] = defaultdict(set)
        named = map(configuration.list_addresses, configuration.environments.values())
        for address in set(configuration.merged.resources).union(*named):
            self._taken[address_kind(address)].add(address.partition(".")[2])
        self.edits = [self._edit(file, read_text(file)) for file in Disk(path).list_resources()[0]]
        if why := self._objection(path, before):
            raise Refused(f"nothing is folded: {why}", hint="fold less, with --target")

    def _edit(self, file: Path, text: str) -> Edit:
        """The file with its groups folded. What cannot be edited is left."""
        editor = BlockEditor(file, text)
        for number, document in enumerate(editor.documents):
            for section, kind in SECTIONS.items() if isinstance(document.value, dict) else ():
                resources = {
                    key: node
                    for key, node in (document.value.get(section) or {}).items()
                    if make_address(kind.name, key) in self._chosen and "for_each" not in node
                }
                for block in fold_blocks(resources):
                    joined = write_block(block, self._lists, self._taken[kind.name])
                    try:
                        self.folded.append(Group(file, section, joined, editor.join(number, section, joined)))
                    except UnsafeError as error:
                        self.left.append(Group(file, section, joined, f"one of them {error}"))
        return Edit(file, text, editor.text_after())

    def _objection(self, path: Path, before: Mapping[str, Desired]) -> str:
        """What would not be the same as before; empty if nothing."""
        try:
            after = evaluate(path, self.edits)
        except ConfigurationInvalid as error:
            return f"the configuration would be invalid: {error.problems[0]}"
        names = {make_address(SECTIONS[group.section].name, group.joined.name) for group in self.folded}
        for name in before:
            was, now = _compared(before[name], names), _compared(after[name], names)
            if differing := [each for each in {**was, **now} if was.get(each) != now.get(each)]:
                return f"that would change {abridge(map(cut, differing))} in {name}"
        return ""


def _find_lists(configuration: Configuration) -> dict[frozenset[str], str]:
    """The variables that are the same list of items in every environment, by the keys of the items."""
    first, *others = (plain_copy(each.variables) for each in configuration.environments.values())
    return {
        frozenset(canonical(each.get("key") if isinstance(each, dict) else each) for each in value): name
        for name, value in sorted(first.items(), reverse=True)
        if isinstance(value, list) and all(canonical(each.get(name)) == canonical(value) for each in others)
    }


def _compared(desired: Desired, names: Collection[str]) -> Mapping[str, Any]:
    """All that a plan is made of, by address. `names` are those of definitions, which are no resources."""
    return {
        **{each: (canonical(found.fields), found.lifecycle, found.file) for each, found in desired.resources.items()},
        **dict.fromkeys(desired.left_out.keys() - names - desired.resources.keys(), "left out"),
        "moved": [(each.source, each.target) for each in desired.moved],
        "removed": [(each.source, each.destroy) for each in desired.removed],
        "imports": [(each.target, each.id) for each in desired.imports],
    }
