"""Policies as they are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from reconciler.config.locations import line_reader
from reconciler.config.merge import Entry
from reconciler.errors import Location
from reconciler.model.policies import Policy, PolicyException

TAKEN = ("when", "require", "message", "level", "ratchet")


def make_policies(entries: Iterable[Entry], folder: Path) -> Iterator[Policy]:
    """The policies of entries that have no problem."""
    line = line_reader()

    def place(location: Location) -> Location:
        """Where the text at a location begins: behind a quote, or on the next line."""
        file, row, column = location
        if (begin := line(location)[column - 1 : column]) in ("|", ">"):
            first = line(Location(file, row + 1, 1))
            return Location(file, row + 1, len(first) - len(first.lstrip()) + 1)
        return Location(file, row, column + (begin in ("'", '"')))

    for entry in entries:
        value, file = entry.value, Path(entry.written.location.file)
        paths = [(key,) for key in value] + [("with", key) for key in value.get("with", ())]
        inside = file if file.is_relative_to(folder) else file.resolve()
        within = inside.parent.relative_to(folder if inside.is_relative_to(folder) else folder.resolve()).as_posix()
        excepted = (
            PolicyException(**each, location=entry.location("except", index))
            for index, each in enumerate(value.get("except", ()))
        )
        taken: Any = {key: each for key, each in value.items() if key in TAKEN}
        yield Policy(
            entry.name.partition(".")[2],
            entry.written.location,
            "" if within == "." else within,
            tuple(value.get("kinds", ())),
            exceptions=tuple(excepted),
            rule=value.get("use", ""),
            given=value.get("with", {}),
            locations={".".join(path): place(entry.location(*path)) for path in paths},
            **taken,
        )
