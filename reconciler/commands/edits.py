"""The files of a configuration: edited in memory, evaluated for every environment, and then written. Many nearly equal
resources become one `for_each` by such edits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from reconciler.config.files import Disk, Reading
from reconciler.config.fold import fold_blocks, write_block
from reconciler.config.load import Configuration
from reconciler.errors import ConfigurationInvalid, Problem, Refused
from reconciler.kinds import SECTIONS
from reconciler.kinds.comparison import is_equal
from reconciler.lazy import frozen
from reconciler.model.addresses import address_key, address_kind, make_address
from reconciler.model.inputs import Desired
from reconciler.model.results import AlsoChanged
from reconciler.plan.references import find_targets
from reconciler.serialization import to_canonical
from reconciler.system import Unreadable
from reconciler.text import abridge, cut
from reconciler.yaml import KeyPath, copy_plain
from reconciler.yaml.edit import BlockEditor, Edit, Joined, add_to, set_values
from reconciler.yaml.edit_changes import UnsafeError


@frozen
class Written:
    """The files that were written. `left` is what a person has to do, `also` what else changes, `also_changed` what
    changes in other environments, and `count` the number of imported objects."""

    files: tuple[Path, ...]
    left: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    count: int = 0
    also_changed: tuple[AlsoChanged, ...] = ()


def read_text(path: Path) -> str:
    """The text of a file. ConfigurationInvalid if it cannot be read."""
    try:
        return Reading(Disk(path)).read_bytes(path).decode("utf-8")
    except Unreadable as error:
        raise ConfigurationInvalid([Problem(str(path), 0, 0, str(error))]) from error
    except UnicodeDecodeError as error:
        raise ConfigurationInvalid([Problem(str(path), 0, 0, f"cannot be read: {error}")]) from error


class Texts:
    """The texts of the files of a configuration, while they are edited."""

    def __init__(self) -> None:
        self._before: dict[Path, str] = {}
        self._after: dict[Path, str] = {}
        self._values: dict[Path, dict[KeyPath, tuple[str, Any]]] = defaultdict(dict)

    def set(self, address: str, file: Path, keys: KeyPath, value: Any) -> None:
        """Adds a value that `write` sets, for an address."""
        self._values[file][keys] = address, value

    def write(self) -> dict[str, str]:
        """Sets the values. Gives the addresses of those that cannot be set, with why."""
        left: dict[str, str] = {}
        for file, values in self._values.items():
            adopted = set_values(file, self._text(file), {keys: value for keys, (_, value) in values.items()})
            self._after[file] = adopted.after
            left |= {values[keys][0]: str(each).partition("; change it")[0] for keys, each in adopted.left.items()}
        return left

    def add(self, file: Path, section: str, added: Mapping[str, Any] | Sequence[Any]) -> None:
        """Adds to a section of a file, if there is anything to add."""
        if added:
            self._after[file] = add_to(file, self._text(file), section, added).after

    def edits(self) -> list[Edit]:
        """What was edited."""
        return [Edit(file, self._before[file], text) for file, text in self._after.items()]

    def _text(self, file: Path) -> str:
        if file not in self._before:
            self._before[file] = read_text(file) if file.exists() else ""
        return self._after.get(file, self._before[file])


def open_edited(path: Path, edits: Iterable[Edit]) -> Configuration:
    """The configuration as it would be after edits, which are not written."""
    return Configuration(path, Disk(path, {edit.path: edit.content for edit in edits}))


def evaluate(path: Path, edits: Iterable[Edit]) -> Mapping[str, Desired]:
    """What every environment would want after edits. ConfigurationInvalid if the result has problems."""
    return open_edited(path, edits).check()


def write_edits(edits: Iterable[Edit]) -> tuple[Path, ...]:
    """Writes what was edited: all files or none. Refused if a file was changed meanwhile, or cannot be written."""
    changed = [edit for edit in edits if edit.before != edit.after]
    for edit in changed:
        if (read_text(edit.path) if edit.path.exists() else "") != edit.before:
            raise Refused(f"{edit.path}: it was changed by somebody else meanwhile", hint="try again")
    is_new = {edit.path: not edit.path.exists() for edit in changed}
    for index, edit in enumerate(changed):
        try:
            edit.path.write_bytes(edit.content)
        except OSError as error:
            # Half of the edits may be no valid configuration, and the file of the error may be half written.
            for each in changed[: index + 1]:
                with suppress(OSError):
                    if is_new[each.path]:
                        each.path.unlink()
                    else:
                        each.path.write_bytes(each.before.encode("utf-8"))
            raise Refused(f"{edit.path}: cannot be written: {error.strerror}; nothing is changed") from error
    return tuple(edit.path for edit in changed)


def find_differing(before: Desired, after: Desired) -> set[tuple[str, str]]:
    """The addresses and the names of their fields that differ."""
    old, new = ({address: each.fields for address, each in side.resources.items()} for side in (before, after))
    return {
        (address, name)
        for address in old.keys() | new.keys()
        if (was := old.get(address, {})) != (now := new.get(address, {}))
        for name in {*was, *now}
        if not is_equal(was.get(name), now.get(name))
    }


class Group(NamedTuple):
    """Resources of a section of a file that become one `for_each`. `text`: its lines, or why it is not made."""

    file: Path
    section: str
    joined: Joined
    text: str

    def name(self, key: str) -> str:
        """The address of a resource of the section."""
        return cut(make_address(SECTIONS[self.section].name, key))


class Folding:
    """Makes one `for_each` of many nearly equal resources. `folded` are the groups that become one by `edits`, `left`
    those that cannot be edited.

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
        # The variables that are the same list of items in every environment, by the keys of the items.
        first, *others = (copy_plain(each.variables) for each in configuration.environments.values())
        self._lists = {
            frozenset(to_canonical(each.get("key") if isinstance(each, dict) else each) for each in value): name
            for name, value in sorted(first.items(), reverse=True)
            if isinstance(value, list) and all(to_canonical(each.get(name)) == to_canonical(value) for each in others)
        }
        self._taken: dict[str, set[str]] = defaultdict(set)
        named = map(configuration.list_addresses, configuration.environments.values())
        for address in set(configuration.merged.resources).union(*named):
            self._taken[address_kind(address)].add(address_key(address))
        self.edits = [self._edit(file, read_text(file)) for file in Disk(path).list_resources()[0]]
        if why := self._find_difference(path, before):
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
        return Edit(file, text, editor.splice())

    def _find_difference(self, path: Path, before: Mapping[str, Desired]) -> str:
        """What would not be the same as before; empty if nothing."""
        try:
            after = evaluate(path, self.edits)
        except ConfigurationInvalid as error:
            return f"the configuration would be invalid: {error.problems[0]}"
        names = {make_address(SECTIONS[group.section].name, group.joined.name) for group in self.folded}
        for name in before:
            was, now = _plan_values(before[name], names), _plan_values(after[name], names)
            if differing := [each for each in {**was, **now} if was.get(each) != now.get(each)]:
                return f"that would change {abridge(map(cut, differing))} in {name}"
        return ""


def _plan_values(desired: Desired, names: Collection[str]) -> Mapping[str, Any]:
    """All that a plan is made of, by address. `names` are those of definitions, which are no resources."""
    return {
        **{
            each: (to_canonical(found.fields), found.lifecycle, found.file) for each, found in desired.resources.items()
        },
        **dict.fromkeys(desired.left_out.keys() - names - desired.resources.keys(), "left out"),
        "moved": [(each.source, each.target) for each in desired.moved],
        "removed": [(each.source, each.destroy) for each in desired.removed],
        "imports": [(each.target, each.id) for each in desired.imports],
    }
