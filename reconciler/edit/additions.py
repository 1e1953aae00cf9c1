"""Resources and import lines that are not written yet, put where a person would put them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from reconciler.edit.changes import copied, edited, require_read
from reconciler.edit.outcome import Edit, UnsafeError, UnwritableError
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
    return _add(target, files.get(target, ""), section, {key: fields})


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
    return _add(path, text, _IMPORTS, [line])


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


def _add(path: Path, text: str, section: str, added: Any) -> Edit:
    """Let the section hold what is added, a map or a list, too. Refused, with what to write by hand, if it cannot."""
    source = Source(path, text)
    try:
        new = {section: written(added)}
        lines = entries(new, 0, Layout())
        after = _grown(source, section, new[section], lines)
    except UnwritableError as error:
        raise Refused(f"{path}: {section} cannot be added to: {error}") from error
    except UnsafeError as error:
        maps = [each.value for each in source.documents if isinstance(each.value, LocatedMap) and section in each.value]
        mark = maps[-1].value_marks[section] if maps else (1, 1)
        problem = Problem(str(path), *mark, f"{section} cannot be added to: it {error}")
        raise Refused(str(problem), hint="write it by hand:\n" + "\n".join(lines)) from error
    return Edit(path, text, after)


def _grown(source: Source, section: str, added: Any, lines: list[str]) -> str:
    """The text with more in the last document that has the section, or else in the last one."""
    expected = [copied(document.value) for document in source.documents]
    if not expected:
        after = source.mark + source.text + "".join(line + source.eol for line in lines)
        require_read(after, [{section: added}])
        return after
    having = [value for value in expected if isinstance(value, dict) and section in value]
    target = (having or expected)[-1]
    if not isinstance(target, dict):
        raise UnsafeError("has no place in a document that is no map of sections")
    old = target.get(section)
    if not isinstance(old, type(added) | None):
        raise UnsafeError(f"is no {'map' if isinstance(added, dict) else 'list'}")
    if isinstance(added, dict):
        target[section] = {**(old or {}), **added}
    else:
        target[section] = [*(old or []), *added]
    return edited(source, expected)
