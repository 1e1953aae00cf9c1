"""Resources and import lines that are not written yet, put where a person would put them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from reconciler.edit.changes import Changes, Slot
from reconciler.edit.outcome import Edit, MismatchError, UnsafeError, UnwritableError
from reconciler.edit.safety import copied, require_read
from reconciler.edit.source import Layout, Source, documents_of
from reconciler.edit.wording import entries, written
from reconciler.errors import ConfigurationInvalid, Problem, Refused
from reconciler.yaml12 import Document, LocatedList, LocatedMap
from reconciler.yaml12.wording import shown

_IMPORTS: Final = "imports"


def add_resource(files: Mapping[Path, str], target: Path, section: str, key: str, fields: Mapping[str, Any]) -> Edit:
    """Write a resource at the end of its section in the file `target`, which is new where `files` does not have it.

    ConfigurationInvalid where one of the files has problems. Refused where the key is written already in one of them,
    where the place to write it is shared (an alias, an anchor), or where a value cannot be written.
    """
    if places := _places(files, section, key):
        raise Refused(str(places[0]), hint="choose another key, or change what is written there")
    return _add(target, files.get(target, ""), section, lambda old: _with_key(old, key, fields))


def add_import(path: Path, text: str, to: str, object_id: str) -> Edit:
    """Write `{to, id}` at the end of the list `imports` of a file, which is new where the text is "".

    The very same line once more changes nothing. ConfigurationInvalid where the text has problems; Refused where the
    address is imported already with another id, and as in `add_resource`.
    """
    line = {"to": to, "id": object_id}
    for document in documents_of(path, text):
        items = document.value.get(_IMPORTS) if isinstance(document.value, LocatedMap) else None
        if not isinstance(items, LocatedList):
            continue
        for each, (row, column) in zip(items, items.marks, strict=True):
            if each == line:
                return Edit(path, text, text)
            if isinstance(each, dict) and each.get("to") == to:
                raise Refused(str(Problem(str(path), row, column, f"{shown(to)} is imported already, with another id")))
    return _add(path, text, _IMPORTS, lambda old: _with_item(old, line))


def _places(files: Mapping[Path, str], section: str, key: str) -> list[Problem]:
    """Where a key is written; ConfigurationInvalid with the problems of every file."""
    found: list[Problem] = []
    problems: list[Problem] = []
    for path, text in files.items():
        try:
            documents = documents_of(path, text)
        except ConfigurationInvalid as error:
            problems += error.problems
            continue
        found += [place for each in documents if (place := _place(each, section, key))]
    if problems:
        raise ConfigurationInvalid(problems)
    return found


def _place(document: Document, section: str, key: str) -> Problem | None:
    inside = document.value.get(section) if isinstance(document.value, LocatedMap) else None
    if not isinstance(inside, LocatedMap) or key not in inside:
        return None
    return Problem(document.file, *inside.key_marks[key], f"{shown(key)} is in {section} already")


def _with_key(old: Any, key: str, fields: Mapping[str, Any]) -> Any:
    if not isinstance(old, dict | None):
        raise UnwritableError("expected a map of resources by their keys there")
    return {**(old or {}), key: written(fields)}


def _with_item(old: Any, item: Mapping[str, Any]) -> Any:
    if not isinstance(old, list | None):
        raise UnwritableError("expected a list there")
    return [*(old or []), written(item)]


def _add(path: Path, text: str, section: str, grown: Callable[[Any], Any]) -> Edit:
    """Let the section hold what `grown` makes of it. Refused, with what to write by hand, where that is not safe."""
    source = Source(path, text)
    values = source.values()
    having = [at for at, value in enumerate(values) if isinstance(value, LocatedMap) and section in value]
    position = having[-1] if having else len(values) - 1
    old = values[position].get(section) if having else None
    try:
        new = grown(old)
        after = _grown(source, position, section, new)
    except UnwritableError as error:
        raise Refused(f"{path}: {section} cannot be added to: {error}") from error
    except UnsafeError as unsafe:
        problem = source.problem(unsafe.at, f"{section} cannot be added to: it {unsafe}")
        raise Refused(str(problem), hint=_by_hand(section, old, new)) from unsafe
    except MismatchError as error:
        message = f"{path}: {section} cannot be added to as the file is written ({error}); nothing is changed"
        raise Refused(message, hint=_by_hand(section, old, new)) from error
    return Edit(path, text, after)


def _grown(source: Source, position: int, section: str, new: Any) -> str:
    """The text in which the section of a document is `new`, read again; a new document where there is none."""
    values = source.values()
    expected = [copied(value) for value in values]
    if not values:
        expected = [{section: new}]
        after = _behind_everything(source, section, new)
    elif not isinstance(values[position], LocatedMap):
        raise UnwritableError("expected a map of sections in the file")
    else:
        root = source.roots[position]
        expected[position][section] = new
        changes = Changes(source)
        changes.make(Slot(root.node), values[position], {**values[position], section: new})
        after = changes.text()
    require_read(source.path, after, expected)
    return after


def _behind_everything(source: Source, section: str, new: Any) -> str:
    text = source.mark + source.text
    lines = "".join(line + source.eol for line in entries({section: new}, 0, Layout()))
    return text + lines if text.endswith(("\n", "\r")) or not source.text else text + source.eol + lines


def _by_hand(section: str, old: Any, new: Any) -> str:
    """What a person has to write, as YAML below the section."""
    added = {key: new[key] for key in new if key not in (old or {})} if isinstance(new, dict) else new[-1:]
    return "write it by hand:\n" + "\n".join(entries({section: added}, 0, Layout()))
