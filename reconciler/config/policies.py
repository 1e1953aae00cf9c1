"""Policies as they are written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from reconciler.config.merge import Entry
from reconciler.config.semantics import no_day
from reconciler.errors import Location, Problem
from reconciler.model.policies import Policy, PolicyException


def date_problems(policies: Iterable[Entry], unknown: Collection[Location]) -> Iterator[Problem]:
    """Exceptions until a day that does not exist."""
    for entry in policies:
        exceptions = entry.value.get("except") if isinstance(entry.value, dict) else None
        for index, each in enumerate(exceptions if isinstance(exceptions, list) else ()):
            path = ("except", index, "until")
            said = no_day(each.get("until")) if isinstance(each, dict) else ""
            if said and entry.location(*path) not in unknown:
                yield entry.problem(path, f"except[{index}].until: {said}")


def make_policy(entry: Entry, folder: Path) -> Policy:
    """The policy of an entry that has no problem."""
    value, file = entry.value, Path(entry.written.location.file)
    paths = [(key,) for key in value] + [("with", key) for key in value.get("with", ())]
    below = (file if file.is_relative_to(folder) else file.resolve()).parent
    above = folder if below.is_relative_to(folder) else folder.resolve()
    within = below.relative_to(above).as_posix()
    return Policy(
        name=entry.name.partition(".")[2],
        location=entry.written.location,
        folder="" if within == "." else within,
        kinds=tuple(value.get("kinds", ())),
        exceptions=tuple(
            PolicyException(**each, location=entry.location("except", index))
            for index, each in enumerate(value.get("except", ()))
        ),
        rule=value.get("use", ""),
        given=value.get("with", {}),
        locations={".".join(path): entry.location(*path) for path in paths},
        **{name: value[name] for name in ("when", "require", "message", "level", "ratchet") if name in value},
    )


def place_in_text(location: Location, text: str, at: int, line: Callable[[Location], str]) -> Location:
    """The place of a character of a text that is written at a location, as near as it is known."""
    file, row, column = location
    written = line(location)[column - 1 :]
    if written.startswith("|"):
        lines = text[:at].split("\n")
        first = line(Location(file, row + 1, 1))
        return Location(file, row + len(lines), len(first) - len(first.lstrip()) + 1 + len(lines[-1]))
    quoted = written[:1] in ("'", '"')
    return Location(file, row, column + quoted + at) if written[quoted:].startswith(text) else location
