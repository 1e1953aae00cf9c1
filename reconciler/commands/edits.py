"""The files of a configuration, read and written for who edits them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from reconciler.config.files import Disk, Edited, Reading
from reconciler.config.load import Configuration
from reconciler.errors import ConfigurationInvalid, Problem, Refused
from reconciler.kinds.comparison import alike
from reconciler.lazy import frozen
from reconciler.model.inputs import Desired
from reconciler.model.results import AlsoChanged
from reconciler.system import Unreadable
from reconciler.yaml import KeyPath
from reconciler.yaml.edit import Edit, add_to, set_values


@frozen
class Written:
    """The files that were written, what a person has to see to, what else changes by that, how many objects were
    imported, and what changes in other environments."""

    files: tuple[Path, ...]
    left: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    count: int = 0
    also_changed: tuple[AlsoChanged, ...] = ()


def read_text(path: Path) -> str:
    """The text of a file. ConfigurationInvalid if it cannot be read."""
    try:
        return Reading(Disk(path)).content(path).decode("utf-8")
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
        """Notes a value that is to be set for an address."""
        self._values[file][keys] = address, value

    def write(self) -> dict[str, str]:
        """Sets the values. Gives the addresses of those that cannot be set, with why."""
        left: dict[str, str] = {}
        for file, values in self._values.items():
            adopted = set_values(file, self._text(file), {keys: value for keys, (_, value) in values.items()})
            self._after[file] = adopted.edit.after
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


def edited(path: Path, edits: Iterable[Edit]) -> Configuration:
    """The configuration as it would be after edits, which are not written."""
    return Configuration(path, Edited(path, {edit.path: edit.content for edit in edits}))


def evaluate(path: Path, edits: Iterable[Edit]) -> Mapping[str, Desired]:
    """What every environment would want after edits. ConfigurationInvalid if there would be problems."""
    return edited(path, edits).check()


def write_edits(edits: Iterable[Edit]) -> tuple[Path, ...]:
    """Writes what was edited, and gives the files: all or none. Refused if one was changed meanwhile, or is closed."""
    changed = [edit for edit in edits if edit.before != edit.after]
    for edit in changed:
        if (read_text(edit.path) if edit.path.exists() else "") != edit.before:
            raise Refused(f"{edit.path}: it was changed by somebody else meanwhile", hint="try again")
    is_new = {edit.path: not edit.path.exists() for edit in changed}
    for index, edit in enumerate(changed):
        try:
            edit.path.write_bytes(edit.content)
        except OSError as error:
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
        if not alike(was.get(name), now.get(name))
    }
